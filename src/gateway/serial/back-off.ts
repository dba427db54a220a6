import type { SerialClock } from './clock.ts';
import type { BackOffOptions } from './options.ts';

/** Pauses between attempts, each longer than the one before up to a limit, with some chance in them. */
export class BackOff {
  readonly #options: BackOffOptions;
  readonly #clock: SerialClock;
  #nextMs: number;

  constructor(options: BackOffOptions, clock: SerialClock) {
    this.#options = options;
    this.#clock = clock;
    this.#nextMs = options.minMs;
  }

  /** The pause before the next attempt. */
  nextMs(): number {
    const { factor, maxMs, jitter } = this.#options;
    const pauseMs = this.#nextMs;
    this.#nextMs = Math.min(maxMs, this.#nextMs * factor);
    return Math.round(pauseMs * (1 + jitter * (2 * this.#clock.random() - 1)));
  }

  reset(): void {
    this.#nextMs = this.#options.minMs;
  }
}
