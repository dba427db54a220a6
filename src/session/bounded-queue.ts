/**
 * The messages that wait for one Session, within its limits. What does not fit goes as the overflow policy
 * of its Topic Name says; each drop is reported with the limit that was reached.
 */
import { type Delivery, type DeliveryDropCause, QueueOverflow } from './delivery.ts';
import { DeliveryQueue } from './delivery-queue.ts';

export interface QueueLimits {
  /** Most QoS 1 and 2 messages that wait beyond the window; Infinity = no limit. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** QoS 0 messages wait for a Session whose client is away. */
  readonly queueQoS0Offline: boolean;
  overflowFor(topicName: string): QueueOverflow;
}

/** Sums over all sessions, kept here so that asking for them costs nothing. */
export class QueueTotals {
  queuedMessages = 0;
  queuedBytes = 0;
  inflightMessages = 0;
  inflightBytes = 0;
}

/** What the queue reports. */
export interface QueueObserver {
  dropped(delivery: Delivery, cause: DeliveryDropCause, rule: string): void;
  /**
   * Ended: acknowledged, or dropped before or after it was sent. The store may forget it. The Packet
   * Identifier is 0 where none was given.
   */
  settled(delivery: Delivery, packetId: number): void;
  /** The overflow policy asks to disconnect the receiver. */
  overflowDisconnect(): void;
}

/** What every Session has for which nothing ever waited; nothing is put into it. */
const emptyQueue = new DeliveryQueue();

export class BoundedQueue implements Iterable<Delivery> {
  private waiting = emptyQueue;
  private readonly observer: QueueObserver;
  private readonly limits: QueueLimits;
  private readonly totals: QueueTotals;

  constructor(observer: QueueObserver, limits: QueueLimits, totals: QueueTotals) {
    this.observer = observer;
    this.limits = limits;
    this.totals = totals;
  }

  get length(): number {
    return this.waiting.length;
  }
  /** Payload bytes. */
  get bytes(): number {
    return this.waiting.bytes;
  }

  [Symbol.iterator](): Iterator<Delivery> {
    return this.waiting[Symbol.iterator]();
  }

  /** Lets the message wait, or does what the policy says. */
  add(delivery: Delivery): void {
    const { topicName } = delivery.message;
    const policy = this.limits.overflowFor(topicName);
    if (policy === QueueOverflow.keepLatest) {
      const older = this.waiting.takeLatest(topicName);
      if (older !== undefined)
        this.dropWaiting(older, 'a newer message on its topic (keep-latest)');
    }
    let limit = this.limitReachedBy(delivery);
    while (limit !== undefined) {
      const rule = `${limit} (${policy})`;
      const oldest = this.mayMakeRoom(delivery, policy) ? this.waiting.shift() : undefined;
      if (oldest === undefined) {
        this.observer.dropped(delivery, 'queue-full', rule);
        this.observer.settled(delivery, 0);
        if (policy === QueueOverflow.disconnect) this.observer.overflowDisconnect();
        return;
      }
      this.dropWaiting(oldest, rule);
      limit = this.limitReachedBy(delivery);
    }
    delivery.message.own();
    if (this.waiting === emptyQueue) this.waiting = new DeliveryQueue();
    if (policy === QueueOverflow.keepLatest) this.waiting.pushLatest(delivery);
    else this.waiting.push(delivery);
    this.count(delivery, 1);
  }

  /** The one that waits longest. */
  shift(): Delivery | undefined {
    const delivery = this.waiting.shift();
    if (delivery !== undefined) this.count(delivery, -1);
    return delivery;
  }

  /** Takes out everything that `predicate` chooses, in order. */
  extract(predicate: (delivery: Delivery) => boolean): Delivery[] {
    const taken = this.waiting.extract(predicate);
    for (const delivery of taken) this.count(delivery, -1);
    return taken;
  }

  private limitReachedBy(delivery: Delivery): string | undefined {
    const { messagesMax, bytesMax } = this.limits;
    if (this.waiting.length >= messagesMax) return `max_queued ${messagesMax}`;
    const bytes = this.waiting.bytes + delivery.message.payloadBytes;
    return bytes > bytesMax ? `queued_bytes_max ${bytesMax}` : undefined;
  }

  /** Whether older messages give way: not to one that would not fit into an empty queue either. */
  private mayMakeRoom(delivery: Delivery, policy: QueueOverflow): boolean {
    if (policy === QueueOverflow.dropNewest || policy === QueueOverflow.disconnect) return false;
    return delivery.message.payloadBytes <= this.limits.bytesMax;
  }

  private dropWaiting(delivery: Delivery, rule: string): void {
    this.count(delivery, -1);
    this.observer.dropped(delivery, 'queue-full', rule);
    this.observer.settled(delivery, 0);
  }

  private count(delivery: Delivery, sign: 1 | -1): void {
    this.totals.queuedMessages += sign;
    this.totals.queuedBytes += sign * delivery.message.payloadBytes;
  }
}
