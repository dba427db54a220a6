/**
 * One wheel for all deadlines: keep alive, Will Delay, expiry, connect timeout. Slots of 100 ms; a timer
 * fires never early and, with `advance` called every 100 ms, at most 0.2 s late. Deadlines beyond one
 * revolution stay in their slot and are looked at once in each. Schedule and cancel are O(1).
 */

const slotMs = 100;
const slotCount = 4096;
const nothing = (): void => undefined;

/** A deadline somebody holds. Belongs to one wheel at a time. */
export abstract class Deadline {
  deadlineMs = 0;
  /** Neighbours in the slot's ring; undefined while not scheduled. */
  next: Deadline | undefined = undefined;
  previous: Deadline | undefined = undefined;

  get isScheduled(): boolean {
    return this.next !== undefined;
  }

  /** It has passed. */
  abstract passed(nowMs: number): void;
}

/** A deadline that calls back. Where there are many, a `Deadline` of their own saves the function. */
export class Timer extends Deadline {
  private readonly callback: (nowMs: number) => void;

  constructor(callback: (nowMs: number) => void) {
    super();
    this.callback = callback;
  }

  passed(nowMs: number): void {
    this.callback(nowMs);
  }
}

export class TimerWheel {
  private readonly slots: Deadline[] = [];
  private readonly onError: (error: unknown) => void;
  /** Everything in slots before this tick has fired. */
  private tick: number;
  count = 0;

  constructor(nowMs: number, onError: (error: unknown) => void) {
    this.tick = Math.floor(nowMs / slotMs);
    this.onError = onError;
    for (let i = 0; i < slotCount; i++) {
      const ring = new Timer(nothing);
      ring.next = ring;
      ring.previous = ring;
      this.slots.push(ring);
    }
  }

  /** (Re)schedules. A deadline in the past fires at the next `advance`; Infinity never does. */
  schedule(timer: Deadline, deadlineMs: number): void {
    this.cancel(timer);
    timer.deadlineMs = deadlineMs;
    if (deadlineMs === Infinity) return;
    // The slot after the deadline's own, so that a slot is never emptied before its deadlines have passed.
    const tick = Math.max(Math.floor(deadlineMs / slotMs) + 1, this.tick + 1);
    const ring = this.slots[tick % slotCount] as Deadline;
    const last = ring.previous as Deadline;
    timer.previous = last;
    timer.next = ring;
    last.next = timer;
    ring.previous = timer;
    this.count++;
  }

  cancel(timer: Deadline): void {
    if (timer.next === undefined || timer.previous === undefined) return;
    timer.previous.next = timer.next;
    timer.next.previous = timer.previous;
    timer.next = undefined;
    timer.previous = undefined;
    this.count--;
  }

  /** Fires what is due. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / slotMs);
    if (target <= this.tick) return;
    const steps = Math.min(target - this.tick, slotCount);
    const due: Deadline[] = [];
    for (let step = 1; step <= steps; step++) {
      const ring = this.slots[(this.tick + step) % slotCount] as Deadline;
      for (let timer = ring.next as Deadline; timer !== ring; timer = timer.next as Deadline) {
        if (timer.deadlineMs <= nowMs) due.push(timer);
      }
    }
    this.tick = target;
    due.sort((a, b) => a.deadlineMs - b.deadlineMs);
    for (const timer of due) this.fire(timer, nowMs);
  }

  private fire(timer: Deadline, nowMs: number): void {
    // An earlier callback of this round may have cancelled or moved it.
    if (!timer.isScheduled || timer.deadlineMs > nowMs) return;
    this.cancel(timer);
    try {
      timer.passed(nowMs);
    } catch (error) {
      this.onError(error);
    }
  }
}
