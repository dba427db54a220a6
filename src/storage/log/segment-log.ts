/**
 * An append-only log in segment files. `begin` and `end` put a record between them into memory and answer its
 * LSN; they never wait and never fail for the disk's sake. What was appended in one turn of the event loop
 * goes to the disk as one group (`GroupWriter`), and `onDurable` tells when it is safe.
 *
 * The log knows nothing of what is in the records. Its user keeps count of what each segment still has that
 * is needed, and drops segments from the oldest on. Only the oldest: a record may end what an older one
 * began, so it has to stay as long as the older one does.
 */
import type { Lsn } from '../../session/index.ts';
import type { Io, Scheduler } from '../io.ts';
import { crcSeed, LogRecord } from './format.ts';
import { Group } from './group.ts';
import { GroupWriter, type LogFault } from './group-writer.ts';
import type { RecordWriter } from './record-writer.ts';
import { Segment } from './segment.ts';

export interface SegmentLogOptions {
  readonly io: Io;
  readonly scheduler: Scheduler;
  readonly directory: string;
  /** What `durable` promises: see `GroupWriter`. */
  readonly mode: 'os' | 'disk';
  /** A segment that has reached this is followed by a new one. */
  readonly segmentBytes: number;
  /** Most time between a write and its sync in mode `os`. */
  readonly fsyncIntervalMs: number;
  /** A file to give up when the disk is full; 0 = none. */
  readonly ballastBytes: number;
}

/** Where the log goes on after a start. */
export interface LogPosition {
  readonly segments: Segment[];
  readonly lastLsn: Lsn;
  readonly syncedLsn: Lsn;
  /** Its last record says that it was closed. */
  readonly isClosed: boolean;
}

export class SegmentLog {
  /** The oldest first. */
  readonly segments: Segment[];
  /** Where the last record is: in which segment, ... */
  lastSegment: Segment = new Segment('', 0);
  /** ... at which place in its file ... */
  lastOffset = 0;
  /** ... and with how many bytes. */
  lastBytes = 0;
  private readonly options: SegmentLogOptions;
  private readonly writer: GroupWriter;
  private readonly groups: readonly [Group, Group] = [new Group(), new Group()];
  private filling: Group = this.groups[0];
  private tail: Segment | undefined;
  private nextLsn: Lsn;
  private isScheduled = false;
  private isUpToDate: boolean;
  /** In the order of their LSNs. */
  private readonly waiting: { lsn: Lsn; resolve: () => void }[] = [];
  private readonly durableCallbacks: ((upTo: Lsn) => void)[] = [];
  private readonly faultCallbacks: ((fault: LogFault) => void)[] = [];

  constructor(options: SegmentLogOptions, position: LogPosition) {
    this.options = options;
    this.segments = position.segments;
    this.nextLsn = position.lastLsn + 1;
    this.isUpToDate = position.isClosed || position.lastLsn === 0;
    this.writer = new GroupWriter(
      options,
      {
        nextGroup: () => this.takeGroup(),
        becameDurable: (lsn) => {
          this.wake(lsn);
          for (const callback of this.durableCallbacks) callback(lsn);
        },
        failed: (fault) => {
          if (fault.fatal) this.wake(Infinity);
          for (const callback of this.faultCallbacks) callback(fault);
        },
      },
      position.lastLsn,
      position.syncedLsn,
    );
    options.scheduler.afterTurn(() => void this.writer.fullDisk.keepBallast());
  }

  get durable(): Lsn {
    return this.writer.durableLsn;
  }

  get isFailed(): boolean {
    return this.writer.isFailed;
  }

  /** Of the last record. */
  get lastLsn(): Lsn {
    return this.nextLsn - 1;
  }

  /** Of all segments, what is on its way included. */
  get sizeBytes(): number {
    let bytes = this.filling.length;
    for (const segment of this.segments) bytes += segment.sizeBytes;
    return bytes;
  }

  onDurable(callback: (upTo: Lsn) => void): void {
    this.durableCallbacks.push(callback);
  }

  onFault(callback: (fault: LogFault) => void): void {
    this.faultCallbacks.push(callback);
  }

  /** Begins a record; its payload is written to what this returns, then `end` is called in the same turn. */
  begin(type: number, flags: number): RecordWriter {
    const { filling } = this;
    if (filling.length === 0) this.beginGroup();
    filling.beginRecord(this.nextLsn, type, flags);
    return filling;
  }

  /** @returns the LSN of the record */
  end(): Lsn {
    const { filling } = this;
    const lsn = this.nextLsn++;
    if (this.writer.isFailed) {
      filling.dropRecord();
      return lsn;
    }
    const { segment } = filling;
    filling.endRecord(crcSeed(segment.firstLsn));
    filling.lastLsn = lsn;
    this.lastSegment = segment;
    this.lastOffset = filling.position + filling.recordStart;
    this.lastBytes = filling.recordBytes;
    if (!this.isScheduled) {
      this.isScheduled = true;
      this.options.scheduler.afterTurn(this.flush);
    }
    return lsn;
  }

  /** What comes after the next write goes into a new segment. */
  roll(): void {
    this.tail = undefined;
  }

  /** What was appended and is not durable. */
  pressure(): { readonly pendingBytes: number; readonly oldestMs: number } {
    const { current } = this.writer;
    const oldest = current ?? this.filling;
    const pendingBytes = this.filling.length + (current?.length ?? 0);
    const oldestMs = oldest.length === 0 ? 0 : this.options.scheduler.nowMs() - oldest.sinceMs;
    return { pendingBytes, oldestMs };
  }

  /** A copy of `length` bytes of a segment, whether they have reached the disk or not. */
  async read(segment: Segment, offset: number, length: number): Promise<Uint8Array> {
    for (const group of [this.writer.current, this.filling]) {
      if (group?.segment !== segment || offset < group.position || group.length === 0) continue;
      const start = offset - group.position;
      return group.bytes.slice(start, Math.min(group.length, start + length));
    }
    const file = await segment.file(this.options.io);
    return file.read(offset, length);
  }

  /** @returns when all that was appended before the call is on the disk, or the log has failed */
  async sync(): Promise<void> {
    await this.appendedDurable();
    await this.writer.sync();
  }

  /** Removes the oldest segment for ever. Nothing in it may be needed any more, not even after a crash. */
  async dropOldest(): Promise<void> {
    const oldest = this.segments.shift();
    if (oldest === undefined) return;
    const { io, directory } = this.options;
    await oldest.close();
    await io.unlink(oldest.path);
    // Before the next one goes, so that a power cut brings back none but the oldest.
    await io.syncDirectory(directory);
    this.writer.fullDisk.retryNow();
    void this.writer.fullDisk.keepBallast();
  }

  /** Writes what is left, says that this is the end, and closes the files. */
  async close(): Promise<void> {
    this.writer.fullDisk.giveUp();
    await this.sync();
    if (!this.isUpToDate && !this.writer.isFailed) {
      this.begin(LogRecord.closed, 0);
      this.end();
      this.isUpToDate = true;
      await this.sync();
    }
    this.writer.stop();
    await Promise.all(this.segments.map((segment) => segment.close()));
  }

  /** Everything appended before the call is durable, or never will be. Others may go on appending. */
  private appendedDurable(): Promise<void> {
    const lsn = this.nextLsn - 1;
    void this.writer.run();
    if (lsn <= this.writer.durableLsn || this.writer.isFailed) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push({ lsn, resolve });
    });
  }

  private wake(upTo: Lsn): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      if (first.lsn > upTo) return;
      this.waiting.shift();
      first.resolve();
    }
  }

  private readonly flush = (): void => {
    this.isScheduled = false;
    void this.writer.run();
  };

  private beginGroup(): void {
    if (this.tail === undefined || this.tail.sizeBytes >= this.options.segmentBytes) {
      this.tail = new Segment(this.options.directory, this.nextLsn);
      this.segments.push(this.tail);
    }
    this.isUpToDate = false;
    this.filling.begin(this.tail, this.nextLsn++, this.options.scheduler.nowMs());
  }

  private takeGroup(): Group | undefined {
    const group = this.filling;
    if (group.length === 0 || this.writer.isFailed) return undefined;
    group.seal(this.writer.syncedLsn);
    group.segment.sizeBytes = group.position + group.length;
    this.filling = this.groups[group === this.groups[0] ? 1 : 0];
    return group;
  }
}
