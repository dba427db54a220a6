import { performance } from 'node:perf_hooks';
import type { BrokerRuntime } from './broker/index.ts';

/** Rounds of callbacks in one turn: output written by the first leaves in the next, not a turn later. */
const roundsPerTurn = 3;

/** The real world for the broker: the process clock, the process's chance, Node's event loop. */
export class SystemRuntime implements BrokerRuntime {
  private readonly onError: (error: unknown) => void;
  private callbacks: (() => void)[] = [];
  private isScheduled = false;
  private isNowKnown = false;
  private now = 0;

  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  /**
   * Follows the monotonic clock: a corrected wall clock expires nothing early or late. Read once in a turn of
   * the event loop, because every message asks; what happens later in a long turn happens a little early.
   */
  nowMs(): number {
    if (!this.isNowKnown) {
      this.isNowKnown = true;
      this.now = performance.timeOrigin + performance.now();
      this.schedule();
    }
    return this.now;
  }

  random(): number {
    return Math.random();
  }

  afterTurn(callback: () => void): void {
    this.callbacks.push(callback);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.run);
  }

  private readonly run = (): void => {
    for (let round = 0; round < roundsPerTurn && this.callbacks.length > 0; round++) {
      const callbacks = this.callbacks;
      this.callbacks = [];
      for (const callback of callbacks) this.call(callback);
    }
    this.isNowKnown = false;
    this.isScheduled = false;
    if (this.callbacks.length > 0) this.schedule();
  };

  private call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.onError(error);
    }
  }
}
