import { QoS } from '../packet/index.ts';
import type { Message, Replay, Subscription } from '../session/index.ts';
import { subscriptionKey } from '../session/index.ts';
import type { RetainedMessages } from './retained-messages.ts';

/** What a replay needs of the broker for each message. */
export interface ReplayTarget {
  /** The CONNACK went out and the carrier takes bytes. */
  readonly isReady: boolean;
  deliverRetained(message: Message, subscription: Subscription, nowMs: number): void;
}

/**
 * The Retained Messages that a new subscription gets [MQTT-3.3.1-9..11]: all that match, looked up in
 * bounded pieces and sent only as fast as the client takes them, so that they never pass through (and are
 * never cut by) its queue. A message published meanwhile may arrive live before its retained copy; the
 * copy sent is always the value of that moment. A Session that leaves goes on where it was.
 */
export class RetainedReplay implements Replay {
  private readonly walk: ReturnType<RetainedMessages['walk']>;
  private readonly subscription: Subscription;
  private readonly target: ReplayTarget;
  private readonly step: number;
  private found: Message[] = [];
  private index = 0;

  constructor(
    retained: RetainedMessages,
    subscription: Subscription,
    target: ReplayTarget,
    step: number,
  ) {
    this.walk = retained.walk(subscription.topicFilter);
    this.subscription = subscription;
    this.target = target;
    this.step = step;
  }

  pump(nowMs: number): 'finished' | 'again' | 'waiting' {
    const { session, topicFilter, shareName } = this.subscription;
    const current = session.subscriptions.get(subscriptionKey(topicFilter, shareName));
    if (current === undefined) return 'finished';
    for (let sent = 0; sent < this.step; sent++) {
      if (this.index >= this.found.length) {
        if (this.walk.done) return 'finished';
        this.found = this.walk.next(this.step).map((retained) => retained.message);
        this.index = 0;
        if (this.found.length === 0) return this.walk.done ? 'finished' : 'again';
      }
      const message = this.found[this.index] as Message;
      if (!this.takes(message)) return 'waiting';
      this.index++;
      if (!message.isExpired(nowMs)) this.target.deliverRetained(message, this.subscription, nowMs);
    }
    return 'again';
  }

  private takes(message: Message): boolean {
    if (!this.target.isReady) return false;
    const needsWindow = Math.min(message.qos, this.subscription.qos) > QoS.atMostOnce;
    return !needsWindow || this.subscription.session.outbound.hasRoom;
  }
}
