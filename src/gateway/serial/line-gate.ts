/** Lines that are not worth decoding: more than the port may send in a second, or the same one again. */

export type GateRefusal = 'rate_limited' | 'duplicate';

/** Distinct lines remembered for `dedupe`; a radio gateway repeats among a handful. */
const rememberedLinesMax = 256;

export class LineGate {
  readonly #rateLimit: number;
  readonly #dedupeMs: number;
  #tokens: number;
  #filledAtMs = Number.NEGATIVE_INFINITY;
  /** When each line was last let through, oldest first. */
  readonly #seenAtMs = new Map<string, number>();

  /** @param rateLimit lines a second, also the size of a burst; 0 = off. @param dedupeMs 0 = off. */
  constructor(rateLimit: number, dedupeMs: number) {
    this.#rateLimit = rateLimit;
    this.#dedupeMs = dedupeMs;
    this.#tokens = rateLimit;
  }

  /** @returns why the line goes no further, or undefined. @param nowMs any clock that does not go back. */
  refusal(line: Uint8Array, nowMs: number): GateRefusal | undefined {
    if (this.#rateLimit > 0 && !this.#takeToken(nowMs)) return 'rate_limited';
    if (this.#dedupeMs > 0 && this.#isRepeated(line, nowMs)) return 'duplicate';
    return undefined;
  }

  #takeToken(nowMs: number): boolean {
    const passedMs = Math.max(0, Math.min(1000, nowMs - this.#filledAtMs));
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#rateLimit, this.#tokens + (this.#rateLimit * passedMs) / 1000);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #isRepeated(line: Uint8Array, nowMs: number): boolean {
    const key = Buffer.from(line).toString('latin1');
    const seenAtMs = this.#seenAtMs.get(key);
    if (seenAtMs !== undefined && nowMs - seenAtMs < this.#dedupeMs) return true;
    this.#seenAtMs.delete(key);
    this.#seenAtMs.set(key, nowMs);
    const oldest = this.#seenAtMs.keys().next();
    if (this.#seenAtMs.size > rememberedLinesMax && !oldest.done)
      this.#seenAtMs.delete(oldest.value);
    return false;
  }
}
