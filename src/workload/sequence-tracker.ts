/**
 * What one subscriber got of one publisher, by sequence number: what is missing, came twice, came late.
 *
 * As long as nothing is missing, the next expected number says everything. From the first gap on a bit for
 * each of the newest `windowSize` numbers says whether it came. What comes later than that behind newer
 * ones counts as a duplicate: that bounds the memory, however much is lost.
 */
export const windowSize = 65_536;

export class SequenceTracker {
  /** One more than the newest number that came. */
  next = 0;
  /** Different numbers that came. */
  unique = 0;
  duplicated = 0;
  /** Came after a newer one, and not as a duplicate. */
  outOfOrder = 0;
  #first: number;
  #bits: Uint32Array | undefined;

  /** @param startsAnywhere what came before the first number is not missed: someone else publishes */
  constructor(startsAnywhere = false) {
    this.#first = startsAnywhere ? -1 : 0;
  }

  /** Numbers between the first and the newest that did not come. */
  get missing(): number {
    return this.next - Math.max(0, this.#first) - this.unique;
  }

  accept(sequence: number): void {
    if (sequence === this.next && this.#bits === undefined && this.#first !== -1) {
      this.next = sequence + 1;
      this.unique++;
    } else if (this.#first === -1) {
      this.#first = sequence;
      this.next = sequence + 1;
      this.unique++;
    } else if (sequence >= this.next) {
      this.#acceptAhead(sequence);
    } else {
      this.#acceptBehind(sequence);
    }
  }

  #acceptAhead(sequence: number): void {
    // All before the first gap came, so their bits are set.
    this.#bits ??= new Uint32Array(windowSize / 32).fill(0xffff_ffff);
    const skipped = sequence - this.next;
    if (skipped >= windowSize) this.#bits.fill(0);
    else for (let at = this.next; at < sequence; at++) this.#set(this.#bits, at, false);
    this.#set(this.#bits, sequence, true);
    this.next = sequence + 1;
    this.unique++;
  }

  #acceptBehind(sequence: number): void {
    if (sequence < this.#first) {
      this.outOfOrder++;
      return;
    }
    const bits = this.#bits;
    const isKnown = bits !== undefined && this.next - sequence <= windowSize;
    if (!isKnown || isSet(bits, sequence)) {
      this.duplicated++;
      return;
    }
    this.#set(bits, sequence, true);
    this.unique++;
    this.outOfOrder++;
  }

  #set(bits: Uint32Array, sequence: number, value: boolean): void {
    const at = (sequence % windowSize) >> 5;
    const bit = 1 << (sequence & 31);
    bits[at] = value ? (bits[at] ?? 0) | bit : (bits[at] ?? 0) & ~bit;
  }
}

function isSet(bits: Uint32Array, sequence: number): boolean {
  return ((bits[(sequence % windowSize) >> 5] ?? 0) & (1 << (sequence & 31))) !== 0;
}
