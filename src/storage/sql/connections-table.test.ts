import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type ConnectionsLimits, ConnectionsTable, crashReason } from './connections-table.ts';
import { sqlTime } from './sql-time.ts';
import type { ConnectionRow } from './thread-messages.ts';

const nowMs = Date.UTC(2026, 10, 20, 12, 34, 56, 789);
const dayMs = 86_400_000;

function opened(
  limits: Partial<ConnectionsLimits> = {},
  seed = '',
): {
  readonly database: DatabaseSync;
  readonly table: ConnectionsTable;
  readonly closedRows: number;
} {
  const database = new DatabaseSync(':memory:');
  database.exec(seed);
  const table = new ConnectionsTable({ maxAgeMs: 0, rowsMax: 0, ...limits });
  return { database, table, closedRows: table.open(database, nowMs) };
}

const row = (number: number, fields: Partial<ConnectionRow> = {}): ConnectionRow => ({
  number,
  clientId: `client-${number}`,
  username: 'anonymous',
  ipAddress: '192.168.1.20',
  connectMs: nowMs,
  protocol: '3.1.1',
  clean: true,
  listener: 'mqtt',
  transport: 'tcp',
  port: 50_000,
  keepAlive: 60,
  disconnectMs: undefined,
  reason: undefined,
  detail: undefined,
  ...fields,
});
const ended = (number: number, disconnectMs: number): ConnectionRow =>
  row(number, { disconnectMs, reason: 'client-disconnect' });

const numbers = (database: DatabaseSync, sql: string): number[] =>
  database
    .prepare(sql)
    .all()
    .map((found) => Number(Object.values(found)[0]));
const openRows = 'SELECT COUNT(*) FROM connections WHERE disconnect_time IS NULL';

/** As the example program of the seed makes it. */
const seedTable = `CREATE TABLE IF NOT EXISTS connections (
                          id INTEGER PRIMARY KEY,
                          client_id TEXT,
                          username TEXT,
                          ip_address TEXT,
                          connect_time TIMESTAMP);
  INSERT INTO connections (client_id, username, ip_address, connect_time)
    VALUES ('old', 'anonymous', '10.0.0.1', '2024-05-01 12:34:56.789012')`;

test('a row has the columns of the seed first, and times that SQLite and Python understand (S2-21, S2-22)', () => {
  const { database, table } = opened();
  table.write([
    row(1, { username: 'ana', disconnectMs: nowMs + 1500, reason: 'keep-alive-timeout' }),
  ]);
  const [found] = database.prepare('SELECT * FROM connections').all();
  assert.deepEqual(Object.entries(found ?? {}), [
    ['id', 1],
    ['client_id', 'client-1'],
    ['username', 'ana'],
    ['ip_address', '192.168.1.20'],
    ['connect_time', '2026-11-20 12:34:56.789'],
    ['disconnect_time', '2026-11-20 12:34:58.289'],
    ['protocol', '3.1.1'],
    ['clean', 1],
    ['reason', 'keep-alive-timeout'],
    ['detail', null],
    ['listener', 'mqtt'],
    ['transport', 'tcp'],
    ['port', 50_000],
    ['keep_alive', 60],
  ]);
  const seconds =
    'SELECT round((julianday(disconnect_time) - julianday(connect_time)) * 86400, 1) FROM connections';
  assert.deepEqual(numbers(database, seconds), [1.5]);
});

test('writing a row again changes how it ended, and nothing else', () => {
  const { database, table } = opened();
  table.write([row(1), row(2)]);
  assert.deepEqual(numbers(database, openRows), [2]);
  table.write([ended(1, nowMs + 1)]);
  table.write([ended(1, nowMs + 1)]);
  assert.deepEqual(numbers(database, openRows), [1]);
  assert.deepEqual(numbers(database, 'SELECT COUNT(*) FROM connections'), [2]);
});

test('rows that a crash left open are closed when the file is opened, with a reason (S2-24)', () => {
  const first = opened();
  first.table.write([row(1), row(2), ended(3, nowMs)]);
  const table = new ConnectionsTable({ maxAgeMs: 0, rowsMax: 0 });
  assert.equal(table.open(first.database, nowMs + 5000), 2);
  assert.deepEqual(numbers(first.database, openRows), [0]);
  const closed = first.database
    .prepare(`SELECT disconnect_time AS time FROM connections WHERE reason = '${crashReason}'`)
    .all();
  assert.deepEqual(
    closed.map(({ time }) => time),
    [sqlTime(nowMs + 5000), sqlTime(nowMs + 5000)],
  );
  table.write([row(1)]);
  assert.deepEqual(numbers(first.database, 'SELECT id FROM connections ORDER BY id'), [1, 2, 3, 4]);
  assert.deepEqual(numbers(first.database, openRows), [1]);
});

test('a table of the seed gets the missing columns and keeps its rows (S2-23)', () => {
  const { database, table, closedRows } = opened({}, seedTable);
  assert.equal(closedRows, 1);
  table.write([row(1)]);
  const found = database
    .prepare('SELECT id, client_id, connect_time FROM connections ORDER BY id')
    .all();
  assert.deepEqual(
    found.map((each) => Object.values(each)),
    [
      [1, 'old', '2024-05-01 12:34:56.789012'],
      [2, 'client-1', '2026-11-20 12:34:56.789'],
    ],
  );
  assert.deepEqual(numbers(database, openRows), [1]);
});

test('connections that ended too long ago go, however long ago they began; open ones stay', () => {
  const { database, table } = opened({ maxAgeMs: 10 * dayMs });
  table.write([
    row(1, { connectMs: nowMs - 50 * dayMs }),
    ended(2, nowMs - 11 * dayMs),
    ended(3, nowMs - 9 * dayMs),
  ]);
  assert.equal(table.retain(nowMs), false);
  assert.deepEqual(numbers(database, 'SELECT id FROM connections ORDER BY id'), [1, 3]);
});

test('beyond the number of rows those that ended first go, in bounded steps; open ones stay', () => {
  const { database, table } = opened({ rowsMax: 100 });
  table.write(Array.from({ length: 5 }, (_none, i) => row(i + 1)));
  table.write(Array.from({ length: 2500 }, (_none, i) => ended(i + 6, nowMs + i)));
  let steps = 1;
  while (table.retain(nowMs)) steps++;
  assert.equal(steps, 3);
  assert.deepEqual(numbers(database, 'SELECT COUNT(*) FROM connections'), [100]);
  assert.deepEqual(numbers(database, openRows), [5]);
  assert.deepEqual(numbers(database, 'SELECT max(id) FROM connections'), [2505]);
});

test('counting open rows, the history of a client and retention use an index', () => {
  const { database } = opened();
  for (const sql of [
    openRows,
    "SELECT * FROM connections WHERE client_id = 'a' ORDER BY connect_time DESC LIMIT 1",
    "SELECT id FROM connections WHERE disconnect_time < '2026' ORDER BY disconnect_time LIMIT 1000",
  ]) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    assert.match(plan.map(({ detail }) => detail).join('\n'), /^SEARCH connections USING .*INDEX/);
    assert.ok(!plan.some(({ detail }) => String(detail).includes('TEMP B-TREE')), sql);
  }
});
