import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nowMs } from './machine-clock.ts';
import { Meter } from './meter.ts';
import { noCounts } from './share-result.ts';

test('what is counted between begin and end is measured', () => {
  let counts = { ...noCounts, published: 10, received: 5, receivedBytes: 50 };
  const meter = new Meter(() => counts);
  meter.begin(3);
  counts = { ...counts, published: 30, received: 15, receivedBytes: 150, foreign: 2 };
  meter.end(3);
  counts = { ...counts, published: 99 };
  meter.end(1_000);
  const { seconds, published, received, receivedBytes, idleMs, cpuMs } = meter.measured;
  assert.deepEqual([published, received, receivedBytes, idleMs], [20, 12, 100, 0]);
  assert.ok(seconds > 0 && cpuMs >= 0);
  assert.ok(meter.busy >= 0 && meter.busy <= 1);
});

test('the wait of a loop is not more than all of its time', () => {
  const meter = new Meter(() => noCounts);
  meter.begin(0);
  meter.end(1_000_000);
  assert.ok(meter.measured.idleMs <= meter.measured.cpuMs);
  assert.equal(meter.busy, 0);
});

test('a message belongs to the time in which it was sent, however late it comes', () => {
  const meter = new Meter(() => noCounts);
  const beforeMs = nowMs();
  meter.record(beforeMs, 1);
  meter.begin(0);
  const withinMs = nowMs();
  meter.record(beforeMs, 2);
  meter.record(withinMs, 4);
  meter.end(0);
  meter.record(withinMs, 8);
  meter.record(nowMs() + 1, 16);
  assert.equal(meter.latency.count, 2);
  assert.deepEqual([meter.latency.minMs, meter.latency.maxMs], [4, 8]);
});

test('without a beginning nothing is measured', () => {
  const meter = new Meter(() => noCounts);
  meter.end(0);
  meter.record(nowMs(), 1);
  assert.equal(meter.measured.seconds, 0);
  assert.equal(meter.latency.count, 0);
  assert.deepEqual([meter.busy, meter.starved], [0, 0]);
});
