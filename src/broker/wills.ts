import type { Will } from '../packet/index.ts';
import type { Session } from '../session/index.ts';
import type { Core } from './core.ts';
import { Timer } from './timer-wheel.ts';

/** The Will Delay Interval. */
export function delayMsOf(will: Will | undefined): number {
  return (will?.properties?.willDelayInterval ?? 0) * 1000;
}

interface PendingWill {
  readonly will: Will;
  readonly timer: Timer;
}

/**
 * Will Messages of clients that went without a word. Each is published when its Will Delay Interval has
 * passed or its Session ends, whichever is first [MQTT-3.1.3-9], unless the client is back before.
 */
export class Wills {
  private readonly core: Core;
  private readonly publish: (session: Session, will: Will) => void;
  private readonly sent: (session: Session) => void;
  private readonly pending = new Map<Session, PendingWill>();

  /** @param sent called when a Session that lives on has lost its Will Message to its delay */
  constructor(
    core: Core,
    publish: (session: Session, will: Will) => void,
    sent: (session: Session) => void,
  ) {
    this.core = core;
    this.publish = publish;
    this.sent = sent;
  }

  get count(): number {
    return this.pending.size;
  }

  /** The connection ended in a way that asks for the Will Message [MQTT-3.1.2-8]. */
  due(session: Session, endedAtMs: number): void {
    const { will } = session;
    if (will === undefined) return;
    const delayMs = delayMsOf(will);
    if (delayMs === 0 || session.expiryIntervalMs === 0) {
      this.send(session, will);
      return;
    }
    const timer = new Timer(() => {
      this.pending.delete(session);
      this.send(session, will);
      this.sent(session);
    });
    this.pending.set(session, { will, timer });
    this.core.wheel.schedule(timer, endedAtMs + delayMs);
  }

  /** The client is back before the delay was over: nothing happened. */
  cancel(session: Session): void {
    const pending = this.pending.get(session);
    if (pending === undefined) return;
    this.core.wheel.cancel(pending.timer);
    this.pending.delete(session);
  }

  /** The Session ends: what waits is published now. */
  sessionEnding(session: Session): void {
    const pending = this.pending.get(session);
    if (pending === undefined) return;
    this.cancel(session);
    this.send(session, pending.will);
  }

  /** Publishes everything that waits: the broker stops and nothing would remember it. */
  sendAll(): void {
    for (const session of [...this.pending.keys()]) this.sessionEnding(session);
  }

  private send(session: Session, will: Will): void {
    session.will = undefined; // [MQTT-3.1.2-10]
    this.publish(session, will);
  }
}
