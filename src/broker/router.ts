/**
 * The index that answers one question: who gets a message on this Topic Name? Subscriptions of sessions,
 * Shared Subscriptions and in-process subscribers are entries of one trie; the answer is computed once
 * for a Topic Name and remembered until any subscription changes. Delivery walks the answer and knows
 * nothing of filters.
 */
import type { QoS } from '../packet/index.ts';
import type { Message, Session, Subscription } from '../session/index.ts';
import { FilterTrie } from '../topic/index.ts';
import type { ClientFacts } from './events.ts';
import { type SharedStrategy, ShareGroup } from './share-group.ts';

/** A subscriber inside the process. */
export interface LocalSubscriber {
  readonly client: ClientFacts;
  readonly noLocal: boolean;
  /** Called once for each message, after it was routed to everybody. */
  receive(message: Message, retained: boolean): void;
}

/**
 * One receiving Session: what its matching subscriptions ask together. Overlapping subscriptions give one
 * copy, at the highest QoS, with all identifiers [MQTT-3.3.4-2], [MQTT-3.3.4-3].
 */
export interface RouteTarget {
  readonly session: Session;
  readonly subscriptions: readonly Subscription[];
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  readonly identifiers: readonly number[] | undefined;
  /** One of the subscriptions has No Local: the session's own messages need a closer look. */
  readonly hasNoLocal: boolean;
}

export interface Route {
  readonly targets: readonly RouteTarget[];
  readonly groups: readonly ShareGroup[];
  readonly locals: readonly LocalSubscriber[];
}

type RouteEntry = Subscription | ShareGroup | LocalSubscriber;

export class Router {
  private readonly trie = new FilterTrie<RouteEntry>();
  private readonly groups = new Map<string, ShareGroup>();
  private cache = new Map<string, Route>();
  private readonly cacheEntriesMax: number;
  private readonly strategy: SharedStrategy;
  private readonly random: () => number;

  constructor(cacheEntriesMax: number, strategy: SharedStrategy, random: () => number) {
    this.cacheEntriesMax = cacheEntriesMax;
    this.strategy = strategy;
    this.random = random;
  }

  /** Different Topic Filters in use. */
  get filterCount(): number {
    return this.trie.filters;
  }

  get groupCount(): number {
    return this.groups.size;
  }

  match(topicName: string): Route {
    return this.cache.get(topicName) ?? this.compute(topicName);
  }

  add(subscription: Subscription, replaced: Subscription | undefined, isConnected: boolean): void {
    this.forgetRoutes();
    if (subscription.shareName === undefined) {
      if (replaced !== undefined) this.trie.remove(replaced.topicFilter, replaced);
      this.trie.add(subscription.topicFilter, subscription);
      return;
    }
    this.groupFor(subscription.shareName, subscription.topicFilter).join(subscription, isConnected);
  }

  remove(subscription: Subscription): void {
    this.forgetRoutes();
    if (subscription.shareName === undefined) {
      this.trie.remove(subscription.topicFilter, subscription);
      return;
    }
    const group = this.groupOf(subscription);
    if (group === undefined) return;
    group.leave(subscription);
    if (group.size > 0) return;
    this.groups.delete(groupKey(group.shareName, group.topicFilter));
    this.trie.remove(group.topicFilter, group);
  }

  groupOf(subscription: Subscription): ShareGroup | undefined {
    if (subscription.shareName === undefined) return undefined;
    return this.groups.get(groupKey(subscription.shareName, subscription.topicFilter));
  }

  addLocal(topicFilter: string, subscriber: LocalSubscriber): void {
    this.forgetRoutes();
    this.trie.add(topicFilter, subscriber);
  }

  removeLocal(topicFilter: string, subscriber: LocalSubscriber): void {
    this.forgetRoutes();
    this.trie.remove(topicFilter, subscriber);
  }

  private groupFor(shareName: string, topicFilter: string): ShareGroup {
    const key = groupKey(shareName, topicFilter);
    let group = this.groups.get(key);
    if (group === undefined) {
      group = new ShareGroup(shareName, topicFilter, this.strategy, this.random);
      this.groups.set(key, group);
      this.trie.add(topicFilter, group);
    }
    return group;
  }

  private compute(topicName: string): Route {
    const entries: RouteEntry[] = [];
    this.trie.match(topicName, entries);
    const bySession = new Map<Session, Subscription[]>();
    const groups: ShareGroup[] = [];
    const locals: LocalSubscriber[] = [];
    for (const entry of entries) {
      if (entry instanceof ShareGroup) groups.push(entry);
      else if ('receive' in entry) locals.push(entry);
      else {
        const known = bySession.get(entry.session);
        if (known === undefined) bySession.set(entry.session, [entry]);
        else known.push(entry);
      }
    }
    const targets = [...bySession].map(([session, found]) => combine(session, found));
    const route: Route = { targets, groups, locals };
    this.remember(topicName, route);
    return route;
  }

  private remember(topicName: string, route: Route): void {
    if (this.cache.size >= this.cacheEntriesMax) {
      let surplus = this.cache.size >> 1;
      for (const oldest of this.cache.keys()) {
        if (surplus-- <= 0) break;
        this.cache.delete(oldest);
      }
    }
    this.cache.set(topicName, route);
  }

  private forgetRoutes(): void {
    if (this.cache.size > 0) this.cache = new Map();
  }
}

/** What several subscriptions of one Session ask together; at least one must be given. */
export function combine(session: Session, subscriptions: readonly Subscription[]): RouteTarget {
  let qos: QoS = 0;
  let retainAsPublished = false;
  let hasNoLocal = false;
  let identifiers: number[] | undefined;
  for (const subscription of subscriptions) {
    if (subscription.qos > qos) qos = subscription.qos;
    if (subscription.retainAsPublished) retainAsPublished = true;
    if (subscription.noLocal) hasNoLocal = true;
    if (subscription.identifier !== undefined) {
      identifiers ??= [];
      identifiers.push(subscription.identifier);
    }
  }
  return { session, subscriptions, qos, retainAsPublished, identifiers, hasNoLocal };
}

/** A Share Name holds no `/`, so the two parts cannot be confused. */
function groupKey(shareName: string, topicFilter: string): string {
  return `${shareName}/${topicFilter}`;
}
