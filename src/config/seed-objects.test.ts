import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import type { ConfigInput } from './config-input.ts';
import { parseConfigObject } from './load-config.ts';
import { load } from './loading.test-kit.ts';

/** As a program, a JSON file and a YAML file would give it. */
function inEveryForm(object: ConfigInput): readonly Config[] {
  return [
    parseConfigObject(object),
    load({ yaml: JSON.stringify(object) }).config,
    load({ yaml: stringify(object) }).config,
  ];
}

const standalone = {
  listeners: {
    default: {
      type: 'tcp',
      bind: '0.0.0.0:1883',
      max_connections: 10,
    },
  },
  sys_interval: 10,
  'topic-check': {
    enabled: false,
  },
} satisfies ConfigInput;

test('the object of the standalone server is accepted as written (S1-02 to S1-05)', () => {
  for (const config of inEveryForm(standalone)) {
    assert.deepEqual(
      config.listeners.map(({ name, type, address, maxConnections, addressSetting }) => ({
        name,
        type,
        address,
        maxConnections,
        addressSetting,
      })),
      [
        {
          name: 'default',
          type: 'tcp',
          address: { host: '0.0.0.0', port: 1883, path: undefined },
          maxConnections: 10,
          addressSetting: 'listeners.default.bind',
        },
      ],
    );
    assert.equal(config.sysIntervalMs, 10_000);
    assert.deepEqual(config.topicCheck, { enabled: false, plugins: [] });
  }
});

test('a TLS listener is accepted as the seed writes it, without type (S1-20)', () => {
  const object = {
    listeners: {
      tls: { bind: '0.0.0.0:8883', ssl: true, certfile: 'server.crt', keyfile: 'server.key' },
    },
  } satisfies ConfigInput;
  for (const config of inEveryForm(object)) {
    const [listener] = config.listeners;
    assert.equal(config.listeners.length, 1);
    assert.equal(listener?.type, 'tls');
    assert.equal(listener?.address.port, 8883);
    assert.match(listener?.tls?.certFile ?? '', /server\.crt$/);
    assert.match(listener?.tls?.keyFile ?? '', /server\.key$/);
    assert.equal(listener?.tls?.caFile, undefined);
  }
});

test('the object of the .env broker is understood; what is not there yet is named (S2-08 to S2-11)', () => {
  const object = {
    listeners: {
      default: { type: 'tcp', bind: '0.0.0.0:1883' },
      ws: { type: 'ws', bind: '0.0.0.0:8080', max_connections: 100 },
    },
    sys_interval: 10,
    auth: { 'allow-anonymous': true },
    'topic-check': { enabled: true, plugins: ['topic_taboo'] },
    plugins: ['auth_anonymous', 'topic_taboo'],
  } satisfies ConfigInput;
  assert.throws(
    () => parseConfigObject(object),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.issues.map(({ code, path, problem }) => [code, path, problem]),
        [
          ['not-available', 'topic_check.enabled', 'not available yet in this version'],
          ['not-available', 'plugins[0]', 'not available yet in this version'],
          ['not-available', 'plugins[1]', 'not available yet in this version'],
        ],
      );
      return true;
    },
  );
  const { plugins: _, 'topic-check': __, ...rest } = object;
  for (const config of inEveryForm(rest)) {
    assert.deepEqual(
      config.listeners.map(({ name, type, maxConnections }) => [name, type, maxConnections]),
      [
        ['default', 'tcp', 0],
        ['ws', 'ws', 100],
      ],
    );
    assert.equal(config.auth.allowAnonymous, true);
    assert.deepEqual(config.listeners[1]?.webSocket?.paths, ['/mqtt', '/']);
  }
});

test('allow-anonymous false needs a login; a users file is not there yet (S1-21)', () => {
  const auth = { 'allow-anonymous': false, 'password-file': '/path/to/passwd' };
  assert.throws(() => parseConfigObject({ auth }), /auth\.password_file.*not available yet/);
  const { config } = load({ yaml: 'auth:\n  allow-anonymous: false\n' });
  assert.deepEqual(
    [config.auth.enabled, config.auth.allowAnonymous, config.auth.usesShippedPassword],
    [true, false, true],
  );
});

test('dashes, underscores and capitals make no difference to any key', () => {
  for (const key of ['max_connections', 'max-connections', 'maxConnections', 'MAX_CONNECTIONS']) {
    assert.equal(parseConfigObject({ mqtt: { [key]: 7 } }).maxConnections, 7);
    const listeners = { a: { type: 'tcp', bind: ':1', [key]: 8 } };
    assert.equal(parseConfigObject({ listeners }).listeners[0]?.maxConnections, 8);
  }
  for (const key of ['topic-check', 'topic_check', 'topicCheck']) {
    assert.equal(parseConfigObject({ [key]: { enabled: false } }).topicCheck.enabled, false);
  }
  assert.equal(parseConfigObject({ sysInterval: '500ms' }).sysIntervalMs, 500);
  const ports = [{ path: '/dev/ttyUSB0', 'base-topic': 'a', maxDepth: 2 }];
  assert.equal(parseConfigObject({ serial: { ports } }).serial.ports[0]?.baseTopic, 'a/');
  assert.equal(parseConfigObject({ serial: { ports } }).serial.ports[0]?.depthMax, 2);
});

test('one key in two spellings is an error', () => {
  assert.throws(
    () => parseConfigObject({ mqtt: { max_connections: 1, 'max-connections': 2 } }),
    /mqtt\.max-connections \(config object\) — "max_connections" and "max-connections" are the same key; keep one of them/,
  );
});

test('names that the user chose are kept as they are', () => {
  const config = parseConfigObject({
    listeners: { 'my-Own_one': { bind: ':0' } },
    log: { levels: { 'my-Module': 'debug' } },
  });
  assert.equal(config.listeners[0]?.name, 'my-Own_one');
  assert.deepEqual(config.log.levels, { 'my-Module': 'debug' });
});

test('a program gets the same errors, placed in its object', () => {
  assert.throws(
    () => parseConfigObject({ mqtt: { prot: 1 }, log: { level: 'loud' } }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.message.split('\n'), [
        'config object  mqtt.prot — unknown key. Did you mean "port"?',
        'log.level "loud" (config object) — expected debug | info | warning | error',
      ]);
      return true;
    },
  );
  assert.throws(() => parseConfigObject('mqtt'), ConfigError);
});

test('no object, an empty one and one of undefined values are the defaults', () => {
  const defaults = load().config;
  assert.deepEqual(parseConfigObject(undefined, '/nowhere/project'), defaults);
  assert.deepEqual(parseConfigObject({}, '/nowhere/project'), defaults);
  const empty = { mqtt: undefined, log: { file: undefined, level: undefined } };
  assert.deepEqual(parseConfigObject(empty, '/nowhere/project'), defaults);
});

test('an object that contains itself is refused, not followed for ever', () => {
  const loop: Record<string, unknown> = {};
  loop['mqtt'] = loop;
  assert.throws(() => parseConfigObject(loop), /mqtt\.mqtt — unknown key/);
});

test('an object neither reads the environment nor changes', () => {
  const object = structuredClone(standalone);
  parseConfigObject(object);
  assert.deepEqual(object, standalone);
});
