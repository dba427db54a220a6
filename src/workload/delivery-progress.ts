/**
 * How far the subscribers of one publisher are, in this thread and, where the subscribers of a fan-out are
 * spread, in the others. Threads tell each other through shared memory: a message for each turn would cost
 * more than what is measured.
 */
import type { Deliveries } from './publisher.ts';
import type { SequenceTracker } from './sequence-tracker.ts';

export class DeliveryProgress implements Deliveries {
  readonly #trackers: readonly SequenceTracker[];
  readonly #elsewhere: (() => number) | undefined;

  /** @param elsewhere the minimum of the other threads */
  constructor(trackers: readonly SequenceTracker[], elsewhere?: () => number) {
    this.#trackers = trackers;
    this.#elsewhere = elsewhere;
  }

  /** Of this thread alone. Without subscribers here, nobody has to be waited for. */
  minimumHere(): number {
    let minimum = noLimit;
    for (const tracker of this.#trackers) minimum = Math.min(minimum, tracker.next);
    return minimum;
  }

  minimum(): number {
    const here = this.minimumHere();
    return this.#elsewhere === undefined ? here : Math.min(here, this.#elsewhere());
  }
}

/** More than any run sends. */
const noLimit = 2 ** 31 - 1;

/** For each thread and publisher, how far that thread's subscribers are. */
export class SharedProgress {
  readonly #cells: Int32Array;
  readonly #place: number;
  readonly #placeCount: number;
  readonly #publisherCount: number;

  static allocate(placeCount: number, publisherCount: number): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * placeCount * publisherCount);
  }

  /** @param buffer of `allocate` with the same counts */
  constructor(buffer: SharedArrayBuffer, place: number, publisherCount: number) {
    this.#cells = new Int32Array(buffer);
    this.#place = place;
    this.#publisherCount = publisherCount;
    this.#placeCount = this.#cells.length / publisherCount;
  }

  store(publisher: number, minimum: number): void {
    Atomics.store(this.#cells, this.#place * this.#publisherCount + publisher, minimum);
  }

  minimumElsewhere(publisher: number): number {
    let minimum = noLimit;
    for (let place = 0; place < this.#placeCount; place++) {
      if (place === this.#place) continue;
      const cell = place * this.#publisherCount + publisher;
      minimum = Math.min(minimum, Atomics.load(this.#cells, cell));
    }
    return minimum;
  }
}
