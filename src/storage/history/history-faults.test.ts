/** The history on disks that fill up, fail, or lose their power. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryRange, HistoryStep } from '../../broker/index.ts';
import { Message } from '../../session/index.ts';
import type { Scheduler } from '../io.ts';
import { SimulatedDisk } from '../simulated-disk.test-kit.ts';
import { HistoryLog, type HistoryLogOptions } from './history-log.ts';

/** The process's event loop, and a clock that runs a hundred times as fast. */
const scheduler: Scheduler = {
  nowMs: () => performance.now() * 100,
  afterTurn: (callback) => void setImmediate(callback),
  after(ms, callback) {
    const timer = setTimeout(callback, ms / 100).unref();
    return () => clearTimeout(timer);
  },
};

function open(disk: SimulatedDisk, options: Partial<HistoryLogOptions> = {}): HistoryLog {
  return new HistoryLog({
    directory: '/data/history',
    topicFilters: ['#'],
    maxAgeMs: 0,
    bytesMax: 1e12,
    segmentBytes: 50_000,
    io: disk,
    scheduler,
    ...options,
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function append(log: HistoryLog, first: number, count: number): Promise<void> {
  for (let number = first; number < first + count; number++) {
    const message = new Message({
      topicName: `t/${number % 5}`,
      payload: new Uint8Array(200).fill(0x61),
      qos: 0,
      retain: false,
      properties: undefined,
      publisherId: 'p',
      publisherName: undefined,
      nowMs: scheduler.nowMs(),
    });
    log.append(number, message);
    if (number % 20 === 0) await turn();
  }
}

async function numbersIn(log: HistoryLog): Promise<number[]> {
  const numbers: number[] = [];
  let rest: HistoryRange | undefined = {
    topicFilter: '#',
    from: 1,
    to: Infinity,
    fromMs: -Infinity,
    toMs: Infinity,
    newestFirst: false,
  };
  while (rest !== undefined) {
    const step: HistoryStep = await log.read(rest);
    numbers.push(...step.found.map(({ number }) => number));
    rest = step.rest;
  }
  return numbers;
}

test('on a full disk the oldest messages make room for the newest', async () => {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 400_000;
  const said: string[] = [];
  const log = open(disk, { report: (level, text) => said.push(`${level} ${text}`) });
  await append(log, 1, 6000);
  while (!log.status().isWorking) await turn();
  const numbers = await numbersIn(log);
  assert.equal(numbers.at(-1), 6000);
  assert.ok((numbers[0] ?? 0) > 3000 && numbers.length > 500);
  assert.match(said.join('\n'), /^error history: /m);
  assert.match(said.join('\n'), /^info history: /m);
  await log.close();
});

test('a disk that stays full leaves messages out, and nobody waits for it', async () => {
  const disk = new SimulatedDisk();
  const log = open(disk, { pendingBytesMax: 20_000 });
  await append(log, 1, 100);
  assert.equal((await numbersIn(log)).length, 100);
  disk.capacityBytes = 0;
  await append(log, 101, 1000);
  const { dropped, isWorking } = log.status();
  assert.ok(dropped > 800 && !isWorking, `${dropped}`);
  assert.ok((await numbersIn(log)).length < 200);
  await log.close();
});

test('after a failed disk the rest goes on, and what was written can be read', async () => {
  const disk = new SimulatedDisk();
  const said: string[] = [];
  const log = open(disk, { report: (level, text) => said.push(`${level} ${text}`) });
  await append(log, 1, 1000);
  assert.equal((await numbersIn(log)).length, 1000);
  disk.fault = (kind) => (kind === 'write' ? 'EIO' : undefined);
  await append(log, 1001, 500);
  assert.equal(log.status().isWorking, false);
  assert.ok(log.status().dropped > 400);
  assert.ok((await numbersIn(log)).length >= 1000);
  assert.match(said.join('\n'), /^error history: /m);
  await log.close();
});

test('after a power cut what is found is the beginning of what was kept, whatever the disk did (60 seeds)', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const kind = (['process', 'drop', 'prefix', 'reorder'] as const)[seed % 4] ?? 'drop';
    const disk = new SimulatedDisk(seed);
    const log = open(disk);
    await append(log, 1, 300 + seed * 20);
    const after = disk.crash(kind);
    const again = open(after);
    const found = await numbersIn(again);
    assert.deepEqual(
      found,
      Array.from({ length: found.length }, (_, i) => i + 1),
      `seed ${seed}`,
    );
    assert.equal(again.nextNumber, found.length + 1);
    if (kind === 'process') assert.ok(found.length >= 280 + seed * 20, `seed ${seed}`);
    await append(again, found.length + 1, 50);
    assert.equal((await numbersIn(again)).length, found.length + 50);
    await again.close();
  }
});
