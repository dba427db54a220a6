/**
 * The flags of `linnet start`: one table, from which the command line builds its options and from which
 * the reference page is written. A flag that sets something names the setting's path; what is in no
 * setting (`--check`) has none.
 */
import { parseSerialArgument } from '../gateway/serial/index.ts';
import type { Assignment } from './environment.ts';
import { plainOrigin } from './origin.ts';
import { rawText } from './raw.ts';
import { settingAt } from './settings.ts';
import { configVariable } from './variables.ts';

export interface Flag {
  /** `-p` */
  readonly short: string | undefined;
  /** `--mqtt-port` */
  readonly name: string;
  /** `PORT`; undefined = a switch. */
  readonly argument: string | undefined;
  /** The value when the flag stands alone: `true` of a switch, or what an optional argument defaults to. */
  readonly impliedValue: string | undefined;
  /** The setting, `mqtt.port`; the key in `LoadInput.flags`. undefined = handled by the command itself. */
  readonly path: string | undefined;
  readonly description: string;
  /** `1883`; undefined where there is nothing to say. */
  readonly defaultText: string | undefined;
}

/** The path of `--serial`: it sets path and baud rate of the first port. */
export const serialFlagPath = 'serial.ports[0]';

function valueFlag(
  name: string,
  argument: string,
  path: string,
  more: { short?: string; impliedValue?: string; description?: string } = {},
): Flag {
  const setting = settingAt(path);
  const value = setting?.meta.defaultText ?? setting?.defaultValue;
  return {
    short: more.short,
    name,
    argument,
    impliedValue: more.impliedValue,
    path,
    description: more.description ?? setting?.meta.description ?? '',
    defaultText: value === undefined || value === '' ? undefined : String(value),
  };
}

function switchFlag(name: string, path: string | undefined, description?: string): Flag {
  const meaning =
    description ?? (path === undefined ? '' : settingAt(path)?.meta.description) ?? '';
  const defaultText = path === undefined ? undefined : 'off';
  return {
    short: undefined,
    name,
    argument: undefined,
    impliedValue: 'true',
    path,
    description: meaning,
    defaultText,
  };
}

/** In the order of the help text. */
export const flags: readonly Flag[] = [
  valueFlag('--mqtt-host', 'HOST', 'mqtt.host'),
  valueFlag('--mqtt-port', 'PORT', 'mqtt.port', { short: '-p' }),
  valueFlag('--ws-host', 'HOST', 'websocket.host'),
  valueFlag('--ws-port', 'PORT', 'websocket.port'),
  switchFlag('--enable-auth', 'auth.enabled'),
  switchFlag('--enable-tls', 'tls.enabled'),
  valueFlag('--tls-port', 'PORT', 'tls.port'),
  valueFlag('--tls-cert-file', 'FILE', 'tls.cert_file'),
  valueFlag('--tls-key-file', 'FILE', 'tls.key_file'),
  valueFlag('--tls-ca-file', 'FILE', 'tls.ca_file'),
  valueFlag('--serial', 'PATH[:BAUD]', serialFlagPath, {
    description: 'Read a serial port: /dev/ttyUSB0:9600, COM3, tcp://HOST:PORT.',
  }),
  valueFlag('--log-level', 'LEVEL', 'log.level', {
    description: 'DEBUG, INFO, WARNING or ERROR.',
  }),
  valueFlag('--log-file', 'FILE', 'log.file'),
  valueFlag('--log-format', 'pretty|text|json|auto', 'log.format'),
  valueFlag('--log-messages', '[seed|line|json]', 'log_messages.format', { impliedValue: 'seed' }),
  valueFlag('--data-dir', 'DIR', 'data_dir'),
  switchFlag('--ephemeral', 'ephemeral'),
  {
    short: '-c',
    name: '--config',
    argument: 'FILE',
    impliedValue: undefined,
    path: undefined,
    description: `Configuration file (${configVariable}).`,
    defaultText: 'linnet.yaml in ., ~/.config/linnet or /etc/linnet',
  },
  {
    short: undefined,
    name: '--env-file',
    argument: 'FILE',
    impliedValue: undefined,
    path: undefined,
    description: 'File of environment variables.',
    defaultText: '.env where there is one',
  },
  switchFlag('--check', undefined, 'Check the configuration, unknown variables too, and exit.'),
  switchFlag('--dry-run', undefined, 'Print the configuration in effect and exit.'),
  {
    ...switchFlag('--help', undefined, 'Show this help.'),
    short: '-h',
  },
  {
    ...switchFlag('--version', undefined, 'Show the version.'),
    short: '-v',
  },
];

/** The flag that sets a path. */
export function flagOf(path: string): Flag | undefined {
  const isOfPort = path === `${serialFlagPath}.path` || path === `${serialFlagPath}.baud`;
  return flags.find((flag) => flag.path === (isOfPort ? serialFlagPath : path));
}

export type FlagValues = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** @throws TypeError for a path that no flag sets: a mistake of the caller, not of the user */
export function readFlags(values: FlagValues): readonly Assignment[] {
  const entries = values instanceof Map ? [...values] : Object.entries(values);
  return entries.flatMap(([path, text]) => {
    const flag = flagOf(path);
    if (flag === undefined) throw new TypeError(`no flag sets ${path}`);
    const origin = plainOrigin('flag', flag.name);
    if (path !== serialFlagPath) return [{ path, node: rawText(text, origin) }];
    const { path: device, baud } = parseSerialArgument(text);
    const port = { path: `${serialFlagPath}.path`, node: rawText(device, origin) };
    const speed = { path: `${serialFlagPath}.baud`, node: rawText(String(baud), origin) };
    return baud === undefined ? [port] : [port, speed];
  });
}
