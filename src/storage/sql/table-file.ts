/**
 * One table in its file: opened, written to in transactions, kept small. A file that turns out to be
 * damaged is set aside and a new one is begun; so is one that somebody removed while it was in use, because
 * what is written to it would be seen by nobody.
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import {
  bytesOf,
  failureOf,
  fileIdentity,
  isDamage,
  openDatabase,
  setAside,
} from './database-file.ts';
import type { TableName } from './sql-options.ts';
import type { SqlTable } from './sql-table.ts';
import type { Failure, FromWorker } from './thread-messages.ts';

/** Far beyond what a few slow readers cause. */
const defaultLogBytesMax = 256 * 1024 * 1024;

class LongLogError extends Error {
  readonly code = 'LOG_TOO_LONG';

  constructor(log: string) {
    super(
      `another program keeps a transaction open, so that ${log} grows; it goes on when that ends`,
    );
  }
}

export class TableFile<Rows> {
  private readonly name: TableName;
  private readonly path: string;
  private readonly table: SqlTable<Rows>;
  private readonly tell: (message: FromWorker) => void;
  private readonly logBytesMax: number;
  private database: DatabaseSync | undefined;
  private identity: string | undefined;
  private logIdentity: string | undefined;

  constructor(
    name: TableName,
    path: string,
    table: SqlTable<Rows>,
    tell: (message: FromWorker) => void,
    logBytesMax: number = defaultLogBytesMax,
  ) {
    this.name = name;
    this.path = resolve(path);
    this.table = table;
    this.tell = tell;
    this.logBytesMax = logBytesMax;
  }

  /** Tells `opened` or `unusable`, perhaps `replaced` before. */
  open(): void {
    this.close();
    try {
      try {
        this.openOnce();
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.replace(error);
      }
    } catch (error) {
      this.unusable(error);
    }
  }

  /** Tells `written` or `refused`; before `refused`, what became of a damaged file. */
  write(rows: Rows): void {
    const { database } = this;
    let failure: Failure | undefined;
    if (database !== undefined) {
      try {
        this.limitLog(database);
        inTransaction(database, () => this.table.write(rows));
        this.tell({ kind: 'written', table: this.name });
        return;
      } catch (error) {
        if (this.recover(error)) failure = failureOf(error);
      }
    }
    this.tell({ kind: 'refused', table: this.name, failure });
  }

  /** Deletes some of what is too old or too much. @returns whether there is more */
  retain(): boolean {
    const { database } = this;
    if (database === undefined) return false;
    try {
      if (fileIdentity(this.path) === this.identity) {
        return inTransaction(database, () => this.table.retain(Date.now()));
      }
      this.leave();
      const reason = 'the file was removed or replaced by another program';
      this.tell({ kind: 'replaced', table: this.name, reason, setAside: undefined });
      this.open();
    } catch (error) {
      if (this.recover(error)) {
        this.tell({ kind: 'trouble', table: this.name, failure: failureOf(error) });
      }
    }
    return false;
  }

  close(): void {
    const { database } = this;
    this.database = undefined;
    try {
      database?.close();
    } catch (error) {
      this.tell({ kind: 'trouble', table: this.name, failure: failureOf(error) });
    }
  }

  private openOnce(): void {
    const database = openDatabase(this.path);
    this.database = database;
    this.identity = fileIdentity(this.path);
    const closedRows = inTransaction(database, () => this.table.open(database, Date.now()));
    this.logIdentity = fileIdentity(`${this.path}-wal`);
    const version = database.prepare('SELECT sqlite_version() AS version').get();
    this.tell({
      kind: 'opened',
      table: this.name,
      sqliteVersion: String(version?.['version']),
      closedRows,
    });
  }

  /**
   * The write-ahead log begins anew when everything in it was copied to the file and nobody reads the old
   * state any more. One reader that stays in its transaction makes it grow for as long, and the disk is not
   * ours alone.
   *
   * @throws {LongLogError} when it is too long and cannot be shortened
   */
  private limitLog(database: DatabaseSync): void {
    const log = `${this.path}-wal`;
    if (bytesOf(log) <= this.logBytesMax) return;
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    if (bytesOf(log) > this.logBytesMax) throw new LongLogError(log);
  }

  /** Closes a file that is no longer under its name, and takes its log away from the one that is. */
  private leave(): void {
    this.close();
    const log = `${this.path}-wal`;
    if (this.logIdentity === undefined || fileIdentity(log) !== this.logIdentity) return;
    rmSync(log, { force: true });
    rmSync(`${this.path}-shm`, { force: true });
  }

  /** Sets the file aside and begins a new one. */
  private replace(damage: unknown): void {
    this.close();
    const target = setAside(this.path, Date.now());
    const { reason } = failureOf(damage);
    this.tell({ kind: 'replaced', table: this.name, reason, setAside: target });
    this.openOnce();
  }

  /**
   * After a transaction that came to nothing.
   *
   * @returns whether the file is still in use, and nothing was told
   */
  private recover(error: unknown): boolean {
    try {
      if (!isDamage(error)) {
        this.table.rolledBack();
        return true;
      }
      this.replace(error);
    } catch (worse) {
      this.unusable(worse);
    }
    return false;
  }

  private unusable(error: unknown): void {
    this.close();
    this.tell({ kind: 'unusable', table: this.name, failure: failureOf(error) });
  }
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
