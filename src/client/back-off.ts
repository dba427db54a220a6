/**
 * How long to wait before the next attempt to connect: doubled each time up to a limit, and each wait a
 * random share (a half to the whole) of it, so that clients which lost the same server do not come back
 * all at once.
 */
export class BackOff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #nextMs: number;

  /** `random` answers in [0, 1). */
  constructor(minMs: number, maxMs: number, random: () => number = Math.random) {
    this.#minMs = minMs;
    this.#maxMs = Math.max(minMs, maxMs);
    this.#random = random;
    this.#nextMs = minMs;
  }

  /** The next wait in milliseconds. */
  next(): number {
    const limitMs = this.#nextMs;
    this.#nextMs = Math.min(limitMs * 2, this.#maxMs);
    return Math.round(limitMs * (0.5 + this.#random() / 2));
  }

  /** An attempt worked: the next series starts at the smallest wait again. */
  reset(): void {
    this.#nextMs = this.#minMs;
  }
}
