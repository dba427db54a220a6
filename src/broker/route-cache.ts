/**
 * Answers remembered by Topic Name, which go out of date as subscriptions come and go.
 *
 * A change of a filter without wildcards concerns one name, which is forgotten at once. One with wildcards is
 * written down, and an answer is checked against what was written down since it was last asked for: reading a
 * name for a few hundred filters costs what computing an answer anew does, so no more of them are kept, and an
 * answer that is further behind is forgotten. So a change costs the same however much is remembered, and a
 * message that no change concerns costs at most what it would without the cache.
 *
 * Room is made without looking for the oldest: what was not asked for while half of the room filled up goes.
 *
 * Rejected: forgetting everything at each change (one client that subscribes again and again made every
 * message pay), going through all names at each change (a storm of reconnects pays), a tree of the names
 * (each new name would pay more than the answer costs).
 */
import { matches } from '../topic/index.ts';

interface Remembered<T> {
  readonly answer: T;
  readonly receivers: number;
  /** How many changes with wildcards were written down when it was known to be right. */
  changes: number;
}

/** Changes that are kept to check answers against. */
const changesKept = 64;
/** After so many, answers that nobody asked for go: they keep alive what was removed. */
const changesPerRound = 1024;
/** Receivers in remembered answers, for each name there is room for: most answers have one or none. */
const receiversPerName = 16;

export class RouteCache<T> {
  private readonly halfOfNames: number;
  private recent = new Map<string, Remembered<T>>();
  private older = new Map<string, Remembered<T>>();
  private recentReceivers = 0;
  /** The last filters with wildcards that changed, a ring. */
  private readonly changed: string[] = [];
  private changes = 0;

  /** @param namesMax most Topic Names to remember, 2 or more */
  constructor(namesMax: number) {
    this.halfOfNames = Math.max(1, namesMax >> 1);
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  get(topicName: string): T | undefined {
    const known = this.recent.get(topicName) ?? this.fetchOlder(topicName);
    if (known === undefined) return undefined;
    if (known.changes !== this.changes && !this.isStillRight(topicName, known)) return undefined;
    return known.answer;
  }

  /** @param receivers how many the answer names: what it costs to remember */
  set(topicName: string, answer: T, receivers: number): void {
    this.makeRoom(receivers);
    this.recent.set(topicName, { answer, receivers, changes: this.changes });
  }

  /** The receivers of names that this filter matches have changed. */
  forget(topicFilter: string): void {
    if (hasWildcard(topicFilter)) {
      this.changed[this.changes % changesKept] = topicFilter;
      this.changes++;
      if (this.changes % changesPerRound === 0) this.startRound(0);
    } else {
      this.recent.delete(topicFilter);
      this.older.delete(topicFilter);
    }
  }

  private fetchOlder(topicName: string): Remembered<T> | undefined {
    const known = this.older.get(topicName);
    if (known === undefined) return undefined;
    this.older.delete(topicName);
    this.makeRoom(known.receivers);
    this.recent.set(topicName, known);
    return known;
  }

  private isStillRight(topicName: string, known: Remembered<T>): boolean {
    if (this.changes - known.changes > changesKept) return false;
    for (let change = known.changes; change < this.changes; change++) {
      if (matches(this.changed[change % changesKept] as string, topicName)) return false;
    }
    known.changes = this.changes;
    return true;
  }

  private makeRoom(receivers: number): void {
    this.recentReceivers += receivers;
    const isFull =
      this.recent.size >= this.halfOfNames ||
      this.recentReceivers > this.halfOfNames * receiversPerName;
    if (isFull) this.startRound(receivers);
  }

  private startRound(receivers: number): void {
    this.older = this.recent;
    this.recent = new Map();
    this.recentReceivers = receivers;
  }
}

function hasWildcard(topicFilter: string): boolean {
  return topicFilter.endsWith('#') || topicFilter.includes('+');
}
