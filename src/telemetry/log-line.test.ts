import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogRecord, prettyFormat, textFormat } from './log-line.ts';

process.env['TZ'] = 'UTC';

const denied: LogRecord = {
  timeMs: Date.parse('2026-11-20T06:41:00.123Z'),
  level: 'WARNING',
  loggerName: 'broker.acl',
  event: 'acl.publish.denied',
  message: undefined,
  fields: {
    client: 'esp-7',
    user: 'bob',
    topic: '/iot/user/ana/x',
    rule: 'acl:14 user bob',
    times: 1,
  },
};
const pretty = prettyFormat(false);

test('pretty: time, level, event, fields, and a mark where repetitions are folded', () => {
  assert.equal(
    pretty(denied),
    '06:41:00.123 WARN  acl.publish.denied   client=esp-7 user=bob topic=/iot/user/ana/x rule="acl:14 user bob" ×1\n',
  );
});

test('pretty: a summary says how many in how long, and who', () => {
  const fields = { client: 'esp-7', times: 120, duringMs: 6879 };
  assert.equal(
    pretty({ ...denied, timeMs: denied.timeMs + 6879, fields }),
    '06:41:07.002 WARN  acl.publish.denied   …same… ×120 in 7 s client=esp-7\n',
  );
});

test('text: time - name - LEVEL - message', () => {
  assert.equal(
    textFormat(denied),
    '2026-11-20 06:41:00,123 - broker.acl - WARNING - acl.publish.denied client=esp-7 user=bob topic=/iot/user/ana/x rule="acl:14 user bob" ×1\n',
  );
});

test('a sentence stands behind the event, the fields behind it', () => {
  const record: LogRecord = {
    ...denied,
    event: 'connection.refused',
    message: 'only private networks: set allow_anonymous',
    fields: { ip: '8.8.8.8', bytes: 0, retain: false },
  };
  assert.match(
    textFormat(record),
    / - connection\.refused only private networks: set allow_anonymous ip=8\.8\.8\.8 bytes=0 retain=false\n$/,
  );
  assert.match(
    pretty(record),
    / connection\.refused {3}only private networks: set allow_anonymous ip=/,
  );
});

test('an event without anything else leaves no blanks behind', () => {
  const record = { ...denied, event: 'x', fields: {} };
  assert.match(textFormat(record), / - x\n$/);
  assert.match(pretty(record), / x\n$/);
});

test('a stack follows its line, indented', () => {
  const error = {
    type: 'TypeError',
    message: 'boom\n2026-11-20 06:41:00,123 - MQTTBroker - INFO - forged',
    stack:
      'TypeError: boom\n2026-11-20 06:41:00,123 - MQTTBroker - INFO - forged\n    at f (a.ts:1:2)\n    at g (b.ts:3:4)',
  };
  const lines = textFormat({ ...denied, fields: { error } }).split('\n');
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? '', /error="TypeError: boom\\n2026-/);
  assert.deepEqual(lines.slice(1), ['    at f (a.ts:1:2)', '    at g (b.ts:3:4)', '']);
});

test('colours stand only around text and only when asked for', () => {
  assert.ok(!pretty(denied).includes('\u001b'));
  const colored = prettyFormat(true)(denied);
  assert.ok(colored.includes('\u001b[33mWARN '));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colour sequences themselves.
  assert.equal(colored.replace(/\u001b\[\d+m/g, ''), pretty(denied));
});
