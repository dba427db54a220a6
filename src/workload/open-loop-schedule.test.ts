import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenLoopSchedule } from './open-loop-schedule.ts';

interface Due {
  readonly publisher: number;
  readonly sequence: number;
  readonly atMs: number;
  readonly lateMs: number;
}

/** Advances a schedule of some publishers by steps of a virtual clock. */
function played(
  publishers: readonly number[],
  publisherCount: number,
  ratePerSecond: number,
  durationMs: number,
  stepsMs: readonly number[],
): Due[] {
  const schedule = new OpenLoopSchedule({ ratePerSecond, publisherCount, publishers, durationMs });
  const startMs = 1_000_000;
  schedule.start(startMs);
  const sequences = new Map<number, number>();
  const due: Due[] = [];
  let nowMs = startMs;
  for (const stepMs of stepsMs) {
    nowMs += stepMs;
    schedule.advance(nowMs, (place, lateMs) => {
      const publisher = publishers[place] ?? -1;
      const sequence = sequences.get(publisher) ?? 0;
      sequences.set(publisher, sequence + 1);
      due.push({ publisher, sequence, atMs: nowMs - startMs, lateMs });
      assert.equal(schedule.timeOf(publisher, sequence), nowMs - lateMs);
    });
  }
  return due;
}

test('the publishers take turns, one gap after the other', () => {
  const due = played([0, 1, 2], 3, 1000, 10, [0, 1, 1, 1, 1]);
  assert.deepEqual(due, [
    { publisher: 0, sequence: 0, atMs: 0, lateMs: 0 },
    { publisher: 1, sequence: 0, atMs: 1, lateMs: 0 },
    { publisher: 2, sequence: 0, atMs: 2, lateMs: 0 },
    { publisher: 0, sequence: 1, atMs: 3, lateMs: 0 },
    { publisher: 1, sequence: 1, atMs: 4, lateMs: 0 },
  ]);
});

test('after a pause everything missed is due at once, each with its own lateness', () => {
  const due = played([0], 1, 1000, 100, [0, 4]);
  assert.deepEqual(
    due.map(({ sequence, lateMs }) => [sequence, lateMs]),
    [
      [0, 0],
      [1, 3],
      [2, 2],
      [3, 1],
      [4, 0],
    ],
  );
});

test('it ends with the last message that begins within the duration', () => {
  assert.equal(played([0, 1], 2, 500, 100, [0, 50, 1_000]).length, 50);
  assert.equal(played([0], 1, 3, 1_000, [5_000]).length, 3);
  assert.equal(played([0], 1, 0.5, 1_000, [5_000]).length, 1);
  const schedule = new OpenLoopSchedule({
    ratePerSecond: 10,
    publisherCount: 1,
    publishers: [0],
    durationMs: 100,
  });
  schedule.start(5);
  assert.equal(schedule.nextDueMs, 5);
  assert.equal(
    schedule.advance(1_000, () => undefined),
    1,
  );
  assert.equal(schedule.nextDueMs, Number.POSITIVE_INFINITY);
  assert.equal(
    schedule.advance(2_000, () => undefined),
    0,
  );
});

test('without an end it goes on', () => {
  assert.equal(played([0], 1, 1000, Number.POSITIVE_INFINITY, [1_000]).length, 1_001);
});

test('several threads together send the same messages at the same times as one', () => {
  const stepsMs = Array.from({ length: 300 }, (_, at) => (at * 7) % 5);
  const whole = played([0, 1, 2, 3, 4, 5, 6], 7, 900, 500, stepsMs);
  const parts = [
    ...played([0, 3, 6], 7, 900, 500, stepsMs),
    ...played([1, 4], 7, 900, 500, stepsMs),
    ...played([2, 5], 7, 900, 500, stepsMs),
  ];
  const sorted = (all: readonly Due[]): Due[] =>
    all.toSorted((a, b) => a.sequence - b.sequence || a.publisher - b.publisher);
  assert.equal(whole.length, 450);
  assert.deepEqual(sorted(parts), sorted(whole));
});

test('a thread without publishers has nothing to do', () => {
  assert.deepEqual(played([], 3, 1000, 1_000, [0, 500]), []);
});
