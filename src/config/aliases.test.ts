import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from './config.ts';
import { load, refusalLines } from './loading.test-kit.ts';

const addresses = (config: Config): string[] =>
  config.listeners.map(({ name, address }) => `${name} ${address.host} ${address.port}`);

test('MQTT_BIND_ADDRESS and MQTT_WS_BIND set host and port (S2-05, S2-06)', () => {
  const { config, origins } = load({
    environment: { MQTT_BIND_ADDRESS: '127.0.0.1:1885', MQTT_WS_BIND: '0.0.0.0:8080' },
  });
  assert.deepEqual(addresses(config), ['mqtt 127.0.0.1 1885', 'websocket 0.0.0.0 8080']);
  assert.equal(origins.get('websocket.port')?.name, 'MQTT_WS_BIND');
});

test('MQTT_BIND_ADDRESS takes IPv6 in brackets (S2-05)', () => {
  const { config } = load({ dotEnv: 'MQTT_BIND_ADDRESS=[::]:1883\n' });
  assert.equal(addresses(config)[0], 'mqtt :: 1883');
});

test('an address without port, or with a wrong one, is refused', () => {
  for (const text of ['localhost', '1883', '::1:1883', 'a:70000', 'a:b']) {
    assert.deepEqual(refusalLines({ environment: { MQTT_BIND_ADDRESS: text } }), [
      `error  MQTT_BIND_ADDRESS "${text}" (environment) — expected HOST:PORT, such as 0.0.0.0:1883 or [::]:1883`,
    ]);
  }
});

test('ALLOW_ANONYMOUS is compared without regard to case; empty counts as not set (S2-07)', () => {
  const access = (value: string | undefined): unknown[] => {
    const { auth } = load({ environment: { ALLOW_ANONYMOUS: value } }).config;
    return [auth.allowAnonymous, auth.enabled];
  };
  assert.deepEqual(access('TRUE'), [true, false]);
  assert.deepEqual(access('true'), [true, false]);
  assert.deepEqual(access('false'), [false, true]);
  assert.deepEqual(access(''), ['private', false]);
  assert.deepEqual(access(undefined), ['private', false]);
  assert.deepEqual(refusalLines({ environment: { ALLOW_ANONYMOUS: 'perhaps' } }), [
    'error  auth.allow_anonymous "perhaps" (ALLOW_ANONYMOUS) — expected private | true | false',
  ]);
});

test('a variable and its other name with different values are an error that names both', () => {
  const environment = { BROKER_MQTT_PORT: '1884', MQTT_BIND_ADDRESS: '0.0.0.0:1883' };
  const expected = [
    'error  mqtt.port (MQTT_BIND_ADDRESS) — MQTT_BIND_ADDRESS and BROKER_MQTT_PORT say different things; keep one of them',
  ];
  assert.deepEqual(refusalLines({ environment }), expected);
  const { MQTT_BIND_ADDRESS } = environment;
  const dotEnv = 'BROKER_MQTT_PORT=1884\n';
  assert.deepEqual(refusalLines({ environment: { MQTT_BIND_ADDRESS }, dotEnv }), expected);
  assert.deepEqual(
    refusalLines({ environment: { ALLOW_ANONYMOUS: 'true', BROKER_ALLOW_ANONYMOUS: 'private' } }),
    [
      'error  auth.allow_anonymous (ALLOW_ANONYMOUS) — ALLOW_ANONYMOUS and BROKER_ALLOW_ANONYMOUS say different things; keep one of them',
    ],
  );
});

test('a variable and its other name with one value are no conflict', () => {
  const { config } = load({
    environment: {
      BROKER_MQTT_HOST: '0.0.0.0',
      BROKER_MQTT_PORT: '1884',
      MQTT_BIND_ADDRESS: '0.0.0.0:1884',
      ALLOW_ANONYMOUS: 'TRUE',
      BROKER_ALLOW_ANONYMOUS: 'yes',
    },
  });
  assert.equal(addresses(config)[0], 'mqtt 0.0.0.0 1884');
  assert.equal(config.auth.allowAnonymous, true);
});

test('a flag wins over the other name as over the variable', () => {
  const { config } = load({
    flags: { 'mqtt.port': '1' },
    environment: { MQTT_BIND_ADDRESS: '127.0.0.1:1884' },
  });
  assert.equal(addresses(config)[0], 'mqtt 127.0.0.1 1');
});
