import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusal } from './loading.test-kit.ts';

const flags = { 'mqtt.port': '1' };
const environment = { BROKER_MQTT_PORT: '2' };
const dotEnv = 'BROKER_MQTT_PORT=3\n';
const yaml = 'mqtt:\n  port: 4\n';

function portAndOrigin(given: Parameters<typeof load>[0]): unknown[] {
  const { config, origins } = load(given);
  const origin = origins.get('mqtt.port');
  const place = [origin?.source, origin?.name, origin?.file, origin?.line, origin?.column];
  return [config.listeners[0]?.address.port, ...place.filter((part) => part !== undefined)];
}

test('flags win over the process, .env, the file and the default, in this order (S2-04)', () => {
  assert.deepEqual(portAndOrigin({ flags, environment, dotEnv, yaml }), [1, 'flag', '--mqtt-port']);
  assert.deepEqual(portAndOrigin({ environment, dotEnv, yaml }), [
    2,
    'environment',
    'BROKER_MQTT_PORT',
  ]);
  assert.deepEqual(portAndOrigin({ dotEnv, yaml }), [3, '.env', 'BROKER_MQTT_PORT', '.env', 1]);
  assert.deepEqual(portAndOrigin({ yaml }), [4, 'file', 'linnet.yaml', 'linnet.yaml', 2, 9]);
  assert.deepEqual(portAndOrigin({}), [1883, 'default', 'default']);
});

test('sources are merged key by key, not section by section', () => {
  const { config } = load({
    flags: { 'mqtt.host': '127.0.0.1' },
    environment: { BROKER_MQTT_KEEPALIVE: '7' },
    dotEnv: 'BROKER_MQTT_MAX_CONNECTIONS=8\n',
    yaml: 'mqtt: { port: 9, keepalive: 1, max_connections: 1, host: 10.0.0.1 }\n',
  });
  assert.deepEqual(config.listeners[0]?.address, { host: '127.0.0.1', port: 9, path: undefined });
  assert.deepEqual([config.keepAlive, config.maxConnections], [7, 8]);
});

test('a wrong value that a higher source overrides harms nobody', () => {
  const { config } = load({ flags, yaml: 'mqtt: { port: nonsense }\n' });
  assert.equal(config.listeners[0]?.address.port, 1);
});

test('a variable of the process that is empty hides the one in .env', () => {
  const { config } = load({
    environment: { BROKER_LOG_LEVEL: '' },
    dotEnv: 'BROKER_LOG_LEVEL=error',
  });
  assert.equal(config.log.level, 'info');
});

test('the file is the one of --config, of BROKER_CONFIG, or the first in the usual places', () => {
  const places = [
    'linnet.yaml',
    '/nowhere/home/.config/linnet/linnet.yaml',
    '/etc/linnet/linnet.yaml',
  ];
  const files: Record<string, string> = {
    'flag.yaml': 'sys_interval: 1',
    'variable.yaml': 'sys_interval: 2',
  };
  places.forEach((path, index) => {
    files[path] = `sys_interval: ${index + 3}`;
  });
  const interval = (given: Parameters<typeof load>[0]): unknown[] => {
    const { config, files: used } = load({ files, ...given });
    return [config.sysIntervalMs / 1000, used.config];
  };
  const variable = { BROKER_CONFIG: 'variable.yaml' };
  assert.deepEqual(interval({ configFile: 'flag.yaml', environment: variable }), [1, 'flag.yaml']);
  assert.deepEqual(interval({ environment: variable }), [2, 'variable.yaml']);
  assert.deepEqual(interval({ dotEnv: 'BROKER_CONFIG=variable.yaml' }), [2, 'variable.yaml']);
  assert.deepEqual(interval({}), [3, 'linnet.yaml']);
  for (const [index, place] of places.entries()) {
    assert.deepEqual(interval({}), [index + 3, place]);
    delete files[place];
  }
  assert.deepEqual(interval({}), [10, undefined]);
});

test('a file that was named and is missing is an error that says who named it', () => {
  const issue = (given: Parameters<typeof refusal>[0]): unknown[] => {
    const [first] = refusal(given).issues;
    return [first?.code, first?.path, first?.origin?.name];
  };
  assert.deepEqual(issue({ configFile: 'a.yaml' }), ['missing-file', 'a.yaml', '--config']);
  assert.deepEqual(issue({ environment: { BROKER_CONFIG: '/b.yaml' } }), [
    'missing-file',
    '/b.yaml',
    'BROKER_CONFIG',
  ]);
  assert.deepEqual(issue({ envFile: 'c.env' }), ['missing-file', 'c.env', '--env-file']);
});

test('--env-file replaces .env', () => {
  const { config, files } = load({
    dotEnv: 'BROKER_MQTT_PORT=1\n',
    envFile: 'other.env',
    files: { 'other.env': 'BROKER_LOG_LEVEL=error\n' },
  });
  assert.equal(config.listeners[0]?.address.port, 1883);
  assert.equal(config.log.level, 'error');
  assert.deepEqual(files, { config: undefined, env: 'other.env', envCount: 1, flagCount: 0 });
});

test('what was read is counted for the banner', () => {
  const { files } = load({
    flags,
    dotEnv: 'BROKER_MQTT_PORT=3\nBROKER_LOG_LEVEL=info\nX=1\n',
    yaml,
  });
  assert.deepEqual(files, { config: 'linnet.yaml', env: '.env', envCount: 2, flagCount: 1 });
});

test('JSON is read as the YAML it is', () => {
  const { config } = load({ yaml: '{"mqtt": {"port": 5}, "log": {"level": "ERROR"}}' });
  assert.equal(config.listeners[0]?.address.port, 5);
  assert.equal(config.log.level, 'error');
});

test('every setting has an origin', () => {
  const { origins } = load({ yaml: 'log: { levels: { broker.acl: debug } }\n' });
  assert.equal(origins.get('log.levels.broker.acl')?.line, 1);
  assert.equal(origins.get('websocket.allowed_origins')?.source, 'default');
});
