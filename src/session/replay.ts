/** Messages that flow to a Session besides its live ones, as fast as it takes them and no faster. */
export interface Replay {
  /** Sends what may be sent now, in a bounded piece. @returns what to do next. */
  pump(nowMs: number): 'finished' | 'again' | 'waiting';
}
