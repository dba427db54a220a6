import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageRows, type StoredMessage } from './message-rows.ts';
import type { MessageColumns } from './thread-messages.ts';

const message = (payload: Uint8Array, topicName = 'a'): StoredMessage => ({
  timeMs: 1000,
  topicName,
  payload,
  qos: 1,
  retain: false,
  clientId: 'sensor',
  username: undefined,
});
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

function taken(rows: MessageRows): MessageColumns | undefined {
  const batch = rows.take();
  return batch?.table === 'messages' ? batch.rows : undefined;
}

function payloadsOf({ payloads, payloadEnds }: MessageColumns): Uint8Array[] {
  return payloadEnds.map((end, i) => payloads.slice(payloadEnds[i - 1] ?? 0, end));
}

test('payloads are copied when they are added: they may be on loan', () => {
  const rows = new MessageRows();
  const loan = bytes(3, 1);
  rows.add(message(loan));
  loan.fill(9);
  const columns = taken(rows);
  assert.ok(columns);
  assert.deepEqual(payloadsOf(columns), [bytes(3, 1)]);
});

test('payloads of every length keep their bytes and their order', () => {
  const rows = new MessageRows();
  const lengths = [0, 1, 20_000, 0, 300_000, 5];
  for (const [i, length] of lengths.entries()) rows.add(message(bytes(length, i), `t/${i}`));
  const columns = taken(rows);
  assert.ok(columns);
  assert.deepEqual(
    payloadsOf(columns),
    lengths.map((length, i) => bytes(length, i)),
  );
  assert.deepEqual(
    columns.topicNames,
    lengths.map((_length, i) => `t/${i}`),
  );
});

test('what crosses to the thread is as large as the payloads, not as the buffer they lie in', () => {
  const rows = new MessageRows();
  rows.add(message(bytes(10, 1)));
  assert.equal(taken(rows)?.payloads.buffer.byteLength, 10);
});

test('what does not fit is dropped and counted, whether rows or bytes are too many', () => {
  const few = new MessageRows({ rowsMax: 3, bytesMax: 1_000_000 });
  for (let i = 0; i < 5; i++) few.add(message(bytes(1, i)));
  assert.deepEqual([few.count, few.droppedRows], [3, 2]);

  const small = new MessageRows({ rowsMax: 1000, bytesMax: 100 });
  for (const length of [60, 60, 40, 1, 0]) small.add(message(bytes(length, 1)));
  assert.deepEqual([small.count, small.droppedRows], [3, 2]);
});

test('what is being written counts until it is in the file, and is first when it comes again', () => {
  const rows = new MessageRows({ rowsMax: 2, bytesMax: 1000 });
  rows.add(message(bytes(1, 1)));
  taken(rows);
  rows.add(message(bytes(1, 2)));
  rows.add(message(bytes(1, 3)));
  assert.deepEqual([rows.count, rows.droppedRows], [2, 1]);
  rows.failed();
  const again = taken(rows);
  assert.deepEqual(again && payloadsOf(again), [bytes(1, 1)]);
  rows.written();
  rows.add(message(bytes(1, 4)));
  assert.deepEqual([rows.count, rows.droppedRows], [2, 1]);
});

test('a batch ends after two thousand rows or a megabyte', () => {
  const many = new MessageRows();
  for (let i = 0; i < 4500; i++) many.add(message(bytes(1, 1)));
  assert.ok(many.hasFullBatch);
  assert.deepEqual(
    [taken(many), taken(many), taken(many)].map((columns) => columns?.timesMs.length),
    [2000, 2000, 500],
  );
  const large = new MessageRows();
  for (let i = 0; i < 3; i++) large.add(message(bytes(600_000, 1)));
  assert.equal(taken(large)?.timesMs.length, 2);
});
