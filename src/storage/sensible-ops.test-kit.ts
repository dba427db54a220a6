import type { Op } from '../broker/index.ts';
import type { Lsn } from '../session/index.ts';
import { RandomOps } from './random-ops.test-kit.ts';
import type { SeededChance } from './seeded-chance.test-kit.ts';
import type { ModelSession, StateModel } from './state-model.test-kit.ts';

/** Operations as a broker makes them: about Sessions and messages that exist, mostly. */
export class SensibleOps {
  private readonly chance: SeededChance;
  private readonly model: StateModel;
  private readonly random: RandomOps;
  private nextSession = 1;
  private nextPacketId = 1;

  constructor(chance: SeededChance, model: StateModel) {
    this.chance = chance;
    this.model = model;
    this.random = new RandomOps(chance);
    for (const number of model.sessions.keys())
      this.nextSession = Math.max(this.nextSession, number + 1);
  }

  next(): Op {
    const { chance } = this;
    const session = this.anySession();
    if (session === undefined) return this.sessionOp(this.nextSession++, true);
    switch (chance.below(20)) {
      case 0:
        return this.sessionOp(this.nextSession++, true);
      case 1:
        return this.sessionOp(session.number, chance.below(4) > 0);
      case 2:
      case 3:
        return this.subscriptionOp(session);
      case 4:
        return this.retainedRemoved();
      case 5:
        return this.queuedOp(session);
      case 6:
      case 7:
        return this.unreleasedOp(session);
      case 8:
        return { kind: 'settled', session: 9999, message: chance.below(100) };
      case 9:
      case 10:
      case 11:
      case 12:
        return this.progress(session);
      default:
        return this.messageOp();
    }
  }

  private sessionOp(number: number, isThere: boolean): Op {
    for (;;) {
      const op = this.random.next();
      if (op.kind !== 'session' || (op.record !== undefined) !== isThere) continue;
      return { ...op, session: number };
    }
  }

  private subscriptionOp(session: ModelSession): Op {
    const keys = [...session.subscriptions.keys()];
    const key = keys[this.chance.below(keys.length + 1)];
    if (key !== undefined && this.chance.oneIn(2)) {
      return { kind: 'subscription', session: session.number, key, subscription: undefined };
    }
    for (;;) {
      const op = this.random.next();
      if (op.kind !== 'subscription' || op.subscription === undefined) continue;
      return { ...op, session: session.number };
    }
  }

  private messageOp(): Op {
    for (;;) {
      const op = this.random.next();
      if (op.kind !== 'message') continue;
      const to = op.to.map((receiver) => {
        return { ...receiver, session: this.anySession()?.number ?? 1 };
      });
      return { ...op, to };
    }
  }

  private queuedOp(session: ModelSession): Op {
    const retained = [...this.model.retained.values()];
    const one = retained[this.chance.below(retained.length)];
    const message: Lsn = one?.id ?? this.chance.below(1000);
    const to = { qos: 1, subscriptionIdentifiers: undefined, retain: true } as const;
    return { kind: 'queued', message, to: { ...to, session: session.number } };
  }

  /** Sends a message, releases it, or ends it. */
  private progress(session: ModelSession): Op {
    const entry = session.entries[this.chance.below(session.entries.length)];
    if (entry === undefined) return this.messageOp();
    const { id: message, packetId } = entry;
    const of = { session: session.number, message };
    if (packetId === 0 && this.chance.below(4) > 0) {
      this.nextPacketId = (this.nextPacketId % 65_535) + 1;
      return { kind: 'inflight', ...of, packetId: this.nextPacketId, released: false };
    }
    if (packetId !== 0 && !entry.released && this.chance.oneIn(2)) {
      return { kind: 'inflight', ...of, packetId, released: true };
    }
    return { kind: 'settled', ...of, packetId: packetId || undefined };
  }

  private unreleasedOp(session: ModelSession): Op {
    const held = this.chance.oneIn(2);
    const known = [...session.unreleased];
    const packetId = held ? 1 + this.chance.below(50) : (known[0] ?? 7);
    return { kind: 'unreleased', session: session.number, packetId, held };
  }

  private retainedRemoved(): Op {
    const topics = [...this.model.retained.keys()];
    return { kind: 'retained-removed', topicName: topics[0] ?? 'none' };
  }

  private anySession(): ModelSession | undefined {
    const sessions = [...this.model.sessions.values()];
    return sessions[this.chance.below(sessions.length)];
  }
}
