import type { DatabaseSync } from 'node:sqlite';

/** What one table knows of itself; `TableFile` looks after its file. Everything here blocks. */
export interface SqlTable<Rows> {
  /**
   * Makes the table, or takes over what is there. Called in a transaction, again when the file was opened
   * again.
   *
   * @returns rows that had been left open and were closed
   * @throws {Error} when what is there is something else
   */
  open(database: DatabaseSync, nowMs: number): number;
  /** Called in a transaction. */
  write(rows: Rows): void;
  /** The transaction of the last `write` or `retain` came to nothing. */
  rolledBack(): void;
  /** Deletes some of what is too old or too much, in a transaction. @returns whether there is more */
  retain(nowMs: number): boolean;
}
