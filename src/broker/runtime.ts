/**
 * What the broker needs from the world besides bytes: time, chance and the end of the turn. The core reads
 * no clock and sets no timer itself, so that tests and the simulation can play all of them.
 */
export interface BrokerRuntime {
  /** Milliseconds since the epoch, never going back. */
  nowMs(): number;
  /** In [0, 1). */
  random(): number;
  /** Runs `callback` once after the current turn of the event loop has handled its input. */
  afterTurn(callback: () => void): void;
}
