import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from './back-off.ts';

test('waits double up to the limit and start again after success', () => {
  const longest = new BackOff(100, 500, () => 0.999_999);
  assert.deepEqual(
    [longest.next(), longest.next(), longest.next(), longest.next(), longest.next()],
    [100, 200, 400, 500, 500],
  );
  longest.reset();
  assert.equal(longest.next(), 100);
});

test('chance takes up to half of a wait away', () => {
  const shortest = new BackOff(100, 500, () => 0);
  assert.deepEqual([shortest.next(), shortest.next(), shortest.next()], [50, 100, 200]);
});
