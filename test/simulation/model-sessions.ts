/** Connections and Sessions: who may be connected, what a Session is when it is resumed, when it ends. */
import type { ClientConnected, ClientDisconnected, SessionEnded } from '../../src/broker/index.ts';
import { type ConnectPacket, PacketType } from '../../src/packet/index.ts';
import type { ModelRequests } from './model-requests.ts';
import { ModelSession } from './model-session.ts';
import { latenessMs, type ModelState } from './model-state.ts';
import type { ModelSubscriptions } from './model-subscriptions.ts';
import type { SimLink } from './sim-link.ts';

export class ModelSessions {
  private readonly state: ModelState;
  private readonly requests: ModelRequests;
  private readonly subscriptions: ModelSubscriptions;
  private readonly fresh = new Set<ModelSession>();
  private readonly cleanStarted = new Set<string>();
  private readonly endedWithConnection = new Set<ModelSession>();
  /** Sessions whose CONNACK waits for the store. */
  private readonly opening = new Set<ModelSession>();

  constructor(state: ModelState, requests: ModelRequests, subscriptions: ModelSubscriptions) {
    this.state = state;
    this.requests = requests;
    this.subscriptions = subscriptions;
  }

  connected(fact: ClientConnected): void {
    const { state } = this;
    const { clientId } = fact;
    const link = state.linkOf(fact.origin.remotePort);
    const connect = link.sent[0]?.packet as ConnectPacket;
    if (state.attached.has(clientId)) this.fail(clientId, 'is connected twice'); // [MQTT-3.1.4-3]
    const session = state.sessionNamed(clientId);
    const isFresh = this.fresh.delete(session);
    if (connect.cleanStart && !isFresh) this.fail(clientId, 'kept its session at Clean Start');
    if (this.cleanStarted.delete(clientId) && !connect.cleanStart) {
      this.fail(clientId, 'lost its session without Clean Start');
    }
    if (fact.sessionPresent === isFresh) this.fail(clientId, 'has a wrong Session Present');
    state.attached.set(clientId, link);
    session.epoch++;
    session.isConnected = true;
    session.expiryMs = expiryMsOf(connect.properties?.sessionExpiryInterval ?? 0);
    session.expiresAtMs = Infinity;
    session.maximumPacketSize = connect.properties?.maximumPacketSize ?? Infinity;
    state.sessionOf.set(link, { session, epoch: session.epoch });
    // The CONNACK of a Session that the store keeps waits for the store.
    if (this.isWritten(session)) session.isOpen = true;
    else this.opening.add(session);
    const delayMs = (connect.will?.properties?.willDelayInterval ?? 0) * 1000;
    state.wills.connected(session, link.will, delayMs);
  }

  /** The store caught up with some of what it was given. */
  caughtUp(): void {
    for (const session of this.opening) {
      if (!this.isWritten(session)) continue;
      session.isOpen = true;
      this.opening.delete(session);
    }
  }

  private isWritten({ clientId }: ModelSession): boolean {
    const { journal } = this.state;
    return journal.openedAt(clientId) <= journal.durable;
  }

  disconnected(fact: ClientDisconnected): void {
    const { state } = this;
    const { clientId, cause } = fact;
    const link = state.linkOf(fact.origin.remotePort);
    if (state.attached.get(clientId) !== link) this.fail(clientId, 'ended without being connected');
    this.checkCause(fact, link);
    if (!state.options.lateDecisions) this.requests.finish(link);
    state.attached.delete(clientId);
    state.counts.disconnects++;
    const { session } = state.sessionOf.get(link) as { session: ModelSession };
    session.isOpen = false;
    session.isConnected = false;
    this.opening.delete(session);
    const last = link.sent.at(-1)?.packet;
    if (cause === 'client-disconnect' && last?.type === PacketType.disconnect) {
      const asked = last.properties?.sessionExpiryInterval;
      if (asked !== undefined) session.expiryMs = expiryMsOf(asked);
    }
    state.wills.disconnected(session, cause === 'client-disconnect' && fact.reasonCode === 0);
    const endedWithIt = this.endedWithConnection.delete(session);
    if (endedWithIt !== (session.expiryMs === 0)) {
      this.fail(clientId, `has a session that ${endedWithIt ? 'ended' : 'did not end'} with it`);
    }
    session.expiresAtMs = state.rules.nowMs() + session.expiryMs;
  }

  started(clientId: string): void {
    const { sessions, rules, retained, sharedCopies } = this.state;
    if (sessions.has(clientId)) this.fail(clientId, 'has two sessions');
    const session = new ModelSession(clientId, rules, retained, sharedCopies);
    sessions.set(clientId, session);
    this.fresh.add(session);
  }

  ended({ clientId, cause }: SessionEnded): void {
    const { state } = this;
    const session = state.sessionNamed(clientId);
    state.sessions.delete(clientId);
    session.isEnded = true;
    session.isOpen = false;
    this.subscriptions.removeAll(session);
    if (cause === 'clean-start') this.cleanStarted.add(clientId);
    else if (cause === 'disconnect') this.endedWithConnection.add(session);
    else if (cause === 'expired') {
      state.counts.expired++;
      if (session.isConnected || state.rules.nowMs() < session.expiresAtMs) {
        this.fail(clientId, 'has a session that expired too early');
      }
    } else this.fail(clientId, `has a session that ended by ${cause}`);
  }

  /** At the end of a step everything must be explained. */
  judge(): void {
    for (const clientId of this.cleanStarted) this.fail(clientId, 'lost its session');
    for (const { clientId } of this.endedWithConnection) this.fail(clientId, 'lost its session');
    for (const { clientId } of this.fresh) this.fail(clientId, 'has a session but never connected');
  }

  /** After time passed: nothing may be overdue. */
  checkOverdue(): void {
    const nowMs = this.state.rules.nowMs();
    for (const session of this.state.sessions.values()) {
      if (!session.isConnected && session.expiresAtMs + latenessMs < nowMs) {
        this.fail(session.clientId, 'has a session that did not expire');
      }
    }
    if (this.state.options.lateDecisions) return;
    for (const [clientId, link] of this.state.attached) {
      if (link.deadlineMs + latenessMs < nowMs) this.fail(clientId, 'outlived its Keep Alive');
    }
  }

  private checkCause({ clientId, cause }: ClientDisconnected, link: SimLink): void {
    const isSo = {
      'client-disconnect': () => link.sent.at(-1)?.packet.type === PacketType.disconnect,
      'connection-lost': () => link.state === 'closed',
      'session-taken-over': () => true, // A second `clientConnected` follows or `attached` stays empty.
      'keep-alive-timeout': () =>
        this.state.options.lateDecisions || this.state.rules.nowMs() >= link.deadlineMs,
    } as const;
    const check = isSo[cause as keyof typeof isSo];
    if (check === undefined || !check()) this.fail(clientId, `was disconnected by ${cause}`);
  }

  private fail(clientId: string, text: string): never {
    this.state.rules.fail(`${clientId} ${text}`, clientId);
  }
}

function expiryMsOf(seconds: number): number {
  return seconds === 0xffff_ffff ? Infinity : seconds * 1000;
}
