/**
 * How fast a counter grew, per minute, as an exponentially weighted moving average over 1, 5 and 15
 * minutes: the three numbers of a Unix load average, computed as Mosquitto does, so that existing
 * dashboards read the same. Each step is `rate + e^(-elapsed/span) * (before - rate)`.
 */
export const loadSpans: readonly { readonly name: LoadSpan; readonly ms: number }[] = [
  { name: '1min', ms: 60_000 },
  { name: '5min', ms: 300_000 },
  { name: '15min', ms: 900_000 },
];
export type LoadSpan = '1min' | '5min' | '15min';

export class LoadAverage {
  #total = 0;
  readonly #perMinute: Record<LoadSpan, number> = { '1min': 0, '5min': 0, '15min': 0 };

  /** Tells the counter's value and how long ago the last update was. An `elapsedMs` of 0 changes nothing. */
  update(total: number, elapsedMs: number): void {
    if (elapsedMs <= 0) return;
    const rate = ((total - this.#total) * 60_000) / elapsedMs;
    this.#total = total;
    for (const span of loadSpans) {
      const before = this.#perMinute[span.name];
      this.#perMinute[span.name] = rate + Math.exp(-elapsedMs / span.ms) * (before - rate);
    }
  }

  perMinute(span: LoadSpan): number {
    return this.#perMinute[span];
  }
}
