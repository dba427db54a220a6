import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusal, refusalLines } from './loading.test-kit.ts';
import { renderConfigError, renderConfigWarnings } from './render-config-error.ts';

test('three problems of three sources are reported at once, in the words of the manual', () => {
  const error = refusal({
    strict: true,
    dotEnv: '# mine\nBROKER_MQTT_PROT=1884\n',
    yaml: '# linnet\n\nmqtt:\n  prot: 1884\n\n\n\nlog:\n  level: verbose\n',
  });
  assert.equal(
    renderConfigError(error),
    `error  linnet.yaml:4:3  mqtt.prot — unknown key. Did you mean "port"?
         3 │ mqtt:
         4 │   prot: 1884
           │   ^^^^
error  BROKER_MQTT_PROT (.env:2) — unknown variable (a warning at start, an error under config check). Did you mean BROKER_MQTT_PORT?
error  log.level "verbose" (linnet.yaml:9:10) — expected debug | info | warning | error
       3 problems, nothing was started or changed.                                                   exit 78
`,
  );
});

test('one problem is called one problem, and the exit code can be another one', () => {
  const error = refusal({ configFile: 'other.yaml' });
  assert.equal(error.issues[0]?.code, 'missing-file');
  assert.equal(
    renderConfigError(error, 66),
    `error  other.yaml (--config) — does not exist
       1 problem, nothing was started or changed.                                                    exit 66
`,
  );
});

test('an unknown variable is a warning at start, with the same words', () => {
  const { warnings } = load({ environment: { BROKER_MQTT_PROT: '1', BROKER_ZZZZZZ: '1' } });
  assert.equal(
    renderConfigWarnings(warnings),
    `warn   BROKER_MQTT_PROT (environment) — unknown variable (a warning at start, an error under config check). Did you mean BROKER_MQTT_PORT?
warn   BROKER_ZZZZZZ (environment) — unknown variable (a warning at start, an error under config check)
`,
  );
});

test('warnings stand below the errors when there are both', () => {
  const error = refusal({ environment: { BROKER_MQTT_PORT: 'x', BROKER_MQTT_PROT: '1' } });
  const lines = renderConfigError(error).split('\n');
  assert.match(lines[0] ?? '', /^error {2}mqtt\.port "x" \(BROKER_MQTT_PORT\) — expected a whole/);
  assert.match(lines[1] ?? '', /^warn {3}BROKER_MQTT_PROT/);
  assert.match(lines[2] ?? '', /^ {7}1 problem, nothing was started or changed\. +exit 78$/);
});

const range = 'expected a whole number from 0 to 65535';

test('a wrong value names key, value, place and what is allowed, whatever its source', () => {
  assert.deepEqual(refusalLines({ flags: { 'mqtt.port': '80a' } }), [
    `error  mqtt.port "80a" (--mqtt-port) — ${range}`,
  ]);
  assert.deepEqual(refusalLines({ environment: { BROKER_MQTT_PORT: '70000' } }), [
    `error  mqtt.port "70000" (BROKER_MQTT_PORT) — ${range}`,
  ]);
  assert.deepEqual(refusalLines({ dotEnv: 'A=1\n\nBROKER_MQTT_PORT="-1"\n' }), [
    `error  mqtt.port "-1" (BROKER_MQTT_PORT, .env:3) — ${range}`,
  ]);
  assert.deepEqual(refusalLines({ yaml: 'mqtt: { port: 1.5 }' }), [
    `error  mqtt.port 1.5 (linnet.yaml:1:15) — ${range}`,
  ]);
});

test('a choice that is nearly right gets a suggestion', () => {
  assert.deepEqual(refusalLines({ environment: { BROKER_LOG_LEVEL: 'warnig' } }), [
    'error  log.level "warnig" (BROKER_LOG_LEVEL) — expected debug | info | warning | error. Did you mean "warning"?',
  ]);
});

test('a key of another section is found there', () => {
  assert.deepEqual(refusalLines({ yaml: 'keepalive: 5\n' }), [
    'error  linnet.yaml:1:1  keepalive — unknown key. Did you mean "mqtt.keepalive"?',
    '         1 │ keepalive: 5',
    '           │ ^^^^^^^^^',
  ]);
});

test('a key that resembles nothing gets no suggestion', () => {
  assert.equal(
    refusalLines({ yaml: 'mqtt: { frobnicate: 5 }\n' })[0],
    'error  linnet.yaml:1:9  mqtt.frobnicate — unknown key',
  );
});

test('every mistake of every section is reported, not only the first', () => {
  const error = refusal({
    strict: true,
    flags: { 'log.format': 'xml', 'serial.ports[0]': '/dev/ttyUSB0:7' },
    environment: { BROKER_ENABLE_TLS: 'maybe', MQTT_WS_BIND: '9001', BROKER_DASHBOARD_PORT: '1' },
    dotEnv: 'BROKER_MAX_INFLIGHT_MESSAGES=0\nBROKER_PASWORD=x\n',
    yaml: `
mqtt: { port: 70000, hots: x }
queue: { overflow: drop, topics: [{ filter: 'a/#/b', overflow: disconnect }] }
acl: { file: acl.conf }
websocket: { path: mqtt }
listeners: { a: { type: unix, bind: nowhere }, b: { type: tls, bind: ':8883' } }
nonsense: 1
`,
  });
  assert.deepEqual(error.issues.map(({ path }) => path).toSorted(), [
    'BROKER_DASHBOARD_PORT',
    'BROKER_PASWORD',
    'MQTT_WS_BIND',
    'acl',
    'limits.max_inflight',
    'listeners.a.bind',
    'listeners.b.cert_file',
    'listeners.b.key_file',
    'log.format',
    'mqtt.hots',
    'mqtt.port',
    'nonsense',
    'queue.overflow',
    'queue.topics[0].filter',
    'serial.ports[0].baud',
    'tls.enabled',
    'websocket.path[0]',
  ]);
  assert.ok(error.issues.every(({ problem }) => problem.length > 0));
});

test('a problem between two sections is reported beside a mistake in a third', () => {
  const paths = refusal({ yaml: 'mqtt: { port: 9001 }\nlog: { level: loud }' }).issues.map(
    ({ path }) => path,
  );
  assert.deepEqual(paths, ['log.level', 'websocket.port']);
});

test('text that is no YAML is shown with its place, in our words', () => {
  assert.deepEqual(refusalLines({ yaml: 'mqtt:\n  port: 1883\n\thost: x\n' }), [
    'error  linnet.yaml:3:1  a tab: YAML is indented with spaces only',
    '         2 │   port: 1883',
    '         3 │  host: x',
    '           │ ^',
  ]);
  assert.match(refusalLines({ yaml: '- a\n- b\n' })[0] ?? '', /must be a mapping of keys/);
  assert.match(
    refusalLines({ yaml: 'mqtt: { port: 1 }\nmqtt: { port: 2 }' })[0] ?? '',
    /^error {2}linnet\.yaml:2:1 {2}this key is set twice/,
  );
});

test('a second document, an open brace and a value out of every range are one error each', () => {
  const first = (yaml: string): unknown[] => {
    const { issues } = refusal({ yaml });
    return [issues.length, issues[0]?.problem];
  };
  assert.deepEqual(first('mqtt: { port: 1 }\n---\nmqtt: { port: 2 }\n'), [
    1,
    'only one document is expected, without a second "---"',
  ]);
  assert.deepEqual(first('mqtt: { port: 1883'), [
    1,
    'wrong indentation, or a bracket or brace before it is not closed',
  ]);
  assert.deepEqual(first(`mqtt: { port: ${'9'.repeat(40)} }`), [1, range]);
  assert.deepEqual(refusalLines({ yaml: 'serial: { ports: /dev/ttyUSB0 }' }), [
    'error  serial.ports[0] (linnet.yaml:1:18) — expected a mapping of keys',
  ]);
});

test('keys that every object has are unknown like others', () => {
  const yaml =
    '__proto__: { mqtt: 1 }\nconstructor: 1\nmqtt: { __proto__: { port: 1 }, toString: 1 }';
  assert.deepEqual(
    refusal({ yaml }).issues.map(({ code, path }) => `${code} ${path}`),
    [
      'unknown-key __proto__',
      'unknown-key constructor',
      'unknown-key mqtt.__proto__',
      'unknown-key mqtt.toString',
    ],
  );
});

test('a text where a mapping belongs is not repeated', () => {
  assert.deepEqual(refusalLines({ yaml: 'auth: something\n' }), [
    'error  auth (linnet.yaml:1:7) — expected a mapping of keys',
  ]);
});

test('a variable that stands for a value and is not set is an error at its place', () => {
  assert.deepEqual(refusalLines({ yaml: `mqtt:\n  port: \${PORT_OF_MINE}\n` }), [
    `error  mqtt.port \${PORT_OF_MINE} (linnet.yaml:2:9) — the variable PORT_OF_MINE is not set`,
    `       fix   set PORT_OF_MINE, or write $\${ for a plain \${`,
  ]);
});

test('a line of .env that sets nothing is a warning with its number', () => {
  const { warnings } = load({
    dotEnv: 'BROKER_MQTT_PORT 1884\n# fine\n\nBROKER_LOG_LEVEL=debug\n',
  });
  assert.equal(
    renderConfigWarnings(warnings),
    'warn   .env:1 — this line sets nothing; expected NAME=value\n',
  );
});
