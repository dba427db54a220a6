/**
 * Latencies in a histogram of fixed size, log-linear: below 128 ns one bucket for each nanosecond, above it
 * 128 buckets for each doubling. A percentile is the middle of its bucket, so it is at most 0.4 % away from
 * the latency of that rank; least, greatest and mean are exact. Recording is a few instructions and no memory,
 * which is why the values themselves are not kept. Histograms of several threads add up without loss.
 */

/** As it travels between threads. */
export interface HistogramState {
  readonly counts: Float64Array;
  readonly count: number;
  readonly sumNs: number;
  readonly minNs: number;
  readonly maxNs: number;
}

const stepBits = 7;
const steps = 1 << stepBits;
/** Longer latencies (above 19 hours) count as this. */
const greatestNs = 2 ** 46 - 1;
const bucketCount = (46 - stepBits + 1) * steps;
const nsPerMs = 1e6;

export class LatencyHistogram {
  /** Floats: a long run has more than 2^32 messages in one bucket. */
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sumNs = 0;
  #minNs = Number.POSITIVE_INFINITY;
  #maxNs = 0;

  static of(state: HistogramState): LatencyHistogram {
    const histogram = new LatencyHistogram();
    histogram.add(state);
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  /** 0 while nothing is recorded; the same for every figure below. */
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumNs / this.#count / nsPerMs;
  }

  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minNs / nsPerMs;
  }

  get maxMs(): number {
    return this.#maxNs / nsPerMs;
  }

  /** A latency below zero counts as zero. */
  record(latencyMs: number): void {
    const ns = Math.min(greatestNs, Math.max(0, Math.round(latencyMs * nsPerMs)));
    const bucket = bucketOf(ns);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sumNs += ns;
    if (ns < this.#minNs) this.#minNs = ns;
    if (ns > this.#maxNs) this.#maxNs = ns;
  }

  /** @param share above 0, up to 1: 0.99 is the 99th percentile */
  percentileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    if (rank >= this.#count) return this.maxMs;
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) {
        return Math.max(this.#minNs, Math.min(this.#maxNs, middleOf(bucket))) / nsPerMs;
      }
    }
    return this.maxMs;
  }

  add(other: HistogramState): void {
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.counts[bucket] ?? 0);
    }
    this.#count += other.count;
    this.#sumNs += other.sumNs;
    this.#minNs = Math.min(this.#minNs, other.minNs);
    this.#maxNs = Math.max(this.#maxNs, other.maxNs);
  }

  /** A copy. */
  get state(): HistogramState {
    return {
      counts: this.#counts.slice(),
      count: this.#count,
      sumNs: this.#sumNs,
      minNs: this.#minNs,
      maxNs: this.#maxNs,
    };
  }
}

function bucketOf(ns: number): number {
  if (ns < 2 * steps) return ns;
  if (ns < 2 ** 31) {
    const shift = 31 - Math.clz32(ns) - stepBits;
    return shift * steps + (ns >> shift);
  }
  // Beyond what bit operations reach: the lowest 16 bits are far below one step there.
  const upper = Math.floor(ns / 2 ** 16);
  const shift = 31 - Math.clz32(upper) - stepBits;
  return (shift + 16) * steps + (upper >> shift);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * steps) return bucket;
  const shift = Math.floor(bucket / steps) - 1;
  return (bucket - shift * steps + 0.5) * 2 ** shift;
}
