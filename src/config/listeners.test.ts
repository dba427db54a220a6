import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListenError, renderListenError } from '../listener/index.ts';
import { explainListener } from './explain-listener.ts';
import { load, refusalLines } from './loading.test-kit.ts';

const where = (given: Parameters<typeof load>[0]): string[] =>
  load(given).config.listeners.map(({ name, type, address, addressSetting }) => {
    const at = address.path ?? `${address.host}:${address.port}`;
    return `${name} ${type} ${at} ${addressSetting}`;
  });

const mqtt = 'mqtt tcp 0.0.0.0:1883 mqtt.port';
const webSocket = 'websocket ws 0.0.0.0:9001 websocket.port';
const certificate = { 'tls.cert_file': 's.crt', 'tls.key_file': 's.key' };

test('nothing configured: MQTT on 1883 and WebSocket on 9001, on all addresses', () => {
  assert.deepEqual(where({}), [mqtt, webSocket]);
  const [tcp, ws] = load().config.listeners;
  assert.deepEqual(ws?.webSocket, {
    paths: ['/mqtt', '/'],
    allowedOrigins: [],
    trustedProxies: [],
  });
  assert.deepEqual([tcp?.maxConnections, tcp?.tls, tcp?.webSocket], [0, undefined, undefined]);
  assert.deepEqual([tcp?.receiveMaximum, tcp?.payloadFormatCheck], ['strict', false]);
});

test('TLS is added on 8883 and leaves 1883; its host is that of mqtt unless it has its own', () => {
  const flags = { 'tls.enabled': 'true', ...certificate };
  assert.deepEqual(where({ flags }), [mqtt, webSocket, 'tls tls 0.0.0.0:8883 tls.port']);
  const environment = { BROKER_MQTT_HOST: '127.0.0.1', BROKER_TLS_PORT: '8884' };
  assert.equal(where({ flags, environment })[2], 'tls tls 127.0.0.1:8884 tls.port');
  const yaml = 'tls: { host: 10.0.0.1 }';
  assert.equal(where({ flags, environment, yaml })[2], 'tls tls 10.0.0.1:8884 tls.port');
});

test('mqtt.enabled false closes the plain port', () => {
  assert.deepEqual(where({ yaml: 'mqtt: { enabled: false }' }), [webSocket]);
  assert.deepEqual(where({ environment: { BROKER_MQTT_ENABLED: 'off' } }), [webSocket]);
});

test('client certificates are asked for with a CA file, and required only on request', () => {
  const yaml = 'tls: { enabled: true, cert_file: a, key_file: b, ca_file: c }';
  const tls = (environment: Record<string, string>): unknown => {
    const options = load({ yaml, environment }).config.listeners[2]?.tls;
    return [options?.caFile?.endsWith('c'), options?.requireClientCert, options?.minVersion];
  };
  assert.deepEqual(tls({}), [true, false, '1.2']);
  assert.deepEqual(tls({ BROKER_TLS_REQUIRE_CLIENT_CERT: 'yes' }), [true, true, '1.2']);
  const lines = refusalLines({
    yaml: 'tls: { enabled: true, cert_file: a, key_file: b, require_client_cert: true }',
  });
  assert.deepEqual(lines, [
    'error  tls.require_client_cert true (linnet.yaml:1:71) — needs tls.ca_file: the authorities that sign client certificates',
  ]);
});

test('a map of listeners replaces those of the shorthand', () => {
  const yaml = `
listeners:
  plain:  { type: tcp, bind: '127.0.0.1:1', receive_maximum: warn, payload_format_check: true }
  six:    { bind: '[::]:2' }
  web:    { type: ws, bind: ':3', path: /a, allowed_origins: ['https://x.org'], trusted_proxies: 10.0.0.0/8 }
  secure: { type: ws, ssl: true, bind: ':4', cert_file: c, key_file: k }
  local:  { type: unix, bind: /run/l.sock }
`;
  assert.deepEqual(where({ yaml }), [
    'plain tcp 127.0.0.1:1 listeners.plain.bind',
    'six tcp :::2 listeners.six.bind',
    'web ws 0.0.0.0:3 listeners.web.bind',
    'secure wss 0.0.0.0:4 listeners.secure.bind',
    'local unix /run/l.sock listeners.local.bind',
  ]);
  const [plain, , web] = load({ yaml }).config.listeners;
  assert.deepEqual([plain?.receiveMaximum, plain?.payloadFormatCheck], ['warn', true]);
  assert.deepEqual(web?.webSocket, {
    paths: ['/a'],
    allowedOrigins: ['https://x.org'],
    trustedProxies: ['10.0.0.0/8'],
  });
});

test('beside a map, a shorthand listener exists where its address or switch was set', () => {
  const yaml = 'listeners: { a: { bind: ":1" } }\nmqtt: { keepalive: 5, max_connections: 3 }\n';
  assert.deepEqual(where({ yaml }), ['a tcp 0.0.0.0:1 listeners.a.bind']);
  assert.deepEqual(where({ yaml, flags: { 'websocket.port': '7' } }), [
    'websocket ws 0.0.0.0:7 websocket.port',
    'a tcp 0.0.0.0:1 listeners.a.bind',
  ]);
  assert.deepEqual(where({ yaml, environment: { BROKER_WEBSOCKET_ENABLED: 'false' } }), [
    'a tcp 0.0.0.0:1 listeners.a.bind',
  ]);
});

test('two listeners on one address are an error that names both', () => {
  const yaml = 'listeners: { a: { bind: "0.0.0.0:1884" } }';
  assert.deepEqual(refusalLines({ yaml, flags: { 'mqtt.port': '1884' } }), [
    'error  listeners.a.bind (linnet.yaml:1:25) — port 1884 is taken by the listener mqtt (mqtt.port)',
  ]);
  assert.deepEqual(refusalLines({ environment: { BROKER_MQTT_PORT: '9001' } }), [
    'error  websocket.port (BROKER_MQTT_PORT) — port 9001 is taken by the listener mqtt (mqtt.port)',
  ]);
  const socket = '{ type: unix, bind: /run/l }';
  assert.deepEqual(refusalLines({ yaml: `listeners: { a: ${socket}, b: ${socket} }` }), [
    'error  listeners.b.bind (linnet.yaml:1:70) — /run/l is taken by the listener a (listeners.a.bind)',
  ]);
});

test('one port on different addresses, and port 0 twice, are fine', () => {
  const binds = ['127.0.0.1:5', '127.0.0.2:5', '[::1]:5', ':0', ':0'];
  const listeners = Object.fromEntries(binds.map((bind, index) => [`l${index}`, { bind }]));
  assert.equal(where({ yaml: JSON.stringify({ listeners }) }).length, 5);
  const yaml = 'listeners: { a: { bind: "0.0.0.0:5" }, b: { bind: "127.0.0.1:5" } }';
  assert.match(refusalLines({ yaml })[0] ?? '', /port 5 is taken by the listener a/);
});

test('ssl beside a type that contradicts it is an error', () => {
  const yaml =
    'listeners: { a: { type: tls, ssl: false, bind: ":1", cert_file: c, key_file: k }, b: { type: unix, ssl: on, bind: /s } }';
  assert.deepEqual(refusalLines({ yaml }), [
    'error  listeners.a.ssl (linnet.yaml:1:35) — ssl: false contradicts type: tls; leave ssl out',
    'error  listeners.b.ssl (linnet.yaml:1:105) — ssl: true contradicts type: unix; leave ssl out',
  ]);
});

test('a TLS listener without a certificate of its own takes that of the section tls', () => {
  const yaml =
    'listeners:\n  a: { type: tls, bind: ":1" }\n  b: { type: tls, bind: ":2", cert_file: b.crt, key_file: b.key }\n';
  const environment = { BROKER_TLS_CERT_FILE: '/s.crt', BROKER_TLS_KEY_FILE: '/s.key' };
  const loaded = load({ yaml, environment });
  assert.deepEqual(
    loaded.config.listeners.map(({ tls }) => tls?.certFile.split('/').at(-1)),
    ['s.crt', 'b.crt'],
  );
  const explain = explainListener(loaded);
  assert.deepEqual(explain('a', 'cert_file'), {
    setting: 'tls.cert_file',
    source: 'BROKER_TLS_CERT_FILE',
    command: 'linnet start --tls-cert-file',
    variable: 'BROKER_TLS_CERT_FILE',
  });
  assert.deepEqual(explain('b', 'key_file'), {
    setting: 'listeners.b.key_file',
    source: 'linnet.yaml:3:59',
    command: undefined,
    variable: undefined,
  });
});

test('a listener that cannot open is explained by setting, source, flag and variable', () => {
  const explain = explainListener(load({ yaml: 'websocket: { port: 9002 }' }));
  assert.deepEqual(explain('mqtt', 'bind'), {
    setting: 'mqtt.port',
    source: undefined,
    command: 'linnet start --mqtt-port',
    variable: 'BROKER_MQTT_PORT',
  });
  assert.equal(explain('websocket', 'bind')?.source, 'linnet.yaml:1:20');
  assert.equal(explain('nobody', 'bind'), undefined);
});

test('TLS settings without TLS, and no listener at all, are warnings', () => {
  const codes = (yaml: string): unknown[] =>
    load({ yaml }).warnings.map(
      ({ path, problem }) => `${path} ${problem.split(' ', 3).join(' ')}`,
    );
  assert.deepEqual(codes('tls: { port: 8884, cert_file: x }'), [
    'tls.cert_file has no effect',
    'tls.port has no effect',
  ]);
  assert.deepEqual(codes('mqtt: { enabled: false }\nwebsocket: { enabled: false }'), [
    'mqtt.enabled no listener is',
  ]);
  assert.deepEqual(codes('listeners: {}'), ['listeners no listener is']);
});

test('a listener of the map must not take the name of one of the shorthand', () => {
  const yaml = 'listeners: { mqtt: { bind: ":5" } }\nmqtt: { port: 6 }';
  assert.match(
    refusalLines({ yaml })[0] ?? '',
    /^error {2}listeners\.mqtt .* the name mqtt is taken/,
  );
  assert.deepEqual(where({ yaml: 'listeners: { mqtt: { bind: ":5" } }' }), [
    'mqtt tcp 0.0.0.0:5 listeners.mqtt.bind',
  ]);
});

test('a listener that cannot open says it in the words of the manual', () => {
  const flags = { 'tls.enabled': 'true', 'tls.cert_file': 'certs/server.crt' };
  const environment = { BROKER_TLS_KEY_FILE: 'certs/server.key' };
  const explain = explainListener(load({ flags, environment }));
  const mismatch = new ListenError(
    'tls-key-mismatch',
    'TLS: certs/server.key does not belong to certs/server.crt',
    { listenerName: 'tls', option: 'key_file', file: 'certs/server.key' },
  );
  assert.equal(
    renderListenError(mismatch, explain),
    'TLS: certs/server.key does not belong to certs/server.crt (tls.key_file, from BROKER_TLS_KEY_FILE)',
  );
  const inUse = new ListenError('port-in-use', 'cannot listen on 0.0.0.0:1883', {
    listenerName: 'mqtt',
    option: 'bind',
    port: 1883,
  });
  assert.match(
    renderListenError(inUse, explain),
    /linnet start --mqtt-port 1884 +\(BROKER_MQTT_PORT\)$/,
  );
});

test('0.0.0.0 and [::] may share a port, two of a kind may not', () => {
  const yaml = (bind: string) =>
    `listeners: { four: { bind: '0.0.0.0:9' }, six: { bind: '${bind}' } }`;
  assert.equal(load({ yaml: yaml('[::]:9') }).config.listeners.length, 2);
  assert.match(refusalLines({ yaml: yaml('127.0.0.1:9') })[0] ?? '', /port 9 is taken/);
});
