import type { Core } from './core.ts';

/**
 * What one connection may have done before the others get their turn, counted in packets sent, to whomever. In
 * one turn of its loop the system brings up to 2 MiB of one client, which are more than 100,000 small messages,
 * and each may go to thousands. Much less than this would cost fan-outs their batches: receivers by the
 * thousand would be written to for a handful of messages.
 */
const workPerTurn = 65_536;
/** Packets sent that one packet read counts as: a share is about 4,000 messages that go to one receiver each. */
const readWeight = 16;

export interface ShareOwner {
  /** The rest is over. */
  process(): void;
}

/**
 * How much of the current turn is left for one connection. When its share is used up it rests until the others
 * had theirs. Counts by the counters that are kept anyway.
 */
export class TurnShare {
  isResting = false;
  private readonly core: Core;
  private readonly owner: ShareOwner;
  private turnMs = -1;
  private left = workPerTurn;
  private endsAt = 0;

  constructor(core: Core, owner: ShareOwner) {
    this.core = core;
    this.owner = owner;
  }

  /** Work begins. @param nowMs the clock of the turn, which stands still within it */
  begin(nowMs: number): void {
    if (nowMs !== this.turnMs) {
      this.turnMs = nowMs;
      this.left = workPerTurn;
    }
    this.endsAt = this.work + this.left;
  }

  get isUsedUp(): boolean {
    return this.work >= this.endsAt;
  }

  /** Work ends, and a rest begins if half of the share is gone: between two chunks of input is a good place. */
  end(): void {
    this.left = this.endsAt - this.work;
    if (this.left > workPerTurn / 2 || this.isResting) return;
    this.isResting = true;
    this.core.runtime.afterTurn(() => {
      this.isResting = false;
      this.left = workPerTurn;
      this.owner.process();
    });
  }

  private get work(): number {
    const { packetsReceived, packetsSent } = this.core.counters;
    return packetsReceived * readWeight + packetsSent;
  }
}
