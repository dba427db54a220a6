/**
 * Opening a database file for writing while people read it with other programs, and what to do with one
 * that is damaged. All of this blocks: it belongs in a thread of its own.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Failure } from './thread-messages.ts';

/** How long a write waits for another program that holds the write lock. */
const busyTimeoutMs = 1000;
/** Checking takes about 1 s for 500 MB; a larger file shows its damage when it is used. */
const checkedBytesMax = 64 * 1024 * 1024;
const damagedFilesKept = 5;

/** SQLite's primary result codes that a broker can meet. */
const codes: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
};

/** The file is no sound database; `isDamage` is true for it. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
}

/**
 * Opens the file, or makes it (readable by owner and group) with the folders above it.
 *
 * @throws {DamagedFileError} when a check after an unclean end finds damage
 * @throws {Error} of SQLite or the file system
 */
export function openDatabase(path: string): DatabaseSync {
  const isUnclean = bytesOf(`${path}-wal`) > 0;
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o640));
  }
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec('PRAGMA journal_size_limit = 16777216');
    if (isUnclean && bytesOf(path) <= checkedBytesMax) check(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function check(database: DatabaseSync): void {
  const [finding = ''] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
  if (finding !== 'ok') throw new DamagedFileError(`quick_check: ${String(finding)}`);
}

/** Size of a file; 0 when there is none. */
export function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Which file the path leads to; undefined: to none. */
export function fileIdentity(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** Whether the error says that what lies in the file is wrong, rather than that it cannot be reached now. */
export function isDamage(error: unknown): boolean {
  if (error instanceof DamagedFileError) return true;
  const code = primaryCode(error);
  return code === 11 || code === 26;
}

export function failureOf(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  const code = primaryCode(error);
  if (code !== undefined) return { code: codes[code] ?? `SQLITE_${code}`, reason };
  if (error instanceof Error && 'code' in error) return { code: String(error.code), reason };
  return { code: error instanceof Error ? error.name : 'unknown', reason };
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/**
 * Renames a closed database and its write-ahead log, so that tools can look at both. The newest five are
 * kept.
 *
 * @returns the new name
 */
export function setAside(path: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const prefix = `${path}.damaged-`;
  let target = `${prefix}${time}Z`;
  for (let copy = 2; existsSync(target); copy++) target = `${prefix}${time}Z-${copy}`;
  renameSync(path, target);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${target}-wal`);
  rmSync(`${path}-shm`, { force: true });
  forgetOldest(dirname(path), `${basename(path)}.damaged-`);
  return target;
}

/** Names have seconds only; a renamed file's change time is when it was renamed. */
function forgetOldest(folder: string, prefix: string): void {
  const damaged = readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && !name.endsWith('-wal'))
    .map((name) => join(folder, name))
    .map((path) => ({ path, changedMs: statSync(path).ctimeMs }))
    .sort((a, b) => a.changedMs - b.changedMs);
  for (const { path } of damaged.slice(0, -damagedFilesKept)) {
    rmSync(path, { force: true });
    rmSync(`${path}-wal`, { force: true });
  }
}
