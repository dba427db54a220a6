/**
 * One turn of the event loop: whatever its reads made due is sent at its end, each connection with one
 * write.
 */
import { nowMs } from './machine-clock.ts';
import { Outbox } from './outbox.ts';

export interface Flushable {
  /** Sends what is due. Returns true when more is due than went into one write. */
  flush(outbox: Outbox, nowMs: number): boolean;
}

export class Turn {
  /** Grows with everything that arrives or is sent: how a loop that turns without sleeping knows idle turns. */
  workCount = 0;
  readonly #outbox = new Outbox();
  #due: Flushable[] = [];
  #flushing: Flushable[] = [];
  #isArmed = false;

  /** Flushes it at the end of this turn. The caller sees to it that it asks once. */
  request(connection: Flushable): void {
    this.#due.push(connection);
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(this.#end);
  }

  /** What `act` makes due is sent at once: nothing waits for the end of the turn. */
  during(act: () => void): void {
    const wasArmed = this.#isArmed;
    this.#isArmed = true;
    act();
    this.#isArmed = wasArmed;
    this.flush();
  }

  readonly #end = (): void => {
    this.#isArmed = false;
    this.flush();
  };

  /** Sends what is due now. */
  flush(): void {
    if (this.#due.length === 0) return;
    const connections = this.#due;
    this.#due = this.#flushing;
    const now = nowMs();
    this.workCount += connections.length;
    for (const connection of connections) {
      if (connection.flush(this.#outbox, now)) this.request(connection);
    }
    connections.length = 0;
    this.#flushing = connections;
  }
}
