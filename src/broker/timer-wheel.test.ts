import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timer, TimerWheel } from './timer-wheel.ts';

const startMs = 1_700_000_000_030;

function wheelAt(nowMs: number): TimerWheel {
  return new TimerWheel(nowMs, (error) => assert.fail(String(error)));
}

test('a timer is never early, and at most 0.2 s late when looked at every 100 ms', () => {
  const wheel = wheelAt(startMs);
  const seen: { deadlineMs: number; atMs: number }[] = [];
  for (let i = 0; i < 2000; i++) {
    const deadlineMs = startMs + i * 37;
    const timer = new Timer((nowMs) => seen.push({ deadlineMs, atMs: nowMs }));
    wheel.schedule(timer, deadlineMs);
  }
  assert.equal(wheel.count, 2000);
  for (let nowMs = startMs; wheel.count > 0; nowMs += 100) wheel.advance(nowMs);
  assert.equal(seen.length, 2000);
  for (const { deadlineMs, atMs } of seen) {
    assert.ok(atMs >= deadlineMs && atMs <= deadlineMs + 200, `${atMs - deadlineMs} ms late`);
  }
});

test('after a jump everything due fires once, in the order of the deadlines', () => {
  const wheel = wheelAt(startMs);
  const order: number[] = [];
  // Also beyond one revolution of 4096 slots.
  const delays = [900_000, 10, 500_000, 10, 3_600_000, 409_600, 1];
  for (const delayMs of delays) {
    wheel.schedule(new Timer(() => order.push(delayMs)), startMs + delayMs);
  }
  wheel.advance(startMs + 10_000_000);
  assert.deepEqual(
    order,
    [...delays].sort((a, b) => a - b),
  );
  assert.equal(wheel.count, 0);
  wheel.advance(startMs + 20_000_000);
  assert.equal(order.length, delays.length);
});

test('a deadline beyond one revolution waits for its own time', () => {
  const wheel = wheelAt(startMs);
  let fired = 0;
  wheel.schedule(new Timer(() => fired++), startMs + 1_000_000);
  for (let nowMs = startMs; nowMs < startMs + 1_000_000; nowMs += 50_000) wheel.advance(nowMs);
  assert.equal(fired, 0);
  wheel.advance(startMs + 1_000_200);
  assert.equal(fired, 1);
});

test('a timer that is scheduled again, cancelled, or set to never fires accordingly', () => {
  const wheel = wheelAt(startMs);
  const fired: string[] = [];
  const moved = new Timer(() => fired.push('moved'));
  const cancelled = new Timer(() => fired.push('cancelled'));
  const never = new Timer(() => fired.push('never'));
  for (const timer of [moved, cancelled, never]) wheel.schedule(timer, startMs + 100);
  wheel.schedule(moved, startMs + 1000);
  wheel.cancel(cancelled);
  wheel.cancel(cancelled);
  wheel.schedule(never, Infinity);
  assert.equal(wheel.count, 1);
  wheel.advance(startMs + 500);
  assert.deepEqual(fired, []);
  wheel.advance(startMs + 1300);
  assert.deepEqual(fired, ['moved']);
  assert.equal(moved.isScheduled, false);
});

test('a callback may schedule itself again, cancel others that are due, and schedule into the past', () => {
  const wheel = wheelAt(startMs);
  const fired: string[] = [];
  const victim = new Timer(() => fired.push('victim'));
  const again = new Timer((nowMs) => {
    fired.push('again');
    wheel.cancel(victim);
    if (fired.length < 3) wheel.schedule(again, nowMs - 5000);
  });
  wheel.schedule(again, startMs + 10);
  wheel.schedule(victim, startMs + 20);
  wheel.advance(startMs + 300);
  assert.deepEqual(fired, ['again']);
  wheel.advance(startMs + 400);
  wheel.advance(startMs + 500);
  wheel.advance(startMs + 600);
  assert.deepEqual(fired, ['again', 'again', 'again']);
  assert.equal(wheel.count, 0);
});

test('a callback that throws is reported and keeps no other from firing', () => {
  const errors: unknown[] = [];
  const wheel = new TimerWheel(startMs, (error) => errors.push(error));
  let fired = 0;
  const broken = new Error('broken');
  wheel.schedule(
    new Timer(() => {
      throw broken;
    }),
    startMs,
  );
  wheel.schedule(new Timer(() => fired++), startMs + 1);
  wheel.advance(startMs + 1000);
  assert.deepEqual(errors, [broken]);
  assert.equal(fired, 1);
});
