/**
 * All Sessions: the one place where they start and end, so that no part of one is ever left behind.
 */
import { MqttVersion } from '../packet/index.ts';
import {
  type Delivery,
  type DeliveryDropCause,
  type Lsn,
  OutboundFlow,
  type OutboundObserver,
  type QueueLimits,
  Session,
  Subscription,
  type SubscriptionFields,
  subscriptionKey,
  type TakenBack,
} from '../session/index.ts';
import { type Core, orUnlimited, reportDrop } from './core.ts';
import type { SessionEnded } from './events.ts';
import type { Router } from './router.ts';
import type { ShareGroup } from './share-group.ts';
import type { SessionNumber, SessionRecord, StoredSession } from './stores.ts';
import { Timer } from './timer-wheel.ts';

/** What the registry asks of the rest of the broker. */
export interface SessionRegistryHost {
  /** A message that came through a Shared Subscription and may go to another member. */
  redirect(delivery: Delivery): void;
  /** The overflow policy of a queue asks to disconnect its client. */
  overflowDisconnect(session: Session): void;
  /** A Session ends: a Will Message that still waits is due now [MQTT-3.1.2-8]. */
  sessionEnding(session: Session): void;
  isConnected(session: Session): boolean;
}

/** A subscription that was made. */
interface Subscribed {
  readonly subscription: Subscription;
  readonly replaced: Subscription | undefined;
  readonly lsn: Lsn;
}

export class SessionRegistry {
  private readonly core: Core;
  private readonly router: Router;
  private readonly host: SessionRegistryHost;
  private readonly sessions = new Map<string, Session>();
  private readonly expiries = new Map<Session, Timer>();
  private readonly queueLimits: QueueLimits;
  private nextNumber = 1;
  subscriptionCount = 0;
  sharedSubscriptionCount = 0;

  constructor(core: Core, router: Router, host: SessionRegistryHost) {
    this.core = core;
    this.router = router;
    this.host = host;
    const { limits, overflowFor, queueQoS0Offline } = core.settings;
    this.queueLimits = {
      messagesMax: orUnlimited(limits.queuedMessagesMax),
      bytesMax: orUnlimited(limits.queuedBytesMax),
      queueQoS0Offline,
      overflowFor,
    };
  }

  get count(): number {
    return this.sessions.size;
  }

  get(clientId: string): Session | undefined {
    return this.sessions.get(clientId);
  }

  all(): Iterable<Session> {
    return this.sessions.values();
  }

  start(clientId: string, protocolVersion: MqttVersion): Session {
    const session = this.make(clientId, this.nextNumber, protocolVersion);
    this.core.plugins.tell('sessionStarted', { clientId });
    return session;
  }

  /** Makes a Session again that a store has kept, without telling the store. */
  restore(stored: StoredSession): Session {
    const { number, record } = stored;
    const session = this.make(record.clientId, number, record.protocolVersion ?? MqttVersion.v311);
    session.username = record.username;
    session.expiryIntervalMs = record.expiryIntervalMs;
    session.expiresAtMs = record.expiresAtMs;
    session.disconnectedAtMs = record.disconnectedAtMs;
    session.will = record.will;
    session.isRecorded = true;
    for (const fields of stored.subscriptions) this.insert({ ...fields, session });
    for (const packetId of stored.unreleased) session.unreleased.add(packetId);
    return session;
  }

  /** The Shared Subscription of this Session that is known by `key`. */
  shareOf(session: Session, key: string | undefined): ShareGroup | undefined {
    const subscription = key === undefined ? undefined : session.subscriptions.get(key);
    return subscription === undefined ? undefined : this.router.groupOf(subscription);
  }

  private make(clientId: string, number: SessionNumber, protocolVersion: MqttVersion): Session {
    const session = new Session(
      clientId,
      number,
      protocolVersion,
      (owner) =>
        new OutboundFlow(
          new SessionOutboundObserver(this.core, owner, this.host),
          this.queueLimits,
          this.core.totals,
        ),
    );
    this.nextNumber = Math.max(this.nextNumber, number + 1);
    this.sessions.set(clientId, session);
    return session;
  }

  /** Ends a Session with everything that belongs to it [MQTT-3.1.2-4], [MQTT-4.1.0-2]. */
  end(session: Session, cause: SessionEnded['cause']): void {
    if (this.sessions.get(session.clientId) !== session) return;
    this.host.sessionEnding(session);
    this.sessions.delete(session.clientId);
    this.keep(session);
    for (const subscription of session.subscriptions) this.drop(subscription);
    session.clear();
    const shared = session.outbound.takeBack(() => true, true);
    const discardedMessages = session.outbound.clear();
    if (cause === 'expired') this.core.counters.sessionsExpired++;
    for (const { delivery } of shared) this.host.redirect(delivery);
    // Only now the store may forget what others have taken over.
    if (session.isRecorded) this.record(session, true);
    this.core.plugins.tell('sessionEnded', {
      clientId: session.clientId,
      cause,
      discardedMessages,
    });
  }

  /** The client is gone: the Session lives on for its expiry interval, or ends now. */
  release(session: Session, nowMs: number): void {
    if (this.sessions.get(session.clientId) !== session) return;
    if (session.expiryIntervalMs === 0) {
      this.end(session, 'disconnect');
      return;
    }
    session.disconnectedAtMs = nowMs;
    session.expiresAtMs = nowMs + session.expiryIntervalMs;
    this.record(session);
    this.expireInTime(session);
  }

  /** Ends the Session when its time has come, unless its client is back before. */
  expireInTime(session: Session): void {
    if (session.expiresAtMs === Infinity) return;
    const timer = new Timer(() => this.end(session, 'expired'));
    this.expiries.set(session, timer);
    this.core.wheel.schedule(timer, session.expiresAtMs);
  }

  /** The client is back: the Session does not expire while it is connected. */
  keep(session: Session): void {
    session.expiresAtMs = Infinity;
    session.disconnectedAtMs = undefined;
    const timer = this.expiries.get(session);
    if (timer === undefined) return;
    this.core.wheel.cancel(timer);
    this.expiries.delete(session);
  }

  /** Writes what the store keeps of a Session. @returns what to wait for. */
  record(session: Session, ended = false): Lsn {
    session.isRecorded = !ended;
    const record = ended ? undefined : recordOf(session);
    return this.core.journal.append({ kind: 'session', session: session.number, record });
  }

  /** Adds or replaces a subscription. @returns it, the one it replaced, and what to wait for. */
  subscribe(fields: SubscriptionFields): Subscribed {
    const { session, topicFilter, shareName } = fields;
    const { subscription, replaced } = this.insert(fields);
    const key = subscriptionKey(topicFilter, shareName);
    return { subscription, replaced, lsn: this.recordSubscription(session, key, subscription) };
  }

  private insert(fields: SubscriptionFields): Omit<Subscribed, 'lsn'> {
    const { session } = fields;
    // Thousands of Sessions may subscribe to one filter: they hold its text once.
    const topicFilter = this.router.knownText(fields.topicFilter);
    const subscription = new Subscription({ ...fields, topicFilter });
    const replaced = session.subscriptions.add(subscription);
    this.router.add(subscription, replaced, this.host.isConnected(session));
    if (replaced === undefined) this.countSubscription(subscription, 1);
    return { subscription, replaced };
  }

  /** @returns what to wait for, or undefined when there was no such subscription. */
  unsubscribe(session: Session, key: string): Lsn | undefined {
    const subscription = session.subscriptions.delete(key);
    if (subscription === undefined) return undefined;
    session.endReplay(key);
    const group = this.router.groupOf(subscription);
    this.drop(subscription);
    if (group !== undefined) {
      // What was sent is finished with this client [MQTT-3.10.4-2]; the rest is for the others.
      this.handOn(
        session,
        session.outbound.takeBack((share) => share === group, false),
      );
    }
    return this.recordSubscription(session, key, undefined);
  }

  /** Shared Subscriptions ask connected members first, so they are told who is. */
  connectedChanged(session: Session, isConnected: boolean): void {
    for (const subscription of session.subscriptions) {
      this.router.groupOf(subscription)?.join(subscription, isConnected);
    }
    if (isConnected) return;
    const shared = session.outbound.takeBack(
      (share) => (share as { hasConnectedMember: boolean }).hasConnectedMember,
      true,
    );
    this.handOn(session, shared);
  }

  /** To other members of a Shared Subscription; the store may forget each when another has it. */
  private handOn(session: Session, taken: readonly TakenBack[]): void {
    for (const { delivery, packetId } of taken) {
      this.host.redirect(delivery);
      recordSettled(this.core, session, delivery, packetId);
    }
  }

  private drop(subscription: Subscription): void {
    this.router.remove(subscription);
    this.countSubscription(subscription, -1);
  }

  private countSubscription(subscription: Subscription, sign: 1 | -1): void {
    this.subscriptionCount += sign;
    if (subscription.shareName !== undefined) this.sharedSubscriptionCount += sign;
  }

  private recordSubscription(
    session: Session,
    key: string,
    subscription: Subscription | undefined,
  ): Lsn {
    if (!session.isPersistent) return 0;
    const number = session.number;
    return this.core.journal.append({ kind: 'subscription', session: number, key, subscription });
  }
}

/** What the outbound flow of one Session reports goes to the counters, the observers and the store. */
class SessionOutboundObserver implements OutboundObserver {
  private readonly core: Core;
  private readonly session: Session;
  private readonly host: SessionRegistryHost;

  constructor(core: Core, session: Session, host: SessionRegistryHost) {
    this.core = core;
    this.session = session;
    this.host = host;
  }

  dropped(delivery: Delivery, cause: DeliveryDropCause, rule: string): void {
    const { message } = delivery;
    reportDrop(this.core, {
      cause,
      topicName: message.topicName,
      qos: delivery.qos,
      payloadBytes: message.payloadBytes,
      clientId: this.session.clientId,
      publisherId: message.publisherId,
      rule,
      reasonCode: cause === 'queue-full' ? 0x97 : 0x00,
    });
  }

  delivered(delivery: Delivery, packetId: number): Lsn {
    const { message } = delivery;
    const lsn = packetId === 0 ? 0 : this.recordInflight(message.lsn, packetId, false);
    if (this.core.plugins.observesDelivered) {
      this.core.plugins.tell('messageDelivered', message, this.session.clientId, delivery.qos);
    }
    return lsn;
  }

  released(delivery: Delivery, packetId: number): Lsn {
    return this.recordInflight(delivery.message.lsn, packetId, true);
  }

  settled(delivery: Delivery, packetId: number): void {
    recordSettled(this.core, this.session, delivery, packetId);
  }

  overflowDisconnect(): void {
    this.host.overflowDisconnect(this.session);
  }

  private recordInflight(lsn: Lsn, packetId: number, released: boolean): Lsn {
    if (lsn === 0 || !this.session.isPersistent) return 0;
    return this.core.journal.append({
      kind: 'inflight',
      session: this.session.number,
      packetId,
      message: lsn,
      released,
    });
  }
}

/** The Session is done with the message; the store may forget that. */
function recordSettled(
  core: Core,
  session: Session,
  { message, qos }: Delivery,
  packetId: number,
): void {
  if (message.lsn === 0 || qos === 0 || !session.isPersistent) return;
  const { number } = session;
  core.journal.append({ kind: 'settled', session: number, message: message.lsn, packetId });
}

/** What the store keeps of a Session. */
export function recordOf(session: Session): SessionRecord {
  const { clientId, username, expiryIntervalMs, expiresAtMs, will } = session;
  const { protocolVersion, disconnectedAtMs } = session;
  return {
    clientId,
    username,
    expiryIntervalMs,
    expiresAtMs,
    will,
    protocolVersion,
    disconnectedAtMs,
  };
}
