/**
 * One wheel for all deadlines: keep alive, Will Delay, expiry, connect timeout. Slots of 100 ms; a timer
 * fires never early and, with `advance` called every 100 ms, at most 0.2 s late. Deadlines beyond one
 * revolution stay in their slot and are looked at once in each. Schedule and cancel are O(1).
 */

const slotMs = 100;
const slotCount = 4096;
const nothing = (): void => undefined;

/** A deadline somebody holds. Belongs to one wheel at a time. */
export class Timer {
  readonly callback: (nowMs: number) => void;
  deadlineMs = 0;
  /** Neighbours in the slot's ring; undefined while not scheduled. */
  next: Timer | undefined;
  previous: Timer | undefined;

  constructor(callback: (nowMs: number) => void) {
    this.callback = callback;
  }

  get isScheduled(): boolean {
    return this.next !== undefined;
  }
}

export class TimerWheel {
  private readonly slots: Timer[] = [];
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
  schedule(timer: Timer, deadlineMs: number): void {
    this.cancel(timer);
    timer.deadlineMs = deadlineMs;
    if (deadlineMs === Infinity) return;
    // The slot after the deadline's own, so that a slot is never emptied before its deadlines have passed.
    const tick = Math.max(Math.floor(deadlineMs / slotMs) + 1, this.tick + 1);
    const ring = this.slots[tick % slotCount] as Timer;
    const last = ring.previous as Timer;
    timer.previous = last;
    timer.next = ring;
    last.next = timer;
    ring.previous = timer;
    this.count++;
  }

  cancel(timer: Timer): void {
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
    const due: Timer[] = [];
    for (let step = 1; step <= steps; step++) {
      const ring = this.slots[(this.tick + step) % slotCount] as Timer;
      for (let timer = ring.next as Timer; timer !== ring; timer = timer.next as Timer) {
        if (timer.deadlineMs <= nowMs) due.push(timer);
      }
    }
    this.tick = target;
    due.sort((a, b) => a.deadlineMs - b.deadlineMs);
    for (const timer of due) this.fire(timer, nowMs);
  }

  private fire(timer: Timer, nowMs: number): void {
    // An earlier callback of this round may have cancelled or moved it.
    if (!timer.isScheduled || timer.deadlineMs > nowMs) return;
    this.cancel(timer);
    try {
      timer.callback(nowMs);
    } catch (error) {
      this.onError(error);
    }
  }
}
