import type { Connection } from '../session/index.ts';
import type { Core } from './core.ts';
import { Deadline } from './timer-wheel.ts';

/** Who hears that a connection's time is over. */
export interface DeadlineOwner {
  readonly protocol: Connection;
  deadlinePassed(what: 'connect' | 'keep-alive'): void;
}

/**
 * The one deadline of a connection: first for its CONNECT, then for its Keep Alive. Packets only note when
 * they came; the deadline looks at that when it passes, and moves on when something came meanwhile.
 */
export class ConnectionDeadline extends Deadline {
  private readonly core: Core;
  private readonly owner: DeadlineOwner;

  constructor(core: Core, owner: DeadlineOwner) {
    super();
    this.core = core;
    this.owner = owner;
    const { connectTimeoutMs } = core.settings.limits;
    core.wheel.schedule(this, core.runtime.nowMs() + connectTimeoutMs);
  }

  /** CONNECT was accepted: from now on the Keep Alive counts. */
  connected(): void {
    this.core.wheel.schedule(this, this.keepAliveDeadlineMs);
  }

  cancel(): void {
    this.core.wheel.cancel(this);
  }

  /** One and a half times the Keep Alive after the last packet [MQTT-3.1.2-22]. */
  private get keepAliveDeadlineMs(): number {
    const { keepAlive, lastReceivedMs } = this.owner.protocol;
    return keepAlive === 0 ? Infinity : lastReceivedMs + keepAlive * 1500;
  }

  passed(nowMs: number): void {
    if (this.owner.protocol.state !== 'connected') {
      this.owner.deadlinePassed('connect');
    } else if (nowMs < this.keepAliveDeadlineMs) {
      this.core.wheel.schedule(this, this.keepAliveDeadlineMs);
    } else {
      this.owner.deadlinePassed('keep-alive');
    }
  }
}
