import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../simulated-disk.test-kit.ts';
import { LogProcess, logDirectory, promisesSettled } from './simulated-log.test-kit.ts';

const numbered = (count: number, size = 100): string[] =>
  Array.from({ length: count }, (_, i) => `${i}:`.padEnd(size, String.fromCharCode(65 + (i % 26))));

test('what was appended is found again, in order, with the LSNs that were answered', async () => {
  const first = new LogProcess(new SimulatedDisk());
  const lsns = numbered(50).map((payload) => first.append(payload));
  await first.settle();
  const more = first.append('another turn');
  await first.close();
  const second = new LogProcess(first.disk);
  assert.deepEqual(
    second.found.map(({ payload }) => payload),
    [...numbered(50), 'another turn'],
  );
  assert.deepEqual(
    second.found.map(({ lsn }) => lsn),
    [...lsns, more],
  );
  assert.deepEqual(second.recovery.problems, []);
  assert.ok(second.append('later') > more);
});

test('what one turn appends is one write, and what comes while the disk works is the next', async () => {
  const process = new LogProcess(new SimulatedDisk());
  process.disk.isAutomatic = false;
  for (const payload of numbered(20)) process.append(payload);
  process.scheduler.endTurn();
  await promisesSettled();
  const before = process.disk.operations;
  for (const payload of numbered(30)) process.append(payload);
  assert.equal(process.log.durable, 0);
  await process.settle();
  // Create, write, sync and sync-directory for the first group, write and sync for the second.
  assert.equal(process.disk.operations - before, 6);
  assert.equal(process.log.durable, process.durable);
  assert.deepEqual(process.log.pressure(), { pendingBytes: 0, oldestMs: 0 });
});

test('mode disk waits for the sync, mode os only for the write and syncs within the interval', async () => {
  for (const mode of ['disk', 'os'] as const) {
    const process = new LogProcess(new SimulatedDisk(), { mode });
    const { disk } = process;
    disk.isAutomatic = false;
    const lsn = process.append('x');
    process.scheduler.endTurn();
    await promisesSettled();
    while (process.durable < lsn) {
      assert.ok(disk.step(), mode);
      await promisesSettled();
    }
    const text = (kind: 'drop'): string[] =>
      new LogProcess(disk.crash(kind)).found.map((r) => r.payload);
    if (mode === 'disk') {
      assert.deepEqual(text('drop'), ['x']);
      continue;
    }
    assert.equal(disk.waitingCount, 0);
    process.scheduler.advance(200);
    await process.settle();
    assert.deepEqual(text('drop'), ['x']);
  }
});

test('segments roll when they are full and are dropped from the oldest on', async () => {
  const process = new LogProcess(new SimulatedDisk(), { segmentBytes: 1000 });
  for (const payload of numbered(40)) {
    process.append(payload);
    await process.settle();
  }
  const paths = process.disk.paths();
  assert.ok(paths.length >= 5, paths.join());
  assert.equal(process.log.segments.length, paths.length);
  await process.log.dropOldest();
  await process.log.dropOldest();
  assert.equal(process.disk.paths().length, paths.length - 2);
  await process.close();
  const found = new LogProcess(process.disk).found.map(({ payload }) => payload);
  assert.deepEqual(found, numbered(40).slice(-found.length));
  assert.ok(found.length < 40 && found.length > 20);
});

test('records can be read back before and after they reach the disk', async () => {
  const process = new LogProcess(new SimulatedDisk());
  process.append('first');
  process.append('second');
  const { lastSegment, lastOffset, lastBytes } = process.log;
  const read = async (): Promise<string> =>
    Buffer.from(await process.log.read(lastSegment, lastOffset, lastBytes))
      .toString('latin1')
      .slice(18);
  assert.equal(await read(), 'second');
  await process.settle();
  assert.equal(await read(), 'second');
});

test('a record as large as the largest packet passes', async () => {
  const process = new LogProcess(new SimulatedDisk());
  const large = 'L'.repeat(5_000_000);
  process.append(large);
  process.append('small');
  await process.close();
  const { found } = new LogProcess(process.disk);
  assert.deepEqual(
    found.map(({ payload }) => payload.length),
    [5_000_000, 5],
  );
});

test('a full disk holds the watermark, is reported once, and needs no restart when there is room', async () => {
  const process = new LogProcess(new SimulatedDisk(), { ballastBytes: 3000 });
  const { disk } = process;
  await process.settle();
  assert.deepEqual(disk.paths(), [`${logDirectory}/ballast`]);
  disk.capacityBytes = disk.usedBytes + 500;
  const acknowledged: string[] = [];
  const append = async (payload: string): Promise<void> => {
    const lsn = process.append(payload);
    await process.settle();
    if (process.durable >= lsn) acknowledged.push(payload);
  };
  const payloads = numbered(60);
  for (const payload of payloads) await append(payload);
  assert.deepEqual(disk.paths().length, 1, 'the ballast was given up first');
  assert.ok(acknowledged.length > 15 && acknowledged.length < 40, `${acknowledged.length}`);
  assert.deepEqual(process.faults, ['ENOSPC']);
  const pending = process.log.pressure().pendingBytes;
  assert.ok(pending > 2000, `${pending}`);
  process.scheduler.advance(500);
  await process.settle();
  assert.deepEqual(process.faults, ['ENOSPC']);
  const crashed = new LogProcess(disk.crash('drop')).found.map(({ payload }) => payload);
  assert.deepEqual(crashed, payloads.slice(0, crashed.length));
  assert.ok(crashed.length >= acknowledged.length);
});

test('when there is room again everything that waited becomes durable', async () => {
  const process = new LogProcess(new SimulatedDisk());
  process.disk.capacityBytes = 700;
  for (const payload of numbered(20)) process.append(payload);
  await process.settle();
  assert.equal(process.durable, 0);
  process.disk.capacityBytes = Infinity;
  process.scheduler.advance(500);
  await process.settle();
  assert.deepEqual(process.faults, ['ENOSPC', 'ENOSPC over']);
  const lsn = process.append('after');
  await process.settle();
  assert.equal(process.durable, lsn);
  await process.close();
  const { found, recovery } = new LogProcess(process.disk);
  assert.deepEqual(recovery.problems, []);
  assert.equal(found.length, 21);
});

for (const mode of ['os', 'disk'] as const) {
  test(`after one failed sync nothing more is acknowledged, and the sync is not tried again (${mode})`, async () => {
    const process = new LogProcess(new SimulatedDisk(), { mode });
    const { disk } = process;
    process.append('safe');
    await process.settle();
    process.scheduler.advance(200);
    await process.settle();
    const before = process.durable;
    let syncs = 0;
    disk.fault = (kind) => (kind === 'sync' && syncs++ === 0 ? 'EIO' : undefined);
    const lost = process.append('lost');
    await process.settle();
    process.scheduler.advance(200);
    await process.settle();
    assert.deepEqual(process.faults, ['EIO fatal']);
    for (const payload of numbered(10)) process.append(payload);
    await process.settle();
    process.scheduler.advance(1000);
    await process.settle();
    assert.equal(syncs, 1);
    assert.equal(process.durable, mode === 'disk' ? before : lost);
    assert.ok(process.log.isFailed);
    assert.ok(process.log.pressure().pendingBytes < 100, 'nothing piles up in memory');
    await process.close();
    const found = new LogProcess(disk).found.map(({ payload }) => payload);
    assert.equal(found[0], 'safe');
  });
}

test('the ballast of the process before is given up too', async () => {
  const first = new LogProcess(new SimulatedDisk(), { ballastBytes: 3000 });
  await first.settle();
  const disk = first.disk.crash('process');
  disk.capacityBytes = disk.usedBytes + 300;
  const second = new LogProcess(disk, { ballastBytes: 3000 });
  await second.settle();
  let last = 0;
  for (const payload of numbered(10)) last = second.append(payload);
  await second.settle();
  assert.deepEqual(second.faults, []);
  assert.equal(second.durable, last);
  assert.ok(!disk.paths().includes(`${logDirectory}/ballast`));
});

test('waiting for the disk ends while others go on appending', async () => {
  const process = new LogProcess(new SimulatedDisk());
  process.append('first');
  let isSynced = false;
  const synced = process.log.sync().then(() => {
    isSynced = true;
  });
  for (let i = 0; i < 100 && !isSynced; i++) {
    process.append('more');
    process.scheduler.endTurn();
    await promisesSettled();
  }
  assert.ok(isSynced);
  await synced;
});

test('a group that is written while a sync beside it fails is not acknowledged', async () => {
  const process = new LogProcess(new SimulatedDisk(), { mode: 'os' });
  const { disk } = process;
  process.append('first');
  await process.settle();
  const before = process.durable;
  disk.isAutomatic = false;
  disk.fault = (kind) => (kind === 'sync' ? 'EIO' : undefined);
  process.scheduler.advance(200);
  await promisesSettled();
  process.append('second');
  process.scheduler.endTurn();
  await promisesSettled();
  assert.equal(disk.waitingCount, 2);
  await process.settle();
  assert.deepEqual(process.faults, ['EIO fatal']);
  assert.equal(process.durable, before);
});
