import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadAverage } from './load-average.ts';

test('the averages follow a table computed by hand', () => {
  // 100 per 10 s are 600 per minute. e^(-10/60) = 0.8464817, e^(-10/300) = 0.9672161,
  // e^(-10/900) = 0.9889504. First step: 600 * (1 - e). Second: the same rate again. Third: rate 0.
  const table: readonly (readonly [total: number, string, string, string])[] = [
    [100, '92.11', '19.67', '6.63'],
    [200, '170.08', '38.70', '13.19'],
    [200, '143.97', '37.43', '13.04'],
  ];
  const average = new LoadAverage();
  for (const [total, one, five, fifteen] of table) {
    average.update(total, 10_000);
    const got = [average.perMinute('1min'), average.perMinute('5min'), average.perMinute('15min')];
    assert.deepEqual(
      got.map((value) => value.toFixed(2)),
      [one, five, fifteen],
    );
  }
});

test('a steady rate is reached whatever the steps', () => {
  const average = new LoadAverage();
  let total = 0;
  for (const stepMs of Array.from({ length: 2000 }, (_, i) => 1000 + (i % 7) * 500)) {
    total += (stepMs / 1000) * 5;
    average.update(total, stepMs);
  }
  assert.equal(average.perMinute('1min').toFixed(2), '300.00');
  assert.equal(average.perMinute('15min').toFixed(0), '299');
});

test('no time passed: nothing changes and nothing is forgotten', () => {
  const average = new LoadAverage();
  average.update(60, 0);
  assert.equal(average.perMinute('1min'), 0);
  average.update(60, 60_000);
  assert.equal(average.perMinute('1min').toFixed(2), '37.93');
});
