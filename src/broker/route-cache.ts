/**
 * Answers remembered by Topic Name, which go out of date as subscriptions come and go.
 *
 * A change of a filter without wildcards concerns one name, which is forgotten at once. A change of one with
 * wildcards concerns names that begin as it does, up to its first wildcard: so changes are counted by
 * beginnings (of one, two and three levels, each in one of 1024 counters that its hash chooses), and an answer
 * is right as long as the counters of its name's beginnings stand where they stood. Either costs the same
 * however much is remembered, and a client that subscribes again and again makes only those names pay that
 * begin like its filters.
 *
 * Room is made without looking for the oldest: when it is full, what was asked for since it last was stays for
 * another round, and the rest goes.
 *
 * Rejected: forgetting everything at each change (every message pays), going through all names at each change
 * (a storm of reconnects pays), checking a name against the last filters that changed (costs more than a new
 * answer from a small tree), a tree of the names (each new name pays more than the answer costs).
 */
interface Remembered<T> {
  readonly answer: T;
  readonly receivers: number;
  /** Numbers of the counters of the name's beginnings, ten bits each. */
  readonly beginnings: number;
  /**
   * Sum of these counters when it was made, in 32 bits. They only grow, so an equal sum means that none has
   * changed.
   */
  readonly changes: number;
}

/** Levels that tell beginnings apart. */
const levelsMax = 3;
const countersPerLevel = 1024;
/** After so many changes, answers that nobody asked for go: they keep alive what was removed. */
const changesPerRound = 1024;
/** Receivers in remembered answers, for each name there is room for: most answers have one or none. */
const receiversPerName = 16;

export class RouteCache<T> {
  private readonly namesMax: number;
  private recent = new Map<string, Remembered<T>>();
  private older = new Map<string, Remembered<T>>();
  private recentReceivers = 0;
  private readonly counters = new Int32Array(levelsMax * countersPerLevel);
  /** Changes of filters that begin with a wildcard. */
  private anywhere = 0;
  private changesOfRound = 0;

  /** @param namesMax most Topic Names of one round; those of the round before are there besides */
  constructor(namesMax: number) {
    this.namesMax = namesMax;
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  get(topicName: string): T | undefined {
    const known = this.recent.get(topicName) ?? this.fetchOlder(topicName);
    if (known === undefined) return undefined;
    return known.changes === this.changesOf(known.beginnings) ? known.answer : undefined;
  }

  /** @param receivers how many the answer names: what it costs to remember */
  set(topicName: string, answer: T, receivers: number): void {
    this.makeRoom(receivers);
    const beginnings = beginningsOf(topicName);
    const changes = this.changesOf(beginnings);
    this.recent.set(topicName, { answer, receivers, beginnings, changes });
  }

  /** The receivers of names that this filter matches have changed. */
  forget(topicFilter: string): void {
    const levels = levelsBeforeWildcard(topicFilter);
    if (levels === Infinity) {
      this.recent.delete(topicFilter);
      this.older.delete(topicFilter);
      return;
    }
    if (levels === 0) this.anywhere = (this.anywhere + 1) | 0;
    else {
      const level = Math.min(levels, levelsMax) - 1;
      const counter = counterOf(beginningsOf(topicFilter), level);
      this.counters[counter] = (this.counters[counter] as number) + 1;
    }
    this.changesOfRound++;
    if (this.changesOfRound === changesPerRound) this.startRound(0);
  }

  private changesOf(beginnings: number): number {
    let changes = this.anywhere;
    for (let level = 0; level < levelsMax; level++) {
      changes = (changes + (this.counters[counterOf(beginnings, level)] as number)) | 0;
    }
    return changes;
  }

  private fetchOlder(topicName: string): Remembered<T> | undefined {
    const known = this.older.get(topicName);
    if (known === undefined) return undefined;
    this.older.delete(topicName);
    this.makeRoom(known.receivers);
    this.recent.set(topicName, known);
    return known;
  }

  private makeRoom(receivers: number): void {
    this.recentReceivers += receivers;
    const isFull =
      this.recent.size >= this.namesMax || this.recentReceivers > this.namesMax * receiversPerName;
    if (isFull) this.startRound(receivers);
  }

  private startRound(receivers: number): void {
    this.older = this.recent;
    this.recent = new Map();
    this.recentReceivers = receivers;
    this.changesOfRound = 0;
  }
}

const slash = 0x2f;

/** Infinity where there is no wildcard. */
function levelsBeforeWildcard(topicFilter: string): number {
  let levels = 0;
  for (let i = 0; i < topicFilter.length; i++) {
    const code = topicFilter.charCodeAt(i);
    // A wildcard is alone in its level, so a character is enough to know it.
    if (code === 0x2b || code === 0x23) return levels;
    if (code === slash) levels++;
  }
  return Infinity;
}

/** One counter for each of the first levels: that of the text up to its end. Of a short name the last ones are 0. */
function beginningsOf(text: string): number {
  let hash = 0x811c9dc5;
  let beginnings = 0;
  let level = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? slash : text.charCodeAt(i);
    if (code === slash) {
      beginnings |= ((hash ^ (hash >>> 15)) & (countersPerLevel - 1)) << (10 * level);
      level++;
      if (level === levelsMax) break;
    }
    hash = Math.imul(hash ^ code, 0x01000193);
  }
  return beginnings;
}

function counterOf(beginnings: number, level: number): number {
  return level * countersPerLevel + ((beginnings >>> (10 * level)) & (countersPerLevel - 1));
}
