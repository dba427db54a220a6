import { type Subscription, subscriptionKey } from './subscription.ts';

/** Up to this many are found by looking through a list, which takes a third of the memory of a Map. */
const listedMax = 16;

/** The subscriptions of one Session, each known by the Topic Filter as the client wrote it. */
export class Subscriptions implements Iterable<Subscription> {
  private list: Subscription[] | undefined;
  private index: Map<string, Subscription> | undefined;

  get size(): number {
    return this.index?.size ?? this.list?.length ?? 0;
  }

  get(key: string): Subscription | undefined {
    if (this.index !== undefined) return this.index.get(key);
    return this.list?.find((subscription) => hasKey(subscription, key));
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Adds it, or puts it in the place of the one with the same key. @returns that one */
  add(subscription: Subscription): Subscription | undefined {
    const key = keyOf(subscription);
    if (this.index !== undefined) {
      const replaced = this.index.get(key);
      this.index.set(key, subscription);
      return replaced;
    }
    const list = this.list ?? [];
    const at = list.findIndex((known) => hasKey(known, key));
    if (at >= 0) {
      const replaced = list[at];
      list[at] = subscription;
      return replaced;
    }
    // It makes an array that is as long as it must be; `push` would reserve room for sixteen more.
    this.list = list.concat(subscription);
    if (this.list.length > listedMax) {
      this.index = new Map(this.list.map((known) => [keyOf(known), known]));
      this.list = undefined;
    }
    return undefined;
  }

  delete(key: string): Subscription | undefined {
    const removed = this.get(key);
    if (removed === undefined) return undefined;
    if (this.index !== undefined) this.index.delete(key);
    else this.list = this.list?.filter((known) => known !== removed);
    return removed;
  }

  clear(): void {
    this.list = undefined;
    this.index = undefined;
  }

  /** Those of this moment may be deleted meanwhile. */
  [Symbol.iterator](): Iterator<Subscription> {
    return (this.index ?? this.list ?? none).values();
  }
}

const none: readonly Subscription[] = [];

function keyOf(subscription: Subscription): string {
  return subscriptionKey(subscription.topicFilter, subscription.shareName);
}

function hasKey(subscription: Subscription, key: string): boolean {
  if (subscription.shareName === undefined) return subscription.topicFilter === key;
  return key.startsWith('$share/') && keyOf(subscription) === key;
}
