import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StampReader, stampBytes, writeStamp } from './stamp.ts';

function stamped(timeMs: number, publisher: number, sequence: number): Uint8Array {
  const payload = new Uint8Array(stampBytes);
  writeStamp(payload, 0, timeMs, publisher, sequence);
  return payload;
}

test('publisher, sequence number and time come back, to a tenth of a microsecond', () => {
  const reader = new StampReader();
  for (const [timeMs, publisher, sequence] of [
    [0, 0, 0],
    [123.4567, 1, 2],
    [9_876_543_210.1234, 2 ** 30, 2 ** 32 - 1],
  ] as const) {
    assert.equal(reader.read(stamped(timeMs, publisher, sequence)), true);
    assert.deepEqual([reader.publisher, reader.sequence], [publisher, sequence]);
    assert.equal(reader.isOfThisMachine, true);
    assert.ok(Math.abs(reader.ageMs(timeMs + 1.5) - 1.5) < 0.000_11);
  }
});

test('a message from the future has an age below zero', () => {
  const reader = new StampReader();
  reader.read(stamped(1_000, 0, 0));
  assert.equal(reader.ageMs(999), -1);
});

test('an age is right when the 48 bits of the time begin anew in between', () => {
  const reader = new StampReader();
  const wrapMs = 2 ** 48 / 10_000;
  reader.read(stamped(wrapMs - 2, 0, 0));
  assert.equal(reader.ageMs(wrapMs + 3), 5);
});

test('it stands where it is told to', () => {
  const bytes = new Uint8Array(stampBytes + 6).fill(0xff);
  writeStamp(bytes, 4, 55, 6, 7);
  assert.deepEqual([...bytes.subarray(0, 4), ...bytes.subarray(-2)], Array(6).fill(0xff));
  const reader = new StampReader();
  assert.equal(reader.read(bytes.subarray(4)), true);
  assert.deepEqual([reader.publisher, reader.sequence], [6, 7]);
});

test('other payloads are no stamps', () => {
  const reader = new StampReader();
  assert.equal(reader.read(new Uint8Array(0)), false);
  assert.equal(reader.read(new Uint8Array(stampBytes)), false);
  assert.equal(reader.read(stamped(1, 2, 3).subarray(1)), false);
});

test("another machine's time is known as such", () => {
  const payload = stamped(1, 2, 3);
  payload[1] = (payload[1] ?? 0) ^ 1;
  const reader = new StampReader();
  assert.equal(reader.read(payload), true);
  assert.equal(reader.isOfThisMachine, false);
});
