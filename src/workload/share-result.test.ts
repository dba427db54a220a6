import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from './latency-histogram.ts';
import { addCounts, mergeResults, noCounts, type ShareResult } from './share-result.ts';

function histogramOf(...latenciesMs: readonly number[]): ShareResult['latency'] {
  const histogram = new LatencyHistogram();
  for (const latencyMs of latenciesMs) histogram.record(latencyMs);
  return histogram.state;
}

const one: ShareResult = {
  counts: { ...noCounts, opened: 4, published: 100, unique: 90, duplicated: 2 },
  lost: 10,
  measured: {
    seconds: 2,
    published: 80,
    received: 70,
    receivedBytes: 700,
    cpuMs: 500,
    waitMs: 20,
    idleMs: 100,
  },
  latency: histogramOf(1, 2, 3),
  connectLatency: histogramOf(5),
  connectMs: 30,
  stalls: 1,
  lateMaxMs: 4,
  lateCount: 3,
  busy: 0.2,
  starved: 0.01,
  errors: [
    { text: 'lost', count: 1 },
    { text: 'refused', count: 2 },
  ],
};

const other: ShareResult = {
  ...one,
  counts: { ...noCounts, opened: 3, published: 50, unique: 50, outOfOrder: 7 },
  lost: 0,
  measured: { ...one.measured, seconds: 2.001, received: 30 },
  latency: histogramOf(10),
  connectMs: 60,
  lateMaxMs: 1,
  busy: 0.7,
  errors: [{ text: 'lost', count: 5 }],
};

test('the results of several threads become one', () => {
  const merged = mergeResults([one, other]);
  assert.deepEqual(merged.counts, {
    ...noCounts,
    opened: 7,
    published: 150,
    unique: 140,
    duplicated: 2,
    outOfOrder: 7,
  });
  assert.equal(merged.lost, 10);
  assert.deepEqual(merged.measured, {
    seconds: 2.001,
    published: 160,
    received: 100,
    receivedBytes: 1400,
    cpuMs: 1000,
    waitMs: 40,
    idleMs: 200,
  });
  assert.deepEqual(merged.latency, histogramOf(1, 2, 3, 10));
  assert.deepEqual(merged.connectLatency, histogramOf(5, 5));
  assert.deepEqual(
    [merged.connectMs, merged.stalls, merged.lateMaxMs, merged.lateCount, merged.busy],
    [60, 2, 4, 6, 0.7],
  );
  assert.deepEqual(merged.errors, [
    { text: 'lost', count: 6 },
    { text: 'refused', count: 2 },
  ]);
});

test('one thread alone is its own result', () => {
  const merged = mergeResults([one]);
  const byCount = one.errors.toSorted((a, b) => b.count - a.count);
  assert.deepEqual(merged, { ...one, errors: byCount });
});

test('no counts add up to none', () => {
  assert.deepEqual(addCounts([]), noCounts);
});
