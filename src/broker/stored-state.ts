/**
 * The way of the broker's state out of its store and, for a store that keeps nothing while it runs, into it.
 * Sessions are put back when all of them are known: what is due at once, a Will Message or the end of a
 * Session whose time was over while nobody looked, reaches the others as it would have.
 */
import type { Delivery, Message, RestoredInflight, Session } from '../session/index.ts';
import { subscriptionKey } from '../session/index.ts';
import type { Core } from './core.ts';
import type { RetainedMessages } from './retained-messages.ts';
import { recordOf, type SessionRegistry } from './session-registry.ts';
import type { ShareGroup } from './share-group.ts';
import type {
  Receiver,
  RecoveryReport,
  StateSink,
  Store,
  StoredDelivery,
  StoredSession,
} from './stores.ts';
import type { Wills } from './wills.ts';

export class StoredState {
  private readonly core: Core;
  private readonly store: Store;
  private readonly sessions: SessionRegistry;
  private readonly retained: RetainedMessages;
  private readonly wills: Wills;

  constructor(
    core: Core,
    store: Store,
    sessions: SessionRegistry,
    retained: RetainedMessages,
    wills: Wills,
  ) {
    this.core = core;
    this.store = store;
    this.sessions = sessions;
    this.retained = retained;
    this.wills = wills;
  }

  /** Opens the store and takes over what it has kept. */
  async load(): Promise<RecoveryReport> {
    const nowMs = this.core.runtime.nowMs();
    const stored: StoredSession[] = [];
    const expired: string[] = [];
    const sink: StateSink = {
      session: (session) => stored.push(session),
      retained: (message) => {
        if (message.isExpired(nowMs)) expired.push(message.topicName);
        else this.retained.set(message);
      },
    };
    const report = await this.store.open(sink);
    for (const topicName of expired) {
      this.core.journal.append({ kind: 'retained-removed', topicName });
    }
    const sessions = stored.map((each) => this.sessions.restore(each));
    // Shared Subscriptions have all their members only now.
    for (const [index, session] of sessions.entries()) {
      this.restoreDeliveries(session, stored[index] as StoredSession);
    }
    for (const session of sessions) this.resume(session, nowMs);
    return report;
  }

  /** Brings to safety what there is; the broker has stopped. */
  close(): Promise<void> {
    return this.store.close(() => this.write());
  }

  private restoreDeliveries(session: Session, { inflight, queued }: StoredSession): void {
    const deliveryOf = (stored: StoredDelivery): Delivery => ({
      message: stored.message,
      qos: stored.qos,
      retain: stored.retain ?? false,
      subscriptionIdentifiers: stored.subscriptionIdentifiers,
      share: this.sessions.shareOf(session, stored.share),
      wire: undefined,
    });
    session.outbound.restore(
      inflight.map((stored) => ({ ...stored, delivery: deliveryOf(stored) })),
      queued.map(deliveryOf),
      session.disconnectedAtMs === undefined,
    );
  }

  /** Time went on while the broker was down. Who was connected then left when it ended, as far as we know. */
  private resume(session: Session, nowMs: number): void {
    const wasConnected = session.disconnectedAtMs === undefined;
    const endedAtMs = session.disconnectedAtMs ?? nowMs;
    this.wills.due(session, endedAtMs);
    if (wasConnected) this.sessions.release(session, nowMs);
    else if (session.expiresAtMs <= nowMs) this.sessions.end(session, 'expired');
    else this.sessions.expireInTime(session);
  }

  /** Everything as operations, each Message once. */
  private write(): void {
    const { journal } = this.core;
    const receivers = new Map<Message, Receiver[]>();
    const sent: [Session, RestoredInflight][] = [];
    for (const session of this.sessions.all()) {
      if (!session.isRecorded) continue;
      const { number } = session;
      journal.append({ kind: 'session', session: number, record: recordOf(session) });
      for (const subscription of session.subscriptions) {
        const key = subscriptionKey(subscription.topicFilter, subscription.shareName);
        journal.append({ kind: 'subscription', session: number, key, subscription });
      }
      for (const packetId of session.unreleased) {
        journal.append({ kind: 'unreleased', session: number, packetId, held: true });
      }
      for (const owed of session.outbound.owed()) {
        const { message } = owed.delivery;
        if (owed.delivery.qos === 0) continue;
        const known = receivers.get(message) ?? [];
        receivers.set(message, [...known, receiverOf(session, owed.delivery)]);
        if (owed.packetId !== 0) sent.push([session, owed]);
      }
    }
    const inOrder = [...receivers].sort(([a], [b]) => a.lsn - b.lsn);
    for (const [message, to] of inOrder) {
      message.lsn = journal.append({ kind: 'message', message, to, retain: 'none' });
    }
    for (const [{ number }, { delivery, packetId, released }] of sent) {
      const message = delivery.message.lsn;
      const op = { kind: 'inflight', session: number, packetId, message } as const;
      journal.append({ ...op, released: false });
      if (released) journal.append({ ...op, released });
    }
    for (const message of this.retained.all()) {
      journal.append({ kind: 'message', message, to: [], retain: 'set' });
    }
  }
}

function receiverOf(session: Session, delivery: Delivery): Receiver {
  const { qos, retain, subscriptionIdentifiers } = delivery;
  const group = delivery.share as ShareGroup | undefined;
  const share =
    group === undefined ? undefined : subscriptionKey(group.topicFilter, group.shareName);
  return { session: session.number, qos, subscriptionIdentifiers, retain, share };
}
