/**
 * Reads the content of everything that an image still needs, segment by segment and each from its begin to
 * its end, and hands it over as Sessions and Retained Messages.
 */
import type { SessionNumber, SessionRecord, StateSink, StoredDelivery } from '../broker/index.ts';
import type { Message } from '../session/index.ts';
import type { Io } from './io.ts';
import { recordBytesMin } from './log/format.ts';
import { readSegment } from './log/read-log.ts';
import { RecordError, RecordReader } from './log/record-reader.ts';
import type { Segment } from './log/segment.ts';
import { readMessageOf, readOp } from './op-codec.ts';
import type { StoredSubscription } from './session-codec.ts';
import type { SessionImage } from './session-image.ts';
import type { StateImage } from './state-image.ts';
import { type Place, type QueueEntry, StoredMessage } from './stored-message.ts';

export class StateLoader {
  private readonly io: Io;
  private readonly image: StateImage;
  private readonly problems: string[];
  private readonly wanted = new Map<Segment, Place[]>();
  private readonly messages = new Map<StoredMessage, Message>();
  private readonly records = new Map<SessionNumber, SessionRecord>();
  private readonly subscriptions = new Map<SessionNumber, StoredSubscription[]>();
  private readonly reader = new RecordReader(new Uint8Array(0));
  private buffer = new Uint8Array(0);

  /** @param problems gets a sentence for everything that cannot be read */
  constructor(io: Io, image: StateImage, problems: string[]) {
    this.io = io;
    this.image = image;
    this.problems = problems;
  }

  load(sink: StateSink): void {
    for (const message of this.image.messages.values()) this.want(message);
    for (const session of this.image.sessions.values()) {
      if (session.record !== undefined) this.want(session.record);
      for (const place of session.subscriptions?.values() ?? []) this.want(place);
    }
    for (const [segment, places] of this.wanted) this.read(segment, places, sink);
    for (const session of this.image.sessions.values()) {
      const record = this.records.get(session.number);
      if (record !== undefined) this.hand(session, record, sink);
    }
  }

  private want(place: Place): void {
    const known = this.wanted.get(place.segment);
    if (known === undefined) this.wanted.set(place.segment, [place]);
    else known.push(place);
  }

  private read(segment: Segment, places: readonly Place[], sink: StateSink): void {
    const { sizeBytes, path } = segment;
    if (sizeBytes > this.buffer.length) this.buffer = new Uint8Array(sizeBytes);
    const bytes = this.buffer.subarray(0, sizeBytes);
    readSegment(this.io, path, bytes, this.problems);
    for (const place of places) {
      const { offset } = place;
      this.reader.reset(bytes, offset + recordBytesMin, offset + place.bytes);
      try {
        this.take(place, bytes[offset + 16] as number, bytes[offset + 17] as number, sink);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        const reason = error.message;
        this.problems.push(`the record at byte ${offset} of ${path} makes no sense: ${reason}`);
      }
    }
  }

  private take(place: Place, type: number, flags: number, sink: StateSink): void {
    if (place instanceof StoredMessage) {
      const { id, retainedAs } = place;
      const message = readMessageOf(flags, id, this.reader, retainedAs);
      if (place.first !== undefined) this.messages.set(place, message);
      if (retainedAs !== undefined) sink.retained(message);
      return;
    }
    const op = readOp(type, flags, 0, this.reader);
    if (op.kind === 'session' && op.record !== undefined) {
      this.records.set(op.session, op.record);
    } else if (op.kind === 'subscription' && op.subscription !== undefined) {
      const known = this.subscriptions.get(op.session);
      if (known === undefined) this.subscriptions.set(op.session, [op.subscription]);
      else known.push(op.subscription);
    }
  }

  private hand(session: SessionImage, record: SessionRecord, sink: StateSink): void {
    const entries: QueueEntry[] = [];
    for (const entry of session.entries())
      if (this.messages.has(entry.message)) entries.push(entry);
    const sent = entries.filter(({ packetId }) => packetId !== 0);
    const waiting = entries.filter(({ packetId }) => packetId === 0);
    sent.sort((a, b) => a.sentAt - b.sentAt);
    waiting.sort((a, b) => a.queuedAt - b.queuedAt);
    sink.session({
      number: session.number,
      record,
      subscriptions: this.subscriptions.get(session.number) ?? [],
      unreleased: [...(session.unreleased?.keys() ?? [])],
      inflight: sent.map((entry) => this.delivery(entry)),
      queued: waiting.map((entry) => this.delivery(entry)),
    });
  }

  private delivery(entry: QueueEntry): StoredDelivery {
    const { qos, retain, packetId, released, extras } = entry;
    const message = this.messages.get(entry.message) as Message;
    return {
      message,
      session: entry.session.number,
      qos,
      retain,
      subscriptionIdentifiers: extras?.subscriptionIdentifiers,
      share: extras?.share,
      packetId,
      released,
    };
  }
}
