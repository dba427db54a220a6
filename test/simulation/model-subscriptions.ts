/** Who is subscribed to what, indexed by the Topic Names of the simulation. */
import type { SubscriptionFacts, SubscriptionRefused } from '../../src/broker/index.ts';
import { RetainHandling, type SubscriptionRequest } from '../../src/packet/index.ts';
import { isFilterDenied } from './access.ts';
import type { ModelRequests } from './model-requests.ts';
import type { ModelSession, ModelSubscription } from './model-session.ts';
import type { ModelShare } from './model-share.ts';
import type { ModelState } from './model-state.ts';
import type { SimLink } from './sim-link.ts';
import { isShared, namesMatching, sharedQoS } from './topics.ts';

export class ModelSubscriptions {
  private readonly state: ModelState;
  private readonly requests: ModelRequests;
  private readonly byName = new Map<string, Map<ModelSession, Set<ModelSubscription>>>();
  /** Every Shared Subscription there ever was. */
  private readonly shares = new Map<string, ModelShare>();
  private readonly sharesByName = new Map<string, Set<ModelShare>>();

  constructor(state: ModelState, requests: ModelRequests) {
    this.state = state;
    this.requests = requests;
  }

  /** The sessions with subscriptions of their own that match, each with those. */
  matching(topicName: string): Iterable<[ModelSession, ReadonlySet<ModelSubscription>]> {
    return this.byName.get(topicName) ?? [];
  }

  /** The Shared Subscriptions that match and have members. */
  sharesMatching(topicName: string): ModelShare[] {
    const shares = [...(this.sharesByName.get(topicName) ?? [])];
    return shares.filter(({ members }) => members.size > 0);
  }

  subscribed(fact: SubscriptionFacts): void {
    const { state } = this;
    const link = state.attachedOf(fact.clientId);
    const { packet, index } = this.requests.subscribeDecided(link, fact.topicFilter);
    const request = packet.subscriptions[index] as SubscriptionRequest;
    if (this.isDenied(link, request.topicFilter)) {
      state.rules.fail(`${fact.clientId} may not read ${request.topicFilter}`, fact.clientId);
    }
    const identifier = packet.properties?.subscriptionIdentifier;
    const subscription: ModelSubscription = {
      key: request.topicFilter,
      qos: request.qos,
      noLocal: request.noLocal,
      retainAsPublished: request.retainAsPublished,
      identifiers: identifier === undefined ? [] : [identifier],
    };
    const session = state.sessionNamed(fact.clientId);
    const replaced = session.subscriptions.get(subscription.key);
    if (replaced !== undefined) this.unindex(session, replaced);
    session.subscriptions.set(subscription.key, subscription);
    this.addToIndex(session, subscription);
    this.replay(session, subscription, request.retainHandling, replaced === undefined);
  }

  refused(fact: SubscriptionRefused): void {
    const link = this.state.attachedOf(fact.clientId);
    this.requests.subscribeDecided(link, fact.topicFilter);
    if (!this.isDenied(link, fact.topicFilter)) {
      this.state.rules.fail(`${fact.clientId} was refused ${fact.topicFilter}`, fact.clientId);
    }
  }

  unsubscribed(fact: SubscriptionFacts): void {
    const { state } = this;
    const session = state.sessionNamed(fact.clientId);
    this.requests.unsubscribed(state.attachedOf(fact.clientId), fact.topicFilter);
    const subscription = session.subscriptions.get(fact.topicFilter);
    if (subscription === undefined) {
      this.state.rules.fail(`${fact.clientId} had no ${fact.topicFilter}`, fact.clientId);
    }
    session.subscriptions.delete(fact.topicFilter);
    this.unindex(session, subscription);
    this.endReplays(session, fact.topicFilter);
  }

  removeAll(session: ModelSession): void {
    for (const subscription of session.subscriptions.values()) {
      this.unindex(session, subscription);
      this.endReplays(session, subscription.key);
    }
    session.subscriptions.clear();
  }

  private isDenied(link: SimLink, topicFilter: string): boolean {
    return this.state.options.lateDecisions && isFilterDenied(link.clientName, topicFilter);
  }

  private addToIndex(session: ModelSession, subscription: ModelSubscription): void {
    const { key } = subscription;
    if (isShared(key)) {
      const share = this.shareFor(key);
      share.members.add(session);
      session.shares.add(share);
      return;
    }
    for (const name of namesMatching(key)) {
      const sessions = this.byName.get(name) ?? new Map<ModelSession, Set<ModelSubscription>>();
      const subscriptions = sessions.get(session) ?? new Set();
      this.byName.set(name, sessions.set(session, subscriptions.add(subscription)));
    }
  }

  private unindex(session: ModelSession, subscription: ModelSubscription): void {
    const { key } = subscription;
    if (isShared(key)) {
      this.shareFor(key).members.delete(session);
      return;
    }
    for (const name of namesMatching(key)) {
      const sessions = this.byName.get(name);
      const subscriptions = sessions?.get(session);
      subscriptions?.delete(subscription);
      if (subscriptions?.size === 0) sessions?.delete(session);
    }
  }

  private shareFor(key: string): ModelShare {
    let share = this.shares.get(key);
    if (share === undefined) {
      share = { key, qos: sharedQoS(key), members: new Set() };
      this.shares.set(key, share);
      for (const name of namesMatching(key)) {
        const shares = this.sharesByName.get(name) ?? new Set();
        this.sharesByName.set(name, shares.add(share));
      }
    }
    return share;
  }

  /** [MQTT-3.3.1-9..11]; none for a Shared Subscription. */
  private replay(
    session: ModelSession,
    subscription: ModelSubscription,
    handling: RetainHandling,
    isNew: boolean,
  ): void {
    const { key } = subscription;
    const isAsked =
      handling === RetainHandling.send || (handling === RetainHandling.sendIfNew && isNew);
    if (isAsked && !isShared(key)) {
      this.endReplays(session, key);
      const { retained, rules } = this.state;
      session.replays.push(retained.start(subscription, session.epoch, rules.nowMs()));
      return;
    }
    for (const replay of session.replays) {
      if (!replay.isOver && replay.subscriptions[0]?.key === key) {
        replay.subscriptions.push(subscription);
      }
    }
  }

  private endReplays(session: ModelSession, key: string): void {
    for (const replay of session.replays) {
      if (replay.subscriptions[0]?.key === key) this.state.retained.end(replay);
    }
  }
}
