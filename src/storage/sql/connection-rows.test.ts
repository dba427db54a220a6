import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionRows, type ConnectionStart } from './connection-rows.ts';
import type { ConnectionRow } from './thread-messages.ts';

const start = (clientId: string): ConnectionStart => ({
  clientId,
  username: 'anonymous',
  ipAddress: '127.0.0.1',
  connectMs: 1000,
  protocol: '5.0',
  clean: true,
  listener: 'mqtt',
  transport: 'tcp',
  port: 50_000,
  keepAlive: 60,
});
const end = { disconnectMs: 2000, reason: 'client-disconnect', detail: undefined };

function taken(rows: ConnectionRows): readonly ConnectionRow[] {
  const batch = rows.take();
  return batch?.table === 'connections' ? batch.rows : [];
}

/** What the table would hold: the last row under each number. */
class Table {
  readonly rows = new Map<number, ConnectionRow>();

  writeAll(from: ConnectionRows): void {
    for (let rows = taken(from); rows.length > 0; rows = taken(from)) {
      for (const row of rows) this.rows.set(row.number, row);
      from.written();
    }
  }

  get open(): string[] {
    const open = [...this.rows.values()].filter((row) => row.disconnectMs === undefined);
    return open.map(({ clientId }) => clientId).sort();
  }
}

test('a connection is one row while it lasts and the same row when it ended', () => {
  const rows = new ConnectionRows();
  const key = {};
  rows.connected(key, start('a'));
  assert.deepEqual(
    taken(rows).map(({ number, disconnectMs }) => [number, disconnectMs]),
    [[1, undefined]],
  );
  rows.written();
  assert.equal(rows.count, 0);
  rows.disconnected(key, end);
  assert.deepEqual(
    taken(rows).map(({ number, disconnectMs, reason }) => [number, disconnectMs, reason]),
    [[1, 2000, 'client-disconnect']],
  );
  rows.written();
  assert.equal(rows.take(), undefined);
});

test('a connection that ended before its row was written is written once', () => {
  const rows = new ConnectionRows();
  const key = {};
  rows.connected(key, start('a'));
  rows.disconnected(key, end);
  assert.equal(taken(rows).length, 1);
});

test('an end that is told before its beginning closes the row all the same', () => {
  const rows = new ConnectionRows();
  const key = {};
  rows.disconnected(key, end);
  rows.connected(key, start('a'));
  assert.deepEqual(
    taken(rows).map(({ disconnectMs }) => disconnectMs),
    [2000],
  );
});

test('an end that comes while the row is being written is written after it', () => {
  const rows = new ConnectionRows();
  const table = new Table();
  const key = {};
  rows.connected(key, start('a'));
  const [row] = taken(rows);
  rows.disconnected(key, end);
  if (row !== undefined) table.rows.set(row.number, row);
  rows.written();
  table.writeAll(rows);
  assert.deepEqual(table.open, []);
  assert.equal(table.rows.size, 1);
});

test('what could not be written comes again, with what happened meanwhile', () => {
  const rows = new ConnectionRows();
  const table = new Table();
  const [a, b] = [{}, {}];
  rows.connected(a, start('a'));
  rows.connected(b, start('b'));
  taken(rows);
  rows.disconnected(a, end);
  rows.failed();
  assert.equal(rows.count, 2);
  table.writeAll(rows);
  assert.deepEqual(table.open, ['b']);
});

test('a new file gets a row of every client that is connected, and the ends that were pending', () => {
  const rows = new ConnectionRows();
  const before = new Table();
  const [a, b, c] = [{}, {}, {}];
  for (const [key, clientId] of [
    [a, 'a'],
    [b, 'b'],
    [c, 'c'],
  ] as const) {
    rows.connected(key, start(clientId));
  }
  before.writeAll(rows);
  rows.disconnected(a, end);
  rows.opened();
  const after = new Table();
  after.writeAll(rows);
  assert.deepEqual(after.open, ['b', 'c']);
  assert.equal(after.rows.size, 3);
});

test('while nothing can be written, rows are dropped and counted, and the number of open rows stays true', () => {
  const rows = new ConnectionRows(10);
  const table = new Table();
  const keys = Array.from({ length: 30 }, () => ({}));
  for (const [i, key] of keys.entries()) {
    rows.connected(key, start(`live-${i}`));
    if (i % 2 === 0) table.writeAll(rows);
  }
  for (let i = 0; i < 100; i++) {
    const key = {};
    rows.connected(key, start('short'));
    rows.disconnected(key, end);
  }
  for (const key of keys.slice(0, 20)) rows.disconnected(key, end);
  const live = keys.slice(20).map((_key, i) => `live-${20 + i}`);
  assert.ok(rows.count <= 10 + 30, `${rows.count} rows wait`);
  table.writeAll(rows);
  assert.deepEqual(table.open, live.sort());
  assert.equal(rows.droppedRows, 130 - table.rows.size);
  assert.ok(rows.droppedRows >= 80);
});

test('a batch is at most a thousand rows, and a full one is told', () => {
  const rows = new ConnectionRows();
  for (let i = 0; i < 1500; i++) rows.connected({}, start(`${i}`));
  assert.ok(rows.hasFullBatch);
  assert.equal(taken(rows).length, 1000);
  rows.written();
  assert.ok(!rows.hasFullBatch);
  assert.equal(taken(rows).length, 500);
});
