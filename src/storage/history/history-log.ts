/**
 * The messages of chosen topics, kept for as long and as large as the settings say: a segment log of its own,
 * whose sealed segments get an index of topics and times beside them. Fire and forget: nothing waits for it,
 * no acknowledgement depends on it. Where the disk is slower than the messages come, or full, or broken, messages
 * are left out of the history and counted.
 *
 * Retention removes whole segments, the oldest first: one unlink, however many messages that are. Rejected: a
 * table in SQLite, which takes 17 µs for a message and seconds to delete a tenth of them; one log for history
 * and journal, where old messages would be written again and again only to be kept.
 */
import type { HistoryArchive, HistoryRange, HistoryStep } from '../../broker/index.ts';
import type { Lsn, Message } from '../../session/index.ts';
import { matches } from '../../topic/index.ts';
import type { Io, Scheduler } from '../io.ts';
import type { LogFault } from '../log/group-writer.ts';
import { SegmentLog } from '../log/segment-log.ts';
import { nodeIo, nodeScheduler } from '../node-io.ts';
import { historyRecord, writeHistoryRecord } from './history-record.ts';
import { HistorySegment, HistorySegments } from './history-segments.ts';
import { type FoundHistory, openHistory } from './open-history.ts';
import { readHistory } from './read-history.ts';
import { Retention } from './retention.ts';
import { SegmentIndex } from './segment-index.ts';

export interface HistoryLogOptions {
  /** Nobody else's; made if need be. */
  readonly directory: string;
  /** A message is kept when one of these matches its Topic Name. */
  readonly topicFilters: readonly string[];
  /** Messages that are older are removed, late by a sixteenth of this at most; 0 = never. */
  readonly maxAgeMs: number;
  /** As large as the segments get, all together. */
  readonly bytesMax: number;
  /** Told of damage, of a disk that is full or broken, and of the end of that. */
  readonly report?: (level: 'warning' | 'error' | 'info', text: string) => void;
  /** Size at which a segment is sealed; default a 32nd of `bytesMax`, from 1 to 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes on their way to the disk beyond which messages are left out; default 16 MiB. */
  readonly pendingBytesMax?: number;
  readonly io?: Io;
  readonly scheduler?: Scheduler;
}

export interface HistoryLogStatus {
  readonly segments: number;
  readonly bytes: number;
  readonly messages: number;
  /** When the oldest message was received, milliseconds since the epoch; undefined: there is none. */
  readonly oldestMs: number | undefined;
  /** Messages that could not be kept. */
  readonly dropped: number;
  /** The disk takes what is appended. */
  readonly isWorking: boolean;
}

const mebibyte = 1024 * 1024;
/** Topic Names of which it is remembered whether they are wanted. */
const rememberedMax = 20_000;

interface Waiting {
  readonly lsn: Lsn;
  /** A full disk is waited out. */
  readonly isPatient: boolean;
  readonly resolve: (isWritten: boolean) => void;
}

export class HistoryLog implements HistoryArchive {
  readonly nextNumber: number;
  readonly topicFilters: readonly string[];
  private readonly io: Io;
  private readonly pendingBytesMax: number;
  private readonly report: Required<HistoryLogOptions>['report'];
  private readonly log: SegmentLog;
  private readonly segments: HistorySegments;
  private readonly retention: Retention;
  private readonly wanted = new Map<string, boolean>();
  private tail: HistorySegment | undefined;
  private dropped = 0;
  private isFull = false;
  private isClosing = false;
  private sealing: Promise<void> = Promise.resolve();
  private waiting: Waiting[] = [];

  /**
   * Reads what is there, in this call, as far as a start needs it.
   * @throws StorageError for a newer format, or a directory that cannot be used
   */
  constructor(options: HistoryLogOptions) {
    const { io = nodeIo, scheduler = nodeScheduler, directory, bytesMax } = options;
    const found = openHistory(io, directory);
    const segmentBytes =
      options.segmentBytes ?? Math.min(64 * mebibyte, Math.max(mebibyte, bytesMax / 32));
    this.topicFilters = options.topicFilters;
    this.io = io;
    this.pendingBytesMax = options.pendingBytesMax ?? 16 * mebibyte;
    this.report = options.report ?? (() => undefined);
    this.segments = new HistorySegments(io, scheduler, found.segments, (problem) =>
      this.report('warning', problem),
    );
    this.log = new SegmentLog(
      {
        io,
        scheduler,
        directory,
        mode: 'os',
        segmentBytes,
        fsyncIntervalMs: 1000,
        ballastBytes: 0,
      },
      found.position,
    );
    this.log.onDurable((upTo) => this.wake(upTo));
    this.log.onFault((fault) => this.faulted(fault));
    this.retention = new Retention(this.log, this.segments, scheduler, {
      maxAgeMs: options.maxAgeMs,
      bytesMax: Math.max(bytesMax - segmentBytes, segmentBytes),
      failed: (text) => this.report('warning', text),
      beforeCheck: () => this.rollWhenOld(options.maxAgeMs, scheduler.nowMs()),
    });
    for (const problem of found.problems) this.report('warning', problem);
    this.nextNumber = 1 + this.begin(found);
  }

  wants(topicName: string): boolean {
    let isWanted = this.wanted.get(topicName);
    if (isWanted === undefined) {
      isWanted = this.topicFilters.some((filter) => matches(filter, topicName));
      if (this.wanted.size >= rememberedMax) this.wanted.clear();
      this.wanted.set(topicName, isWanted);
    }
    return isWanted;
  }

  append(number: number, message: Message): void {
    const { log } = this;
    if (this.isClosing || log.isFailed || log.pressure().pendingBytes > this.pendingBytesMax) {
      this.dropped++;
      return;
    }
    writeHistoryRecord(log.begin(historyRecord, 0), number, message);
    const lsn = log.end();
    const { lastSegment, lastOffset, lastBytes } = log;
    let { tail } = this;
    if (tail?.segment !== lastSegment)
      tail = this.turnTo(new HistorySegment(lastSegment, undefined));
    const { topicName, receivedAtMs } = message;
    tail.growing?.add(topicName, number, receivedAtMs, lsn, lastOffset, lastBytes);
  }

  read(range: HistoryRange): Promise<HistoryStep> {
    return readHistory(this.io, this.segments, range, () => this.written());
  }

  /** Gives up its oldest segment, for others that need the room. @returns whether there was one */
  makeRoom(): Promise<boolean> {
    return this.retention.dropOne();
  }

  status(): HistoryLogStatus {
    let messages = 0;
    let oldestMs = Infinity;
    for (const { summary } of this.segments.all) {
      messages += summary?.records ?? 0;
      oldestMs = Math.min(oldestMs, summary?.minMs ?? Infinity);
    }
    return {
      segments: this.segments.all.length,
      bytes: this.log.sizeBytes,
      messages,
      oldestMs: oldestMs === Infinity ? undefined : oldestMs,
      dropped: this.dropped,
      isWorking: !this.isFull && !this.log.isFailed,
    };
  }

  async close(): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    await this.retention.stop();
    await this.log.close();
    this.giveUp(() => true);
    await this.sealing;
    const index = this.tail?.growing;
    if (this.tail === undefined || index === undefined || this.log.isFailed) return;
    await this.segments.seal(this.tail, index, this.log.durable);
  }

  /** @returns the number of the last message */
  private begin({ segments, indexes, position }: FoundHistory): number {
    let last = 0;
    for (const { summary } of segments) last = Math.max(last, summary?.lastNumber ?? 0);
    for (const index of indexes.values())
      last = Math.max(last, index.blocks.at(-1)?.lastNumber ?? 0);
    // They stay as they are: what is appended goes into a new one.
    const complete = async (): Promise<void> => {
      for (const [segment, index] of indexes) {
        const next = segments[segments.indexOf(segment) + 1];
        const lastLsn = next === undefined ? position.lastLsn : next.segment.firstLsn - 1;
        await this.segments.seal(segment, index, lastLsn);
      }
      await this.segments.completeAll();
      await this.retention.check();
    };
    for (const [segment, index] of indexes) segment.growing = index;
    this.sealing = complete().catch((error: unknown) => this.failedToSeal(error));
    return last;
  }

  private turnTo(next: HistorySegment): HistorySegment {
    const before = this.tail;
    const index = before?.growing;
    next.growing = new SegmentIndex();
    this.tail = next;
    this.segments.all.push(next);
    if (before === undefined || index === undefined) return next;
    const lastLsn = next.segment.firstLsn - 1;
    this.sealing = this.sealing
      .then(async () => {
        if (!(await this.writtenUpTo(lastLsn, true))) return;
        await this.segments.seal(before, index, lastLsn);
        await this.retention.check();
      })
      .catch((error: unknown) => this.failedToSeal(error));
    return next;
  }

  private failedToSeal(error: unknown): void {
    this.report('error', `a segment of the history could not be sealed: ${String(error)}`);
  }

  /** So that the segment can go when its messages are too old, however few they are. */
  private rollWhenOld(maxAgeMs: number, nowMs: number): void {
    const oldestMs = this.tail?.growing?.blocks[0]?.minMs;
    if (maxAgeMs > 0 && oldestMs !== undefined && nowMs - oldestMs > maxAgeMs / 16) this.log.roll();
  }

  private written(): Promise<boolean> {
    return this.writtenUpTo(this.log.lastLsn, false);
  }

  private writtenUpTo(lsn: Lsn, isPatient: boolean): Promise<boolean> {
    const { log } = this;
    if (lsn <= log.durable) return Promise.resolve(true);
    if (log.isFailed || this.isClosing || (this.isFull && !isPatient)) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => this.waiting.push({ lsn, isPatient, resolve }));
  }

  private wake(upTo: Lsn): void {
    if (this.waiting.length === 0) return;
    const due = this.waiting.filter(({ lsn }) => lsn <= upTo);
    this.waiting = this.waiting.filter(({ lsn }) => lsn > upTo);
    for (const { resolve } of due) resolve(true);
  }

  private giveUp(isHopeless: (waiting: Waiting) => boolean): void {
    const hopeless = this.waiting.filter(isHopeless);
    this.waiting = this.waiting.filter((waiting) => !isHopeless(waiting));
    for (const { resolve } of hopeless) resolve(false);
  }

  private faulted({ fatal, isOver, message }: LogFault): void {
    this.isFull = !fatal && !isOver;
    this.report(isOver ? 'info' : 'error', `history: ${message}`);
    if (isOver) return;
    this.giveUp(({ isPatient }) => fatal || !isPatient);
    if (this.isFull) void this.clearUp();
  }

  /** The oldest messages make room for the newest. */
  private async clearUp(): Promise<void> {
    while (this.isFull && !this.isClosing && (await this.retention.dropOne())) {
      await this.retention.pause();
    }
  }
}
