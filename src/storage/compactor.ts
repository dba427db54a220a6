/**
 * Keeps the log short. It is a queue of segments: what is still needed of the oldest is written again at the
 * end, with what has become of it, and the file is removed. Nothing else is a checkpoint (decision 16): a
 * start reads the whole log, which is never much longer than what is needed of it.
 *
 * It works in steps of at most `stepBytes`, between which the broker has its turns, and never runs ahead of
 * the disk. The old segment goes only when its successors are on the disk.
 */
import { errorCode, type Scheduler } from './io.ts';
import type { LogFault } from './log/group-writer.ts';
import type { FoundRecord } from './log/read-log.ts';
import { RecordReader } from './log/record-reader.ts';
import type { Segment } from './log/segment.ts';
import type { SegmentLog } from './log/segment-log.ts';
import { SegmentScan } from './log/segment-scan.ts';
import { MessageFlag, skipReceivers, writeMovedReceiver } from './message-codec.ts';
import { OpRecord, presentFlag } from './op-codec.ts';
import type { StateImage } from './state-image.ts';
import type { Place, StoredMessage } from './stored-message.ts';

const stepBytes = 256 * 1024;
/** Written and not yet durable: beyond that it waits for the disk. */
const pendingBytesMax = 4 * 1024 * 1024;
/** Restarts leave short segments: this many are enough. */
const segmentsMax = 64;

export interface CompactorOptions {
  readonly scheduler: Scheduler;
  /** A log shorter than this is left alone. */
  readonly compactFromBytes: number;
  /** Told when the oldest segment cannot be emptied; it stays, and grows nothing but the log. */
  readonly failed: (fault: LogFault) => void;
}

export class Compactor {
  private readonly log: SegmentLog;
  private readonly image: StateImage;
  private readonly options: CompactorOptions;
  private readonly reader = new RecordReader(new Uint8Array(0));
  private working: Promise<void> | undefined;
  private isStopped = false;
  private holds = 0;

  constructor(log: SegmentLog, image: StateImage, options: CompactorOptions) {
    this.log = log;
    this.image = image;
    this.options = options;
  }

  /** Begins to work if there is something to do. Cheap: to be called after every group. */
  check(): void {
    if (this.isStopped || this.working !== undefined || !this.isDue()) return;
    this.working = this.work().finally(() => {
      this.working = undefined;
    });
  }

  /** No segment is removed while `work` goes on: somebody reads them. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.holds++;
    try {
      await this.working;
      return await work();
    } finally {
      this.holds--;
      this.check();
    }
  }

  /** Begins nothing more. @returns when what was begun is over; the log has to be closed for that */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.working;
  }

  /** Twice what is needed, and a little: then half of what is written again at most is needed still. */
  private isDue(): boolean {
    const { segments } = this.log;
    const oldest = segments[0];
    if (oldest === undefined || segments.length < 2 || this.holds > 0) return false;
    if (oldest.liveRecords === 0 || segments.length > segmentsMax) return true;
    const allowed = Math.max(this.options.compactFromBytes, 2 * this.image.liveBytes);
    return this.log.sizeBytes > allowed + oldest.sizeBytes;
  }

  private async work(): Promise<void> {
    try {
      while (!this.isStopped && !this.log.isFailed && this.isDue()) {
        const oldest = this.log.segments[0] as Segment;
        if (oldest.liveRecords > 0) await this.empty(oldest);
        // What ended in it, and what was written again, must outlive it.
        await this.log.sync();
        if (this.isStopped || this.log.isFailed) return;
        if (oldest.liveRecords > 0) {
          this.fail('DAMAGED', `${oldest.liveRecords} records cannot be read`, oldest);
          return;
        }
        await this.log.dropOldest();
      }
    } catch (error) {
      this.fail(errorCode(error), String(error), this.log.segments[0]);
    }
  }

  /** Writes again what is still needed of the segment. */
  private async empty(segment: Segment): Promise<void> {
    const bytes = await this.log.read(segment, 0, segment.sizeBytes);
    const scan = new SegmentScan(bytes, segment.firstLsn);
    let expected = segment.firstLsn;
    let stepEnd = stepBytes;
    while (scan.next(expected)) {
      expected = scan.lsn + 1;
      this.rewrite(scan, segment);
      if (scan.end < stepEnd) continue;
      stepEnd = scan.end + stepBytes;
      if (this.log.pressure().pendingBytes > pendingBytesMax) await this.log.sync();
      else await new Promise<void>((resolve) => this.options.scheduler.afterTurn(resolve));
      if (this.isStopped || this.log.isFailed) return;
    }
  }

  private rewrite(record: FoundRecord, segment: Segment): void {
    const { type, flags, bytes, payloadStart, end, offset } = record;
    this.reader.reset(bytes, payloadStart, end);
    if (type === OpRecord.message) {
      this.rewriteMessage(record, segment);
      return;
    }
    if ((flags & presentFlag) === 0) return;
    const place = this.placeOf(type);
    if (place === undefined || place.segment !== segment || place.offset !== offset) return;
    this.log.begin(type, flags).raw(bytes.subarray(payloadStart, end));
    this.log.end();
    this.image.moved(place, this.lastPlace());
  }

  /** Where the image has the Session, subscription or identifier that the record is about. */
  private placeOf(type: number): Place | undefined {
    const { image, reader } = this;
    switch (type) {
      case OpRecord.session:
        return image.sessions.get(reader.varint())?.record;
      case OpRecord.subscription:
        return image.sessions.get(reader.varint())?.subscriptions?.get(reader.string());
      case OpRecord.unreleased:
        return image.sessions.get(reader.varint())?.unreleased?.get(reader.uint16());
      default:
        return undefined;
    }
  }

  private rewriteMessage(record: FoundRecord, segment: Segment): void {
    const { image, reader, log } = this;
    const isMoved = (record.flags & MessageFlag.moved) !== 0;
    const message = image.messages.get(isMoved ? reader.varint() : record.lsn);
    if (message?.segment !== segment || message.offset !== record.offset) return;
    skipReceivers(reader, isMoved);
    const isRetained = message.retainedAs !== undefined;
    const flags = MessageFlag.moved | (isRetained ? MessageFlag.retainSet : 0);
    const writer = log.begin(OpRecord.message, flags);
    writer.varint(message.id);
    const receivers = receiversOf(message);
    writer.varint(receivers.length);
    for (const receiver of receivers) writeMovedReceiver(writer, receiver);
    writer.raw(reader.rest());
    log.end();
    image.moved(message, this.lastPlace());
  }

  private lastPlace(): Place {
    const { lastSegment, lastOffset, lastBytes } = this.log;
    return { segment: lastSegment, offset: lastOffset, bytes: lastBytes };
  }

  private fail(code: string, reason: string, segment: Segment | undefined): void {
    this.isStopped = true;
    const message = `${segment?.path ?? 'the journal'} cannot be cleaned up (${reason}): the journal grows until a restart`;
    this.options.failed({ code, fatal: false, isOver: false, message });
  }
}

type MovedReceivers = Parameters<typeof writeMovedReceiver>[1][];

function receiversOf(message: StoredMessage): MovedReceivers {
  const receivers: MovedReceivers = [];
  for (let entry = message.first; entry !== undefined; entry = entry.next) {
    const { qos, retain, packetId, released, queuedAt, sentAt, extras } = entry;
    receivers.push({
      session: entry.session.number,
      qos,
      retain,
      subscriptionIdentifiers: extras?.subscriptionIdentifiers,
      share: extras?.share,
      packetId,
      released,
      queuedAt,
      sentAt,
    });
  }
  // The newest comes first in the list; one Session may be in it several times, in order.
  return receivers.reverse();
}
