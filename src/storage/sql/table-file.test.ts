import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { SqlTable } from './sql-table.ts';
import { TableFile } from './table-file.ts';
import type { FromWorker } from './thread-messages.ts';

/** A table of numbers, to look at the file and not at what is in it. */
class Numbers implements SqlTable<readonly number[]> {
  rollbacks = 0;
  database: DatabaseSync | undefined;

  open(database: DatabaseSync): number {
    this.database = database;
    database.exec('CREATE TABLE IF NOT EXISTS numbers (n INTEGER UNIQUE)');
    return 0;
  }

  write(rows: readonly number[]): void {
    const insert = this.database?.prepare('INSERT INTO numbers VALUES (?)');
    for (const row of rows) insert?.run(row);
  }

  rolledBack(): void {
    this.rollbacks++;
  }

  retain(): boolean {
    this.database?.exec('DELETE FROM numbers WHERE n < 0');
    return false;
  }
}

interface Opened {
  readonly path: string;
  readonly folder: string;
  readonly file: TableFile<readonly number[]>;
  readonly table: Numbers;
  /** What was told since the last look. */
  told(): FromWorker[];
  kinds(): string[];
}

function setUp(t: TestContext, name = 'numbers.db'): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-sql-'));
  const path = join(folder, name);
  const messages: FromWorker[] = [];
  const table = new Numbers();
  const file = new TableFile('connections', path, table, (message) => messages.push(message));
  t.after(() => {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const told = (): FromWorker[] => messages.splice(0);
  return { path, folder, file, table, told, kinds: () => told().map(({ kind }) => kind) };
}

function numbersIn(path: string): number[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return database
    .prepare('SELECT n FROM numbers ORDER BY n')
    .all()
    .map(({ n }) => Number(n));
}

/** Leaves the file and its log as a process that is killed leaves them. */
function leaveUnclean(path: string, numbers: number): void {
  const program = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(process.argv[1]);
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS numbers (n INTEGER UNIQUE)');
    const insert = database.prepare('INSERT INTO numbers VALUES (?)');
    for (let n = 1; n <= ${numbers}; n++) insert.run(n);
    process.kill(process.pid, 'SIGKILL');`;
  assert.throws(() => execFileSync(process.execPath, ['-e', program, path], { stdio: 'ignore' }));
  assert.ok(statSync(`${path}-wal`).size > 0);
}

test('a file is made with its folders, readable by its owner and group only', (t) => {
  const { path, file, kinds } = setUp(t, 'a/b/numbers.db');
  file.open();
  assert.deepEqual(kinds(), ['opened']);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  file.write([1, 2]);
  assert.deepEqual(kinds(), ['written']);
  assert.deepEqual(numbersIn(path), [1, 2], 'seen by others while it is open');
});

test('closing leaves one file', (t) => {
  const { folder, file } = setUp(t);
  file.open();
  file.write([1]);
  file.close();
  assert.deepEqual(readdirSync(folder), ['numbers.db']);
});

test('a batch is written as a whole or not at all', (t) => {
  const { path, file, table, told } = setUp(t);
  file.open();
  file.write([1]);
  told();
  file.write([2, 3, 1]);
  const [answer, ...more] = told();
  assert.deepEqual(more, []);
  assert.ok(answer?.kind === 'refused');
  assert.equal(answer.failure?.code, 'SQLITE_CONSTRAINT');
  assert.equal(table.rollbacks, 1);
  assert.deepEqual(numbersIn(path), [1]);
});

test('a full disk refuses the batch and loses nothing; with room it goes on', (t) => {
  const { path, file, table, told, kinds } = setUp(t);
  file.open();
  file.write([1]);
  told();
  const pages = table.database?.prepare('PRAGMA page_count').get()?.['page_count'];
  table.database?.exec(`PRAGMA max_page_count = ${Number(pages)}`);
  const many = Array.from({ length: 5000 }, (_none, i) => i + 2);
  file.write(many);
  const [answer] = told();
  assert.ok(answer?.kind === 'refused');
  assert.equal(answer.failure?.code, 'SQLITE_FULL');
  assert.deepEqual(numbersIn(path), [1]);
  table.database?.exec('PRAGMA max_page_count = 1000000');
  file.write(many);
  assert.deepEqual(kinds(), ['written']);
  assert.equal(numbersIn(path).length, 5001);
});

test('what is no database is set aside under a name with the time, and a new file is begun', (t) => {
  const { path, folder, file, told } = setUp(t);
  writeFileSync(path, 'this is a shopping list, not a database. '.repeat(200));
  file.open();
  const [replaced, opened, ...more] = told();
  assert.deepEqual(more, []);
  assert.equal(opened?.kind, 'opened');
  assert.ok(replaced?.kind === 'replaced');
  assert.equal(replaced.reason, 'file is not a database');
  const [damaged = ''] = readdirSync(folder).filter((name) => name.includes('damaged'));
  assert.match(damaged, /^numbers\.db\.damaged-\d{8}T\d{6}Z$/);
  assert.equal(replaced.setAside, join(folder, damaged));
  assert.match(readFileSync(join(folder, damaged), 'utf8'), /^this is a shopping list/);
  file.write([7]);
  assert.deepEqual(numbersIn(path), [7]);
});

test('after a process was killed its rows are there, whole', (t) => {
  const { path, file, kinds } = setUp(t);
  leaveUnclean(path, 500);
  file.open();
  assert.deepEqual(kinds(), ['opened']);
  assert.equal(numbersIn(path).length, 500);
});

test('damage inside the file is found after an unclean end', (t) => {
  const { path, file, kinds } = setUp(t);
  file.open();
  file.write(Array.from({ length: 20_000 }, (_none, i) => -1 - i));
  file.close();
  kinds();
  leaveUnclean(path, 1);
  const bytes = readFileSync(path);
  for (let page = 3; page < bytes.length / 4096; page++)
    bytes.fill(0xaa, page * 4096, page * 4096 + 64);
  writeFileSync(path, bytes);
  file.open();
  assert.deepEqual(kinds(), ['replaced', 'opened']);
  assert.deepEqual(numbersIn(path), []);
});

test('damage that shows only when it is written to: the batch is refused, a new file is begun', (t) => {
  const { path, file, told, kinds } = setUp(t);
  file.open();
  file.write(Array.from({ length: 20_000 }, (_none, i) => i));
  file.close();
  const bytes = readFileSync(path);
  for (let page = 2; page < bytes.length / 4096; page++)
    bytes.fill(0xaa, page * 4096, page * 4096 + 4096);
  writeFileSync(path, bytes);
  kinds();
  file.open();
  assert.deepEqual(kinds(), ['opened'], 'the pages that are needed to open it are sound');
  file.write([50_000]);
  const messages = told();
  assert.deepEqual(
    messages.map(({ kind }) => kind),
    ['replaced', 'opened', 'refused'],
  );
  const answer = messages.at(-1);
  assert.ok(answer?.kind === 'refused');
  assert.equal(answer.failure, undefined, 'was told already');
  file.write([50_000]);
  assert.deepEqual(kinds(), ['written']);
  assert.deepEqual(numbersIn(path), [50_000]);
});

test('of damaged files the newest five are kept', (t) => {
  const { path, folder, file } = setUp(t);
  for (let i = 0; i < 8; i++) {
    writeFileSync(path, `not a database, ${i}. `.repeat(300));
    file.open();
    file.close();
  }
  const kept = readdirSync(folder).filter((name) => name.includes('damaged'));
  assert.equal(kept.length, 5);
  const texts = kept.map((name) => readFileSync(join(folder, name), 'utf8').slice(0, 17)).sort();
  assert.deepEqual(
    texts,
    [3, 4, 5, 6, 7].map((i) => `not a database, ${i}`),
  );
});

test('a file that somebody removed is begun again', (t) => {
  const { path, file, told, kinds } = setUp(t);
  file.open();
  file.write([1]);
  kinds();
  rmSync(path);
  assert.equal(file.retain(), false);
  const [replaced, opened] = told();
  assert.ok(replaced?.kind === 'replaced');
  assert.equal(replaced.setAside, undefined);
  assert.equal(opened?.kind, 'opened');
  file.write([2]);
  assert.deepEqual(numbersIn(path), [2]);
});

test('a file that was put in the place of ours is used from then on', (t) => {
  const { path, file, kinds } = setUp(t);
  file.open();
  const other = `${path}.other`;
  {
    using database = new DatabaseSync(other);
    database.exec('CREATE TABLE numbers (n INTEGER UNIQUE); INSERT INTO numbers VALUES (99)');
  }
  renameSync(other, path);
  kinds();
  file.retain();
  file.write([2]);
  assert.deepEqual(kinds(), ['replaced', 'opened', 'written']);
  assert.deepEqual(numbersIn(path), [2, 99]);
});

test('a reader that stays in its transaction does not let the log beside the file grow for ever', (t) => {
  const { path, table } = setUp(t);
  const tell = (message: FromWorker): void => void messages.push(message);
  const messages: FromWorker[] = [];
  const file = new TableFile('connections', path, table, tell, 1024 * 1024);
  t.after(() => file.close());
  file.open();
  using reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN; SELECT count(*) FROM numbers');
  let next = 0;
  const write = (): FromWorker | undefined => {
    file.write(Array.from({ length: 1000 }, () => next++));
    return messages.at(-1);
  };
  let answer = write();
  while (answer?.kind === 'written') answer = write();
  assert.ok(answer?.kind === 'refused');
  assert.equal(answer.failure?.code, 'LOG_TOO_LONG');
  assert.ok(statSync(`${path}-wal`).size < 2 * 1024 * 1024);
  reader.exec('COMMIT');
  assert.equal(write()?.kind, 'written');
  assert.ok(statSync(`${path}-wal`).size < 1024 * 1024);
});

test('a path that cannot be a file is told, every write is answered, and it can be opened later', (t) => {
  const { path, file, told, kinds } = setUp(t);
  mkdirSync(path);
  file.open();
  const [unusable] = told();
  assert.ok(unusable?.kind === 'unusable');
  assert.equal(unusable.failure.code, 'SQLITE_CANTOPEN');
  file.write([1]);
  assert.deepEqual(kinds(), ['refused']);
  rmSync(path, { recursive: true });
  file.open();
  file.write([1]);
  assert.deepEqual(kinds(), ['opened', 'written']);
});
