import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PublishWindow } from './publish-window.ts';

test('it gives so many Packet Identifiers as it is wide, and none twice at a time', () => {
  const window = new PublishWindow(3);
  assert.deepEqual([window.open(0), window.open(0), window.open(0)], [1, 2, 3]);
  assert.equal(window.open(0), 0);
  assert.equal(window.complete(2, false), true);
  assert.equal(window.openCount, 2);
  assert.equal(window.open(0), 4);
});

test('an acknowledgement that nothing waits for is told', () => {
  const window = new PublishWindow(2);
  assert.equal(window.complete(1, false), false);
  const packetId = window.open(5);
  assert.equal(window.complete(packetId, true), false, 'PUBCOMP before PUBREC');
  assert.equal(window.complete(9_999, false), false);
  assert.equal(window.complete(packetId, false), true);
  assert.equal(window.complete(packetId, false), false, 'a second PUBACK');
  assert.equal(window.openCount, 0);
});

test('QoS 2 is complete with PUBCOMP, and PUBREC may come again', () => {
  const window = new PublishWindow(1);
  const packetId = window.open(7);
  assert.equal(window.release(packetId), true);
  assert.equal(window.release(packetId), true);
  assert.equal(window.openCount, 1);
  assert.equal(window.timeOf(packetId), 7);
  assert.equal(window.complete(packetId, true), true);
  assert.equal(window.release(packetId), false);
});

test('identifiers come round, and one that is never acknowledged holds up none', () => {
  const window = new PublishWindow(2);
  assert.equal(window.open(0), 1);
  const given: number[] = [];
  for (let round = 0; round < 5; round++) {
    const packetId = window.open(0);
    given.push(packetId);
    assert.equal(window.complete(packetId, false), true);
  }
  assert.deepEqual(given, [2, 3, 4, 2, 3]);
});

test('the widest window has all identifiers there are', () => {
  const window = new PublishWindow(65_535);
  const ids = new Set(Array.from({ length: 65_535 }, () => window.open(0)));
  assert.equal(ids.size, 65_535);
  assert.equal(ids.has(0), false);
  assert.equal(window.open(0), 0);
});
