import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryProgress, SharedProgress } from './delivery-progress.ts';
import { SequenceTracker } from './sequence-tracker.ts';

function trackerAt(next: number): SequenceTracker {
  const tracker = new SequenceTracker();
  for (let sequence = 0; sequence < next; sequence++) tracker.accept(sequence);
  return tracker;
}

test('the slowest receiver counts', () => {
  assert.equal(new DeliveryProgress([trackerAt(5), trackerAt(3), trackerAt(9)]).minimum(), 3);
});

test('a receiver that missed a message is not waited for', () => {
  const tracker = trackerAt(2);
  tracker.accept(7);
  assert.equal(new DeliveryProgress([tracker]).minimum(), 8);
});

test('the slowest thread counts, of each publisher', () => {
  const buffer = SharedProgress.allocate(3, 2);
  const threads = [0, 1, 2].map((place) => new SharedProgress(buffer, place, 2));
  threads[0]?.store(1, 100);
  threads[1]?.store(1, 40);
  threads[2]?.store(1, 60);
  threads[1]?.store(0, 8);
  threads[2]?.store(0, 9);
  const own = threads[0];
  assert.ok(own !== undefined);
  const progress = (publisher: number, next: number): number =>
    new DeliveryProgress([trackerAt(next)], () => own.minimumElsewhere(publisher)).minimum();
  assert.equal(progress(1, 50), 40);
  assert.equal(progress(1, 30), 30);
  assert.equal(progress(0, 30), 8);
});

test('a thread without receivers holds nobody up', () => {
  const buffer = SharedProgress.allocate(2, 1);
  const here = new SharedProgress(buffer, 0, 1);
  const there = new SharedProgress(buffer, 1, 1);
  there.store(0, new DeliveryProgress([]).minimumHere());
  const progress = new DeliveryProgress([trackerAt(6)], () => here.minimumElsewhere(0));
  assert.equal(progress.minimum(), 6);
});
