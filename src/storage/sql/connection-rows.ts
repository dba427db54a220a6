/**
 * The rows of the table `connections` that are not in the file as they should be. A row is written when its
 * client connects and again when it leaves, under the same number, so writing one twice does no harm and a
 * batch that failed simply comes again.
 *
 * The number of open rows in the file has to be the number of connected clients, whatever happens. So rows
 * of clients that are connected, and the end of rows that are in the file, are never dropped: there are at
 * most as many as clients. Only connections that began and ended while nothing could be written are.
 */
import type { PendingRows } from './pending-rows.ts';
import type { Batch, ConnectionRow } from './thread-messages.ts';

/** What is known when a client connects. */
export type ConnectionStart = Omit<ConnectionRow, 'number' | 'disconnectMs' | 'reason' | 'detail'>;

export interface ConnectionEnd {
  readonly disconnectMs: number;
  readonly reason: string;
  readonly detail: string | undefined;
}

interface Entry {
  readonly number: number;
  readonly start: ConnectionStart;
  end: ConnectionEnd | undefined;
  isInFile: boolean;
}

const batchRowsMax = 1000;

export class ConnectionRows implements PendingRows {
  droppedRows = 0;
  private readonly rowsMax: number;
  private readonly live = new Map<object, Entry>();
  /** Ends told before their beginning. */
  private readonly early = new WeakMap<object, ConnectionEnd>();
  private readonly pending = new Set<Entry>();
  /** Those of `pending` that may be dropped, oldest first. */
  private readonly droppable = new Set<Entry>();
  private writing: ReadonlySet<Entry> = new Set();
  private lastNumber = 0;

  /** @param rowsMax how many rows may wait */
  constructor(rowsMax = 10_000) {
    this.rowsMax = rowsMax;
  }

  get count(): number {
    return this.pending.size + this.writing.size;
  }

  get hasFullBatch(): boolean {
    return this.pending.size >= batchRowsMax;
  }

  /** @param key stands for the connection, the same object when it ends */
  connected(key: object, start: ConnectionStart): void {
    const entry: Entry = {
      number: ++this.lastNumber,
      start,
      end: this.early.get(key),
      isInFile: false,
    };
    if (entry.end === undefined) this.live.set(key, entry);
    this.await(entry);
  }

  disconnected(key: object, end: ConnectionEnd): void {
    const entry = this.live.get(key);
    if (entry === undefined) {
      this.early.set(key, end);
      return;
    }
    this.live.delete(key);
    entry.end = end;
    this.await(entry);
  }

  take(): Batch | undefined {
    if (this.pending.size === 0) return undefined;
    const entries = new Set<Entry>();
    for (const entry of this.pending) {
      if (entries.size === batchRowsMax) break;
      entries.add(entry);
      this.pending.delete(entry);
      this.droppable.delete(entry);
    }
    this.writing = entries;
    return { table: 'connections', rows: [...entries].map(rowOf) };
  }

  written(): void {
    for (const entry of this.writing) entry.isInFile = true;
    this.writing = new Set();
  }

  failed(): void {
    const entries = this.writing;
    this.writing = new Set();
    for (const entry of entries) this.await(entry);
  }

  opened(): void {
    this.failed();
    for (const entry of this.live.values()) {
      entry.isInFile = false;
      this.await(entry);
    }
  }

  private await(entry: Entry): void {
    this.pending.add(entry);
    const mayBeInFile = entry.isInFile || this.writing.has(entry);
    if (entry.end !== undefined && !mayBeInFile) this.droppable.add(entry);
    if (this.pending.size <= this.rowsMax) return;
    const [oldest] = this.droppable;
    if (oldest === undefined) return;
    this.droppable.delete(oldest);
    this.pending.delete(oldest);
    this.droppedRows++;
  }
}

function rowOf({ number, start, end }: Entry): ConnectionRow {
  return {
    ...start,
    number,
    disconnectMs: end?.disconnectMs,
    reason: end?.reason,
    detail: end?.detail,
  };
}
