/** What the event loop and the thread that owns the database files say to each other. */
import type { TableName } from './sql-options.ts';

/** One Network Connection of an accepted client. `undefined` becomes NULL. */
export interface ConnectionRow {
  /** Counts the connections of this run from 1; the file adds what it held before. */
  readonly number: number;
  readonly clientId: string;
  readonly username: string;
  readonly ipAddress: string | undefined;
  readonly connectMs: number;
  readonly protocol: string;
  readonly clean: boolean;
  readonly listener: string;
  readonly transport: string;
  readonly port: number;
  /** Seconds. */
  readonly keepAlive: number;
  /** undefined: still connected. */
  readonly disconnectMs: number | undefined;
  readonly reason: string | undefined;
  readonly detail: string | undefined;
}

/** Messages as columns: a batch of thousands crosses to the other thread as a handful of objects. */
export interface MessageColumns {
  readonly timesMs: readonly number[];
  readonly topicNames: readonly string[];
  /** All payloads, one behind the other; `payloadEnds` says where each ends. */
  readonly payloads: Uint8Array;
  readonly payloadEnds: readonly number[];
  readonly qos: readonly number[];
  readonly retain: readonly boolean[];
  readonly clientIds: readonly string[];
  readonly usernames: readonly (string | undefined)[];
}

export type Batch =
  | { readonly table: 'connections'; readonly rows: readonly ConnectionRow[] }
  | { readonly table: 'messages'; readonly rows: MessageColumns };

export type ToWorker =
  | { readonly kind: 'open'; readonly table: TableName }
  | { readonly kind: 'write'; readonly batch: Batch }
  /** Closes the files and ends the thread. */
  | { readonly kind: 'close' };

/** An error of SQLite or of the file system. */
export interface Failure {
  /** `SQLITE_FULL`, `EACCES` … */
  readonly code: string;
  readonly reason: string;
}

export type FromWorker =
  /** The file is new or was read afresh: whatever must be in it now has to be written to it. */
  | {
      readonly kind: 'opened';
      readonly table: TableName;
      readonly sqliteVersion: string;
      /** Rows that had been left open and were closed. */
      readonly closedRows: number;
    }
  /** The file cannot be opened. */
  | { readonly kind: 'unusable'; readonly table: TableName; readonly failure: Failure }
  /** One answer to each `write`: all of the batch is in the file, or nothing of it. */
  | { readonly kind: 'written'; readonly table: TableName }
  | {
      readonly kind: 'refused';
      readonly table: TableName;
      /** undefined: was told already. */
      readonly failure: Failure | undefined;
    }
  /** A damaged file was set aside, or somebody removed the file; a new one is begun. */
  | {
      readonly kind: 'replaced';
      readonly table: TableName;
      readonly reason: string;
      /** undefined: there was nothing left to set aside. */
      readonly setAside: string | undefined;
    }
  /** Old rows could not be deleted. */
  | { readonly kind: 'trouble'; readonly table: TableName; readonly failure: Failure }
  | { readonly kind: 'closed' };

/** What the thread is started with: absolute paths. */
export interface WorkerSetup {
  /** A thread of this broker had the files open before. */
  readonly isAgain: boolean;
  readonly connections:
    | { readonly path: string; readonly maxAgeMs: number; readonly rowsMax: number }
    | undefined;
  readonly messages:
    | { readonly path: string; readonly maxAgeMs: number; readonly bytesMax: number }
    | undefined;
}
