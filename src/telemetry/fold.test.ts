import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fold } from './fold.ts';

test('the first is written at once, the next only counted, the summary says how many and how long', () => {
  const fold = new Fold<string>();
  assert.equal(fold.note('k', 'f', 'item', 0), true);
  for (let i = 0; i < 120; i++) assert.equal(fold.note('k', 'f', 'item', 100), false);
  assert.deepEqual(fold.tick(999), []);
  assert.deepEqual(fold.tick(7000), [{ item: 'item', times: 120, duringMs: 7000, mixed: false }]);
});

test('windows double from one second to one minute while it goes on', () => {
  const fold = new Fold<string>();
  fold.note('k', 'f', 'item', 0);
  const at: number[] = [];
  for (let nowMs = 100; nowMs <= 250_000; nowMs += 100) {
    fold.note('k', 'f', 'item', nowMs);
    for (const summary of fold.tick(nowMs)) at.push(nowMs, summary.times);
  }
  assert.deepEqual(
    at,
    [
      [1000, 10],
      [3000, 20],
      [7000, 40],
      [15_000, 80],
      [31_000, 160],
      [63_000, 320],
      [123_000, 600],
      [183_000, 600],
      [243_000, 600],
    ].flat(),
  );
});

test('nothing is lost: lines and summaries add up to what happened', () => {
  const fold = new Fold<number>();
  let told = 0;
  for (let nowMs = 0; nowMs < 100_000; nowMs += 37) {
    if (fold.note(`k${nowMs % 3}`, 'f', 0, nowMs)) told++;
    if (nowMs % 5 === 0) for (const { times } of fold.tick(nowMs)) told += times;
  }
  for (const { times } of fold.drain(100_000)) told += times;
  assert.equal(told, Math.ceil(100_000 / 37));
  assert.equal(fold.size, 0);
});

test('a slow repetition is a line of its own, in ever wider steps', () => {
  const fold = new Fold<string>();
  const written: number[] = [];
  for (let nowMs = 0; nowMs <= 120_000; nowMs += 5000) {
    fold.tick(nowMs);
    if (fold.note('k', 'f', 'item', nowMs)) written.push(nowMs / 1000);
  }
  // Windows of 1, 2, 4 and 8 s are quiet or end with one line; from then on summaries speak.
  assert.deepEqual(written, [0, 5, 10, 15]);
});

test('a kind that was quiet for a minute begins anew and leaves no memory', () => {
  const fold = new Fold<string>();
  fold.note('k', 'f', 'item', 0);
  fold.tick(60_999);
  assert.equal(fold.size, 1);
  fold.tick(61_000);
  assert.equal(fold.size, 0);
  assert.equal(fold.note('k', 'f', 'item', 61_001), true);
});

test('kinds beyond the limit share one entry for each family', () => {
  const fold = new Fold<string>({ firstWindowMs: 1000, lastWindowMs: 60_000, kindsMax: 2 });
  let written = 0;
  for (let i = 0; i < 1000; i++) if (fold.note(`client ${i}`, 'denied', `item ${i}`, 0)) written++;
  assert.equal(written, 3);
  assert.equal(fold.size, 3);
  assert.equal(fold.note('other', 'dropped', 'other item', 0), true);
  assert.deepEqual(fold.tick(1000), [{ item: 'item 2', times: 997, duringMs: 1000, mixed: true }]);
});

test('at the end everything counted is told, due or not', () => {
  const fold = new Fold<string>();
  fold.note('k', 'f', 'item', 0);
  fold.note('k', 'f', 'item', 10);
  fold.note('quiet', 'f', 'item', 10);
  assert.deepEqual(fold.drain(20), [{ item: 'item', times: 1, duringMs: 20, mixed: false }]);
});

test('a repetition can be counted without its item, as far as it is one', () => {
  const fold = new Fold<string>();
  assert.equal(fold.repeats('k', 0), false);
  fold.note('k', 'f', 'item', 0);
  assert.equal(fold.repeats('k', 999), true);
  assert.deepEqual(fold.tick(1000), [{ item: 'item', times: 1, duringMs: 1000, mixed: false }]);
  assert.equal(fold.repeats('k', 3000), false);
  assert.equal(fold.note('k', 'f', 'item', 3000), true);
  assert.equal(fold.repeats('k', 3001), true);
});
