/** Time and chance of the gateway, as one object that tests can play. */
export interface SerialClock {
  /** Milliseconds since the epoch, for what people and messages are told. It may jump. */
  nowMs(): number;
  /** Milliseconds since some start, never going back: every duration is measured with it. */
  monotonicMs(): number;
  /** In [0, 1). */
  random(): number;
  /** Calls once after `delayMs`. @returns a function that prevents it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const machineClock: SerialClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
