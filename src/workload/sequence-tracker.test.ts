import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceTracker, windowSize } from './sequence-tracker.ts';

function tracked(sequences: Iterable<number>, tracker = new SequenceTracker()): SequenceTracker {
  for (const sequence of sequences) tracker.accept(sequence);
  return tracker;
}

function counts(tracker: SequenceTracker): readonly number[] {
  return [tracker.unique, tracker.missing, tracker.duplicated, tracker.outOfOrder];
}

test('what comes in order is neither missing, double nor late', () => {
  assert.deepEqual(counts(tracked([0, 1, 2, 3])), [4, 0, 0, 0]);
  assert.deepEqual(counts(tracked([])), [0, 0, 0, 0]);
});

test('a gap is missing until it comes, and late when it comes', () => {
  const tracker = tracked([0, 1, 4, 5]);
  assert.deepEqual(counts(tracker), [4, 2, 0, 0]);
  assert.deepEqual(counts(tracked([2], tracker)), [5, 1, 0, 1]);
  assert.deepEqual(counts(tracked([3], tracker)), [6, 0, 0, 2]);
});

test('what comes twice is double, before a gap, behind it, and when it came late', () => {
  assert.deepEqual(counts(tracked([0, 0, 1, 0])), [2, 0, 2, 0]);
  assert.deepEqual(counts(tracked([0, 3, 3, 0, 1, 1])), [3, 1, 3, 1]);
});

test('a first number that is not 0 leaves those before it missing', () => {
  assert.deepEqual(counts(tracked([2, 3])), [2, 2, 0, 0]);
});

test('where others publish, what came before the first number is not missed', () => {
  const tracker = tracked([10, 11, 13], new SequenceTracker(true));
  assert.deepEqual(counts(tracker), [3, 1, 0, 0]);
  assert.deepEqual(counts(tracked([4], tracker)), [3, 1, 0, 1]);
});

test('it agrees with a set of all numbers, whatever is lost, doubled and shuffled', () => {
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const sent = Array.from({ length: 200_000 }, (_, sequence) => sequence);
  const arrived = sent.filter(() => random(50) !== 0);
  for (let round = 0; round < 20_000; round++) {
    const at = random(arrived.length - 100);
    const moved = arrived[at] ?? 0;
    if (random(2) === 0) arrived.splice(at + random(100), 0, moved);
    else arrived.splice(at + random(100), 0, ...arrived.splice(at, 1));
  }
  const seen = new Set<number>();
  let newest = -1;
  let duplicated = 0;
  let outOfOrder = 0;
  for (const sequence of arrived) {
    if (seen.has(sequence)) duplicated++;
    else if (sequence < newest) outOfOrder++;
    seen.add(sequence);
    newest = Math.max(newest, sequence);
  }
  assert.ok(duplicated > 1_000 && outOfOrder > 1_000);
  const missing = newest + 1 - seen.size;
  assert.deepEqual(counts(tracked(arrived)), [seen.size, missing, duplicated, outOfOrder]);
});

test('the newest numbers of a window are remembered, older ones count as doubles', () => {
  const last = windowSize + 10;
  const remembered = last + 1 - windowSize;
  const tracker = tracked([0, last]);
  assert.deepEqual(counts(tracker), [2, last - 1, 0, 0]);
  assert.deepEqual(counts(tracked([remembered], tracker)), [3, last - 2, 0, 1]);
  assert.deepEqual(counts(tracked([remembered - 1], tracker)), [3, last - 2, 1, 1]);
});

test('a gap larger than the window forgets everything before it', () => {
  const tracker = tracked([0, 5, 3 * windowSize]);
  assert.equal(tracker.missing, 3 * windowSize - 2);
  tracked([3 * windowSize - 1, 3 * windowSize - 1], tracker);
  assert.deepEqual([tracker.outOfOrder, tracker.duplicated], [1, 1]);
});
