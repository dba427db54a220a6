/**
 * The messages that wait for the table `messages`. A payload is on loan while the message is told, so it is
 * copied here, behind those before it: one buffer for a batch instead of one for each message.
 *
 * What does not fit is dropped and counted. New messages go, not old ones: the table has a gap where the
 * disk could not follow, and what was there before the gap is complete.
 */
import type { PendingRows } from './pending-rows.ts';
import type { Batch, MessageColumns } from './thread-messages.ts';

export interface StoredMessage {
  readonly timeMs: number;
  readonly topicName: string;
  /** Copied before `add` returns. */
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly clientId: string;
  readonly username: string | undefined;
}

export interface MessageRowsLimits {
  readonly rowsMax: number;
  /** Of payloads. */
  readonly bytesMax: number;
}

/** Writing this many takes the thread about 35 ms; rows of connections wait no longer. */
const batchRowsMax = 2000;
const batchBytesMax = 1024 * 1024;
const firstBufferBytes = 16 * 1024;

export class MessageRows implements PendingRows {
  droppedRows = 0;
  private readonly limits: MessageRowsLimits;
  /** Oldest first; the last one is being filled. */
  private readonly pending: Filling[] = [];
  private writing: Filling | undefined;
  private rows = 0;
  private bytes = 0;

  constructor(limits: MessageRowsLimits = { rowsMax: 20_000, bytesMax: 32 * 1024 * 1024 }) {
    this.limits = limits;
  }

  get count(): number {
    return this.rows;
  }

  get hasFullBatch(): boolean {
    return this.pending.length > 1;
  }

  add(message: StoredMessage): void {
    const bytes = message.payload.length;
    if (this.rows >= this.limits.rowsMax || this.bytes + bytes > this.limits.bytesMax) {
      this.droppedRows++;
      return;
    }
    let last = this.pending.at(-1);
    if (last === undefined || last.isFull) {
      last = new Filling();
      this.pending.push(last);
    }
    last.add(message);
    this.rows++;
    this.bytes += bytes;
  }

  take(): Batch | undefined {
    this.writing = this.pending.shift();
    return this.writing && { table: 'messages', rows: this.writing.columns() };
  }

  written(): void {
    this.rows -= this.writing?.rows ?? 0;
    this.bytes -= this.writing?.bytes ?? 0;
    this.writing = undefined;
  }

  failed(): void {
    if (this.writing !== undefined) this.pending.unshift(this.writing);
    this.writing = undefined;
  }

  opened(): void {
    this.failed();
  }
}

/** A batch that grows. */
class Filling {
  bytes = 0;
  private buffer = new Uint8Array(firstBufferBytes);
  private readonly timesMs: number[] = [];
  private readonly topicNames: string[] = [];
  private readonly payloadEnds: number[] = [];
  private readonly qos: number[] = [];
  private readonly retain: boolean[] = [];
  private readonly clientIds: string[] = [];
  private readonly usernames: (string | undefined)[] = [];

  get rows(): number {
    return this.timesMs.length;
  }

  get isFull(): boolean {
    return this.rows >= batchRowsMax || this.bytes >= batchBytesMax;
  }

  add({ payload, ...message }: StoredMessage): void {
    const end = this.bytes + payload.length;
    if (end > this.buffer.length) {
      const larger = new Uint8Array(Math.max(end, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, this.bytes));
      this.buffer = larger;
    }
    this.buffer.set(payload, this.bytes);
    this.bytes = end;
    this.timesMs.push(message.timeMs);
    this.topicNames.push(message.topicName);
    this.payloadEnds.push(end);
    this.qos.push(message.qos);
    this.retain.push(message.retain);
    this.clientIds.push(message.clientId);
    this.usernames.push(message.username);
  }

  columns(): MessageColumns {
    return {
      timesMs: this.timesMs,
      topicNames: this.topicNames,
      // Copied: a view crosses to the other thread with everything that lies behind it.
      payloads: this.buffer.slice(0, this.bytes),
      payloadEnds: this.payloadEnds,
      qos: this.qos,
      retain: this.retain,
      clientIds: this.clientIds,
      usernames: this.usernames,
    };
  }
}
