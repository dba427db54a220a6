import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { z } from 'zod';
import { listenErrorExitCodes } from './listen-error.ts';
import {
  type ListenerSettingsInput,
  listenerOptionsSchema,
  normaliseOrigin,
  parseHostPort,
  resolveListenerOptions,
} from './options.ts';

function resolve(settings: ListenerSettingsInput) {
  return resolveListenerOptions('default', listenerOptionsSchema.parse(settings));
}

function complaints(settings: unknown): string[] {
  const result = listenerOptionsSchema.safeParse(settings);
  return result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

test('a TCP listener needs only type and bind', () => {
  assert.deepEqual(resolve({ type: 'tcp', bind: '0.0.0.0:1883', max_connections: 10 }), {
    name: 'default',
    type: 'tcp',
    address: { host: '0.0.0.0', port: 1883, path: undefined },
    maxConnections: 10,
    tls: undefined,
    webSocket: undefined,
    mode: 0o660,
    receiveMaximum: 'strict',
    payloadFormatCheck: false,
  });
});

test('a secure WebSocket listener resolves its files, paths, origins and proxies', () => {
  const options = resolve({
    type: 'wss',
    bind: '[::]:9001',
    cert_file: 'server.crt',
    key_file: 'server.key',
    ca_file: 'ca.crt',
    require_client_cert: true,
    min_tls_version: '1.3',
    path: '/live',
    allowed_origins: ['https://Dash.example.com:443/'],
    trusted_proxies: ['10.0.0.0/8', '::1'],
    receive_maximum: 'warn',
    payload_format_check: true,
  });
  assert.deepEqual(options.address, { host: '::', port: 9001, path: undefined });
  assert.deepEqual(options.tls, {
    certFile: 'server.crt',
    keyFile: 'server.key',
    caFile: 'ca.crt',
    requireClientCert: true,
    minVersion: '1.3',
  });
  assert.deepEqual(options.webSocket, {
    paths: ['/live'],
    allowedOrigins: ['https://dash.example.com'],
    trustedProxies: ['10.0.0.0/8', '::1'],
  });
  assert.equal(options.receiveMaximum, 'warn');
  assert.equal(options.payloadFormatCheck, true);
});

test('a WebSocket answers at /mqtt and / unless told otherwise', () => {
  assert.deepEqual(resolve({ type: 'ws', bind: ':9001' }).webSocket?.paths, ['/mqtt', '/']);
});

test('the permissions of a Unix socket are octal', () => {
  const options = resolve({ type: 'unix', bind: '/run/linnet.sock', mode: '0600' });
  assert.deepEqual(options.address, { host: undefined, port: undefined, path: '/run/linnet.sock' });
  assert.equal(options.mode, 0o600);
});

test('what does not fit together is said with both names', () => {
  const table: [unknown, string[]][] = [
    [
      { type: 'tcp', bind: '1883' },
      ['bind: expected host:port, for example 0.0.0.0:1883 or [::]:1883'],
    ],
    [
      { type: 'unix', bind: 'socket' },
      ['bind: expected the path of the socket, for example /run/linnet.sock'],
    ],
    [
      { type: 'tls', bind: ':8883' },
      ['cert_file: is needed for type tls', 'key_file: is needed for type tls'],
    ],
    [
      { type: 'tcp', bind: ':1', cert_file: 'a', path: '/x', mode: '0600' },
      [
        'cert_file: has no meaning for type tcp, only for tls and wss',
        'path: has no meaning for type tcp, only for ws and wss',
        'mode: has no meaning for type tcp, only for unix',
      ],
    ],
    [
      { type: 'tls', bind: ':1', cert_file: 'a', key_file: 'b', require_client_cert: true },
      ['require_client_cert: needs ca_file: the authorities that sign client certificates'],
    ],
    [
      { type: 'ws', bind: ':1', allowed_origins: ['dash'], trusted_proxies: ['10.0.0.0/33'] },
      [
        'allowed_origins.0: expected an origin such as "https://dash.example.com" or "*"',
        'trusted_proxies.0: expected an IP address or a block such as "10.0.0.0/8"',
      ],
    ],
    [
      { type: 'unix', bind: '/a', mode: '0999' },
      ['mode: expected octal permissions in quotes such as "0660"'],
    ],
    [{ type: 'tcp', bind: ':1', prot: 1 }, [': Unrecognized key: "prot"']],
  ];
  for (const [settings, expected] of table) assert.deepEqual(complaints(settings), expected);
});

test('an address to bind to is host:port, [IPv6]:port or :port', () => {
  const table: [string, ReturnType<typeof parseHostPort>][] = [
    ['0.0.0.0:1883', { host: '0.0.0.0', port: 1883 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':1883', { host: '0.0.0.0', port: 1883 }],
    ['[::]:1883', { host: '::', port: 1883 }],
    ['[fe80::1%eth0]:1883', { host: 'fe80::1%eth0', port: 1883 }],
    ['::1:1883', undefined],
    ['[127.0.0.1]:1883', undefined],
    ['localhost', undefined],
    ['localhost:', undefined],
    ['localhost:65536', undefined],
    ['mqtt://localhost:1883', undefined],
    ['local host:1', undefined],
  ];
  for (const [text, expected] of table) assert.deepEqual(parseHostPort(text), expected, text);
});

test('an origin is compared in the form that browsers send', () => {
  const table: [string, string | undefined][] = [
    ['https://Dash.Example.com', 'https://dash.example.com'],
    ['http://dash.example.com:80', 'http://dash.example.com'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['*', '*'],
    ['null', undefined],
    ['dash.example.com', undefined],
    ['https://dash.example.com/page', undefined],
    ['https://user@dash.example.com', undefined],
  ];
  for (const [text, expected] of table) assert.equal(normaliseOrigin(text), expected, text);
});

test('the JSON Schema for editors has every key with a description', () => {
  const schema = z.toJSONSchema(listenerOptionsSchema, { io: 'input' });
  assert.deepEqual(schema.required, ['type', 'bind']);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    assert.ok(typeof property === 'object' && property.description !== undefined, key);
  }
});

test('the reference page has every key and every error with its exit code', () => {
  const page = new URL('../../docs/reference/listeners.md', import.meta.url);
  const text = readFileSync(page, 'utf8');
  const schema = z.toJSONSchema(listenerOptionsSchema, { io: 'input' });
  for (const key of Object.keys(schema.properties ?? {}))
    assert.ok(text.includes(`\`${key}\``), key);
  for (const [code, exitCode] of Object.entries(listenErrorExitCodes)) {
    assert.ok(text.includes(`| \`${code}\` | ${exitCode} |`), code);
  }
});
