/**
 * Thousands of lives of a log on a disk that forgets. In each life records are appended while the disk works
 * through its queue in small steps, fills up or fails, until the process or the power goes. What the next
 * life finds is compared with what was acknowledged. `LINNET_DISK_SEEDS=10000` for the long run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lsn } from '../../session/index.ts';
import { SeededChance } from '../seeded-chance.test-kit.ts';
import { type CrashKind, SimulatedDisk } from '../simulated-disk.test-kit.ts';
import { LogProcess, promisesSettled, type TestRecord } from './simulated-log.test-kit.ts';

const seeds = Number(process.env['LINNET_DISK_SEEDS'] ?? 200);
const crashKinds: readonly CrashKind[] = ['process', 'drop', 'prefix', 'reorder'];

const figures = {
  lives: 0,
  appended: 0,
  acknowledged: 0,
  lostUnacknowledged: 0,
  torn: 0,
  faults: 0,
};

interface Life {
  readonly process: LogProcess;
  /** What it found and what it appended since; what it dropped is gone from here. */
  records: TestRecord[];
}

/** Appends, lets the disk work and time pass, in an order that the seed decides. */
async function live(life: Life, chance: SeededChance): Promise<void> {
  const { process } = life;
  const { disk, scheduler, log } = process;
  const failAt = chance.oneIn(6) ? disk.operations + chance.below(60) : -1;
  const failure = chance.oneIn(2) ? 'EIO' : 'ENOSPC';
  disk.fault = (_kind, operation) => (operation === failAt ? failure : undefined);
  disk.syncSteps = chance.below(3);
  for (let step = chance.below(120); step >= 0; step--) {
    switch (chance.below(6)) {
      case 0:
      case 1:
        for (let count = chance.below(4); count >= 0; count--) {
          const size = chance.oneIn(8) ? chance.below(3000) : chance.below(120);
          const payload = `${chance.below(1_000_000)}`.padEnd(size, '-');
          life.records.push({ lsn: process.append(payload), payload });
          figures.appended++;
        }
        break;
      case 2:
        scheduler.endTurn();
        break;
      case 3:
        if (chance.oneIn(4)) scheduler.advance(chance.below(300));
        if (chance.oneIn(8)) dropOldest(life);
        break;
      default:
        disk.step();
    }
    await promisesSettled();
  }
  assert.ok(log.durable >= process.durable);
}

/** As a user does that needs nothing of the segment, nor of what ended something in it, any more. */
function dropOldest(life: Life): void {
  const { log } = life.process;
  const next = log.segments[1];
  if (next === undefined || next.firstLsn > log.durable) return;
  life.records = life.records.filter(({ lsn }) => lsn >= next.firstLsn);
  log.dropOldest().catch(() => undefined); // The disk may end before it is done.
}

/** Everything up to the watermark is there, nothing that was not appended is, and nothing is missing between. */
function check(life: Life, next: LogProcess, safe: Lsn, context: string): void {
  const first = life.records[0]?.lsn ?? Infinity;
  const found = next.found.filter(({ lsn }) => lsn >= first);
  const must = life.records.filter(({ lsn }) => lsn <= safe).length;
  assert.ok(found.length >= must, `${context}: ${must - found.length} acknowledged records lost`);
  assert.deepEqual(found, life.records.slice(0, found.length), `${context}: other records`);
  figures.acknowledged += must;
  figures.lostUnacknowledged += life.records.length - found.length;
  if (next.recovery.problems.length > 0) figures.torn++;
}

async function run(seed: number): Promise<void> {
  const chance = new SeededChance(seed);
  const mode = chance.oneIn(3) ? 'os' : 'disk';
  const segmentBytes = 300 + chance.below(4000);
  let disk = new SimulatedDisk(seed);
  let life: Life | undefined;
  for (let generation = 0; generation < 4; generation++) {
    const process = new LogProcess(disk, { mode, segmentBytes });
    disk.isAutomatic = false;
    life = { process, records: process.found.slice() };
    const safeAtStart = process.log.durable;
    await live(life, chance);
    figures.lives++;
    figures.faults += process.faults.length;
    const kind = crashKinds[chance.below(crashKinds.length)] as CrashKind;
    const isPowerCut = kind !== 'process';
    const safe = mode === 'os' && isPowerCut ? safeAtStart : process.durable;
    disk = disk.crash(kind);
    const context = `seed ${seed}, life ${generation}, mode ${mode}, ${kind}`;
    check(life, new LogProcess(disk), safe, context);
  }
}

test(`no acknowledged record is lost and the log stays a prefix, ${seeds} seeds of a forgetful disk`, async (t) => {
  for (let seed = 1; seed <= seeds; seed++) await run(seed);
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.acknowledged > seeds && figures.torn > 0 && figures.faults > 0);
});

test('mode os loses no more to a power cut than what was written within the interval', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const disk = new SimulatedDisk(seed);
    const process = new LogProcess(disk, { mode: 'os', fsyncIntervalMs: 200, segmentBytes: 1000 });
    const old: string[] = [];
    for (let i = 0; i < 30; i++) {
      const payload = `record ${i} of ${seed}`;
      process.append(payload);
      await process.settle();
      if (i < 20) old.push(payload);
      if (i === 19) process.scheduler.advance(200);
      await process.settle();
    }
    const { found } = new LogProcess(disk.crash('reorder'));
    assert.deepEqual(
      found.slice(0, 20).map(({ payload }) => payload),
      old,
    );
  }
});
