/** The measured time of one thread: what was counted, and what the thread used, between begin and end. */
import { readFileSync } from 'node:fs';
import { LatencyHistogram } from './latency-histogram.ts';
import { nowMs } from './machine-clock.ts';
import type { LoadCounts, Measured } from './share-result.ts';

interface Reading {
  readonly atMs: number;
  readonly counts: LoadCounts;
  readonly cpuMs: number;
  readonly waitMs: number;
  readonly idleMs: number;
}

export class Meter {
  readonly latency: LatencyHistogram = new LatencyHistogram();
  readonly #read: (idleMs: number) => Reading;
  #from: Reading | undefined;
  #to: Reading | undefined;

  constructor(counts: () => LoadCounts) {
    this.#read = (idleMs) => ({
      atMs: nowMs(),
      counts: counts(),
      cpuMs: threadCpuMs(),
      waitMs: threadWaitMs(),
      idleMs,
    });
  }

  /** The first call counts. @param idleMs what the thread has turned for nothing so far */
  begin(idleMs: number): void {
    this.#from ??= this.#read(idleMs);
  }

  /** The first call counts; without `begin` nothing was measured. */
  end(idleMs: number): void {
    if (this.#from !== undefined) this.#to ??= this.#read(idleMs);
  }

  /** Counts a message that was sent, or due, in the measured time; it may arrive later. */
  record(sentAtMs: number, latencyMs: number): void {
    if (this.#from === undefined || sentAtMs < this.#from.atMs) return;
    if (this.#to !== undefined && sentAtMs >= this.#to.atMs) return;
    this.latency.record(latencyMs);
  }

  get measured(): Measured {
    const from = this.#from;
    const to = this.#to;
    if (from === undefined || to === undefined) return nothing;
    const cpuMs = to.cpuMs - from.cpuMs;
    return {
      seconds: (to.atMs - from.atMs) / 1000,
      published: to.counts.published - from.counts.published,
      received: arrivals(to.counts) - arrivals(from.counts),
      receivedBytes: to.counts.receivedBytes - from.counts.receivedBytes,
      cpuMs,
      waitMs: to.waitMs - from.waitMs,
      // By another clock, and so perhaps a little more than all of it.
      idleMs: Math.min(cpuMs, to.idleMs - from.idleMs),
    };
  }

  /** Share of the measured time that the thread was at work, 0 to 1. */
  get busy(): number {
    const { seconds, cpuMs, idleMs } = this.measured;
    return share(cpuMs - idleMs, seconds);
  }

  /** Share of the measured time that the thread wanted to work and had no core, 0 to 1. */
  get starved(): number {
    const { seconds, waitMs } = this.measured;
    return share(waitMs, seconds);
  }
}

const nothing: Measured = {
  seconds: 0,
  published: 0,
  received: 0,
  receivedBytes: 0,
  cpuMs: 0,
  waitMs: 0,
  idleMs: 0,
};

function arrivals(counts: LoadCounts): number {
  return counts.received + counts.foreign;
}

function share(ms: number, seconds: number): number {
  return seconds === 0 ? 0 : Math.min(1, Math.max(0, ms / (seconds * 1000)));
}

/** Time that this thread could have run and was not allowed to; 0 where nobody counts it. */
function threadWaitMs(): number {
  try {
    const [, waited] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    return Number(waited ?? 0) / 1e6;
  } catch {
    // Only Linux has it.
    return 0;
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
