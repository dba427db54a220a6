/**
 * The index that answers one question: who gets a message on this Topic Name? Subscriptions of sessions,
 * Shared Subscriptions and in-process subscribers are entries of one trie; the answer is computed once
 * for a Topic Name and remembered (`RouteCache`) until a filter that matches the name changes. Delivery
 * walks the answer and knows nothing of filters.
 */
import type { QoS } from '../packet/index.ts';
import {
  type Message,
  type Session,
  Subscription,
  type SubscriptionSet,
} from '../session/index.ts';
import { FilterTrie } from '../topic/index.ts';
import type { ClientFacts } from './events.ts';
import { RouteCache } from './route-cache.ts';
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
export type RouteTarget = SubscriptionSet;

export interface Route {
  readonly targets: readonly RouteTarget[];
  readonly groups: readonly ShareGroup[];
  readonly locals: readonly LocalSubscriber[];
}

type RouteEntry = Subscription | ShareGroup | LocalSubscriber;

export class Router {
  private readonly trie = new FilterTrie<RouteEntry>();
  private readonly groups = new Map<string, ShareGroup>();
  private readonly cache: RouteCache<Route>;
  private readonly strategy: SharedStrategy;
  private readonly random: () => number;

  /** @param cacheEntriesMax Topic Names whose receivers are remembered */
  constructor(cacheEntriesMax: number, strategy: SharedStrategy, random: () => number) {
    this.cache = new RouteCache(cacheEntriesMax);
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

  /** The filter's text as somebody holds it already, or as it was given. */
  knownText(topicFilter: string): string {
    const known = this.trie.firstOf(topicFilter);
    return known !== undefined && 'topicFilter' in known ? known.topicFilter : topicFilter;
  }

  add(subscription: Subscription, replaced: Subscription | undefined, isConnected: boolean): void {
    if (subscription.shareName === undefined) {
      if (replaced !== undefined) this.trie.remove(replaced.topicFilter, replaced);
      this.trie.add(subscription.topicFilter, subscription);
      this.cache.forget(subscription.topicFilter);
      return;
    }
    this.groupFor(subscription.shareName, subscription.topicFilter).join(subscription, isConnected);
  }

  remove(subscription: Subscription): void {
    if (subscription.shareName === undefined) {
      this.trie.remove(subscription.topicFilter, subscription);
      this.cache.forget(subscription.topicFilter);
      return;
    }
    const group = this.groupOf(subscription);
    if (group === undefined) return;
    group.leave(subscription);
    if (group.size > 0) return;
    this.groups.delete(groupKey(group.shareName, group.topicFilter));
    this.trie.remove(group.topicFilter, group);
    this.cache.forget(group.topicFilter);
  }

  groupOf(subscription: Subscription): ShareGroup | undefined {
    if (subscription.shareName === undefined) return undefined;
    return this.groups.get(groupKey(subscription.shareName, subscription.topicFilter));
  }

  addLocal(topicFilter: string, subscriber: LocalSubscriber): void {
    this.trie.add(topicFilter, subscriber);
    this.cache.forget(topicFilter);
  }

  removeLocal(topicFilter: string, subscriber: LocalSubscriber): void {
    this.trie.remove(topicFilter, subscriber);
    this.cache.forget(topicFilter);
  }

  /** Who is in the group may change without any route changing: routes name the group. */
  private groupFor(shareName: string, topicFilter: string): ShareGroup {
    const key = groupKey(shareName, topicFilter);
    let group = this.groups.get(key);
    if (group === undefined) {
      group = new ShareGroup(shareName, topicFilter, this.strategy, this.random);
      this.groups.set(key, group);
      this.trie.add(topicFilter, group);
      this.cache.forget(topicFilter);
    }
    return group;
  }

  private compute(topicName: string): Route {
    const entries: RouteEntry[] = [];
    const before = this.trie.visited;
    this.trie.match(topicName, entries);
    if (entries.length === 0 && this.trie.visited - before <= nodesNotWorthIt) return nobody;
    const route = routeOf(entries);
    this.cache.set(topicName, route, entries.length);
    return route;
  }
}

/** That nobody gets a message is looked up anew where so few nodes tell it: remembering would take more. */
const nodesNotWorthIt = 2;
const nobody: Route = { targets: [], groups: [], locals: [] };

function routeOf(entries: readonly RouteEntry[]): Route {
  // Most names have one subscription or none: as little as can be is made for these.
  const [first] = entries;
  if (first === undefined) return nobody;
  if (entries.length === 1 && first instanceof Subscription) return { ...nobody, targets: [first] };
  const subscriptions: Subscription[] = [];
  const groups: ShareGroup[] = [];
  const locals: LocalSubscriber[] = [];
  for (const entry of entries) {
    if (entry instanceof Subscription) subscriptions.push(entry);
    else if (entry instanceof ShareGroup) groups.push(entry);
    else locals.push(entry);
  }
  return { targets: bySession(subscriptions), groups, locals };
}

function bySession(subscriptions: readonly Subscription[]): readonly RouteTarget[] {
  const together = new Map<Session, Subscription | Subscription[]>();
  for (const subscription of subscriptions) {
    const { session } = subscription;
    const known = together.get(session);
    if (known === undefined) together.set(session, subscription);
    else if (Array.isArray(known)) known.push(subscription);
    else together.set(session, [known, subscription]);
  }
  if (together.size === subscriptions.length) return subscriptions;
  return Array.from(together, ([session, found]) => {
    return Array.isArray(found) ? combine(session, found) : found;
  });
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
