/**
 * A whole run: starts the shares, lets their steps meet, samples the broker's process, and makes one report
 * of it all. With one worker the share runs in this thread; with more, each in one of its own.
 */
import { SharedProgress } from './delivery-progress.ts';
import type { LoadPlan } from './load-plan.ts';
import { type LoadShare, LocalShare, type SentMessages } from './local-share.ts';
import { nowMs } from './machine-clock.ts';
import { type ProcessUsage, readProcessUsage } from './process-usage.ts';
import { RemoteShare } from './remote-share.ts';
import { checkTarget } from './share-clients.ts';
import { addCounts, type LoadCounts, mergeResults, type ShareResult } from './share-result.ts';

export type LoadPhase = 'connecting' | 'warming up' | 'measuring' | 'draining';

/** Where a run is. */
export interface LoadProgress {
  readonly phase: LoadPhase;
  /** Of the machine's clock. */
  readonly atMs: number;
  /** Since publishing began, the warm-up included; 0 before. */
  readonly elapsedMs: number;
  readonly counts: LoadCounts;
}

export interface LoadRunOptions {
  /** Aborted: the run ends early, and its report covers what was. */
  readonly signal: AbortSignal;
  /** The process of the broker, when it is to be watched. */
  readonly brokerPid: number | undefined;
  /** How often `onProgress` is called. */
  readonly progressEveryMs: number;
  readonly onProgress: (progress: LoadProgress) => void;
}

/** What the broker's process used. */
export interface BrokerUsage {
  readonly pid: number;
  /** In the measured time. */
  readonly cpuMs: number;
  /** At the end, everyone still connected. */
  readonly memoryBytes: number;
  readonly memoryPeakBytes: number;
  /** Before the first connection. */
  readonly memoryBeforeBytes: number;
}

export interface LoadReport {
  readonly plan: LoadPlan;
  readonly result: ShareResult;
  readonly isInterrupted: boolean;
  /** Whether a process was to be watched. */
  readonly wantsBroker: boolean;
  /** undefined: not asked for, or the process ended. */
  readonly broker: BrokerUsage | undefined;
  /** CPU time of this process in the measured time, all threads of it. */
  readonly ownCpuMs: number;
}

/** From the moment that all are connected until they start; threads have to hear of it. */
const startDelayMs = 5;
const workersStartDelayMs = 100;

/** @throws {ClientError} `address`, when the URL or a TLS file cannot be used */
export async function runLoad(plan: LoadPlan, options: LoadRunOptions): Promise<LoadReport> {
  // Here, and not first in a thread, whose errors are no ClientErrors any more.
  checkTarget(plan);
  return await new LoadRun(plan, options).run();
}

class LoadRun {
  readonly #plan: LoadPlan;
  readonly #options: LoadRunOptions;
  readonly #shares: readonly LoadShare[];
  readonly #timers: NodeJS.Timeout[] = [];
  #phase: LoadPhase = 'connecting';
  #startMs: number | undefined;
  #from: Sample | undefined;
  #to: Sample | undefined;
  /** Before anyone disconnects. */
  #atEnd: ProcessUsage | undefined;

  constructor(plan: LoadPlan, options: LoadRunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#shares = sharesOf(plan);
  }

  async run(): Promise<LoadReport> {
    const { signal, progressEveryMs } = this.#options;
    const before = this.#brokerNow();
    const stop = (): void => {
      for (const share of this.#shares) share.stop();
    };
    signal.addEventListener('abort', stop);
    this.#timers.push(setInterval(() => void this.#tell(), progressEveryMs));
    try {
      if (signal.aborted) stop();
      const isConnecting = this.#plan.kind === 'conn';
      if (isConnecting) this.#from = this.#sample();
      await this.#all((share) => share.connect());
      if (isConnecting) this.#to = this.#sample();
      const sent = await this.#runShares(stop);
      this.#atEnd = this.#brokerNow();
      this.#phase = 'draining';
      await this.#tell();
      const results = await this.#all((share) => share.drain(sent));
      return this.#report(mergeResults(results), before);
    } finally {
      signal.removeEventListener('abort', stop);
      for (const timer of this.#timers) clearTimeout(timer);
      await Promise.all(this.#shares.map((share) => closed(share)));
    }
  }

  /** When one share ends early, the others end too. */
  async #runShares(stop: () => void): Promise<SentMessages> {
    const counts = addCounts(await this.#all((share) => share.counts()));
    const isUseless = this.#plan.kind === 'conn' ? counts.opened === 0 : counts.failed > 0;
    if (isUseless || this.#options.signal.aborted) return [];
    const isAlone = this.#shares.length === 1;
    const startMs = nowMs() + (isAlone ? startDelayMs : workersStartDelayMs);
    const measureFromMs = startMs + this.#plan.warmupMs;
    const timing = { startMs, measureFromMs, endMs: measureFromMs + this.#plan.durationMs };
    this.#startMs = startMs;
    this.#phase = this.#plan.warmupMs === 0 ? 'measuring' : 'warming up';
    this.#at(timing.measureFromMs, () => {
      this.#phase = 'measuring';
      this.#from ??= this.#sample();
    });
    this.#at(timing.endMs, () => {
      this.#to ??= this.#sample();
    });
    const all = await this.#all(async (share) => {
      const sent = await share.run(timing);
      if (nowMs() < timing.endMs) stop();
      return sent;
    });
    if (this.#from !== undefined) this.#to ??= this.#sample();
    return all.flat();
  }

  async #all<T>(act: (share: LoadShare) => Promise<T>): Promise<T[]> {
    return await Promise.all(this.#shares.map(act));
  }

  async #tell(): Promise<void> {
    const phase = this.#phase;
    const atMs = nowMs();
    const counts = addCounts(await this.#all((share) => share.counts()));
    const elapsedMs = this.#startMs === undefined ? 0 : Math.max(0, atMs - this.#startMs);
    this.#options.onProgress({ phase, atMs, elapsedMs, counts });
  }

  #at(instantMs: number, act: () => void): void {
    if (instantMs === Number.POSITIVE_INFINITY) return;
    this.#timers.push(setTimeout(act, instantMs - nowMs()));
  }

  #sample(): Sample {
    const { user, system } = process.cpuUsage();
    return { ownCpuMs: (user + system) / 1000, broker: this.#brokerNow() };
  }

  #brokerNow(): ProcessUsage | undefined {
    const { brokerPid } = this.#options;
    return brokerPid === undefined ? undefined : readProcessUsage(brokerPid);
  }

  #report(result: ShareResult, before: ProcessUsage | undefined): LoadReport {
    return {
      plan: this.#plan,
      result,
      isInterrupted: this.#options.signal.aborted,
      wantsBroker: this.#options.brokerPid !== undefined,
      broker: this.#brokerUsage(before),
      ownCpuMs: (this.#to?.ownCpuMs ?? 0) - (this.#from?.ownCpuMs ?? 0),
    };
  }

  #brokerUsage(before: ProcessUsage | undefined): BrokerUsage | undefined {
    const from = this.#from?.broker;
    const to = this.#to?.broker;
    const atEnd = this.#atEnd;
    const pid = this.#options.brokerPid;
    if (pid === undefined || before === undefined || atEnd === undefined) return undefined;
    return {
      pid,
      cpuMs: (to?.cpuMs ?? 0) - (from?.cpuMs ?? 0),
      memoryBytes: atEnd.memoryBytes,
      memoryPeakBytes: atEnd.memoryPeakBytes,
      memoryBeforeBytes: before.memoryBytes,
    };
  }
}

interface Sample {
  readonly ownCpuMs: number;
  readonly broker: ProcessUsage | undefined;
}

function sharesOf(plan: LoadPlan): LoadShare[] {
  const count = plan.workerCount;
  if (count === 1) return [new LocalShare(plan, { index: 0, count })];
  // Without a rate, a publisher has to know how far the subscribers in other threads are.
  const isSharing = plan.kind === 'fanout' && plan.ratePerSecond === 0;
  const progress = isSharing ? SharedProgress.allocate(count, plan.publisherCount) : undefined;
  return Array.from({ length: count }, (_, index) => {
    return new RemoteShare({ plan, place: { index, count }, progress });
  });
}

async function closed(share: LoadShare): Promise<void> {
  if (share instanceof RemoteShare) await share.close();
}
