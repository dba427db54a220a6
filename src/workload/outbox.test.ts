import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from './outbox.ts';
import type { Wire } from './wire.ts';

/** Remembers the views it was given, and takes them at once or not at all. */
class RecordingWire implements Wire {
  readonly isBlocked = false;
  readonly written: Uint8Array[] = [];
  isTaking = true;

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return this.isTaking;
  }

  end(): void {
    throw new Error('not called');
  }

  destroy(): void {
    throw new Error('not called');
  }
}

function flushed(outbox: Outbox, wire: Wire, value: number, byteCount: number): void {
  assert.equal(outbox.hasRoomFor(byteCount), true);
  outbox.append(new Uint8Array(byteCount).fill(value));
  assert.equal(outbox.flushTo(wire), byteCount);
}

test('everything appended leaves in one write', () => {
  const outbox = new Outbox();
  const wire = new RecordingWire();
  outbox.append(new Uint8Array([1, 2, 3]));
  outbox.append(new Uint8Array([4, 5, 6, 7]), 2);
  assert.equal(outbox.flushTo(wire), 5);
  assert.deepEqual([...(wire.written[0] ?? [])], [1, 2, 3, 4, 5]);
  assert.equal(outbox.flushTo(wire), 0);
  assert.equal(wire.written.length, 1);
});

test('bytes that were taken make room for the next ones in the same place', () => {
  const outbox = new Outbox();
  const wire = new RecordingWire();
  flushed(outbox, wire, 1, 10);
  flushed(outbox, wire, 2, 10);
  assert.equal(wire.written[0]?.byteOffset, wire.written[1]?.byteOffset);
  assert.equal(wire.written[0]?.buffer, wire.written[1]?.buffer);
});

test('bytes that wait in the wire are never overwritten', () => {
  const outbox = new Outbox();
  const wire = new RecordingWire();
  for (let value = 0; value < 200; value++) {
    wire.isTaking = value % 3 === 0;
    flushed(outbox, wire, value, 9_999);
  }
  for (const [value, bytes] of wire.written.entries()) {
    if (value % 3 === 0) continue;
    assert.deepEqual([...new Set(bytes)], [value]);
    assert.equal(bytes.length, 9_999);
  }
});

test('a full outbox has to be sent first, an empty one has room for anything', () => {
  const outbox = new Outbox();
  const wire = new RecordingWire();
  assert.equal(outbox.hasRoomFor(3_000_000), true);
  outbox.append(new Uint8Array(3_000_000));
  assert.equal(outbox.hasRoomFor(1), false);
  assert.equal(outbox.flushTo(wire), 3_000_000);
  assert.equal(outbox.hasRoomFor(1), true);
});
