import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type MessagesLimits, MessagesTable } from './messages-table.ts';
import type { MessageColumns } from './thread-messages.ts';

const nowMs = Date.UTC(2026, 10, 20, 12, 34, 56, 789);
const dayMs = 86_400_000;

function opened(
  limits: Partial<MessagesLimits> = {},
  seed = '',
): {
  readonly database: DatabaseSync;
  readonly table: MessagesTable;
} {
  const database = new DatabaseSync(':memory:');
  database.exec(seed);
  const table = new MessagesTable({ maxAgeMs: 0, bytesMax: 1e9, ...limits });
  table.open(database, nowMs);
  return { database, table };
}

interface Given {
  readonly payload: string | Uint8Array;
  readonly timeMs?: number;
  readonly topicName?: string;
}

function columns(messages: readonly Given[]): MessageColumns {
  const payloads = messages.map(({ payload }) => Buffer.from(payload));
  let end = 0;
  return {
    timesMs: messages.map(({ timeMs }) => timeMs ?? nowMs),
    topicNames: messages.map(({ topicName }) => topicName ?? 'a'),
    payloads: Buffer.concat(payloads),
    payloadEnds: payloads.map(({ length }) => {
      end += length;
      return end;
    }),
    qos: messages.map(() => 1),
    retain: messages.map(() => true),
    clientIds: messages.map(() => 'sensor'),
    usernames: messages.map(() => undefined),
  };
}

const values = (database: DatabaseSync, sql: string): unknown[] =>
  database
    .prepare(sql)
    .all()
    .map((row) => Object.values(row)[0]);
const parts = (database: DatabaseSync): unknown[] =>
  values(database, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'messages%'");

test('time, topic and payload come first, then what else is known (S1-19)', () => {
  const { database, table } = opened();
  table.write(columns([{ topicName: 'iot/t', payload: '25.5' }]));
  const [row] = database.prepare('SELECT * FROM messages').all();
  assert.deepEqual(Object.entries(row ?? {}), [
    ['time', '2026-11-20 12:34:56.789'],
    ['topic', 'iot/t'],
    ['payload', '25.5'],
    ['qos', 1],
    ['retain', 1],
    ['client_id', 'sensor'],
    ['username', null],
  ]);
});

test('a payload of any bytes comes back as it was: text as text, everything else as a blob', () => {
  const { database, table } = opened();
  const given: readonly (readonly [payload: string | Uint8Array, type: string])[] = [
    ['{"temperature": 25.50}', 'text'],
    ['', 'text'],
    ['Grüße €😀', 'text'],
    ['\uFEFFwith a mark', 'text'],
    ["it's; DROP TABLE connections --", 'text'],
    ['0123', 'text'],
    [Uint8Array.of(0xff, 0xfe, 0x00, 0x80), 'blob'],
    [Uint8Array.of(0x61, 0x00, 0x62), 'blob'],
    [Uint8Array.from({ length: 256 }, (_none, i) => i), 'blob'],
  ];
  table.write(columns(given.map(([payload]) => ({ payload }))));
  const rows = database
    .prepare('SELECT hex(payload) AS hex, typeof(payload) AS type FROM messages')
    .all();
  assert.deepEqual(
    rows.map(({ hex, type }) => [hex, type]),
    given.map(([payload, type]) => [Buffer.from(payload).toString('hex').toUpperCase(), type]),
  );
  const temperature = "SELECT json_extract(payload, '$.temperature') FROM messages LIMIT 1";
  assert.deepEqual(values(database, temperature), [25.5]);
});

test('a day is a table, and the view shows all of them', () => {
  const { database, table } = opened();
  table.write(
    columns([
      { payload: '1', timeMs: nowMs },
      { payload: '2', timeMs: nowMs + dayMs },
      { payload: '3', timeMs: nowMs + dayMs + 1 },
    ]),
  );
  assert.deepEqual(parts(database), ['messages_20261120_1', 'messages_20261121_1']);
  assert.deepEqual(values(database, 'SELECT payload FROM messages ORDER BY time'), ['1', '2', '3']);
});

test('before the first message there is a view to ask', () => {
  assert.deepEqual(values(opened().database, 'SELECT COUNT(*) FROM messages'), [0]);
});

test('days older than the age go as a whole, and today stays', () => {
  const { database, table } = opened({ maxAgeMs: 2 * dayMs });
  const days = [-5, -3, -2, -1, 0];
  table.write(columns(days.map((day) => ({ payload: `${day}`, timeMs: nowMs + day * dayMs }))));
  let dropped = 0;
  while (table.retain(nowMs)) dropped++;
  assert.equal(dropped, 2);
  assert.deepEqual(values(database, 'SELECT payload FROM messages ORDER BY time'), [
    '-2',
    '-1',
    '0',
  ]);
});

test('when all messages are old there is still a view to ask and a table to write to', () => {
  const { database, table } = opened({ maxAgeMs: dayMs });
  table.write(columns([{ payload: 'old', timeMs: nowMs }]));
  const laterMs = nowMs + 30 * dayMs;
  assert.ok(table.retain(laterMs));
  assert.ok(!table.retain(laterMs));
  table.write(columns([{ payload: 'new', timeMs: laterMs }]));
  assert.deepEqual(values(database, 'SELECT payload FROM messages'), ['new']);
});

test('a large day is several parts; beyond the size the oldest go, and names never meet', () => {
  const bytesMax = 10 * 1024 * 1024;
  const { database, table } = opened({ bytesMax });
  const payload = new Uint8Array(100_000).fill(0xff);
  for (let i = 0; i < 300; i++) {
    table.write(columns([{ payload, timeMs: nowMs + i, topicName: `t/${i}` }]));
    while (table.retain(nowMs)) {
      // Until nothing is too much any more.
    }
  }
  const bytes = Number(values(database, 'SELECT sum(bytes) FROM linnet_message_parts')[0]);
  assert.ok(bytes <= bytesMax + 2 * 1024 * 1024, `${bytes} bytes are kept`);
  assert.ok(bytes > bytesMax / 2);
  const topics = values(database, 'SELECT topic FROM messages ORDER BY time');
  const first = 300 - topics.length;
  assert.deepEqual(
    topics,
    topics.map((_topic, i) => `t/${first + i}`),
    'what is left are the newest, without a gap',
  );
  assert.match(String(parts(database).at(-1)), /^messages_20261120_\d\d$/);
});

test('a file that is opened again goes on in the part of the day', () => {
  const { database, table } = opened();
  table.write(columns([{ payload: '1' }]));
  const again = new MessagesTable({ maxAgeMs: 0, bytesMax: 1e9 });
  again.open(database, nowMs);
  again.write(columns([{ payload: '2' }]));
  assert.deepEqual(parts(database), ['messages_20261120_1']);
  assert.deepEqual(values(database, 'SELECT payload FROM messages'), ['1', '2']);
});

test('after a transaction that came to nothing, the next one makes the tables it needs', () => {
  const { database, table } = opened();
  database.exec('BEGIN');
  table.write(columns([{ payload: '1', timeMs: nowMs + dayMs }]));
  database.exec('ROLLBACK');
  table.rolledBack();
  table.write(columns([{ payload: '2', timeMs: nowMs + dayMs }]));
  assert.deepEqual(values(database, 'SELECT payload FROM messages'), ['2']);
});

test('a table of the seed stays readable through the view, and is never dropped', () => {
  const seed = `CREATE TABLE messages (time, topic, payload);
    INSERT INTO messages VALUES ('2024-05-01 12:34:56.789012', 'old', x'00ff')`;
  const { database, table } = opened({ maxAgeMs: dayMs }, seed);
  table.write(columns([{ payload: 'new' }]));
  assert.ok(!table.retain(nowMs));
  assert.deepEqual(values(database, 'SELECT topic FROM messages ORDER BY time'), ['old', 'a']);
  assert.deepEqual(values(database, "SELECT qos FROM messages WHERE topic = 'old'"), [null]);
});

test('a table messages of something else is left alone, and the error says what to do', () => {
  assert.throws(
    () => opened({}, 'CREATE TABLE messages (id, sender, body)'),
    /there is a table messages with other columns \(id, sender, body\): name another file/,
  );
});

test('a question for one topic reads the index of each part, not the parts', () => {
  const { database, table } = opened();
  table.write(columns([{ payload: '1' }, { payload: '2', timeMs: nowMs + dayMs }]));
  const plan = database
    .prepare(
      "EXPLAIN QUERY PLAN SELECT * FROM messages WHERE topic = 'a' ORDER BY time DESC LIMIT 5",
    )
    .all()
    .map(({ detail }) => String(detail))
    .filter((detail) => /SCAN|SEARCH/.test(detail));
  assert.equal(plan.length, 2);
  for (const detail of plan) assert.match(detail, /^SEARCH messages_\d+_1 USING INDEX/);
});
