/** Messages that flow to a Session besides its live ones, as fast as it takes them and no faster. */
export interface Replay {
  /** What it belongs to: a later one with the same key takes its place. */
  readonly key: string;
  /** Sends what may be sent now, in a bounded piece. @returns what to do next. */
  pump(nowMs: number): 'finished' | 'again' | 'waiting';
}
