/**
 * Brings the pending rows of one table to the thread: a batch every 200 ms, so that with the time of a slow
 * disk a row is in the file 0.3 s after it was due; the next batch at once when it is full already; never
 * two at a time. What failed comes again after a growing pause.
 */
import type { PendingRows } from './pending-rows.ts';
import type { TableName } from './sql-options.ts';
import type { Batch, Failure, FromWorker, ToWorker } from './thread-messages.ts';

const batchIntervalMs = 200;
const firstPauseMs = 200;
const longestPauseMs = 30_000;

export interface TableFeedHost {
  post(message: ToWorker): void;
  /** Rows cannot be written. Told again when the reason changes. */
  failed(feed: TableFeed, failure: Failure): void;
  /** Rows are written again. */
  resumed(feed: TableFeed): void;
}

/** What becomes of the rows of one table. */
export interface TableStatus {
  readonly file: string;
  readonly isWorking: boolean;
  readonly written: number;
  readonly pending: number;
  /** Rows that will not be in the file because it could not follow. */
  readonly dropped: number;
}

export class TableFeed {
  readonly table: TableName;
  readonly file: string;
  /** Resolves when the file was opened, or could not be. */
  readonly tried: Promise<void>;
  private readonly rows: PendingRows;
  private readonly host: TableFeedHost;
  private readonly triedOnce: () => void;
  private state: 'idle' | 'opening' | 'open' = 'idle';
  private writingRows = 0;
  private writtenRows = 0;
  private batches = 0;
  /** The value of `batches` at the last check. */
  private checked = 0;
  private failure: Failure | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pauseMs = firstPauseMs;
  /** Set while the last rows are written. */
  private ended: (() => void) | undefined;

  constructor(table: TableName, file: string, rows: PendingRows, host: TableFeedHost) {
    this.table = table;
    this.file = file;
    this.rows = rows;
    this.host = host;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.tried = promise;
    this.triedOnce = resolve;
  }

  status(): TableStatus {
    return {
      file: this.file,
      isWorking: this.state === 'open' && this.failure === undefined,
      written: this.writtenRows,
      pending: this.rows.count,
      dropped: this.rows.droppedRows,
    };
  }

  /** To be called when rows became pending. */
  wake(): void {
    if (this.state !== 'open' || this.writingRows > 0 || this.timer !== undefined) return;
    this.after(batchIntervalMs, this.write);
  }

  readonly open = (): void => {
    this.timer = undefined;
    this.state = 'opening';
    this.host.post({ kind: 'open', table: this.table });
  };

  told(message: FromWorker): void {
    switch (message.kind) {
      case 'opened':
        this.state = 'open';
        this.rows.opened();
        this.triedOnce();
        this.worked();
        if (this.writingRows === 0) this.goOn();
        break;
      case 'unusable':
        this.state = 'idle';
        this.triedOnce();
        this.failed(message.failure);
        this.again(this.open);
        break;
      case 'written':
        this.writtenRows += this.writingRows;
        this.writingRows = 0;
        this.rows.written();
        this.worked();
        this.goOn();
        break;
      case 'refused':
        this.writingRows = 0;
        this.rows.failed();
        if (message.failure !== undefined) this.failed(message.failure);
        if (this.state === 'open') this.again(this.write);
        else if (this.state === 'idle') this.ended?.();
        break;
    }
  }

  /** To be called every ten seconds: a disk that never answers is no error that SQLite tells. */
  check(): void {
    if (this.writingRows > 0 && this.checked === this.batches) {
      this.failed({ code: 'TIMEOUT', reason: 'the disk has not answered for ten seconds' });
    }
    this.checked = this.batches;
  }

  /** The thread is gone, with what it was writing. */
  lost(failure: Failure): void {
    this.stopTimer();
    this.state = 'idle';
    this.writingRows = 0;
    this.rows.failed();
    this.triedOnce();
    this.failed(failure);
    this.ended?.();
  }

  /** Resolves when nothing is pending any more, or it cannot be written. */
  async end(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = resolve;
    this.stopTimer();
    if (this.state === 'open' && this.writingRows === 0) this.write();
    if (this.state === 'idle') resolve();
    await promise;
  }

  private readonly write = (): void => {
    this.timer = undefined;
    if (this.state !== 'open' || this.writingRows > 0) return;
    const batch = this.rows.take();
    if (batch === undefined) {
      this.ended?.();
      return;
    }
    this.writingRows = rowsOf(batch);
    this.batches++;
    this.host.post({ kind: 'write', batch });
  };

  private goOn(): void {
    if (this.ended !== undefined || this.rows.hasFullBatch) this.write();
    else if (this.rows.count > 0) this.after(batchIntervalMs, this.write);
  }

  private again(action: () => void): void {
    if (this.ended !== undefined) {
      this.ended();
      return;
    }
    this.after(this.pauseMs, action);
    this.pauseMs = Math.min(2 * this.pauseMs, longestPauseMs);
  }

  private worked(): void {
    this.pauseMs = firstPauseMs;
    if (this.failure === undefined) return;
    this.failure = undefined;
    this.host.resumed(this);
  }

  private failed(failure: Failure): void {
    const isNew = this.failure?.code !== failure.code;
    this.failure = failure;
    if (isNew) this.host.failed(this, failure);
  }

  private after(ms: number, action: () => void): void {
    this.stopTimer();
    this.timer = setTimeout(action, ms).unref();
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

function rowsOf(batch: Batch): number {
  return batch.table === 'connections' ? batch.rows.length : batch.rows.timesMs.length;
}
