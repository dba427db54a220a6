import { errorCode, type Scheduler } from '../io.ts';
import type { SegmentLog } from '../log/segment-log.ts';
import type { HistorySegments } from './history-segments.ts';

export interface RetentionOptions {
  /** 0 = for ever. */
  readonly maxAgeMs: number;
  /** Of all segments. */
  readonly bytesMax: number;
  readonly failed: (text: string) => void;
  /** Called now and then, before it looks. */
  readonly beforeCheck: () => void;
}

const checkMsMax = 60_000;
const checkMsMin = 100;
/** A disk that was full takes a moment to notice that it no longer is. */
const pauseMs = 600;

/** Removes the oldest segments, one at a time: those that are too old, and as many as are too large together. */
export class Retention {
  private readonly log: SegmentLog;
  private readonly segments: HistorySegments;
  private readonly scheduler: Scheduler;
  private readonly options: RetentionOptions;
  private work: Promise<unknown> = Promise.resolve();
  private cancelTimer: () => void = () => undefined;
  private endPause: () => void = () => undefined;
  private isStopped = false;

  constructor(
    log: SegmentLog,
    segments: HistorySegments,
    scheduler: Scheduler,
    options: RetentionOptions,
  ) {
    this.log = log;
    this.segments = segments;
    this.scheduler = scheduler;
    this.options = options;
    this.checkLater();
  }

  /** @returns when everything that has to go is gone */
  check(): Promise<void> {
    return this.alone(async () => {
      while (!this.isStopped && this.mustDropOldest() && (await this.drop()));
    });
  }

  /** @returns whether there was a segment to be dropped */
  dropOne(): Promise<boolean> {
    return this.alone(() => this.drop());
  }

  pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.scheduler.after(pauseMs, resolve);
      this.endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelTimer();
    this.endPause();
    await this.work;
  }

  private mustDropOldest(): boolean {
    const oldest = this.segments.all[0];
    if (oldest === undefined) return false;
    const { maxAgeMs, bytesMax } = this.options;
    if (this.log.sizeBytes > bytesMax) return true;
    const newestMs = oldest.summary?.maxMs ?? Infinity;
    return maxAgeMs > 0 && newestMs < this.scheduler.nowMs() - maxAgeMs;
  }

  private async drop(): Promise<boolean> {
    const oldest = this.segments.all[0];
    if (this.isStopped || oldest === undefined || !oldest.isSealed) return false;
    try {
      // The sidecar first: a segment without one is made whole again, the other way round nobody would miss it.
      await this.segments.forgetOldest();
      await this.log.dropOldest();
      return true;
    } catch (error) {
      const text = `${oldest.segment.path} could not be removed (${errorCode(error)})`;
      this.options.failed(text);
      return false;
    }
  }

  private checkLater(): void {
    const { maxAgeMs } = this.options;
    const everyMs = maxAgeMs === 0 ? checkMsMax : Math.min(checkMsMax, maxAgeMs / 16);
    this.cancelTimer = this.scheduler.after(Math.max(checkMsMin, everyMs), () => {
      this.options.beforeCheck();
      void this.check();
      if (!this.isStopped) this.checkLater();
    });
  }

  /** One after the other. */
  private alone<T>(step: () => Promise<T>): Promise<T> {
    const result = this.work.then(step);
    this.work = result.catch(() => undefined);
    return result;
  }
}
