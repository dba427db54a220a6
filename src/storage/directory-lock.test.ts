import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DirectoryLock } from './directory-lock.ts';
import { FileStore } from './file-store.ts';
import { formatVersion, segmentName, writeHeader } from './log/format.ts';
import { StorageError } from './storage-error.ts';

const root = mkdtempSync(join(tmpdir(), 'linnet-lock-'));
after(() => rmSync(root, { recursive: true }));
const options = { skip: existsSync('/proc/self/stat') ? false : 'needs /proc (Linux)' };
const isLocked = (error: unknown): boolean =>
  error instanceof StorageError &&
  error.code === 'LOCKED' &&
  error.message.includes(String(process.pid));

test('a directory is given to one at a time', options, async () => {
  const directory = join(root, 'store');
  const first = new FileStore({ directory, mode: 'os', ballastBytes: 0 });
  await first.open();
  await assert.rejects(new FileStore({ directory, mode: 'os' }).open(), isLocked);
  await first.close();
  const second = new FileStore({ directory, mode: 'os', ballastBytes: 0 });
  await second.open();
  await second.close();
  assert.ok(!existsSync(join(directory, 'journal', 'lock')));
});

test('what a killed process left, or another one of that number, is no lock', options, async () => {
  const path = join(root, 'left');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  for (const owner of [`${child.pid} 12345`, `${process.pid} 1`, 'garbage', '']) {
    writeFileSync(path, owner);
    const lock = DirectoryLock.take(path);
    assert.throws(() => DirectoryLock.take(path), isLocked);
    lock?.release();
    assert.ok(!existsSync(path));
  }
});

test('a directory that cannot be written to is not refused for that', options, () => {
  assert.ok(DirectoryLock.take(join(root, 'missing', 'lock')) !== undefined);
});

test('a store that cannot be opened keeps no lock, and says what is wrong', options, async () => {
  const directory = join(root, 'newer');
  const journal = join(directory, 'journal');
  mkdirSync(journal, { recursive: true });
  const header = new Uint8Array(64);
  writeHeader(header, 1, 0, formatVersion + 1);
  writeFileSync(join(journal, segmentName(1)), header);
  await assert.rejects(new FileStore({ directory, mode: 'os' }).open(), /format version 2/);
  assert.ok(!existsSync(join(journal, 'lock')));
  writeFileSync(join(root, 'file'), '');
  const inFile = new FileStore({ directory: join(root, 'file'), mode: 'os' });
  await assert.rejects(inFile.open(), (error) => {
    return (
      error instanceof StorageError && /file.journal cannot be used \(ENOTDIR\)/.test(error.message)
    );
  });
});
