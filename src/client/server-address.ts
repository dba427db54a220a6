import { ClientError } from './client-error.ts';

export type ServerTransport = 'tcp' | 'tls' | 'ws' | 'wss' | 'unix';

/** Where a server listens and how it is spoken to. */
export interface ServerAddress {
  readonly transport: ServerTransport;
  /** Name or IP address without brackets; empty for Unix sockets. */
  readonly host: string;
  /** 0 for Unix sockets. */
  readonly port: number;
  /** The path of the WebSocket request or of the Unix socket; empty for TCP and TLS. */
  readonly path: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const schemes = new Map<string, { readonly transport: ServerTransport; readonly port: number }>([
  ['mqtt:', { transport: 'tcp', port: 1883 }],
  ['mqtts:', { transport: 'tls', port: 8883 }],
  ['ws:', { transport: 'ws', port: 80 }],
  ['wss:', { transport: 'wss', port: 443 }],
]);

/**
 * Reads `mqtt://host:1883`, `mqtts://user:password@host`, `ws://host/path`, `wss://host`, `unix:/path`.
 * A WebSocket URL without a path means `/mqtt`. User name and password are percent-decoded.
 *
 * @throws {ClientError} `address`, when the text is none of these.
 */
export function parseServerUrl(text: string): ServerAddress {
  if (text.startsWith('unix:')) return unixAddress(text);
  if (!URL.canParse(text)) throw notAnAddress(text);
  const url = new URL(text);
  const scheme = schemes.get(url.protocol);
  if (scheme === undefined || url.hostname === '') throw notAnAddress(text);
  const isWeb = scheme.transport === 'ws' || scheme.transport === 'wss';
  return {
    transport: scheme.transport,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? scheme.port : Number(url.port),
    path: isWeb ? webPath(url) : '',
    username: url.username === '' ? undefined : decoded(url.username, text),
    password: url.password === '' ? undefined : decoded(url.password, text),
  };
}

/** The address as a person would type it, without user name and password. */
export function formatServerAddress(address: ServerAddress): string {
  if (address.transport === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  for (const [scheme, { transport }] of schemes) {
    if (transport === address.transport) return `${scheme}//${host}:${address.port}${address.path}`;
  }
  return `${host}:${address.port}`;
}

function unixAddress(text: string): ServerAddress {
  const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
  if (path === '') throw notAnAddress(text);
  return { transport: 'unix', host: '', port: 0, path, username: undefined, password: undefined };
}

function webPath(url: URL): string {
  const path = url.pathname === '' || url.pathname === '/' ? '/mqtt' : url.pathname;
  return path + url.search;
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new ClientError(
      'address',
      `The user name or password in ${withoutPassword(text)} is not percent-encoded correctly.`,
      { cause },
    );
  }
}

function notAnAddress(text: string): ClientError {
  return new ClientError(
    'address',
    `"${withoutPassword(text)}" is not a server address. ` +
      'Use mqtt://host:1883, mqtts://host:8883, ws://host:9001/mqtt, wss://host/mqtt or unix:/path.',
  );
}

function withoutPassword(text: string): string {
  return text.replace(/:\/\/[^/@]*@/, '://…@');
}
