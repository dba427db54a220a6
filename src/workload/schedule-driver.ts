/**
 * Drives a schedule by the clock. Timers of the event loop are a millisecond coarse, which would show in
 * every latency of an open loop; so for the last milliseconds before a message the loop turns without
 * sleeping, and the time it turned for nothing is counted, to tell a busy generator from a waiting one.
 */
import { nowMs } from './machine-clock.ts';
import type { OpenLoopSchedule } from './open-loop-schedule.ts';
import type { Turn } from './turn.ts';

export interface ScheduleDriverOptions {
  readonly schedule: OpenLoopSchedule;
  readonly turn: Turn;
  /** false: timers alone, late by up to a millisecond or two, but almost no CPU time. */
  readonly isSpinning: boolean;
  /** Given the place within the schedule's publishers. */
  readonly due: (place: number) => void;
}

/** Messages noticed this much after their time are counted. */
const lateMs = 1;
/** A turn for nothing takes microseconds; what took longer had no core meanwhile. */
const idleTurnMsMax = 0.05;
/** A timer may be that much late; what is due sooner is waited for awake. */
const timerErrorMs = 2;

export class ScheduleDriver {
  /** The time turned for nothing. */
  idleMs = 0;
  /** The furthest that a message was noticed after its time, and how many more than 1 ms. */
  lateMaxMs = 0;
  lateCount = 0;
  readonly #options: ScheduleDriverOptions;
  #isRunning = false;
  #timer: NodeJS.Timeout | undefined;
  #turnedAtMs: number | undefined;
  #workCount = 0;

  constructor(options: ScheduleDriverOptions) {
    this.#options = options;
  }

  /** Nothing is left in the schedule. */
  get isFinished(): boolean {
    return this.#options.schedule.nextDueMs === Number.POSITIVE_INFINITY;
  }

  start(startMs: number): void {
    this.#options.schedule.start(startMs);
    this.#isRunning = true;
    this.#tick();
  }

  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  #tick(): void {
    if (!this.#isRunning) return;
    const { schedule, turn } = this.#options;
    const now = nowMs();
    if (this.#turnedAtMs !== undefined && turn.workCount === this.#workCount) {
      this.idleMs += Math.min(now - this.#turnedAtMs, idleTurnMsMax);
    }
    if (schedule.nextDueMs <= now) turn.during(() => schedule.advance(now, this.#due));
    if (this.isFinished) {
      this.stop();
      return;
    }
    this.#workCount = turn.workCount;
    this.#wait(schedule.nextDueMs - now, now);
  }

  readonly #due = (place: number, late: number): void => {
    if (late > lateMs) this.lateCount++;
    if (late > this.lateMaxMs) this.lateMaxMs = late;
    this.#options.due(place);
  };

  #wait(waitMs: number, now: number): void {
    const isAwake = this.#options.isSpinning && waitMs <= timerErrorMs + 1;
    this.#turnedAtMs = isAwake ? now : undefined;
    if (isAwake) {
      setImmediate(this.#next);
      return;
    }
    const sleepMs = this.#options.isSpinning ? waitMs - timerErrorMs : waitMs;
    this.#timer = setTimeout(this.#next, Math.max(1, Math.ceil(sleepMs)));
  }

  readonly #next = (): void => this.#tick();
}
