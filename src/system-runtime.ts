import { performance } from 'node:perf_hooks';
import type { BrokerRuntime } from './broker/index.ts';

/** Rounds of callbacks in one turn: output written by the first leaves in the next, not a turn later. */
const roundsPerTurn = 3;

/** The real world for the broker: the process clock, the process's chance, Node's event loop. */
export class SystemRuntime implements BrokerRuntime {
  private readonly onError: (error: unknown) => void;
  private callbacks: (() => void)[] = [];
  private isScheduled = false;

  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  /** Follows the monotonic clock: a corrected wall clock expires nothing early or late. */
  nowMs(): number {
    return performance.timeOrigin + performance.now();
  }

  random(): number {
    return Math.random();
  }

  afterTurn(callback: () => void): void {
    this.callbacks.push(callback);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => this.run());
  }

  private run(): void {
    for (let round = 0; round < roundsPerTurn && this.callbacks.length > 0; round++) {
      const callbacks = this.callbacks;
      this.callbacks = [];
      for (const callback of callbacks) this.call(callback);
    }
    this.isScheduled = this.callbacks.length > 0;
    if (this.isScheduled) setImmediate(() => this.run());
  }

  private call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.onError(error);
    }
  }
}
