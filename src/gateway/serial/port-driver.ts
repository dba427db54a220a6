/**
 * What a port needs from whatever reads and writes its bytes. Everything about termios, native addons,
 * sockets and telnet stays behind this border; above it a port is a source of chunks that ends once.
 */
import type { DriverName, LineSettings } from './options.ts';

export interface PortEvents {
  /** Bytes came. They are on loan until the call returns. Never called after `closed` or `close()`. */
  data(chunk: Uint8Array): void;
  /** The port is gone, for whatever reason but our own `close()`. Called at most once. */
  closed(cause: Error): void;
  /** Something asked for cannot be done on this port, but the port works. */
  warning(text: string): void;
}

export interface OpenPort {
  readonly driver: DriverName;
  readonly isOpen: boolean;
  /**
   * Resolves when the operating system has taken the bytes, which may never happen with a device that does
   * not read: the caller needs its own timer. One write at a time. Rejects when the port closes.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the port; `closed` is not called for it. Calls may repeat. */
  close(): Promise<void>;
}

export interface PortDriver {
  readonly name: DriverName;
  /**
   * @param signal gives up an attempt that waits for somebody else.
   * @throws {SerialPortError} when the port cannot be opened; nothing stays open then.
   */
  open(
    path: string,
    line: LineSettings,
    events: PortEvents,
    signal: AbortSignal,
  ): Promise<OpenPort>;
}

/**
 * `absent`: no such device, or nobody answers at the address; it may come. `permission`: it is there and we
 * may not. `busy`: another program holds it. `unsuitable`: it is there and is no serial port, or cannot do
 * what the settings ask. `driver_missing`: this machine lacks what the driver needs.
 */
export type SerialPortErrorCode =
  | 'absent'
  | 'permission'
  | 'busy'
  | 'unsuitable'
  | 'driver_missing'
  | 'failed';

export class SerialPortError extends Error {
  override readonly name = 'SerialPortError';
  readonly code: SerialPortErrorCode;

  constructor(code: SerialPortErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const codeOfErrno: Readonly<Record<string, SerialPortErrorCode>> = {
  ENOENT: 'absent',
  ENODEV: 'absent',
  ENXIO: 'absent',
  ECONNREFUSED: 'absent',
  EHOSTUNREACH: 'absent',
  ENETUNREACH: 'absent',
  ENOTFOUND: 'absent',
  EAI_AGAIN: 'absent',
  ETIMEDOUT: 'absent',
  EACCES: 'permission',
  EPERM: 'permission',
  EBUSY: 'busy',
  ENOTTY: 'unsuitable',
  EISDIR: 'unsuitable',
  EINVAL: 'unsuitable',
};

/** The native addon gives no codes, only sentences. */
const codeOfSentence: readonly (readonly [RegExp, SerialPortErrorCode])[] = [
  [/no such (file|device)|file not found/i, 'absent'],
  [/cannot lock port|resource busy|access denied/i, 'busy'],
  [/permission denied|not permitted/i, 'permission'],
  [/inappropriate ioctl|is a directory|invalid argument/i, 'unsuitable'],
];

/** Makes a `SerialPortError` of whatever opening threw. */
export function serialPortError(path: string, error: unknown): SerialPortError {
  if (error instanceof SerialPortError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code =
    codeOfErrno[errno] ?? codeOfSentence.find(([pattern]) => pattern.test(text))?.[1] ?? 'failed';
  return new SerialPortError(code, text.includes(path) ? text : `${path}: ${text}`, error);
}
