import type { QoS } from '../packet/index.ts';
import type { Lsn } from '../session/index.ts';
import type { Segment } from './log/segment.ts';
import type { SessionImage } from './session-image.ts';

/** Where a record is that is still needed. */
export interface Place {
  segment: Segment;
  /** In the segment's file. */
  offset: number;
  bytes: number;
}

/** A message in the log that some Session or a Topic Name still needs. */
export class StoredMessage implements Place {
  /** The LSN under which it was first stored; compaction does not change it. */
  readonly id: Lsn;
  segment: Segment;
  offset: number;
  bytes: number;
  /** The Topic Name whose Retained Message it is. */
  retainedAs: string | undefined = undefined;
  /** Its receivers, linked by `next`. */
  first: QueueEntry | undefined = undefined;

  constructor(id: Lsn, segment: Segment, offset: number, bytes: number) {
    this.id = id;
    this.segment = segment;
    this.offset = offset;
    this.bytes = bytes;
  }

  get isNeeded(): boolean {
    return this.first !== undefined || this.retainedAs !== undefined;
  }
}

/** What only few receivers have. */
export interface ReceiverExtras {
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  readonly share: string | undefined;
}

const qosMask = 0x03;
const retainBit = 0x04;
const releasedBit = 0x08;
const packetIdShift = 4;

/** A message that a Session has to get, or was sent and has not finished. Of these there may be millions. */
export class QueueEntry {
  readonly session: SessionImage;
  readonly message: StoredMessage;
  /** LSN of the operation that queued it: the order of arrival. */
  readonly queuedAt: Lsn;
  readonly extras: ReceiverExtras | undefined;
  /** LSN of the operation that told of its sending: the order of sending. */
  sentAt: Lsn = 0;
  next: QueueEntry | undefined = undefined;
  previous: QueueEntry | undefined = undefined;
  /** The same message once more for the same Session. */
  again: QueueEntry | undefined = undefined;
  private bits: number;

  constructor(
    session: SessionImage,
    message: StoredMessage,
    queuedAt: Lsn,
    qos: QoS,
    retain: boolean,
    extras: ReceiverExtras | undefined,
  ) {
    this.session = session;
    this.message = message;
    this.queuedAt = queuedAt;
    this.extras = extras;
    this.bits = qos | (retain ? retainBit : 0);
  }

  get qos(): QoS {
    return (this.bits & qosMask) as QoS;
  }
  get retain(): boolean {
    return (this.bits & retainBit) !== 0;
  }
  get released(): boolean {
    return (this.bits & releasedBit) !== 0;
  }
  /** 0 = not sent. */
  get packetId(): number {
    return this.bits >> packetIdShift;
  }

  sent(packetId: number, released: boolean): void {
    const choice = this.bits & (qosMask | retainBit);
    this.bits = choice | (released ? releasedBit : 0) | (packetId << packetIdShift);
  }
}
