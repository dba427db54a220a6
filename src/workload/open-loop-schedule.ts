/**
 * When each message of an open loop is due. All publishers together send `ratePerSecond`, in turns:
 * message n of the whole run belongs to publisher n mod `publisherCount` and is due n gaps after the start,
 * however long earlier ones took. Measuring from that time keeps the wait in a latency that a late sender
 * would hide. Knows no clock: whoever holds it says what time it is.
 */
export interface ScheduleOptions {
  readonly ratePerSecond: number;
  /** Of the whole run. */
  readonly publisherCount: number;
  /** The publishers of this part of the run, numbered within the whole, ascending. */
  readonly publishers: readonly number[];
  /** Messages of the whole run that begin before this many milliseconds; Infinity: no end. */
  readonly durationMs: number;
}

export class OpenLoopSchedule {
  readonly #gapMs: number;
  readonly #publisherCount: number;
  readonly #publishers: readonly number[];
  readonly #total: number;
  #startMs = 0;
  /** The next message: which turn, and whose within `#publishers`. */
  #round = 0;
  #at = 0;

  constructor({ ratePerSecond, publisherCount, publishers, durationMs }: ScheduleOptions) {
    this.#gapMs = 1000 / ratePerSecond;
    this.#publisherCount = publisherCount;
    this.#publishers = publishers;
    this.#total = Math.ceil((durationMs / 1000) * ratePerSecond);
  }

  start(startMs: number): void {
    this.#startMs = startMs;
  }

  /** Infinity when none is left. */
  get nextDueMs(): number {
    const publisher = this.#publishers[this.#at];
    if (publisher === undefined) return Number.POSITIVE_INFINITY;
    const number = this.#round * this.#publisherCount + publisher;
    if (number >= this.#total) return Number.POSITIVE_INFINITY;
    return this.#startMs + number * this.#gapMs;
  }

  /** When the message with this sequence number of this publisher is due. */
  timeOf(publisher: number, sequence: number): number {
    return this.#startMs + (sequence * this.#publisherCount + publisher) * this.#gapMs;
  }

  /**
   * Calls `due` for each message whose time has come, in the order of the times.
   * @param due is given the place of its publisher within `publishers`, and how late this call is
   * @returns how many
   */
  advance(nowMs: number, due: (place: number, lateMs: number) => void): number {
    let count = 0;
    for (let dueMs = this.nextDueMs; dueMs <= nowMs; dueMs = this.nextDueMs) {
      due(this.#at, nowMs - dueMs);
      count++;
      this.#at++;
      if (this.#at === this.#publishers.length) {
        this.#at = 0;
        this.#round++;
      }
    }
    return count;
  }
}
