import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { load } from './loading.test-kit.ts';
import { renderEffective } from './render-effective.ts';
import { renderInitFile } from './render-init-file.ts';

const given = {
  flags: { 'mqtt.port': '1884' },
  environment: { BROKER_LOG_LEVEL: 'DEBUG', BROKER_ENABLE_AUTH: 'yes' },
  dotEnv: '\nBROKER_SYS_INTERVAL=30s\n',
  yaml: `websocket: { path: [/a] }
auth: { password: geheim }
log: { levels: { serial: error } }
queue: { topics: [{ filter: 'a/#', overflow: disconnect }] }
serial: { ports: [{ path: /dev/ttyUSB0, baud: 9600 }] }
`,
};

test('the configuration in effect shows each value and where it comes from', () => {
  const text = renderEffective(load(given), { withOrigins: true });
  const expected = [
    '  port: 1884 # from --mqtt-port',
    '  keepalive: 60 # from default',
    '    - /a # from linnet.yaml:1:21',
    '  allowed_origins: [] # from default',
    '  host: # from default (as mqtt.host)',
    '  enabled: true # from BROKER_ENABLE_AUTH',
    '  password: (hidden) # from linnet.yaml:2:19',
    '  level: debug # from BROKER_LOG_LEVEL',
    '    serial: error # from linnet.yaml:3:26',
    '      overflow: disconnect # from linnet.yaml:4:46',
    '      baud: 9600 # from linnet.yaml:5:47',
    '      data_bits: 8 # from default',
    'sys_interval: 30s # from BROKER_SYS_INTERVAL, .env:2',
    '  max_queued: 100 # from default',
  ];
  const lines = text.split('\n');
  for (const line of expected) assert.ok(lines.includes(line), line);
  assert.doesNotMatch(text, /geheim|dashboard/);
});

test('without origins it is plain YAML that says the same when it is read back', () => {
  const loaded = load(given);
  const text = renderEffective(loaded, { withOrigins: false });
  assert.doesNotMatch(text, /# from/);
  const again = load({ yaml: text.replace('(hidden)', 'geheim') });
  assert.deepEqual(again.config, loaded.config);
});

test('the defaults, written out and read back, are the defaults', () => {
  const defaults = load();
  const text = renderEffective(defaults, { withOrigins: true });
  assert.deepEqual(load({ yaml: text.replace('(hidden)', 'password') }).config, defaults.config);
});

test('the file of config init sets nothing and begins with the schema for editors', () => {
  const text = renderInitFile('./linnet.schema.json');
  const [first, ...rest] = text.trimEnd().split('\n');
  assert.equal(first, '# yaml-language-server: $schema=./linnet.schema.json');
  for (const line of rest) assert.match(line, /^#/);
  assert.equal(parse(text), null);
  assert.deepEqual(load({ yaml: text }).config, load().config);
});

test('the file of config init with all its comments taken away says what the defaults say', () => {
  const lines = renderInitFile('x').split('\n').slice(1);
  const bare = lines.filter((line) => !line.startsWith('##')).map((line) => line.slice(2));
  const yaml = bare.join('\n');
  assert.deepEqual(Object.keys(parse(yaml)).length, 21);
  assert.deepEqual(load({ yaml }).config, load().config);
});

test('the examples in the file of config init are right', () => {
  const text = renderInitFile('x');
  const example = (key: string): string => {
    const lines = text.split('\n');
    const end = lines.findIndex((line) => line.startsWith(`# ${key}:`));
    const start = lines.findLastIndex((line, index) => index < end && line.includes('Such as:'));
    return lines
      .slice(start, end)
      .map((line) => line.replace(/^##(\s+Such as: )?\s*/, ''))
      .join('\n  ');
  };
  const yaml = `listeners:\n  ${example('listeners')}\nserial:\n  ports:\n  ${example('  ports')}\nqueue:\n  topics:\n  ${example('  topics')}\n`;
  const { config } = load({ yaml });
  assert.deepEqual(
    config.listeners.map(({ name }) => name),
    ['plain', 'secure'],
  );
  assert.equal(config.serial.ports[0]?.name, 'esp32-a');
  assert.equal(config.queue.topics[0]?.filter, 'status/#');
});
