import type { BrokerRuntime } from '../broker/index.ts';

/** A world in which time passes only when told to, chance comes from a seed, and turns end on demand. */
export class VirtualRuntime implements BrokerRuntime {
  private timeMs: number;
  private state: number;
  private pending: (() => void)[] = [];

  /** @param startMs what the clock shows first, milliseconds since the epoch. */
  constructor(seed = 1, startMs = 1_700_000_000_000) {
    this.state = seed >>> 0;
    this.timeMs = startMs;
  }

  nowMs(): number {
    return this.timeMs;
  }

  /** Mulberry32: small, fast, and good enough to be unpredictable to a test. */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  afterTurn(callback: () => void): void {
    this.pending.push(callback);
  }

  /** Ends turns until nothing is left to do. */
  runTurns(): void {
    while (this.pending.length > 0) {
      const callbacks = this.pending;
      this.pending = [];
      for (const callback of callbacks) callback();
    }
  }

  /** Moves the clock; whoever advances time also tells the broker to look (`TestBroker.advance`). */
  elapse(ms: number): void {
    this.timeMs += ms;
  }
}
