import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from './latency-histogram.ts';

const nsPerMs = 1e6;
const shares = [0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1];

/** A generator of numbers in [0, 1) that gives the same ones each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** From nanoseconds to hours, all sizes alike. */
function latencies(count: number, seed: number): number[] {
  const next = random(seed);
  return Array.from({ length: count }, () => Math.round(2 ** (next() * 43)) / nsPerMs);
}

function recorded(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test('a percentile is at most 0.4 % away from that of the sorted values', () => {
  for (const count of [1, 2, 3, 100, 20_000]) {
    const values = latencies(count, count);
    const sorted = values.toSorted((a, b) => a - b);
    const histogram = recorded(values);
    for (const share of shares) {
      const exact = sorted[Math.max(1, Math.ceil(share * count)) - 1] ?? 0;
      const error = Math.abs(histogram.percentileMs(share) - exact) / exact;
      assert.ok(error <= 0.004, `${count} values, share ${share}: ${error}`);
    }
  }
});

test('count, mean, least and greatest are exact', () => {
  const values = latencies(5_000, 7);
  const histogram = recorded(values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.equal(histogram.count, values.length);
  assert.equal(histogram.minMs, Math.min(...values));
  assert.equal(histogram.maxMs, Math.max(...values));
  assert.equal(histogram.percentileMs(1), Math.max(...values));
  assert.ok(Math.abs(histogram.meanMs - mean) / mean < 1e-9);
});

test('below 256 ns every nanosecond is told apart', () => {
  for (let ns = 0; ns < 256; ns++) {
    assert.equal(recorded([ns / nsPerMs]).percentileMs(0.5), ns / nsPerMs);
  }
});

test('every power of two and its neighbours fall into a bucket around them', () => {
  for (let exponent = 8; exponent < 46; exponent++) {
    for (const ns of [2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 1]) {
      // A second value above keeps the greatest one from hiding the bucket.
      const histogram = recorded([ns / nsPerMs, 2 ** 46 / nsPerMs]);
      const error = Math.abs(histogram.percentileMs(0.5) * nsPerMs - ns) / ns;
      assert.ok(error <= 0.004, `${ns} ns: ${error}`);
    }
  }
});

test('histograms of several threads add up to that of all values', () => {
  const values = latencies(9_000, 3);
  const sum = new LatencyHistogram();
  for (const part of [values.slice(0, 10), values.slice(10, 4_000), values.slice(4_000), []]) {
    sum.add(structuredClone(recorded(part).state));
  }
  assert.deepEqual(
    { ...sum.state, sumNs: Math.round(sum.state.sumNs) },
    { ...recorded(values).state, sumNs: Math.round(recorded(values).state.sumNs) },
  );
  assert.deepEqual(LatencyHistogram.of(sum.state).state, sum.state);
});

test('an empty histogram says 0 everywhere', () => {
  const histogram = new LatencyHistogram();
  assert.deepEqual(
    [histogram.count, histogram.meanMs, histogram.minMs, histogram.maxMs],
    [0, 0, 0, 0],
  );
  assert.equal(histogram.percentileMs(0.99), 0);
});

test('what is out of range counts as the nearest that is in range', () => {
  const histogram = recorded([-5, 1e12]);
  assert.equal(histogram.minMs, 0);
  assert.equal(histogram.maxMs, (2 ** 46 - 1) / nsPerMs);
});
