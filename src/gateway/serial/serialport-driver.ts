/**
 * The `serialport` driver, and the only file that imports that package (an optional dependency: its native
 * addon does not load everywhere).
 *
 * Its own read must never be used on Unix. When a tty hangs up under a read, the kernel answers with 0 bytes;
 * the library then reads again at once, for ever: no `close` event and a core at 100 % (bindings-cpp
 * #162). So this driver takes only the descriptor and the poller from the binding and reads and writes
 * itself: 0 bytes mean that the device is gone. Doing the writes here as well gives every write an end,
 * which the library's stream does not when the port closes under it, and lets `close` wait until no call on
 * the descriptor is under way, because its number may belong to another file right after.
 */
import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { LineSettings } from './options.ts';
import {
  type OpenPort,
  type PortDriver,
  type PortEvents,
  SerialPortError,
  serialPortError,
} from './port-driver.ts';

const readDescriptor = promisify(fs.read);
const writeDescriptor = promisify(fs.write);

const readBytesMax = 65_536;
/** UV_READABLE and UV_WRITABLE. */
const readableBit = 1;
const writableBit = 2;
/** How long flashing tools hold the reset line of a board. */
const resetPulseMs = 100;

interface ControlLines {
  readonly dtr: boolean;
  readonly rts: boolean;
}

/** What the binding gives us, on every platform. */
interface BindingPort {
  readonly isOpen: boolean;
  close(): Promise<void>;
  read(buffer: Buffer, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
  write(buffer: Buffer): Promise<void>;
  set(
    flags: ControlLines & { brk: boolean; cts: boolean; dsr: boolean; lowLatency: boolean },
  ): Promise<void>;
}

/** On Unix it also shows its descriptor and its poller. */
interface PollablePort extends BindingPort {
  readonly fd: number | null;
  readonly poller: {
    once(event: 'readable' | 'writable', callback: (error: Error | null) => void): unknown;
    /** Replaces what is waited for. */
    poll(eventBits: number): void;
    stop(): void;
  };
}

function isPollable(port: BindingPort): port is PollablePort {
  return 'poller' in port && 'fd' in port;
}

/** A port as the library lists it. */
export interface ListedPort {
  readonly path: string;
  readonly manufacturer?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
}

interface Binding {
  open(options: {
    path: string;
    baudRate: number;
    [setting: string]: unknown;
  }): Promise<BindingPort>;
  list(): Promise<readonly ListedPort[]>;
}

/** @throws {SerialPortError} `driver_missing`, with what to install. */
async function loadBinding(): Promise<Binding> {
  try {
    const { SerialPort } = await import('serialport');
    return SerialPort.binding;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new SerialPortError(
      'driver_missing',
      `the package "serialport" does not load here (${why}); run: npm install serialport`,
      error,
    );
  }
}

/** Loads the addon. @throws {SerialPortError} `driver_missing` when it cannot be used on this machine. */
export async function loadSerialportDriver(): Promise<PortDriver> {
  await loadBinding();
  return serialportDriver;
}

/** The ports the library knows of; for platforms without /sys. */
export async function listSerialportPorts(): Promise<readonly ListedPort[]> {
  return (await loadBinding()).list();
}

export const serialportDriver: PortDriver = {
  name: 'serialport',
  async open(path: string, line: LineSettings, events: PortEvents): Promise<OpenPort> {
    const binding = await loadBinding();
    let port: BindingPort;
    try {
      port = await binding.open({
        path,
        baudRate: line.baud,
        dataBits: line.dataBits,
        parity: line.parity,
        stopBits: line.stopBits,
        rtscts: line.flow === 'hardware',
        xon: line.flow === 'software',
        xoff: line.flow === 'software',
        xany: false,
        hupcl: line.hangupOnClose,
        lock: true,
        // With 0 a read of 0 bytes would be normal and no longer tell a hang-up.
        vmin: 1,
        vtime: 0,
      });
    } catch (error) {
      throw serialPortError(path, error);
    }
    const open = isPollable(port)
      ? new PollingPort(port, events)
      : new BindingOnlyPort(port, events);
    await applyControlLines(port, line, (text) => events.warning(text));
    open.start();
    return open;
  },
};

/**
 * Opening has asserted DTR and RTS; `keep` leaves them so. Ports without modem lines refuse: a warning.
 */
export async function applyControlLines(
  port: Pick<BindingPort, 'set'>,
  line: LineSettings,
  warning: (text: string) => void,
): Promise<void> {
  const set = (lines: ControlLines): Promise<void> =>
    port.set({ ...lines, brk: false, cts: false, dsr: false, lowLatency: false });
  const wanted = { dtr: line.dtr !== 'off', rts: line.rts !== 'off' };
  try {
    if (line.resetOnOpen) {
      await set({ dtr: false, rts: true });
      await delay(resetPulseMs);
      await set({ dtr: false, rts: false });
    }
    if (line.resetOnOpen || line.dtr !== 'keep' || line.rts !== 'keep') await set(wanted);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    warning(`DTR and RTS cannot be set on this port (${why}); it is used without them`);
  }
}

class PollingPort implements OpenPort {
  readonly driver = 'serialport';
  readonly #port: PollablePort;
  readonly #events: PortEvents;
  #isClosing = false;
  #awaitedBits = 0;
  #reading: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(port: PollablePort, events: PortEvents) {
    this.#port = port;
    this.#events = events;
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#port.isOpen;
  }

  start(): void {
    this.#reading = this.#readLoop();
  }

  write(bytes: Uint8Array): Promise<void> {
    const writing = this.#writeAll(bytes);
    // Kept for `close`, which only waits for its end; the caller gets the error.
    this.#writing = writing.catch(() => undefined);
    return writing;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    // Wakes whoever waits for the poller, with an error.
    this.#port.poller.stop();
    await Promise.all([this.#reading, this.#writing]);
    if (this.#port.isOpen) await this.#port.close();
  }

  async #readLoop(): Promise<void> {
    const buffer = Buffer.allocUnsafe(readBytesMax);
    let cause = new Error('the device hung up');
    try {
      for (;;) {
        const bytesRead = await this.#read(buffer);
        if (this.#isClosing) return;
        if (bytesRead === 0) break;
        this.#events.data(buffer.subarray(0, bytesRead));
      }
    } catch (error) {
      if (this.#isClosing) return;
      // The poller says "bad file descriptor" for it: true, but nothing that a reader understands.
      cause = new Error('the device hung up', { cause: error });
    }
    // Not awaited: closing waits for this loop to end.
    void this.#closeAfterHangup(cause);
  }

  async #closeAfterHangup(cause: Error): Promise<void> {
    try {
      await this.close();
    } catch (error) {
      cause.cause ??= error;
    }
    this.#events.closed(cause);
  }

  async #read(buffer: Buffer): Promise<number> {
    for (;;) {
      try {
        const { bytesRead } = await readDescriptor(
          this.#descriptor(),
          buffer,
          0,
          readBytesMax,
          null,
        );
        return bytesRead;
      } catch (error) {
        if (!isTemporary(error)) throw error;
      }
      await this.#until('readable');
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < bytes.length) {
      try {
        const rest = bytes.length - offset;
        const { bytesWritten } = await writeDescriptor(
          this.#descriptor(),
          bytes,
          offset,
          rest,
          null,
        );
        offset += bytesWritten;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        await this.#until('writable');
      }
    }
  }

  #descriptor(): number {
    if (this.#isClosing || this.#port.fd === null) throw new Error('the port is closed');
    return this.#port.fd;
  }

  #until(event: 'readable' | 'writable'): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosing) {
        reject(new Error('the port is closed'));
        return;
      }
      const bit = event === 'readable' ? readableBit : writableBit;
      this.#port.poller.once(event, (error) => {
        this.#awaitedBits &= ~bit;
        if (error === null) resolve();
        else reject(error);
      });
      this.#awaitedBits |= bit;
      // `once` waits for its own event only and forgets the other: a write to a device that takes nothing
      // would stop the reading, and hide an unplug.
      this.#port.poller.poll(this.#awaitedBits);
    });
  }
}

function isTemporary(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK' || error.code === 'EINTR';
}

/** Windows: the binding's own overlapped reads, which end with an error when the port goes. */
class BindingOnlyPort implements OpenPort {
  readonly driver = 'serialport';
  readonly #port: BindingPort;
  readonly #events: PortEvents;
  #isClosing = false;

  constructor(port: BindingPort, events: PortEvents) {
    this.#port = port;
    this.#events = events;
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#port.isOpen;
  }

  start(): void {
    void this.#readLoop();
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#port.write(Buffer.from(bytes));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#port.isOpen) await this.#port.close();
  }

  async #readLoop(): Promise<void> {
    const buffer = Buffer.allocUnsafe(readBytesMax);
    let cause = new Error('the device hung up');
    try {
      for (;;) {
        const { bytesRead } = await this.#port.read(buffer, 0, readBytesMax);
        if (this.#isClosing) return;
        if (bytesRead === 0) break;
        this.#events.data(buffer.subarray(0, bytesRead));
      }
    } catch (error) {
      if (this.#isClosing) return;
      cause = error instanceof Error ? error : new Error(String(error));
    }
    try {
      await this.close();
    } catch (error) {
      cause.cause ??= error;
    }
    this.#events.closed(cause);
  }
}
