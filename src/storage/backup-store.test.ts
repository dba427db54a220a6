/** Backups of stores at rest and at work, and what a restore refuses. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { Message } from '../session/index.ts';
import { ArchiveError, ArchiveWriter } from './backup-archive.ts';
import { type RestoreReport, restoreStore } from './backup-restore.ts';
import { type BackupManifest, backupManifestName, backupStore } from './backup-store.ts';
import { FileStore } from './file-store.ts';
import { inspectStore } from './recover.ts';
import { CollectingSink } from './state-model.test-kit.ts';
import { StorageError } from './storage-error.ts';

const root = mkdtempSync(join(tmpdir(), 'linnet-backup-'));
after(() => rmSync(root, { recursive: true }));
const newDirectory = (): string => mkdtempSync(join(root, 'data-'));
const nowMs = Date.parse('2026-11-20T12:00:00Z');
const small = { segmentBytes: 20_000, compactFromBytes: 60_000, ballastBytes: 0 } as const;
const record = {
  clientId: 'x',
  username: undefined,
  expiryIntervalMs: Infinity,
  expiresAtMs: Infinity,
  will: undefined,
} as const;

/** Queues numbered messages for one session. */
class Writer {
  readonly store: FileStore;
  /** Message numbers by LSN. */
  private readonly numbers = new Map<number, number>();
  private readonly queued: number[] = [];
  private next = 1;

  constructor(directory: string) {
    this.store = new FileStore({ directory, mode: 'os', ...small });
  }

  async open(): Promise<void> {
    await this.store.open();
    this.store.journal.append({ kind: 'session', session: 1, record });
  }

  /** The number up to which everything is durable. */
  get durable(): number {
    const lsn = this.queued.findLast((each) => each <= this.store.journal.durable);
    return lsn === undefined ? 0 : (this.numbers.get(lsn) ?? 0);
  }

  publish(count: number): void {
    const { journal } = this.store;
    const to = [{ session: 1, qos: 1, subscriptionIdentifiers: undefined }] as const;
    for (let i = 0; i < count; i++) {
      const message = new Message({
        topicName: 'numbers',
        payload: Buffer.from(`${this.next}`.padEnd(100)),
        qos: 1,
        retain: false,
        properties: undefined,
        publisherId: 'writer',
        publisherName: undefined,
        nowMs,
      });
      const lsn = journal.append({ kind: 'message', message, to, retain: 'none' });
      this.queued.push(lsn);
      this.numbers.set(lsn, this.next++);
      if (this.queued.length <= 300) continue;
      journal.append({ kind: 'settled', session: 1, message: this.queued.shift() as number });
    }
  }
}

function numbersIn(directory: string): number[] {
  const sink = new CollectingSink();
  assert.deepEqual(inspectStore(directory, sink).problems, []);
  const queued = sink.sessions[0]?.queued ?? [];
  return queued.map(({ message }) => Number(Buffer.from(message.payload).toString().trim()));
}

function backup(dataDirectory: string, databases: readonly string[] = []): string {
  const target = join(newDirectory(), 'backup.tar');
  backupStore({ dataDirectory, databases, target, nowMs });
  return target;
}

function restore(archive: string, dataDirectory: string, isForced = false): RestoreReport {
  return restoreStore({ archive, dataDirectory, isForced, nowMs });
}

async function filled(): Promise<string> {
  const directory = newDirectory();
  const writer = new Writer(directory);
  await writer.open();
  writer.publish(500);
  await writer.store.close();
  return directory;
}

test('a backup of a store that is being written to and compacted has all that was durable', async (t) => {
  const directory = newDirectory();
  const writer = new Writer(directory);
  await writer.open();
  let firstSegment = '';
  let compactions = 0;
  for (let round = 0; round < 40; round++) {
    writer.publish(150);
    for (let turn = 0; turn < round % 5; turn++) await new Promise(setImmediate);
    const { durable } = writer;
    const archive = backup(directory);
    const restored = newDirectory();
    restore(archive, restored);
    const numbers = numbersIn(restored);
    const [first = 1] = numbers;
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, i) => first + i),
      'in order, without a gap',
    );
    assert.ok((numbers.at(-1) ?? 0) >= durable, `${numbers.at(-1)} of ${durable}`);
    const [oldest = ''] = readdirSync(join(directory, 'journal')).sort();
    if (oldest !== firstSegment) compactions++;
    firstSegment = oldest;
  }
  await writer.store.close();
  t.diagnostic(`40 backups, the oldest segment changed ${compactions} times`);
  assert.ok(compactions > 0, 'compaction was at work');
});

test('SQLite files are copied as of one moment, while somebody writes to them', async () => {
  const directory = await filled();
  const path = join(directory, 'clients.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE connections (id INTEGER)');
  database.exec('INSERT INTO connections VALUES (1), (2)');
  database.exec('BEGIN; INSERT INTO connections VALUES (3)');
  const archive = backup(directory, [path]);
  database.exec('COMMIT');
  database.close();
  const restored = newDirectory();
  const { manifest } = restore(archive, restored);
  assert.deepEqual(manifest.files.map(({ name }) => name).at(-1), 'clients.db');
  const copy = new DatabaseSync(join(restored, 'clients.db'));
  assert.equal(copy.prepare('SELECT COUNT(*) AS n FROM connections').get()?.['n'], 2);
  copy.close();
  assert.deepEqual(readdirSync(restored).sort(), ['clients.db', 'journal']);
});

test('the history is in a backup, without the indexes that a start makes again', async () => {
  const directory = await filled();
  mkdirSync(join(directory, 'history'));
  const [segment = ''] = readdirSync(join(directory, 'journal')).filter((name) =>
    /log$/.test(name),
  );
  copyFileSync(join(directory, 'journal', segment), join(directory, 'history', segment));
  writeFileSync(join(directory, 'history', segment.replace('.log', '.index')), 'index');
  const archive = backup(directory);
  const restored = newDirectory();
  restore(archive, restored);
  assert.deepEqual(readdirSync(join(restored, 'history')), [segment]);
  assert.throws(() => restore(archive, restored), StorageError);
});

const hasTar = spawnSync('tar', ['--version']).status === 0;
test('any tar takes a backup apart', { skip: hasTar ? false : 'needs tar' }, async () => {
  const archive = backup(await filled());
  const list = spawnSync('tar', ['-tf', archive], { encoding: 'utf8' });
  assert.equal(list.status, 0, list.stderr);
  const names = list.stdout.trimEnd().split('\n');
  assert.match(names[0] ?? '', /^journal\/\d{16}\.log$/);
  assert.equal(names.at(-1), backupManifestName);
  const manifest = spawnSync('tar', ['-xOf', archive, backupManifestName], { encoding: 'utf8' });
  const { format, files } = JSON.parse(manifest.stdout) as BackupManifest;
  assert.equal(format, 'linnet-backup');
  assert.deepEqual(
    files.map(({ name }) => name),
    names.slice(0, -1),
  );
});

test('a directory that holds something is left alone, or what it holds is moved aside', async () => {
  const archive = backup(await filled());
  const directory = await filled();
  writeFileSync(join(directory, 'notes.txt'), 'mine');
  assert.throws(
    () => restore(archive, directory),
    (error) => error instanceof StorageError && error.code === 'NOT_EMPTY',
  );
  const { movedTo } = restore(archive, directory, true);
  assert.equal(movedTo, join(directory, 'before-restore-2026-11-20T12-00-00-000Z'));
  assert.deepEqual(numbersIn(directory), numbersIn(movedTo ?? ''));
  assert.deepEqual(readdirSync(directory).sort(), [
    'before-restore-2026-11-20T12-00-00-000Z',
    'journal',
    'notes.txt',
  ]);
});

test('nothing is restored into the directory of a store at work, not even with force', async () => {
  const archive = backup(await filled());
  const directory = newDirectory();
  const writer = new Writer(directory);
  await writer.open();
  assert.throws(
    () => restore(archive, directory, true),
    (error) => error instanceof StorageError && error.code === 'LOCKED',
  );
  await writer.store.close();
});

test('an archive that is damaged, cut off or foreign is refused, and nothing is changed', async () => {
  const whole = backup(await filled());
  const bytes = readFileSync(whole);
  const damaged = join(newDirectory(), 'damaged.tar');
  const cases: [(path: string) => void, RegExp][] = [
    [
      (path) => {
        const changed = Buffer.from(bytes);
        changed[5000] = (changed[5000] as number) ^ 1;
        writeFileSync(path, changed);
      },
      /is not as it was when the backup was made/,
    ],
    [(path) => truncateSync(path, bytes.length - 2000), /it is cut off/],
    [(path) => truncateSync(path, 700), /it is cut off/],
    [(path) => writeFileSync(path, 'x'.repeat(2000)), /it is no tar file/],
    [(path) => writeFileSync(path, new Uint8Array(1024)), /it is no backup of linnet/],
    [(path) => foreign(path, '../../evil'), /evil does not belong into a backup/],
  ];
  for (const [damage, expected] of cases) {
    copyFileSync(whole, damaged);
    damage(damaged);
    const directory = newDirectory();
    assert.throws(
      () => restore(damaged, directory),
      (error) => error instanceof ArchiveError && expected.test(error.message),
    );
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('a backup of nothing is refused, and leaves no file', () => {
  const target = join(newDirectory(), 'backup.tar');
  const dataDirectory = join(root, 'nowhere');
  assert.throws(() => backupStore({ dataDirectory, databases: [], target, nowMs }), StorageError);
  assert.equal(existsSync(target), false);
});

/** An archive that is right but for a name in it. */
function foreign(path: string, name: string): void {
  const descriptor = openSync(path, 'w');
  const writer = new ArchiveWriter(descriptor, nowMs);
  writer.addBytes(name, Buffer.from('x'));
  const manifest = { format: 'linnet-backup', version: 1, createdAt: '', files: writer.files };
  writer.addBytes(backupManifestName, Buffer.from(JSON.stringify(manifest)));
  writer.end();
  closeSync(descriptor);
}
