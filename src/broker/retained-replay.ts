import { QoS } from '../packet/index.ts';
import type { Message, Replay, Session, Subscription } from '../session/index.ts';
import { subscriptionKey } from '../session/index.ts';
import type { RetainedMessage } from './retained-message.ts';
import type { RetainedMessages } from './retained-messages.ts';

/** What a replay needs of the broker for each message. */
export interface ReplayTarget {
  /** The Session's client is there and its carrier takes bytes. */
  isReady(session: Session): boolean;
  deliverRetained(message: Message, subscription: Subscription, nowMs: number): void;
}

/**
 * The Retained Messages that a new subscription gets [MQTT-3.3.1-9..11]: all that match, looked up in
 * bounded pieces and sent only as fast as the client takes them, so that they never pass through (and are
 * never cut by) its queue. A message published meanwhile may arrive live before its retained copy; the
 * copy sent is always the value of that moment. A Session that leaves goes on where it was.
 */
export class RetainedReplay implements Replay {
  /** What the subscription is known by in its Session. */
  readonly key: string;
  private readonly walk: ReturnType<RetainedMessages['walk']>;
  private readonly subscription: Subscription;
  private readonly target: ReplayTarget;
  private readonly step: number;
  private found: RetainedMessage[] = [];
  private index = 0;

  constructor(
    retained: RetainedMessages,
    subscription: Subscription,
    target: ReplayTarget,
    step: number,
  ) {
    this.key = subscriptionKey(subscription.topicFilter, subscription.shareName);
    this.walk = retained.walk(subscription.topicFilter);
    this.subscription = subscription;
    this.target = target;
    this.step = step;
  }

  pump(nowMs: number): 'finished' | 'again' | 'waiting' {
    // The options may have changed since; without the subscription nothing more is due.
    const current = this.subscription.session.subscriptions.get(this.key);
    if (current === undefined) return 'finished';
    for (let sent = 0; sent < this.step; sent++) {
      if (this.index >= this.found.length) {
        if (this.walk.done) return 'finished';
        this.found = this.walk.next(this.step);
        this.index = 0;
        if (this.found.length === 0) return this.walk.done ? 'finished' : 'again';
      }
      const retained = this.found[this.index] as RetainedMessage;
      // It may have waited since it was found. If it was removed, the client has what came after it.
      if (!retained.isRemoved) {
        if (!this.takes(retained, current)) return 'waiting';
        const { message } = retained;
        if (!message.isExpired(nowMs)) this.target.deliverRetained(message, current, nowMs);
      }
      this.index++;
    }
    return 'again';
  }

  private takes(retained: RetainedMessage, { session, qos }: Subscription): boolean {
    if (session.outbound.hasRoom) return true;
    return retained.qosFor(qos) === QoS.atMostOnce && this.target.isReady(session);
  }
}
