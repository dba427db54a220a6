import type { Connection } from '../session/index.ts';
import type { Core } from './core.ts';
import { Timer } from './timer-wheel.ts';

/**
 * The one deadline of a connection: first for its CONNECT, then for its Keep Alive. Packets only note when
 * they came; the deadline looks at that when it passes, and moves on when something came meanwhile.
 */
export class ConnectionDeadline {
  private readonly core: Core;
  private readonly protocol: Connection;
  private readonly passed: (what: 'connect' | 'keep-alive') => void;
  private readonly timer: Timer;

  constructor(core: Core, protocol: Connection, passed: (what: 'connect' | 'keep-alive') => void) {
    this.core = core;
    this.protocol = protocol;
    this.passed = passed;
    this.timer = new Timer((nowMs) => this.look(nowMs));
    const { connectTimeoutMs } = core.settings.limits;
    core.wheel.schedule(this.timer, core.runtime.nowMs() + connectTimeoutMs);
  }

  /** CONNECT was accepted: from now on the Keep Alive counts. */
  connected(): void {
    this.core.wheel.schedule(this.timer, this.keepAliveDeadlineMs);
  }

  cancel(): void {
    this.core.wheel.cancel(this.timer);
  }

  /** One and a half times the Keep Alive after the last packet [MQTT-3.1.2-22]. */
  private get keepAliveDeadlineMs(): number {
    const { keepAlive, lastReceivedMs } = this.protocol;
    return keepAlive === 0 ? Infinity : lastReceivedMs + keepAlive * 1500;
  }

  private look(nowMs: number): void {
    if (this.protocol.state !== 'connected') {
      this.passed('connect');
    } else if (nowMs < this.keepAliveDeadlineMs) {
      this.core.wheel.schedule(this.timer, this.keepAliveDeadlineMs);
    } else {
      this.passed('keep-alive');
    }
  }
}
