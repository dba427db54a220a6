/**
 * From an accepted Message to its receivers. For each: one copy, at the right QoS, RETAIN flag and
 * identifiers; then the store learns of it, and the Retained Message is set. The order matters: the store
 * hears first who will get the message, so that whatever happens to a copy afterwards refers to something
 * it knows.
 */
import { ownPayloadBytesMin, QoS } from '../packet/index.ts';
import {
  type Delivery,
  Message,
  type MessageFields,
  type Session,
  SharedWire,
  type Subscription,
  subscriptionKey,
} from '../session/index.ts';
import { type Core, reportDrop } from './core.ts';
import type { ClientFacts } from './events.ts';
import type { RetainedMessages } from './retained-messages.ts';
import {
  combine,
  type LocalSubscriber,
  type Route,
  type Router,
  type RouteTarget,
} from './router.ts';
import type { ShareGroup } from './share-group.ts';
import type { Receiver } from './stores.ts';

interface PendingLocal {
  readonly subscriber: LocalSubscriber;
  readonly message: Message;
}

type StoredReceivers = Receiver[];

/** In-process handlers called in one go before other work gets its turn. */
const localCallsPerTurn = 10_000;

export class Dispatcher {
  private readonly core: Core;
  private readonly router: Router;
  private readonly retained: RetainedMessages;
  private readonly factsOf: (session: Session) => ClientFacts;
  private pendingLocals: PendingLocal[] = [];
  private isCallingLocals = false;

  constructor(
    core: Core,
    router: Router,
    retained: RetainedMessages,
    factsOf: (session: Session) => ClientFacts,
  ) {
    this.core = core;
    this.router = router;
    this.retained = retained;
    this.factsOf = factsOf;
  }

  /**
   * @returns how many receivers got, or will get, a copy. What has to be durable before the message is
   * acknowledged is its `lsn`.
   */
  dispatch(message: Message, nowMs: number): number {
    const route = this.router.match(message.topicName);
    const members = route.groups.length > 0 ? chooseMembers(route.groups, message) : noMembers;
    this.record(message, route, members);
    if (this.core.history !== undefined) this.core.history.record(message);
    let matched = 0;
    let last: Delivery | undefined;
    // Large payloads are not copied at all, so there is nothing to share.
    const isShared = route.targets.length > 1 && message.payloadBytes < ownPayloadBytesMin;
    for (const target of route.targets) {
      const delivery = this.deliveryFor(message, target, last, isShared);
      if (delivery === undefined) continue;
      last = delivery;
      matched++;
      target.session.outbound.deliver(delivery, nowMs);
    }
    for (const { group, member } of members) {
      if (this.deliverShared(message, group, member, nowMs)) matched++;
    }
    for (const subscriber of route.locals) {
      if (this.queueLocal(subscriber, message)) matched++;
    }
    if (message.retain) this.retain(message);
    if (this.core.plugins.observesPublished) {
      this.core.plugins.tell('messagePublished', message, matched);
    }
    if (this.pendingLocals.length > 0) this.callLocals();
    return matched;
  }

  /** A message that its member of a Shared Subscription gave back: to another one, if there is one. */
  redirect(delivery: Delivery, nowMs: number): void {
    const group = delivery.share as ShareGroup;
    const { message } = delivery;
    const isExpired = message.isExpired(nowMs); // [MQTT-3.3.2-5]
    const member = isExpired ? undefined : group.choose(message);
    if (member === undefined) {
      const nobody = `$share/${group.shareName}/${group.topicFilter} has no member left`;
      reportDrop(this.core, {
        cause: isExpired ? 'expired' : 'no-shared-member',
        topicName: message.topicName,
        qos: delivery.qos,
        payloadBytes: message.payloadBytes,
        clientId: undefined,
        publisherId: message.publisherId,
        rule: isExpired ? 'Message Expiry Interval' : nobody,
        reasonCode: 0x00,
      });
      return;
    }
    this.deliverShared(this.recordHandedOn(message, member), group, member, nowMs);
  }

  /** One Retained Message for a new subscription: RETAIN 1 whatever the options say [MQTT-3.3.1-8]. */
  deliverRetained(message: Message, subscription: Subscription, nowMs: number): void {
    this.deliverAgain(message, subscription, true, nowMs);
  }

  /** One message of the past, for a subscription that asked for them. */
  deliverKept(message: Message, subscription: Subscription, nowMs: number): void {
    this.deliverAgain(message, subscription, false, nowMs);
  }

  private deliverAgain(
    message: Message,
    subscription: Subscription,
    retain: boolean,
    nowMs: number,
  ): void {
    const { session } = subscription;
    if (!this.mayRead(session, message)) return;
    const qos = lower(message.qos, subscription.qos);
    const subscriptionIdentifiers = identifiersOf(subscription);
    if (qos > QoS.atMostOnce && session.isPersistent && message.lsn !== 0) {
      const to = { session: session.number, qos, subscriptionIdentifiers, retain };
      this.core.journal.append({ kind: 'queued', message: message.lsn, to });
    }
    session.outbound.deliver(
      {
        message,
        qos,
        retain,
        subscriptionIdentifiers,
        share: undefined,
        wire: undefined,
      },
      nowMs,
    );
  }

  /** The copy for one Session, or undefined when it gets none. Equal copies are one object. */
  private deliveryFor(
    message: Message,
    target: RouteTarget,
    last: Delivery | undefined,
    isShared: boolean,
  ): Delivery | undefined {
    const effective = withoutNoLocal(message, target);
    if (effective === undefined) return undefined;
    const qos = lower(message.qos, effective.qos);
    if (!this.mayRead(target.session, message)) {
      this.settle(message, target.session, qos);
      return undefined;
    }
    const retain = message.retain && effective.retainAsPublished; // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
    if (
      last !== undefined &&
      last.qos === qos &&
      last.retain === retain &&
      last.subscriptionIdentifiers === undefined &&
      effective.identifiers === undefined
    ) {
      return last;
    }
    const subscriptionIdentifiers = effective.identifiers;
    const wire = isShared ? new SharedWire() : undefined;
    return { message, qos, retain, subscriptionIdentifiers, share: undefined, wire };
  }

  private deliverShared(
    message: Message,
    group: ShareGroup,
    member: Subscription,
    nowMs: number,
  ): boolean {
    const { session } = member;
    const qos = lower(message.qos, member.qos);
    if (!this.mayRead(session, message)) {
      this.settle(message, session, qos);
      return false;
    }
    session.outbound.deliver(
      {
        message,
        qos,
        retain: message.retain && member.retainAsPublished,
        subscriptionIdentifiers: identifiersOf(member),
        share: group,
        wire: undefined,
      },
      nowMs,
    );
    return true;
  }

  private mayRead(session: Session, message: Message): boolean {
    const { plugins } = this.core;
    if (plugins.authorizersOfDelivery.length === 0) return true;
    const verdict = plugins.authorizeDelivery(this.factsOf(session), message);
    if (verdict.allow) return true;
    reportDrop(this.core, {
      cause: 'read-not-authorized',
      topicName: message.topicName,
      qos: message.qos,
      payloadBytes: message.payloadBytes,
      clientId: session.clientId,
      publisherId: message.publisherId,
      rule: verdict.rule,
      reasonCode: verdict.reasonCode,
    });
    return false;
  }

  /** Tells the store who will get the message, where that outlives a connection, and what is retained. */
  private record(message: Message, route: Route, members: readonly ChosenMember[]): void {
    let to: StoredReceivers | undefined;
    if (message.qos > QoS.atMostOnce) {
      for (const target of route.targets) {
        const { session } = target;
        if (!session.isPersistent || target.qos === QoS.atMostOnce) continue;
        const effective = withoutNoLocal(message, target);
        if (effective === undefined || effective.qos === QoS.atMostOnce) continue;
        to ??= [];
        to.push({
          session: session.number,
          qos: lower(effective.qos, message.qos),
          subscriptionIdentifiers: effective.identifiers,
          retain: message.retain && effective.retainAsPublished,
        });
      }
      for (const { member } of members) {
        if (!member.session.isPersistent || member.qos === QoS.atMostOnce) continue;
        to ??= [];
        to.push(receiverOf(member, message));
      }
    }
    // The next start has a `$SYS` tree of its own.
    const isRetained = message.retain && !message.topicName.startsWith('$SYS/');
    if (to === undefined && !isRetained) return;
    const retain = isRetained ? (message.payloadBytes > 0 ? 'set' : 'remove') : 'none';
    message.lsn = this.core.journal.append({ kind: 'message', message, to: to ?? [], retain });
  }

  /**
   * The place in the log that the message has belongs to the Sessions that were told then; for one that
   * gets it later it is stored anew.
   */
  private recordHandedOn(message: Message, member: Subscription): Message {
    const { session } = member;
    const qos = lower(message.qos, member.qos);
    if (qos === QoS.atMostOnce || !session.isPersistent) return message;
    const copy = new Message({ ...fieldsOf(message), nowMs: message.receivedAtMs });
    const to = [receiverOf(member, message)];
    copy.lsn = this.core.journal.append({ kind: 'message', message: copy, to, retain: 'none' });
    return copy;
  }

  /** The store was told that this Session gets the message, which then was decided otherwise. */
  private settle(message: Message, session: Session, qos: QoS): void {
    if (message.lsn === 0 || qos === QoS.atMostOnce || !session.isPersistent) return;
    this.core.journal.append({ kind: 'settled', session: session.number, message: message.lsn });
  }

  private retain(message: Message): void {
    if (message.payloadBytes === 0)
      this.retained.delete(message.topicName); // [MQTT-3.3.1-6]
    else this.retained.set(message);
  }

  private queueLocal(subscriber: LocalSubscriber, message: Message): boolean {
    if (subscriber.noLocal && subscriber.client.clientId === message.publisherId) return false;
    const { plugins } = this.core;
    if (
      plugins.authorizersOfDelivery.length > 0 &&
      !plugins.authorizeDelivery(subscriber.client, message).allow
    ) {
      return false;
    }
    this.pendingLocals.push({ subscriber, message });
    return true;
  }

  /**
   * Handlers run after the message was routed to everybody, never inside that: one that publishes adds to
   * the list instead of the stack. Handlers that answer each other for ever share the process with others.
   */
  private callLocals(): void {
    if (this.isCallingLocals) return;
    this.isCallingLocals = true;
    try {
      for (let called = 0; called < this.pendingLocals.length; called++) {
        if (called === localCallsPerTurn) {
          this.pendingLocals = this.pendingLocals.slice(called);
          for (const pending of this.pendingLocals) pending.message.own();
          this.core.runtime.afterTurn(() => this.callLocals());
          return;
        }
        const { subscriber, message } = this.pendingLocals[called] as PendingLocal;
        try {
          subscriber.receive(message, false);
        } catch (error) {
          this.core.plugins.tell(
            'internalError',
            `subscriber ${subscriber.client.clientId}`,
            error,
          );
        }
      }
      this.pendingLocals = [];
    } finally {
      this.isCallingLocals = false;
    }
  }
}

interface ChosenMember {
  readonly group: ShareGroup;
  readonly member: Subscription;
}
const noMembers: readonly ChosenMember[] = [];

function chooseMembers(groups: readonly ShareGroup[], message: Message): ChosenMember[] {
  const chosen: ChosenMember[] = [];
  for (const group of groups) {
    const member = group.choose(message);
    if (member !== undefined) chosen.push({ group, member });
  }
  return chosen;
}

function fieldsOf(message: Message): Omit<MessageFields, 'nowMs'> {
  const { topicName, payload, qos, retain, properties, publisherId, publisherName } = message;
  return { topicName, payload, qos, retain, properties, publisherId, publisherName };
}

/** What is left of the target when its own messages are not for all of its subscriptions [MQTT-3.8.3-3]. */
function withoutNoLocal(message: Message, target: RouteTarget): RouteTarget | undefined {
  const { session, subscriptions } = target;
  if (!target.hasNoLocal || session.clientId !== message.publisherId) return target;
  const others = subscriptions.filter((subscription) => !subscription.noLocal);
  return others.length === 0 ? undefined : combine(session, others);
}

function identifiersOf(subscription: Subscription): readonly number[] | undefined {
  return subscription.identifier === undefined ? undefined : [subscription.identifier];
}

/** What a member of a Shared Subscription gets, as the store is told. */
function receiverOf(member: Subscription, message: Message): Receiver {
  return {
    session: member.session.number,
    qos: lower(member.qos, message.qos),
    subscriptionIdentifiers: identifiersOf(member),
    retain: message.retain && member.retainAsPublished,
    share: subscriptionKey(member.topicFilter, member.shareName),
  };
}

function lower(a: QoS, b: QoS): QoS {
  return a < b ? a : b; // [MQTT-3.8.4-8]
}
