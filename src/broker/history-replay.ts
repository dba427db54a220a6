import { QoS } from '../packet/index.ts';
import { type Replay, type Subscription, subscriptionKey } from '../session/index.ts';
import type { History } from './history.ts';
import type { HistoryRange, HistoryStep, KeptMessage } from './history-range.ts';
import type { ReplayRequest } from './history-request.ts';

/** What a replay needs of the broker. */
export interface HistoryReplayHost {
  readonly history: History;
  /** The client is there and its carrier takes bytes. */
  isReady(subscription: Subscription): boolean;
  deliver(kept: KeptMessage, subscription: Subscription, nowMs: number): void;
  /** From now on messages are routed to the subscription. */
  goLive(subscription: Subscription): void;
  /** What was being read is there: `pump` is worth a call. */
  wake(subscription: Subscription): void;
  /** Nothing more comes from this replay. */
  finished(subscription: Subscription): void;
  /** So many messages, of this and other topics, went out of the memory before the client took them. */
  missed(subscription: Subscription, count: number): void;
  failed(error: unknown): void;
}

/** Messages sent in one go. */
const messagesPerPump = 64;

/**
 * Kept messages on their way to a new subscription, no faster than the client takes them. While they flow
 * nothing is routed to the subscription: what is published meanwhile is kept too, and comes in its turn. The
 * replay that has reached the present hands over to the router within one call, so there is no gap, no message
 * comes twice, the order is that of arrival, and what waits for a slow client costs no memory of its own.
 *
 * Where that cannot be (the history does not take every message that the filter matches, or the client has
 * left and its Session goes on), the subscription is routed at once, and the replay ends where that began.
 */
export class HistoryReplay implements Replay {
  readonly key: string;
  private readonly subscriptionKey: string;
  private readonly host: HistoryReplayHost;
  private readonly request: ReplayRequest;
  private subscription: Subscription;
  /** What was published before is taken by what was asked for, the rest as it comes. */
  private readonly beganAt: number;
  /** Where it ends; undefined: where it meets the present. */
  private end: number | undefined;
  private next: number | undefined;
  private found: readonly KeptMessage[] = [];
  private index = 0;
  private isReading = false;
  private isOver = false;

  constructor(host: HistoryReplayHost, subscription: Subscription, request: ReplayRequest) {
    this.host = host;
    this.subscription = subscription;
    this.request = request;
    this.subscriptionKey = subscriptionKey(subscription.topicFilter, undefined);
    this.key = `$replay/${this.subscriptionKey}`;
    this.beganAt = host.history.nextNumber;
    if (!host.history.follows(subscription.topicFilter)) this.end = this.beganAt;
    if (request.last === undefined) this.next = 1;
  }

  /** Nothing is routed to the subscription yet. */
  get isFollowing(): boolean {
    return this.end === undefined && !this.isOver;
  }

  /** What is published from now on is routed to the subscription, which may be a new one with the same key. */
  wentLive(subscription: Subscription): void {
    this.subscription = subscription;
    this.end ??= this.host.history.nextNumber;
  }

  /** The client has left, for how long nobody knows: what comes now is for the queue of its Session. */
  clientLeft(): void {
    if (!this.isFollowing || !this.isWanted) return;
    this.host.goLive(this.subscription);
    this.wentLive(this.subscription);
  }

  pump(nowMs: number): 'finished' | 'again' | 'waiting' {
    for (let sent = 0; sent < messagesPerPump; sent++) {
      // A handler of the last message may have ended the subscription.
      if (!this.isWanted || this.isOver) return 'finished';
      if (this.index >= this.found.length) {
        const state = this.isReading ? 'waiting' : this.readOn();
        if (state !== 'found') return state;
      }
      const kept = this.found[this.index] as KeptMessage;
      if (!this.takes(kept)) return 'waiting';
      this.index++;
      if (this.isDue(kept, nowMs)) this.host.deliver(kept, this.subscription, nowMs);
    }
    return 'again';
  }

  private get isWanted(): boolean {
    const { session } = this.subscription;
    return session.subscriptions.get(this.subscriptionKey) === this.subscription;
  }

  private takes({ message }: KeptMessage): boolean {
    const { session, qos } = this.subscription;
    if (session.outbound.hasRoom) return true;
    const isAtMostOnce = qos === QoS.atMostOnce || message.qos === QoS.atMostOnce;
    return isAtMostOnce && this.host.isReady(this.subscription);
  }

  private isDue({ message }: KeptMessage, nowMs: number): boolean {
    if (message.isExpired(nowMs)) return false; // [MQTT-3.3.2-5]
    const { noLocal, session } = this.subscription;
    return !noLocal || message.publisherId !== session.clientId; // [MQTT-3.8.3-3]
  }

  private readOn(): 'finished' | 'again' | 'waiting' | 'found' {
    const { history } = this.host;
    if (this.next === undefined) {
      this.locate();
      return 'waiting';
    }
    const to = this.end ?? history.nextNumber;
    if (this.next >= to) return this.finish();
    this.noticeGap(this.next);
    const range = { ...this.range(), from: this.next, to };
    const step = history.read(range);
    if (step instanceof Promise) {
      this.await(
        step.then((known) => this.take(known, to)),
        to,
      );
      return 'waiting';
    }
    this.take(step, to);
    return this.found.length === 0 ? 'again' : 'found';
  }

  private locate(): void {
    const { history } = this.host;
    const range = { ...this.range(), from: 1, to: this.beganAt };
    const located = history.startOfLast(range, this.request.last ?? 0).then((start) => {
      this.next = start;
    });
    this.await(located, this.beganAt);
  }

  /** @param skipTo where to go on when it fails: what cannot be read is not worth more than what comes */
  private await(work: Promise<void>, skipTo: number): void {
    this.isReading = true;
    const goOn = (): void => {
      this.isReading = false;
      this.host.wake(this.subscription);
    };
    work.then(goOn, (error: unknown) => {
      this.next = skipTo;
      this.host.failed(error);
      goOn();
    });
  }

  private take(step: HistoryStep, to: number): void {
    this.found = step.found;
    this.index = 0;
    this.next = step.rest?.from ?? to;
  }

  private range(): Omit<HistoryRange, 'from' | 'to'> {
    const { topicFilter } = this.subscription;
    const fromMs = this.request.sinceMs ?? -Infinity;
    return { topicFilter, fromMs, toMs: Infinity, newestFirst: false };
  }

  /** Of what was published since it began, everything was to come. */
  private noticeGap(next: number): void {
    const { history } = this.host;
    const count = history.firstInMemory - Math.max(next, this.beganAt);
    if (count > 0 && !history.archives(this.subscription.topicFilter)) {
      this.host.missed(this.subscription, count);
    }
  }

  private finish(): 'finished' {
    if (this.isFollowing) this.host.goLive(this.subscription);
    this.isOver = true;
    this.host.finished(this.subscription);
    return 'finished';
  }
}
