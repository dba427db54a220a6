import type { Batch } from './thread-messages.ts';

/** Rows that wait for the thread, and those it is writing: one batch at a time. */
export interface PendingRows {
  /** Waiting and being written. */
  readonly count: number;
  /** Rows that will never be in the table because too many waited. */
  readonly droppedRows: number;
  /** Enough waits to fill a batch. */
  readonly hasFullBatch: boolean;
  /** The next batch; undefined when nothing waits. Not called again before one of the three below. */
  take(): Batch | undefined;
  /** The batch is in the file. */
  written(): void;
  /** Nothing of the batch is in the file: it comes again. */
  failed(): void;
  /** The file was opened: as `failed`, and what must be in it is pending again. */
  opened(): void;
}
