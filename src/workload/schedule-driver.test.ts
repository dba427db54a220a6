import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { nowMs } from './machine-clock.ts';
import { OpenLoopSchedule } from './open-loop-schedule.ts';
import { ScheduleDriver } from './schedule-driver.ts';
import { Turn } from './turn.ts';

for (const isSpinning of [true, false]) {
  test(`every message becomes due, in order and never early, ${isSpinning ? 'awake' : 'by timers'}`, async () => {
    const schedule = new OpenLoopSchedule({
      ratePerSecond: 1_000,
      publisherCount: 2,
      publishers: [0, 1],
      durationMs: 30,
    });
    const done = new EventEmitter();
    const places: number[] = [];
    const driver = new ScheduleDriver({
      schedule,
      turn: new Turn(),
      isSpinning,
      due: (place) => {
        assert.ok(schedule.timeOf(place, Math.floor(places.length / 2)) <= nowMs());
        places.push(place);
        if (places.length === 30) done.emit('done');
      },
    });
    const finished = once(done, 'done');
    driver.start(nowMs() + 8);
    assert.equal(driver.isFinished, false);
    await finished;
    assert.deepEqual(
      places,
      Array.from({ length: 30 }, (_, number) => number % 2),
    );
    assert.equal(driver.isFinished, true);
    assert.equal(driver.idleMs > 0, isSpinning);
    assert.ok(driver.lateMaxMs >= 0 && driver.lateCount <= 30);
  });
}

test('a stopped driver has nothing more due', async () => {
  const schedule = new OpenLoopSchedule({
    ratePerSecond: 1_000,
    publisherCount: 1,
    publishers: [0],
    durationMs: Number.POSITIVE_INFINITY,
  });
  const stopped = Promise.withResolvers<void>();
  let dueCount = 0;
  const driver = new ScheduleDriver({
    schedule,
    turn: new Turn(),
    isSpinning: true,
    due: () => {
      dueCount++;
      driver.stop();
      // Two turns later it would have been due again, were it running.
      setImmediate(() => setImmediate(() => stopped.resolve()));
    },
  });
  driver.start(nowMs() - 0.5);
  await stopped.promise;
  assert.equal(dueCount, 1);
});
