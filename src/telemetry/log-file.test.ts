import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LogFile, type LogFileOptions } from './log-file.ts';

process.env['TZ'] = 'UTC';
const startMs = Date.parse('2026-11-20T06:41:00Z');
const root = mkdtempSync(join(tmpdir(), 'linnet-log-file-'));
after(() => rmSync(root, { recursive: true }));
let directories = 0;

interface Fixture {
  readonly file: LogFile;
  readonly directory: string;
  readonly clock: { nowMs: number };
  readonly failures: string[];
  readonly recoveries: number[];
}

function open(
  options: Partial<LogFileOptions>,
  directory = join(root, String(directories++)),
): Fixture {
  const clock = { nowMs: startMs };
  const failures: string[] = [];
  const recoveries: number[] = [];
  const file = new LogFile({
    file: 'broker.log',
    directory,
    sizeBytes: 0,
    keep: 3,
    now: () => clock.nowMs,
    failed: (path, error) => failures.push(`${path}: ${error.message}`),
    recovered: (_path, lostLines) => recoveries.push(lostLines),
    ...options,
  });
  return { file, directory, clock, failures, recoveries };
}

const contents = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => name !== 'current')
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );

test('S2-20 a file that is large enough is put aside, whole lines only, and the oldest go', async () => {
  const { file, directory, clock } = open({ sizeBytes: 20, keep: 2 });
  for (let i = 0; i < 8; i++) {
    file.write(`line ${i}...\n`);
    file.write(`more ${i}\n`);
    file.flush();
    clock.nowMs += 1000;
  }
  await file.close();
  assert.deepEqual(contents(directory), {
    'broker.20261120_064106.log': 'line 5...\nmore 5\n',
    'broker.20261120_064107.log': 'line 6...\nmore 6\n',
    'broker.log': 'line 7...\nmore 7\n',
  });
});

test('a burst is cut into files of the size although it was queued at once', async () => {
  const { file, directory } = open({ sizeBytes: 100, keep: 100 });
  for (let i = 100; i < 200; i++) file.write(`number ${i}\n`);
  await file.close();
  const files = contents(directory);
  assert.equal(Object.keys(files).length, 12);
  for (const text of Object.values(files)) assert.ok(text.length <= 100);
  const all = Object.keys(files).sort((a, b) => numberOf(a) - numberOf(b));
  assert.equal(
    all.map((name) => files[name]).join(''),
    Array.from({ length: 100 }, (_, i) => `number ${100 + i}\n`).join(''),
  );
});

/** Parts of one second are `stamp`, `stamp_2`, ...; the current file is the last. */
function numberOf(name: string): number {
  if (name === 'broker.log') return Infinity;
  return Number(/_(\d+)\.log$/.exec(name.replace('20261120_064100', ''))?.[1] ?? 1);
}

test('a line longer than the limit has a file of its own and is not cut', async () => {
  const { file, directory } = open({ sizeBytes: 10, keep: 9 });
  file.write('short\n');
  file.write(`${'x'.repeat(50)}\n`);
  file.write('after\n');
  await file.close();
  assert.deepEqual(
    Object.values(contents(directory))
      .map((text) => text.length)
      .sort(),
    [51, 6, 6],
  );
});

test('a new day begins a new file', async () => {
  const { file, directory, clock } = open({});
  file.write('today\n');
  file.flush();
  clock.nowMs = Date.parse('2026-11-21T00:00:01Z');
  file.write('tomorrow\n');
  await file.close();
  assert.deepEqual(contents(directory), {
    'broker.20261121_000001.log': 'today\n',
    'broker.log': 'tomorrow\n',
  });
});

test('a file of an earlier day found at the start is put aside, one of today is continued', async () => {
  const directory = join(root, 'found');
  mkdirSync(directory);
  writeFileSync(join(directory, 'broker.log'), 'yesterday\n');
  const before = new Date(startMs - 86_400_000);
  utimesSync(join(directory, 'broker.log'), before, before);
  const first = open({}, directory);
  first.file.write('one\n');
  await first.file.close();
  utimesSync(join(directory, 'broker.log'), new Date(startMs), new Date(startMs));
  const second = open({}, directory);
  second.file.write('two\n');
  await second.file.close();
  assert.deepEqual(contents(directory), {
    'broker.20261120_064100.log': 'yesterday\n',
    'broker.log': 'one\ntwo\n',
  });
});

test('auto: every start and every part has its own file, the link shows the one being written', async () => {
  const directory = join(root, 'auto');
  const first = open({ file: 'auto', sizeBytes: 10, keep: 2 }, directory);
  first.file.write('first 1\n');
  first.file.flush();
  first.clock.nowMs += 5000;
  first.file.write('first 2\n');
  await first.file.close();
  const second = open({ file: 'auto', keep: 2 }, directory);
  second.clock.nowMs += 6000;
  second.file.write('second\n');
  await second.file.close();
  const logs = join(directory, 'logs');
  assert.deepEqual(contents(logs), {
    'broker_20261120_064100.log': 'first 1\n',
    'broker_20261120_064100_2.log': 'second\n',
    'broker_20261120_064105.log': 'first 2\n',
  });
  assert.equal(readlinkSync(join(logs, 'current')), 'broker_20261120_064100_2.log');
  assert.equal(second.file.path, join(logs, 'broker_20261120_064100_2.log'));
});

test('only its own old parts are removed', async () => {
  const directory = join(root, 'foreign');
  mkdirSync(directory);
  const foreign = ['other.20200101_000000.log', 'broker.notes.log', 'broker.20200101.log'];
  for (const name of [...foreign, 'broker.20200101_000000.log'])
    writeFileSync(join(directory, name), '');
  const { file } = open({ keep: 0 }, directory);
  await file.close();
  assert.deepEqual(readdirSync(directory).sort(), [...foreign, 'broker.log'].sort());
});

test('reopen writes to a new file of the same name after another program moved the old one away', async () => {
  const { file, directory } = open({});
  file.write('before\n');
  file.flush();
  renameSync(join(directory, 'broker.log'), join(directory, 'broker.log.moved'));
  file.reopen();
  file.write('after\n');
  await file.close();
  assert.deepEqual(contents(directory), {
    'broker.log': 'after\n',
    'broker.log.moved': 'before\n',
  });
});

test('reopen while a write is under way loses nothing', async () => {
  const { file, directory } = open({});
  for (let i = 0; i < 10; i++) {
    file.write(`line ${i}\n`);
    file.reopen();
  }
  await file.close();
  const expected = Array.from({ length: 10 }, (_, i) => `line ${i}\n`).join('');
  assert.equal(contents(directory)['broker.log'], expected);
});

test('a full disk is told once, counted, and lines go on when there is room again', async () => {
  const { file, failures, recoveries, clock } = open({ file: '/dev/full' });
  file.write('lost 1\n');
  file.flush();
  file.write('lost 2\n');
  clock.nowMs += 30_000;
  file.write('lost 3\n');
  await file.close();
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? '', /ENOSPC/);
  assert.equal(file.lostLines, 3);
  assert.deepEqual(recoveries, []);
});

test('a folder that cannot be made is told once; it heals by itself and says how many lines are missing', async () => {
  const directory = join(root, 'blocked');
  writeFileSync(directory, 'a file where the folder should be');
  const { file, failures, recoveries, clock } = open({}, directory);
  assert.equal(failures.length, 1);
  file.write('lost 1\n');
  file.write('lost 2\n');
  rmSync(directory);
  file.write('lost 3, too early to try again\n');
  assert.equal(existsSync(directory), false);
  clock.nowMs += 30_000;
  file.write('kept\n');
  await file.close();
  assert.deepEqual(recoveries, [3]);
  assert.deepEqual(contents(directory), { 'broker.log': 'kept\n' });
  assert.equal(failures.length, 1);
});

test('reopen tries at once', async () => {
  const directory = join(root, 'blocked-2');
  writeFileSync(directory, '');
  const { file, recoveries } = open({}, directory);
  rmSync(directory);
  file.reopen();
  file.write('kept\n');
  await file.close();
  assert.deepEqual(contents(directory), { 'broker.log': 'kept\n' });
  assert.deepEqual(recoveries, [0]);
});

test('lines after close are ignored', async () => {
  const { file, directory } = open({});
  await file.close();
  file.write('late\n');
  file.flush();
  assert.deepEqual(contents(directory), { 'broker.log': '' });
});
