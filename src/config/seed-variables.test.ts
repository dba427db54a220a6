import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from './config.ts';
import { load, refusal } from './loading.test-kit.ts';

interface Row {
  readonly id: string;
  readonly variable: string;
  readonly value: string;
  /** What the configuration says by default, and with `value`. */
  readonly read: (config: Config) => unknown;
  readonly byDefault: unknown;
  readonly withValue: unknown;
  /** undefined: any text is fine. */
  readonly invalid: string | undefined;
  /** What else has to be set. */
  readonly beside?: Readonly<Record<string, string>>;
}

const listener = (config: Config, name: string): Config['listeners'][number] | undefined =>
  config.listeners.find((one) => one.name === name);

const tls = {
  BROKER_ENABLE_TLS: 'true',
  BROKER_TLS_CERT_FILE: 'a.crt',
  BROKER_TLS_KEY_FILE: 'a.key',
};

const tlsFiles = { BROKER_TLS_CERT_FILE: 'a.crt', BROKER_TLS_KEY_FILE: 'a.key' };

const rows: readonly Row[] = [
  {
    id: 'S4-30',
    variable: 'BROKER_MQTT_HOST',
    value: '127.0.0.1',
    read: (config) => listener(config, 'mqtt')?.address.host,
    byDefault: '0.0.0.0',
    withValue: '127.0.0.1',
    invalid: '0.0.0.0:1883',
  },
  {
    id: 'S4-31',
    variable: 'BROKER_MQTT_PORT',
    value: '1884',
    read: (config) => listener(config, 'mqtt')?.address.port,
    byDefault: 1883,
    withValue: 1884,
    invalid: 'abc',
  },
  {
    id: 'S4-32',
    variable: 'BROKER_MQTT_KEEPALIVE',
    value: '30',
    read: (config) => config.keepAlive,
    byDefault: 60,
    withValue: 30,
    invalid: '65536',
  },
  {
    id: 'S4-33',
    variable: 'BROKER_MQTT_MAX_CONNECTIONS',
    value: '5',
    read: (config) => config.maxConnections,
    byDefault: 1000,
    withValue: 5,
    invalid: '-1',
  },
  {
    id: 'S4-34',
    variable: 'BROKER_WEBSOCKET_HOST',
    value: '::1',
    read: (config) => listener(config, 'websocket')?.address.host,
    byDefault: '0.0.0.0',
    withValue: '::1',
    invalid: 'ws://here',
  },
  {
    id: 'S4-35',
    variable: 'BROKER_WEBSOCKET_PORT',
    value: '8080',
    read: (config) => listener(config, 'websocket')?.address.port,
    byDefault: 9001,
    withValue: 8080,
    invalid: '9001x',
  },
  {
    id: 'S4-36',
    variable: 'BROKER_WEBSOCKET_ENABLED',
    value: 'false',
    read: (config) => listener(config, 'websocket') !== undefined,
    byDefault: true,
    withValue: false,
    invalid: 'maybe',
  },
  {
    id: 'S4-37',
    variable: 'BROKER_ENABLE_AUTH',
    value: 'true',
    read: (config) => config.auth.enabled,
    byDefault: false,
    withValue: true,
    invalid: '2',
  },
  {
    id: 'S4-38',
    variable: 'BROKER_USERNAME',
    value: 'ana',
    read: (config) => config.auth.username,
    byDefault: 'admin',
    withValue: 'ana',
    invalid: undefined,
  },
  {
    id: 'S4-39',
    variable: 'BROKER_PASSWORD',
    value: 'open sesame',
    read: (config) => [config.auth.password, config.auth.usesShippedPassword],
    byDefault: ['password', true],
    withValue: ['open sesame', false],
    invalid: undefined,
  },
  {
    id: 'S4-40',
    variable: 'BROKER_ENABLE_TLS',
    value: 'true',
    beside: tlsFiles,
    read: (config) => config.listeners.map(({ name, address }) => `${name} ${address.port}`),
    byDefault: ['mqtt 1883', 'websocket 9001'],
    withValue: ['mqtt 1883', 'websocket 9001', 'tls 8883'],
    invalid: 'certainly',
  },
  {
    id: 'S4-41',
    variable: 'BROKER_TLS_CERT_FILE',
    value: '/etc/b.crt',
    beside: tls,
    read: (config) => listener(config, 'tls')?.tls?.certFile,
    byDefault: undefined,
    withValue: '/etc/b.crt',
    invalid: undefined,
  },
  {
    id: 'S4-42',
    variable: 'BROKER_TLS_KEY_FILE',
    value: '/etc/b.key',
    beside: tls,
    read: (config) => listener(config, 'tls')?.tls?.keyFile,
    byDefault: undefined,
    withValue: '/etc/b.key',
    invalid: undefined,
  },
  {
    id: 'S4-43',
    variable: 'BROKER_TLS_CA_FILE',
    value: '/etc/ca.crt',
    beside: tls,
    read: (config) => {
      const options = listener(config, 'tls')?.tls;
      return options && [options.caFile, options.requireClientCert];
    },
    byDefault: undefined,
    withValue: ['/etc/ca.crt', false],
    invalid: undefined,
  },
  {
    id: 'S4-44',
    variable: 'BROKER_MAX_MESSAGE_SIZE',
    value: '1048576',
    read: (config) => config.limits.packetBytesMax,
    byDefault: 268_435_455,
    withValue: 1_048_576,
    invalid: '268435456',
  },
  {
    id: 'S4-45',
    variable: 'BROKER_MAX_INFLIGHT_MESSAGES',
    value: '5',
    read: (config) => config.limits.inflightMessagesMax,
    byDefault: 20,
    withValue: 5,
    invalid: '0',
  },
  {
    id: 'S4-46',
    variable: 'BROKER_MAX_QUEUED_MESSAGES',
    value: '0',
    read: (config) => config.limits.queuedMessagesMax,
    byDefault: 100,
    withValue: 0,
    invalid: '-1',
  },
  {
    id: 'S4-47',
    variable: 'BROKER_ROS_DOMAIN_PREFIX',
    value: 'robots/',
    read: (config) => config.ros.prefix,
    byDefault: 'ros/',
    withValue: 'robots/',
    invalid: 'ros/#',
  },
  {
    id: 'S4-48',
    variable: 'BROKER_ENABLE_ROS_INTEGRATION',
    value: 'no',
    read: (config) => config.ros.enabled,
    byDefault: true,
    withValue: false,
    invalid: 'nope',
  },
  {
    id: 'S4-49',
    variable: 'BROKER_LOG_LEVEL',
    value: 'DEBUG',
    read: (config) => config.log.level,
    byDefault: 'info',
    withValue: 'debug',
    invalid: 'LOUD',
  },
  {
    id: 'S4-50',
    variable: 'BROKER_LOG_FILE',
    value: '/var/log/broker.log',
    read: (config) => config.log.file,
    byDefault: undefined,
    withValue: '/var/log/broker.log',
    invalid: undefined,
  },
];

test('all 21 variables of the seed are in this table', () => {
  assert.equal(new Set(rows.map(({ variable }) => variable)).size, 21);
});

for (const row of rows) {
  test(`${row.variable} (${row.id}) has its default, takes its value and refuses a wrong one`, () => {
    assert.deepEqual(row.read(load().config), row.byDefault);
    const environment = { ...row.beside, [row.variable]: row.value };
    assert.deepEqual(row.read(load({ environment }).config), row.withValue);
    const empty = { [row.variable]: '' };
    assert.deepEqual(row.read(load({ environment: empty }).config), row.byDefault, 'empty');
    if (row.invalid === undefined) return;
    const wrong = { ...row.beside, [row.variable]: row.invalid };
    const { issues } = refusal({ environment: wrong });
    assert.equal(issues.length, 1);
    assert.equal(issues[0]?.origin?.name, row.variable);
    assert.equal(issues[0]?.found, JSON.stringify(row.invalid));
    assert.match(issues[0]?.problem ?? '', /^expected /);
  });
}

test('a log file named auto is left to the log, which names it by its start', () => {
  assert.equal(load({ environment: { BROKER_LOG_FILE: 'auto' } }).config.log.file, 'auto');
});

test('TLS without its files says which ones are missing and how to name them', () => {
  const { issues } = refusal({ flags: { 'tls.enabled': 'true' } });
  assert.deepEqual(
    issues.map(({ path, problem, fix }) => [path, problem, fix]),
    [
      [
        'tls.cert_file',
        'is missing; tls.enabled is true and needs it',
        'BROKER_TLS_CERT_FILE=FILE, or --tls-cert-file FILE',
      ],
      [
        'tls.key_file',
        'is missing; tls.enabled is true and needs it',
        'BROKER_TLS_KEY_FILE=FILE, or --tls-key-file FILE',
      ],
    ],
  );
});
