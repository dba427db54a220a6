import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../broker/index.ts';
import { limitKey, limitNames } from './delivery-sections.ts';
import { load, refusal, refusalLines } from './loading.test-kit.ts';
import { settingAt } from './settings.ts';
import { durationText, parseDuration, parseSize } from './value-kinds.ts';

test('booleans are true, false, 1, 0, yes, no, on, off in any case, in every source', () => {
  const enabled = (given: Parameters<typeof load>[0]): boolean => load(given).config.ros.enabled;
  for (const word of ['false', '0', 'no', 'off', 'FALSE', 'No', 'oFF']) {
    assert.equal(enabled({ environment: { BROKER_ENABLE_ROS_INTEGRATION: word } }), false, word);
    assert.equal(enabled({ yaml: `ros: { enabled: ${word} }` }), false, word);
  }
  for (const word of ['true', '1', 'yes', 'on', 'TRUE', 'Yes', 'ON']) {
    const environment = { BROKER_ENABLE_ROS_INTEGRATION: word };
    assert.equal(enabled({ environment, yaml: 'ros: { enabled: false }' }), true, word);
  }
  assert.match(refusalLines({ yaml: 'ros: { enabled: 2 }' })[0] ?? '', /expected true \| false$/);
});

test('durations have a unit or count the unit of their key', () => {
  const interval = (text: string): number =>
    load({ yaml: `sys_interval: ${text}` }).config.sysIntervalMs;
  assert.deepEqual(
    ['0', '10', '500ms', '30s', '5m', '1h', '1d', '1.5s', '"2 s"'].map(interval),
    [0, 10_000, 500, 30_000, 300_000, 3_600_000, 86_400_000, 1500, 2000],
  );
  const connect = { BROKER_LIMITS_CONNECT_TIMEOUT_MS: '250' };
  assert.equal(load({ environment: connect }).config.limits.connectTimeoutMs, 250);
  const yaml = 'limits: { connect_timeout_ms: 5s }\nshutdown: { timeout: 3 }';
  const { config } = load({ yaml });
  assert.deepEqual([config.limits.connectTimeoutMs, config.shutdown.timeoutMs], [5000, 3000]);
  assert.deepEqual(refusalLines({ yaml: 'sys_interval: 10 parsecs' }), [
    'error  sys_interval "10 parsecs" (linnet.yaml:1:15) — expected a duration from 0 to 1d, such as 500ms, 30s or 5m (a plain number counts seconds)',
  ]);
});

test('a duration is read and written in the largest unit that fits', () => {
  assert.deepEqual([90_000, 60_000, 500, 0, 86_400_000].map(durationText), [
    '90s',
    '1m',
    '500ms',
    '0',
    '1d',
  ]);
  for (const text of ['', 's', '-1s', '1 week', '1s1'])
    assert.equal(parseDuration(text, 1), undefined);
});

test('sizes have a unit of 1000 or 1024, or are bytes', () => {
  assert.deepEqual(
    ['64MB', '64MiB', '1kb', '1KiB', '2 GB', '17', '0.5MiB', '3b'].map(parseSize),
    [64_000_000, 67_108_864, 1000, 1024, 2_000_000_000, 17, 524_288, 3],
  );
  for (const text of ['', 'MB', '64M', '-1', '1.5', '1 000'])
    assert.equal(parseSize(text), undefined);
  const { config } = load({ environment: { BROKER_MAX_MESSAGE_SIZE: '1MiB' } });
  assert.equal(config.limits.packetBytesMax, 1_048_576);
  assert.match(
    refusalLines({ yaml: 'limits: { max_message_size: 1TB }' })[0] ?? '',
    /expected a size from 128 to 268435455 bytes, such as 65536, 64MB or 64MiB$/,
  );
});

test('every limit of the broker has a key, a variable, its default and a meaning', () => {
  const { config } = load();
  assert.equal(limitNames.length, Object.keys(limits).length);
  for (const name of limitNames) {
    const setting = settingAt(`limits.${limitKey(name)}`);
    assert.equal(config.limits[name], limits[name].default, name);
    assert.ok(setting?.meta.variable?.startsWith('BROKER_'), name);
    assert.equal(setting?.meta.whenReached, limits[name].whenReached);
    assert.doesNotMatch(setting?.meta.description ?? '', /^$|S\d-\d/, name);
    const value = config.limits[name] === 0 ? 4096 : Math.max(1, config.limits[name] - 1);
    const yaml = `limits: { ${limitKey(name)}: ${value} }`;
    assert.equal(load({ yaml }).config.limits[name], value, name);
  }
});

test('a limit takes 0 exactly where 0 means no limit, or none of it', () => {
  for (const name of limitNames) {
    const yaml = `limits: { ${limitKey(name)}: 0 }`;
    const mayBeZero = limits[name].zeroMeansUnlimited || name === 'topicAliasMaximum';
    if (mayBeZero) assert.equal(load({ yaml }).config.limits[name], 0);
    else assert.equal(refusal({ yaml }).issues[0]?.path, `limits.${limitKey(name)}`);
  }
});

test('queue policies are set for all topics and for some', () => {
  const { config } = load({
    environment: { BROKER_QUEUE_OVERFLOW: 'Drop_Newest', BROKER_QUEUE_QOS0_OFFLINE: '1' },
    yaml: "queue: { overflow: disconnect, topics: [{ filter: 'x/#', overflow: keep-latest }] }",
  });
  assert.deepEqual(config.queue, {
    overflow: 'drop-newest',
    topics: [{ filter: 'x/#', overflow: 'keep-latest' }],
    qos0Offline: true,
  });
  assert.deepEqual(load().config.queue, {
    overflow: 'drop-oldest',
    topics: [],
    qos0Offline: false,
  });
  const wrong =
    "queue: { topics: [{ filter: '$share/g/x', overflow: drop-oldest }, { overflow: no }] }";
  assert.deepEqual(refusalLines({ yaml: wrong }), [
    'error  queue.topics[0].filter "$share/g/x" (linnet.yaml:1:29) — expected a Topic Filter without $share',
    'error  queue.topics[1].filter (linnet.yaml:1:68) — is missing; expected Topic Filters such as iot/# or +/state',
    'error  queue.topics[1].overflow "no" (linnet.yaml:1:80) — expected drop-oldest | drop-newest | keep-latest | disconnect',
  ]);
});

test('shared subscriptions take each strategy', () => {
  for (const strategy of ['round-robin', 'random', 'least-inflight', 'sticky']) {
    const { config } = load({ yaml: `shared-subscriptions: { strategy: ${strategy} }` });
    assert.equal(config.sharedSubscriptions.strategy, strategy);
  }
  assert.equal(load().config.sharedSubscriptions.strategy, 'round-robin');
});

test('lists in variables are separated by commas; one value stands for a list of one', () => {
  const environment = {
    BROKER_WEBSOCKET_PATH: '/a, /b',
    BROKER_WEBSOCKET_ALLOWED_ORIGINS: 'https://a.org,https://b.org:8443',
    BROKER_WEBSOCKET_TRUSTED_PROXIES: '10.0.0.1',
    BROKER_LOG_MESSAGES_FILTER: 'a/#,b',
  };
  const { config } = load({ environment, yaml: 'log_messages: line' });
  assert.deepEqual(config.listeners[1]?.webSocket, {
    paths: ['/a', '/b'],
    allowedOrigins: ['https://a.org', 'https://b.org:8443'],
    trustedProxies: ['10.0.0.1'],
  });
  assert.deepEqual(config.logMessages, { format: 'line', topicFilters: ['a/#', 'b'] });
  const yaml = 'websocket: { path: /only, trusted_proxies: [nobody] }';
  assert.deepEqual(refusalLines({ yaml }), [
    'error  websocket.trusted_proxies[0] "nobody" (linnet.yaml:1:45) — expected an IP address or a block such as "10.0.0.0/8"',
  ]);
});

test('the message logger is off, or has a format and filters, in short or in full', () => {
  const logMessages = (yaml: string): unknown => load({ yaml }).config.logMessages;
  assert.deepEqual(load().config.logMessages, { format: 'off', topicFilters: ['#'] });
  assert.deepEqual(logMessages('log_messages: seed'), { format: 'seed', topicFilters: ['#'] });
  assert.deepEqual(logMessages('log-messages: off'), { format: 'off', topicFilters: ['#'] });
  assert.deepEqual(logMessages('log_messages: true'), { format: 'seed', topicFilters: ['#'] });
  assert.deepEqual(logMessages('log_messages: { format: json, filter: iot/# }'), {
    format: 'json',
    topicFilters: ['iot/#'],
  });
  const environment = { BROKER_LOG_MESSAGES_FILTER: 'x' };
  assert.deepEqual(load({ environment, yaml: 'log_messages: seed' }).config.logMessages, {
    format: 'seed',
    topicFilters: ['x'],
  });
});

test('the log has a level, levels of modules and of sinks, a format, a file and its rotation', () => {
  const { config } = load({
    yaml: `log:
  level: WARN
  levels: { broker.acl: Debug }
  console_level: error
  file: /var/log/l.log
  file_level: debug
  format: json
  rotation: { size: 1MB, keep: 3 }
`,
  });
  assert.deepEqual(config.log, {
    level: 'warning',
    levels: { 'broker.acl': 'debug' },
    consoleLevel: 'error',
    fileLevel: 'debug',
    format: 'json',
    file: '/var/log/l.log',
    rotation: { sizeBytes: 1_000_000, keep: 3 },
  });
  assert.deepEqual(load().config.log, {
    level: 'info',
    levels: {},
    consoleLevel: undefined,
    fileLevel: undefined,
    format: 'auto',
    file: undefined,
    rotation: { sizeBytes: 10_000_000, keep: 5 },
  });
});

test('paths of the configuration start at the working directory', () => {
  const { config } = load({ yaml: 'data_dir: store\nlog: { file: a.log }\nephemeral: true' });
  assert.deepEqual(
    [config.dataDir, config.log.file, config.ephemeral],
    ['/nowhere/project/store', '/nowhere/project/a.log', true],
  );
  assert.equal(load().config.dataDir, '/nowhere/project/data');
});

test('the three ways to let clients in without a login are told apart', () => {
  const access = (yaml: string): unknown[] => {
    const { enabled, allowAnonymous } = load({ yaml }).config.auth;
    return [enabled, allowAnonymous];
  };
  assert.deepEqual(access(''), [false, 'private']);
  assert.deepEqual(access('auth: { allow_anonymous: true }'), [false, true]);
  assert.deepEqual(access('auth: { allow_anonymous: false }'), [true, false]);
  assert.deepEqual(access('auth: { enabled: true, allow_anonymous: true }'), [true, true]);
  assert.deepEqual(access('auth: { enabled: true }'), [true, 'private']);
  const loaded = load({ yaml: 'auth: { enabled: false, allow_anonymous: false }' });
  assert.deepEqual(loaded.config.auth.enabled, false);
  assert.match(loaded.warnings[0]?.problem ?? '', /^nobody can log in/);
});

test('an empty file, one of comments and keys without values are the defaults', () => {
  const defaults = load().config;
  for (const yaml of ['', '# nothing\n', 'mqtt:\nlog: { file: }\n', 'null', '{}']) {
    assert.deepEqual(load({ yaml }).config, defaults, yaml);
  }
});

test('aliases of YAML work; endless ones are refused', () => {
  const yaml = 'mqtt: &shared { receive_maximum: warn }\nwebsocket: *shared\n';
  assert.deepEqual(
    load({ yaml }).config.listeners.map(({ receiveMaximum }) => receiveMaximum),
    ['warn', 'warn'],
  );
  assert.match(refusalLines({ yaml: 'mqtt: &a { x: *a }\n' })[0] ?? '', /more than 100 aliases/);
});
