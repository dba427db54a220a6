/**
 * What follows from all operations so far, without any content: which records of the log are still needed,
 * where they are, and how far each receiver of each message is. It is kept up to date with every append,
 * and a start builds it by reading the log. The content stays in the log; who needs it reads it there.
 *
 * It takes operations in the order of the log and believes none of them: after damage one may speak of
 * Sessions and messages that nobody knows.
 */
import type { Op, Receiver, SessionNumber } from '../broker/index.ts';
import type { Lsn } from '../session/index.ts';
import type { Segment } from './log/segment.ts';
import { LsnMap } from './lsn-map.ts';
import type { ReceiverState } from './message-codec.ts';
import { SessionImage } from './session-image.ts';
import { type Place, QueueEntry, StoredMessage } from './stored-message.ts';
import { TextMap } from './text-map.ts';

export class StateImage {
  readonly sessions: Map<SessionNumber, SessionImage> = new Map();
  readonly messages: LsnMap<StoredMessage> = new LsnMap();
  readonly retained: TextMap<StoredMessage> = new TextMap();
  /** Of all records that are still needed. */
  liveBytes = 0;

  get queuedCount(): number {
    let count = 0;
    for (const session of this.sessions.values()) count += session.queuedCount;
    return count;
  }

  /** An operation that was just written as the record at that place. */
  apply(op: Op, lsn: Lsn, segment: Segment, offset: number, bytes: number): void {
    switch (op.kind) {
      case 'message': {
        const message = this.message(lsn, segment, offset, bytes);
        for (const receiver of op.to) this.receive(message, receiver, lsn);
        const { topicName } = op.message;
        if (op.retain !== 'none') this.retain(topicName, op.retain === 'set' ? message : undefined);
        this.forgetUnneeded(message);
        break;
      }
      case 'queued':
        this.queue(op.message, op.to, lsn);
        break;
      case 'settled':
        this.settle(op.session, op.message, op.packetId ?? 0);
        break;
      case 'inflight':
        this.sent(op.session, op.message, op.packetId, op.released, lsn);
        break;
      case 'unreleased':
        this.unreleased(op.session, op.packetId, op.held ? { segment, offset, bytes } : undefined);
        break;
      case 'session':
        this.session(op.session, op.record === undefined ? undefined : { segment, offset, bytes });
        break;
      case 'subscription': {
        const place = op.subscription === undefined ? undefined : { segment, offset, bytes };
        this.subscription(op.session, op.key, place);
        break;
      }
      case 'retained-removed':
        this.retain(op.topicName, undefined);
        break;
      default:
        op satisfies never;
    }
  }

  /** A message under the number `id`, in a record at that place; nobody needs it yet. */
  message(id: Lsn, segment: Segment, offset: number, bytes: number): StoredMessage {
    const message = new StoredMessage(id, segment, offset, bytes);
    this.messages.set(id, message);
    this.occupy(message);
    return message;
  }

  receive(message: StoredMessage, receiver: Receiver, queuedAt: Lsn): QueueEntry {
    const session = this.sessionOf(receiver.session);
    const { qos, retain, subscriptionIdentifiers, share } = receiver;
    const hasExtras = subscriptionIdentifiers !== undefined || share !== undefined;
    const extras = hasExtras ? { subscriptionIdentifiers, share } : undefined;
    const entry = new QueueEntry(session, message, queuedAt, qos, retain === true, extras);
    const { first } = message;
    entry.next = first;
    if (first !== undefined) first.previous = entry;
    message.first = entry;
    session.add(entry);
    return entry;
  }

  /** As compaction found the receiver. */
  receiveMoved(message: StoredMessage, receiver: Receiver & ReceiverState): void {
    const entry = this.receive(message, receiver, receiver.queuedAt);
    entry.sent(receiver.packetId, receiver.released);
    entry.sentAt = receiver.sentAt;
  }

  queue(id: Lsn, receiver: Receiver, lsn: Lsn): void {
    const message = this.messages.get(id);
    if (message !== undefined) this.receive(message, receiver, lsn);
  }

  settle(session: SessionNumber, id: Lsn, packetId: number): void {
    const entry = this.sessions.get(session)?.find(id, packetId);
    if (entry !== undefined) this.forgetEntry(entry);
  }

  sent(session: SessionNumber, id: Lsn, packetId: number, released: boolean, lsn: Lsn): void {
    const entry = this.sessions.get(session)?.find(id, packetId);
    if (entry === undefined) return;
    if (!released) entry.sentAt = lsn;
    entry.sent(packetId, released);
  }

  unreleased(number: SessionNumber, packetId: number, place: Place | undefined): void {
    if (place === undefined) {
      const known = this.sessions.get(number)?.unreleased;
      const before = known?.get(packetId);
      if (before === undefined) return;
      this.vacate(before);
      known?.delete(packetId);
      return;
    }
    const session = this.sessionOf(number);
    session.unreleased ??= new Map();
    this.replace(session.unreleased.get(packetId), place);
    session.unreleased.set(packetId, place);
  }

  session(number: SessionNumber, place: Place | undefined): void {
    if (place !== undefined) {
      const session = this.sessionOf(number);
      this.replace(session.record, place);
      session.record = place;
      return;
    }
    const session = this.sessions.get(number);
    if (session === undefined) return;
    this.sessions.delete(number);
    if (session.record !== undefined) this.vacate(session.record);
    for (const each of session.subscriptions?.values() ?? []) this.vacate(each);
    for (const each of session.unreleased?.values() ?? []) this.vacate(each);
    for (const entry of session.entries()) this.unlink(entry);
    session.clear();
  }

  subscription(number: SessionNumber, key: string, place: Place | undefined): void {
    if (place === undefined) {
      const known = this.sessions.get(number)?.subscriptions;
      const before = known?.get(key);
      if (before === undefined) return;
      this.vacate(before);
      known?.delete(key);
      return;
    }
    const session = this.sessionOf(number);
    session.subscriptions ??= new Map();
    this.replace(session.subscriptions.get(key), place);
    session.subscriptions.set(key, place);
  }

  /** The Retained Message of a Topic Name is this one, or there is none. */
  retain(topicName: string, message: StoredMessage | undefined): void {
    const before = this.retained.get(topicName);
    if (before === message) return;
    if (message === undefined) this.retained.delete(topicName);
    else {
      message.retainedAs = topicName;
      this.retained.set(topicName, message);
    }
    if (before === undefined) return;
    before.retainedAs = undefined;
    this.forgetUnneeded(before);
  }

  /** It cannot be read, or a newer record tells all about it. */
  forget(message: StoredMessage): void {
    while (message.first !== undefined) this.forgetEntry(message.first);
    if (message.retainedAs !== undefined) this.retain(message.retainedAs, undefined);
  }

  /** What nobody needs is not kept. */
  forgetUnneeded(message: StoredMessage): void {
    if (message.isNeeded || !this.messages.delete(message.id)) return;
    this.vacate(message);
  }

  /** The record was written again elsewhere. */
  moved(place: Place, to: Place): void {
    this.vacate(place);
    place.segment = to.segment;
    place.offset = to.offset;
    place.bytes = to.bytes;
    this.occupy(place);
  }

  private forgetEntry(entry: QueueEntry): void {
    entry.session.remove(entry);
    this.unlink(entry);
  }

  private unlink(entry: QueueEntry): void {
    const { message, next, previous } = entry;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else {
      message.first = next;
      this.forgetUnneeded(message);
    }
  }

  private sessionOf(number: SessionNumber): SessionImage {
    let session = this.sessions.get(number);
    if (session === undefined) {
      session = new SessionImage(number);
      this.sessions.set(number, session);
    }
    return session;
  }

  private replace(before: Place | undefined, place: Place): void {
    if (before !== undefined) this.vacate(before);
    this.occupy(place);
  }

  private occupy({ segment, bytes }: Place): void {
    segment.liveBytes += bytes;
    segment.liveRecords++;
    this.liveBytes += bytes;
  }

  private vacate({ segment, bytes }: Place): void {
    segment.liveBytes -= bytes;
    segment.liveRecords--;
    this.liveBytes -= bytes;
  }
}
