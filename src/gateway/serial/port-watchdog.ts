/**
 * Drivers are not trusted: every second this compares what the driver says with whether the device still
 * exists and with when the last valid line came. A library that misses an unplug is noticed by it.
 */
import type { SerialClock } from './clock.ts';

export interface WatchedPort {
  isOpen(): boolean;
  /** Whether the device that was opened still exists. */
  isThere(): Promise<boolean>;
  /** Called once; the watchdog has ended then. */
  gone(cause: string): void;
  /** No valid line for the time of silence. Called once for every time of silence. */
  silent(): void;
}

const checkMs = 1000;

export class PortWatchdog {
  readonly #port: WatchedPort;
  readonly #clock: SerialClock;
  readonly #silenceMs: number;
  #heardAtMs: number;
  #isEnded = false;
  #cancel: () => void = () => undefined;

  /** @param silenceMs 0: silence is not watched. */
  constructor(port: WatchedPort, clock: SerialClock, silenceMs: number) {
    this.#port = port;
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#heardAtMs = clock.monotonicMs();
    this.#arm();
  }

  /** A valid line came. */
  heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  end(): void {
    this.#isEnded = true;
    this.#cancel();
  }

  #arm(): void {
    this.#cancel = this.#clock.after(checkMs, () => {
      this.#check().catch((error: unknown) => this.#gone(`looking at it failed: ${String(error)}`));
    });
  }

  async #check(): Promise<void> {
    const isThere = await this.#port.isThere();
    if (this.#isEnded) return;
    if (!this.#port.isOpen()) this.#gone('the driver closed it');
    else if (!isThere) this.#gone('its device is gone');
    else {
      const nowMs = this.#clock.monotonicMs();
      this.#arm();
      if (this.#silenceMs === 0 || nowMs - this.#heardAtMs < this.#silenceMs) return;
      this.#heardAtMs = nowMs;
      this.#port.silent();
    }
  }

  #gone(cause: string): void {
    if (this.#isEnded) return;
    this.end();
    this.#port.gone(cause);
  }
}
