/**
 * A listener that cannot open: what happened, why, and what to change. The error carries the facts; the
 * text for people is made by `renderListenError`, because only the caller knows under which key, flag or
 * variable the reader wrote the value that has to change.
 */
import type { PortHolder } from './port-holder.ts';

export type ListenErrorCode =
  | 'port-in-use'
  | 'address-not-available'
  | 'permission-denied'
  | 'socket-path'
  | 'listen-failed'
  | 'tls-file-missing'
  | 'tls-file-unreadable'
  | 'tls-file-invalid'
  | 'tls-key-mismatch'
  | 'tls-certificate-expired'
  | 'tls-restart-needed';

/** The option of the listener that has to change. */
export type ListenerOptionKey = 'bind' | 'cert_file' | 'key_file' | 'ca_file';

export interface ListenErrorDetails {
  readonly listenerName: string;
  readonly option: ListenerOptionKey;
  /** `host:port` or the path of a Unix socket. */
  readonly address?: string;
  readonly port?: number;
  readonly holder?: PortHolder | undefined;
  /** A port that nobody listens on, to be offered instead. */
  readonly freePort?: number | undefined;
  readonly file?: string;
  readonly cause?: unknown;
}

/** Process exit codes for each error: sysexits' NOINPUT, UNAVAILABLE, NOPERM and CONFIG. */
export const listenErrorExitCodes: Readonly<Record<ListenErrorCode, number>> = {
  'port-in-use': 69,
  'address-not-available': 69,
  'permission-denied': 77,
  'socket-path': 69,
  'listen-failed': 69,
  'tls-file-missing': 66,
  'tls-file-unreadable': 77,
  'tls-file-invalid': 78,
  'tls-key-mismatch': 78,
  'tls-certificate-expired': 78,
  'tls-restart-needed': 78,
};

export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: ListenErrorCode;
  readonly details: ListenErrorDetails;

  constructor(code: ListenErrorCode, message: string, details: ListenErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get exitCode(): number {
    return listenErrorExitCodes[this.code];
  }
}

/** Where the reader wrote the option, as far as the caller knows. */
export interface SettingHint {
  /** `tls.key_file`; default `listeners.<name>.<option>`. */
  readonly setting?: string | undefined;
  /** Where its value came from: `BROKER_TLS_KEY_FILE`, `linnet.yaml:4:3`. */
  readonly source?: string | undefined;
  /** The command that sets it, without the value: `linnet start --mqtt-port`. */
  readonly command?: string | undefined;
  /** The variable that sets it: `BROKER_MQTT_PORT`. */
  readonly variable?: string | undefined;
}

export type ExplainSetting = (
  listenerName: string,
  option: ListenerOptionKey,
) => SettingHint | undefined;

const indent = '       ';

/**
 * The first line says what happened, a second one how to repair it. Without the word `error`, colours and
 * the exit code: those belong to whoever prints it.
 */
export function renderListenError(error: ListenError, explain?: ExplainSetting): string {
  const { listenerName, option } = error.details;
  const hint = explain?.(listenerName, option) ?? {};
  const setting = hint.setting ?? `listeners.${listenerName}.${option}`;
  const headline = error.message + place(error, setting, hint);
  const fixes = fixesFor(error, setting, hint);
  return fixes.length === 0 ? headline : `${headline}\n${indent}fix   ${fixes.join('      or   ')}`;
}

/** TLS texts name the key, except where the certificate itself is the matter. */
function place(error: ListenError, setting: string, hint: SettingHint): string {
  if (error.details.file === undefined || error.code === 'tls-certificate-expired') return '';
  return hint.source === undefined ? ` (${setting})` : ` (${setting}, from ${hint.source})`;
}

function fixesFor(error: ListenError, setting: string, hint: SettingHint): string[] {
  const { holder, freePort, port, option } = error.details;
  if (option !== 'bind') return [];
  const other = freePort ?? (port === undefined ? undefined : port + 1);
  switch (error.code) {
    case 'port-in-use':
      return [stopHolder(holder), changeText(setting, hint, other)];
    case 'permission-denied':
      if (port === undefined) break;
      return [
        'sudo setcap cap_net_bind_service=+ep "$(command -v node)"',
        changeText(setting, hint, other),
      ];
    default:
  }
  return [changeText(setting, hint, undefined)];
}

function stopHolder(holder: PortHolder | undefined): string {
  if (holder?.service !== undefined) return `sudo systemctl stop ${holder.service}`;
  if (holder?.pid !== undefined) return `kill ${holder.pid}`;
  return 'sudo ss -ltnp   shows who holds it';
}

function changeText(setting: string, hint: SettingHint, port: number | undefined): string {
  const variable = hint.variable === undefined ? '' : `   (${hint.variable})`;
  return hint.command === undefined || port === undefined
    ? `change ${setting}${variable}`
    : `${hint.command} ${port}${variable}`;
}
