/** Damage of every kind: the log starts, loses only what was hit, and says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../simulated-disk.test-kit.ts';
import { StorageError } from '../storage-error.ts';
import { formatVersion, segmentName, writeHeader } from './format.ts';
import { LogProcess, logDirectory } from './simulated-log.test-kit.ts';

const recordCount = 200;
const payloads = Array.from({ length: recordCount }, (_, i) => `record ${i} `.padEnd(100, 'x'));
const path = `${logDirectory}/${segmentName(1)}`;

/** 200 records in four segments, or in one that was closed or not. */
async function written(segmentBytes: number, isClosed: boolean): Promise<SimulatedDisk> {
  const process = new LogProcess(new SimulatedDisk(), { segmentBytes });
  for (const payload of payloads) {
    process.append(payload);
    await process.settle();
  }
  if (isClosed) await process.close();
  return process.disk;
}

const oneClosed = await written(1_000_000, true);
const oneOpen = await written(1_000_000, false);
const four = await written(8_000, false);

const copy = (disk: SimulatedDisk): SimulatedDisk => {
  const next = new SimulatedDisk();
  for (const name of disk.paths()) next.writeFileSync(name, disk.contentOf(name).slice());
  return next;
};

const foundIn = (disk: SimulatedDisk): { found: string[]; problems: string[] } => {
  const { found, recovery } = new LogProcess(disk);
  return { found: found.map(({ payload }) => payload), problems: recovery.problems };
};

/** Where the record with this payload begins in its file. */
function offsetOf(disk: SimulatedDisk, file: string, payload: string): number {
  const at = Buffer.from(disk.contentOf(file)).indexOf(payload);
  assert.ok(at > 0);
  return at - 18;
}

test('a cut tail costs only the records that were cut, however many bytes', () => {
  for (let bytes = 1; bytes <= 300; bytes++) {
    const disk = copy(oneOpen);
    disk.truncateSync(path, disk.contentOf(path).length - bytes);
    const { found, problems } = foundIn(disk);
    // A group with one record of 100 bytes takes 152.
    assert.equal(found.length, recordCount - (bytes <= 152 ? 1 : 2), `${bytes}`);
    assert.deepEqual(found, payloads.slice(0, found.length));
    const isWhole = bytes === 118 || bytes === 152 || bytes === 270;
    assert.equal(problems.length, isWhole ? 0 : 1, `${bytes}: ${problems.join()}`);
    assert.deepEqual(foundIn(disk).problems, [], 'the next start finds nothing wrong');
  }
});

test('garbage behind the last record is cut off and costs nothing', () => {
  for (const disk of [copy(oneOpen), copy(oneClosed)]) {
    const content = disk.contentOf(path);
    const garbage = Uint8Array.from({ length: 1024 }, (_, i) => (i * 197 + 31) & 0xff);
    disk.writeFileSync(path, Buffer.concat([content, garbage]));
    const { found, problems } = foundIn(disk);
    assert.deepEqual(found, payloads);
    assert.match(problems.join(), /1024 bytes .*at the end/);
  }
});

test('a zeroed last page costs what was in it', () => {
  const disk = copy(oneOpen);
  const content = disk.contentOf(path);
  content.fill(0, content.length - 4096);
  const { found } = foundIn(disk);
  assert.deepEqual(found, payloads.slice(0, found.length));
  assert.ok(found.length >= recordCount - 28, `${found.length}`);
});

for (const [name, source] of [
  ['a sealed segment', four],
  ['the only segment, closed', oneClosed],
] as const) {
  test(`one flipped bit in ${name} loses one record at most and nothing behind it`, () => {
    const size = source.contentOf(path).length;
    for (let bit = 64 * 8 + 1; bit < (size - 200) * 8; bit += 2311) {
      const disk = copy(source);
      const content = disk.contentOf(path);
      const at = bit >> 3;
      content[at] = (content[at] as number) ^ (1 << (bit & 7));
      const { found, problems } = foundIn(disk);
      const lost = payloads.filter((payload) => !found.includes(payload));
      assert.ok(lost.length <= 1, `bit ${bit}: ${lost.length} lost`);
      assert.ok(problems.length > 0, `bit ${bit} is reported`);
      assert.deepEqual(
        found,
        payloads.filter((payload) => !lost.includes(payload)),
      );
    }
  });
}

test('a destroyed length field loses one record, which is set aside', () => {
  for (const value of [0, 1, 50, 1_000_000, 0xffff_ffff]) {
    const disk = copy(four);
    const at = offsetOf(disk, path, payloads[10] as string);
    new DataView(disk.contentOf(path).buffer).setUint32(at, value, true);
    const { found, problems } = foundIn(disk);
    assert.deepEqual(
      found,
      payloads.filter((_, i) => i !== 10),
    );
    assert.match(
      problems.join('\n'),
      /1 records \(LSN \d+\) are damaged or missing at byte \d+ of/,
    );
    const kept = disk.paths().filter((name) => name.endsWith('.damaged'));
    assert.equal(kept.length, 1);
    assert.match(Buffer.from(disk.contentOf(kept[0] as string)).toString(), /record 10 /);
  }
});

test('a lost page in the middle loses only the records in it', () => {
  const disk = copy(four);
  disk.contentOf(path).fill(0, 1000, 1000 + 4096);
  const { found, problems } = foundIn(disk);
  const lost = payloads.filter((payload) => !found.includes(payload));
  assert.ok(lost.length <= 28 && lost.length >= 26, `${lost.length}`);
  assert.deepEqual(
    found,
    payloads.filter((payload) => !lost.includes(payload)),
  );
  assert.ok(problems.length > 0);
});

test('a lost first page takes the header along, and the rest is read all the same', () => {
  const disk = copy(four);
  disk.contentOf(path).fill(0, 0, 4096);
  const { found, problems } = foundIn(disk);
  assert.ok(found.length > recordCount - 29, `${found.length}`);
  assert.deepEqual(found, payloads.slice(-found.length));
  assert.match(problems.join(), /header of .* is damaged/);
});

test('a missing segment in the middle is stepped over', () => {
  const disk = copy(four);
  disk.unlinkSync(disk.paths()[1] as string);
  const { found, problems } = foundIn(disk);
  assert.ok(found.length > 100 && found.length < 160, `${found.length}`);
  assert.deepEqual(
    found,
    payloads.filter((payload) => found.includes(payload)),
  );
  assert.match(problems.join(), /are damaged or missing/);
});

test('a sector that cannot be read counts as damaged', () => {
  const disk = copy(four);
  const { readSync } = SimulatedDisk.prototype;
  disk.readSync = (name, position, target) => {
    const isHit = name === path && position <= 4096 && position + target.length > 4096;
    if (isHit) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    return readSync.call(disk, name, position, target);
  };
  const { found, problems } = foundIn(disk);
  assert.ok(found.length > recordCount - 30, `${found.length}`);
  assert.match(problems.join('\n'), /cannot be read everywhere \(EIO\)/);
});

test('a log inside a payload is no log, even where damage makes a reader look there', async () => {
  const second = four.paths()[1] as string;
  const inner = Buffer.from(four.contentOf(second)).toString('latin1');
  const firstInner = Number(second.slice(-20, -4));
  const process = new LogProcess(new SimulatedDisk());
  while (process.append('moves the LSN on') < firstInner - 1);
  process.append(inner);
  await process.settle();
  process.append('the end');
  await process.close();
  const { found: all } = new LogProcess(copy(process.disk));
  const content = process.disk.contentOf(path);
  content[Buffer.from(content).indexOf(inner.slice(0, 300), 0, 'latin1') - 18] = 0xff;
  const { found, problems } = foundIn(process.disk);
  assert.equal(all.length, found.length + 1);
  assert.deepEqual(
    found,
    all.map(({ payload }) => payload).filter((payload) => payload !== inner),
  );
  assert.match(problems.join(), /1 records/);
});

test('a newer format is refused with a clear sentence', () => {
  const disk = copy(oneClosed);
  const content = disk.contentOf(path);
  writeHeader(content, 1, 0, formatVersion + 1);
  assert.throws(
    () => new LogProcess(disk),
    (error) => error instanceof StorageError && /format version 2.*up to 1/.test(error.message),
  );
});

test('on a full disk damage is stepped over all the same', () => {
  const disk = copy(four);
  disk.capacityBytes = disk.usedBytes;
  const content = disk.contentOf(path);
  content[2000] = (content[2000] as number) ^ 1;
  const { found, problems } = foundIn(disk);
  assert.ok(found.length >= recordCount - 1);
  assert.match(problems.join(), /could not be set aside .*ENOSPC/);
});

test('a newer segment is found before anything is changed', () => {
  const disk = copy(four);
  const last = disk.paths().at(-1) as string;
  writeHeader(disk.contentOf(last), Number(last.slice(-20, -4)), 0, formatVersion + 1);
  const content = disk.contentOf(path);
  content[2000] = (content[2000] as number) ^ 1;
  const before = disk.paths();
  assert.throws(() => new LogProcess(disk), StorageError);
  assert.deepEqual(disk.paths(), before);
});

test('a directory that cannot be used is named in the error', () => {
  const disk = new SimulatedDisk();
  disk.listSync = () => {
    throw Object.assign(new Error('no'), { code: 'EACCES' });
  };
  assert.throws(
    () => new LogProcess(disk),
    (error) =>
      error instanceof StorageError &&
      error.message.includes(`${logDirectory} cannot be used (EACCES)`),
  );
});
