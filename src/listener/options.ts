/**
 * What a listener can be told, twice: `listenerOptionsSchema` is what people write (snake_case, most of it
 * optional), `ListenerOptions` is what the code reads (camelCase, every field there, absent = undefined).
 * `resolveListenerOptions` is the one way from the first to the second.
 *
 * The keys are one flat object for all types instead of one schema per type: a key that does not fit the
 * type is then answered with a sentence that names both, not with a list of failed alternatives.
 */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

export type ListenerType = 'tcp' | 'tls' | 'ws' | 'wss' | 'unix';

/** A checked `listeners.<name>` object as it stands in the configuration. */
export interface ListenerSettings {
  readonly type: ListenerType;
  readonly bind: string;
  readonly max_connections: number;
  readonly cert_file?: string | undefined;
  readonly key_file?: string | undefined;
  readonly ca_file?: string | undefined;
  readonly require_client_cert: boolean;
  readonly min_tls_version: TlsVersion;
  readonly path?: string | readonly string[] | undefined;
  readonly allowed_origins?: readonly string[] | undefined;
  readonly trusted_proxies?: readonly string[] | undefined;
  readonly mode?: string | undefined;
  readonly receive_maximum: 'strict' | 'warn';
  readonly payload_format_check: boolean;
}

/** What may be written: everything but `type` and `bind` has a default or may be absent. */
export type ListenerSettingsInput = Pick<ListenerSettings, 'type' | 'bind'> & {
  readonly [Key in Exclude<keyof ListenerSettings, 'type' | 'bind'>]?:
    | ListenerSettings[Key]
    | undefined;
};

export type TlsVersion = '1.2' | '1.3';

export interface ListenerOptions {
  /** The listener's name in the configuration. */
  readonly name: string;
  readonly type: ListenerType;
  readonly address: BindAddress;
  /** 0 = no limit of its own. Enforced by the host, which can say why it refuses. */
  readonly maxConnections: number;
  /** Present for `tls` and `wss`. */
  readonly tls: TlsOptions | undefined;
  /** Present for `ws` and `wss`. */
  readonly webSocket: WebSocketOptions | undefined;
  /** Permission bits of a Unix socket. */
  readonly mode: number;
  /** What a client that exceeds our Receive Maximum gets: 0x93 or a warning. Read by the broker. */
  readonly receiveMaximum: 'strict' | 'warn';
  /** Check payloads that claim to be UTF-8 [MQTT-3.3.2-4]. Read by the broker. */
  readonly payloadFormatCheck: boolean;
}

export type BindAddress =
  | { readonly host: string; readonly port: number; readonly path: undefined }
  | { readonly host: undefined; readonly port: undefined; readonly path: string };

export interface TlsOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** Set = client certificates are asked for and verified against it. */
  readonly caFile: string | undefined;
  readonly requireClientCert: boolean;
  readonly minVersion: TlsVersion;
}

export interface WebSocketOptions {
  readonly paths: readonly string[];
  /** Normalised origins (`https://host:port`), or `*`. */
  readonly allowedOrigins: readonly string[];
  /** IP addresses and CIDR blocks whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[];
}

export const defaultWebSocketPaths: readonly string[] = ['/mqtt', '/'];
const defaultUnixMode = '0660';

/**
 * `host:port`, `[::]:port` or `:port` (every IPv4 address). Port 0 lets the system choose. Undefined when
 * it is none of these.
 */
export function parseHostPort(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  if (match[1] !== undefined) return isIP(match[1]) === 6 ? { host: match[1], port } : undefined;
  return { host: match[2] === undefined || match[2] === '' ? '0.0.0.0' : match[2], port };
}

/** `https://host[:port]` in the form browsers send it; `*` stays; undefined when it is no origin. */
export function normaliseOrigin(text: string): string | undefined {
  if (text === '*') return text;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isBare = (url.pathname === '/' || url.pathname === '') && !url.search && !url.hash;
  if (!isBare || url.host === '' || url.username !== '') return undefined;
  return `${url.protocol}//${url.host}`;
}

/** Adds an IP address or CIDR block; false when the text is neither. */
export function addToBlockList(list: BlockList, text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const bitsMax = version === 6 ? 128 : 32;
  if (prefix === undefined) list.addAddress(address, family);
  else if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bitsMax) return false;
  else list.addSubnet(address, Number(prefix), family);
  return true;
}

const webSocketPath = z
  .string()
  .regex(/^\/[^\s?#]*$/, 'a path starts with "/" and has no spaces, "?" or "#", for example /mqtt');

const shape = z.strictObject({
  type: z
    .enum(['tcp', 'tls', 'ws', 'wss', 'unix'])
    .describe('What the listener speaks below MQTT: plain TCP, TLS, WebSocket, or a Unix socket.'),
  bind: z
    .string()
    .min(1)
    .describe('Where it listens: `0.0.0.0:1883`, `[::]:1883`, or the path of a Unix socket.'),
  max_connections: z
    .int()
    .min(0)
    .default(0)
    .describe('Most connections at once on this listener; 0 = only the overall limit counts.'),
  cert_file: z.string().min(1).optional().describe('PEM file of the server certificate and chain.'),
  key_file: z.string().min(1).optional().describe('PEM file of its private key, unencrypted.'),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the authorities whose client certificates are accepted.'),
  require_client_cert: z
    .boolean()
    .default(false)
    .describe('Refuse clients without a certificate from `ca_file`.'),
  min_tls_version: z.enum(['1.2', '1.3']).default('1.2').describe('Oldest TLS version accepted.'),
  path: z
    .union([webSocketPath, z.array(webSocketPath).min(1)])
    .optional()
    .meta({ default: defaultWebSocketPaths })
    .describe('Paths at which the WebSocket answers.'),
  allowed_origins: z
    .array(
      z
        .string()
        .refine(
          (text) => normaliseOrigin(text) !== undefined,
          'expected an origin such as "https://dash.example.com" or "*"',
        ),
    )
    .optional()
    .meta({ default: [] })
    .describe('Web pages (origins) that may connect besides those served from the same host.'),
  trusted_proxies: z
    .array(
      z
        .string()
        .refine(
          (text) => addToBlockList(new BlockList(), text),
          'expected an IP address or a block such as "10.0.0.0/8"',
        ),
    )
    .optional()
    .meta({ default: [] })
    .describe(
      'Reverse proxies whose X-Forwarded-For, X-Real-IP and Forwarded headers are believed.',
    ),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'expected octal permissions in quotes such as "0660"')
    .optional()
    .meta({ default: defaultUnixMode })
    .describe('Permissions of the Unix socket, octal, in quotes.'),
  receive_maximum: z
    .enum(['strict', 'warn'])
    .default('strict')
    .describe(
      'A client that exceeds our Receive Maximum is disconnected (0x93), or only warned of.',
    ),
  payload_format_check: z
    .boolean()
    .default(false)
    .describe('Refuse payloads that are marked as UTF-8 text and are not.'),
});

type Settings = z.output<typeof shape>;

/** Keys that mean something only for some types. */
const keyTypes: readonly [keyof Settings, readonly ListenerType[]][] = [
  ['cert_file', ['tls', 'wss']],
  ['key_file', ['tls', 'wss']],
  ['ca_file', ['tls', 'wss']],
  ['path', ['ws', 'wss']],
  ['allowed_origins', ['ws', 'wss']],
  ['trusted_proxies', ['ws', 'wss']],
  ['mode', ['unix']],
];

function checkTogether(settings: Settings, context: z.core.$RefinementCtx<Settings>): void {
  const complain = (key: keyof Settings, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], input: settings[key], message });
  };
  const { type, bind } = settings;
  if (type === 'unix') {
    if (!bind.includes('/')) {
      complain('bind', 'expected the path of the socket, for example /run/linnet.sock');
    }
  } else if (parseHostPort(bind) === undefined) {
    complain('bind', 'expected host:port, for example 0.0.0.0:1883 or [::]:1883');
  }
  for (const [key, types] of keyTypes) {
    if (settings[key] !== undefined && !types.includes(type)) {
      complain(key, `has no meaning for type ${type}, only for ${types.join(' and ')}`);
    }
  }
  if (type === 'tls' || type === 'wss') {
    for (const key of ['cert_file', 'key_file'] as const) {
      if (settings[key] === undefined) complain(key, `is needed for type ${type}`);
    }
  }
  if (settings.require_client_cert && settings.ca_file === undefined) {
    complain('require_client_cert', 'needs ca_file: the authorities that sign client certificates');
  }
}

/** One entry of `listeners:`. */
export const listenerOptionsSchema: z.ZodType<ListenerSettings, ListenerSettingsInput> =
  shape.superRefine(checkTogether);

/** From what `listenerOptionsSchema` returned to what `startListener` takes. */
export function resolveListenerOptions(name: string, settings: ListenerSettings): ListenerOptions {
  const { type } = settings;
  return {
    name,
    type,
    address: resolveAddress(settings),
    maxConnections: settings.max_connections,
    tls: type === 'tls' || type === 'wss' ? resolveTls(settings) : undefined,
    webSocket: type === 'ws' || type === 'wss' ? resolveWebSocket(settings) : undefined,
    mode: Number.parseInt(settings.mode ?? defaultUnixMode, 8),
    receiveMaximum: settings.receive_maximum,
    payloadFormatCheck: settings.payload_format_check,
  };
}

function resolveAddress({ type, bind }: ListenerSettings): BindAddress {
  if (type === 'unix') return { host: undefined, port: undefined, path: bind };
  const address = parseHostPort(bind);
  if (address === undefined) throw new TypeError(`bind "${bind}" is not host:port`);
  return { ...address, path: undefined };
}

function resolveTls(settings: ListenerSettings): TlsOptions {
  const { cert_file: certFile, key_file: keyFile } = settings;
  if (certFile === undefined || keyFile === undefined) {
    throw new TypeError(`a listener of type ${settings.type} needs cert_file and key_file`);
  }
  return {
    certFile,
    keyFile,
    caFile: settings.ca_file,
    requireClientCert: settings.require_client_cert,
    minVersion: settings.min_tls_version,
  };
}

function resolveWebSocket(settings: ListenerSettings): WebSocketOptions {
  const { path = defaultWebSocketPaths } = settings;
  return {
    paths: typeof path === 'string' ? [path] : path,
    allowedOrigins: (settings.allowed_origins ?? []).map((text) => normaliseOrigin(text) ?? text),
    trustedProxies: settings.trusted_proxies ?? [],
  };
}
