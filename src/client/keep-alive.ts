/**
 * Keep Alive of one connection. A PINGREQ goes out when for a whole interval nothing was sent [MQTT-3.1.2-20]
 * or nothing was received: a client that only publishes at QoS 0 would otherwise never learn that
 * nobody is there any more. Without an answer the connection is over [MQTT-3.1.2.10].
 */
export interface KeepAliveHost {
  sendPing(): void;
  timedOut(): void;
  /** While true, silence is our own doing: nothing is read, so nothing can be heard. */
  readonly isPaused: boolean;
}

const longestAnswerMs = 20_000;

export class KeepAlive {
  readonly #intervalMs: number;
  readonly #answerMs: number;
  readonly #host: KeepAliveHost;
  #sentAtMs = performance.now();
  #receivedAtMs = this.#sentAtMs;
  #pingedAtMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Runs until `stop`; an interval of 0 does nothing. */
  constructor(intervalMs: number, host: KeepAliveHost) {
    this.#intervalMs = intervalMs;
    this.#answerMs = Math.min(intervalMs, longestAnswerMs);
    this.#host = host;
    if (intervalMs > 0) this.#schedule(intervalMs);
  }

  sent(): void {
    this.#sentAtMs = performance.now();
  }

  received(): void {
    this.#receivedAtMs = performance.now();
    this.#pingedAtMs = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#check(), Math.max(1, delayMs));
  }

  #check(): void {
    if (this.#host.isPaused) this.received();
    const nowMs = performance.now();
    if (this.#pingedAtMs !== undefined) {
      const answerDueMs = this.#pingedAtMs + this.#answerMs;
      if (nowMs >= answerDueMs) this.#host.timedOut();
      else this.#schedule(answerDueMs - nowMs);
      return;
    }
    const pingDueMs = Math.min(this.#sentAtMs, this.#receivedAtMs) + this.#intervalMs;
    if (nowMs < pingDueMs) {
      this.#schedule(pingDueMs - nowMs);
      return;
    }
    this.#pingedAtMs = nowMs;
    this.#host.sendPing();
    this.#schedule(this.#answerMs);
  }
}
