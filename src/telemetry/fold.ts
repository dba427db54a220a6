/**
 * Folds repetitions. The first of a kind is written at once; what follows within a window is only
 * counted, and one summary stands for it when the window ends. Each window is twice as long as the one
 * before, from one second to one minute, so a fault that lasts costs one line a minute and still shows
 * within a second when it begins. A kind that was quiet for a minute begins anew.
 *
 * The number of kinds is bounded: whoever invents ever new names shares one entry (`overflow`) with all
 * the others that found no room. A fixed number of lines per second was rejected because a flood of one
 * kind would hide the single line of another.
 *
 * Reads no clock: `note` and `tick` are told the time.
 */

export interface FoldOptions {
  readonly firstWindowMs: number;
  readonly lastWindowMs: number;
  /** Kinds remembered at once, not counting the overflow entries. */
  readonly kindsMax: number;
}

export const defaultFoldOptions: FoldOptions = {
  firstWindowMs: 1000,
  lastWindowMs: 60_000,
  kindsMax: 500,
};

/** Stands for `times` repetitions that were not written. */
export interface FoldSummary<T> {
  readonly item: T;
  readonly times: number;
  /** Time since the line before it, in which they happened. */
  readonly duringMs: number;
  /** True when they are of several kinds, for which there was no room. */
  readonly mixed: boolean;
}

interface Entry<T> {
  readonly item: T;
  readonly mixed: boolean;
  windowMs: number;
  openedAtMs: number;
  times: number;
}

export class Fold<T> {
  readonly #options: FoldOptions;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #overflow = new Map<string, Entry<T>>();

  constructor(options: FoldOptions = defaultFoldOptions) {
    this.#options = options;
  }

  /** Kinds remembered now. */
  get size(): number {
    return this.#entries.size + this.#overflow.size;
  }

  /**
   * Something happened. True when the caller shall write it now, false when it was counted.
   *
   * @param kind what makes two of them the same
   * @param family the coarse kind, one of few; shared by all kinds that find no room
   * @param item comes back with the summary
   */
  note(kind: string, family: string, item: T, nowMs: number): boolean {
    const known = this.#entries.get(kind);
    if (known !== undefined) return this.#repeat(known, nowMs);
    if (this.#entries.size < this.#options.kindsMax) {
      this.#entries.set(kind, this.#open(item, false, nowMs));
      return true;
    }
    const shared = this.#overflow.get(family);
    if (shared !== undefined) return this.#repeat(shared, nowMs);
    this.#overflow.set(family, this.#open(item, true, nowMs));
    return true;
  }

  /**
   * Counts a repetition without needing its item, which makes floods cheap. False when it is none: then
   * nothing has changed and `note` decides.
   */
  repeats(kind: string, nowMs: number): boolean {
    const entry = this.#entries.get(kind);
    if (entry === undefined || isOver(entry, nowMs)) return false;
    entry.times++;
    return true;
  }

  /** The summaries that are due. Call it about once a second. */
  tick(nowMs: number): FoldSummary<T>[] {
    return [...this.#sweep(this.#entries, nowMs), ...this.#sweep(this.#overflow, nowMs)];
  }

  /** Everything counted and not yet told, due or not; forgets all kinds. */
  drain(nowMs: number): FoldSummary<T>[] {
    const summaries = [...this.#entries.values(), ...this.#overflow.values()]
      .filter((entry) => entry.times > 0)
      .map((entry) => summarize(entry, nowMs));
    this.#entries.clear();
    this.#overflow.clear();
    return summaries;
  }

  #open(item: T, mixed: boolean, nowMs: number): Entry<T> {
    return { item, mixed, windowMs: this.#options.firstWindowMs, openedAtMs: nowMs, times: 0 };
  }

  #repeat(entry: Entry<T>, nowMs: number): boolean {
    // Nothing waits and the window is over: a slow repetition is a line of its own, in ever wider steps.
    if (isOver(entry, nowMs)) {
      this.#widen(entry, nowMs);
      return true;
    }
    entry.times++;
    return false;
  }

  #widen(entry: Entry<T>, nowMs: number): void {
    entry.windowMs = Math.min(entry.windowMs * 2, this.#options.lastWindowMs);
    entry.openedAtMs = nowMs;
    entry.times = 0;
  }

  #sweep(entries: Map<string, Entry<T>>, nowMs: number): FoldSummary<T>[] {
    const due: FoldSummary<T>[] = [];
    for (const [kind, entry] of entries) {
      const quietMs = nowMs - entry.openedAtMs - entry.windowMs;
      if (quietMs < 0) continue;
      if (entry.times > 0) {
        due.push(summarize(entry, nowMs));
        this.#widen(entry, nowMs);
      } else if (quietMs >= this.#options.lastWindowMs) {
        entries.delete(kind);
      }
    }
    return due;
  }
}

function isOver<T>(entry: Entry<T>, nowMs: number): boolean {
  return entry.times === 0 && nowMs - entry.openedAtMs >= entry.windowMs;
}

function summarize<T>(entry: Entry<T>, nowMs: number): FoldSummary<T> {
  return {
    item: entry.item,
    times: entry.times,
    duringMs: nowMs - entry.openedAtMs,
    mixed: entry.mixed,
  };
}
