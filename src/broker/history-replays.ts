import type { SubscriptionRequest, UserProperties } from '../packet/index.ts';
import type { Session, Subscription } from '../session/index.ts';
import type { ConnectionDirectory } from './connection-directory.ts';
import { type Core, reportDrop } from './core.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { History } from './history.ts';
import type { KeptMessage } from './history-range.ts';
import { HistoryReplay, type HistoryReplayHost } from './history-replay.ts';
import {
  parseReplayFilter,
  type ReplayRequest,
  ReplayRequestError,
  requestOf,
} from './history-request.ts';
import type { Router } from './router.ts';

/** A subscription of a SUBSCRIBE, and what of the past it asks for. */
export interface ReadRequest {
  /** With the Topic Filter that is meant. */
  readonly request: SubscriptionRequest;
  readonly replay: ReplayRequest | undefined;
}

/** The subscriptions that get messages of the past. */
export class HistoryReplays implements HistoryReplayHost {
  readonly history: History;
  private readonly core: Core;
  private readonly router: Router;
  private readonly dispatcher: Dispatcher;
  private readonly connections: ConnectionDirectory;
  private readonly bySession = new WeakMap<Session, Map<string, HistoryReplay>>();

  constructor(
    history: History,
    core: Core,
    router: Router,
    dispatcher: Dispatcher,
    connections: ConnectionDirectory,
  ) {
    this.history = history;
    this.core = core;
    this.router = router;
    this.dispatcher = dispatcher;
    this.connections = connections;
  }

  /**
   * A subscription was made and the router knows it. @returns whether it gets messages of the past, and so no
   * Retained Messages
   */
  subscribed(subscription: Subscription, replay: ReplayRequest | undefined): boolean {
    const { session, topicFilter } = subscription;
    if (subscription.shareName !== undefined) return false;
    const replays = this.bySession.get(session);
    // What it has not got yet it still gets: replacing a subscription loses no message [MQTT-3.8.4-4].
    if (replay === undefined) {
      replays?.get(topicFilter)?.wentLive(subscription);
      return false;
    }
    const started = new HistoryReplay(this, subscription, replay);
    if (started.isFollowing) this.router.remove(subscription);
    if (replays === undefined) this.bySession.set(session, new Map([[topicFilter, started]]));
    else replays.set(topicFilter, started);
    session.endReplay(topicFilter);
    session.startReplay(started);
    return true;
  }

  /** The subscription of this Topic Filter is no more. */
  unsubscribed(session: Session, topicFilter: string): void {
    const replays = this.bySession.get(session);
    const replay = replays?.get(topicFilter);
    if (replay === undefined) return;
    replays?.delete(topicFilter);
    session.endReplay(replay.key);
  }

  /** Its client has left. */
  clientLeft(session: Session): void {
    if (!session.isPersistent) return;
    for (const replay of this.bySession.get(session)?.values() ?? []) replay.clientLeft();
  }

  isReady({ session }: Subscription): boolean {
    return this.connections.isReady(session.clientId);
  }

  deliver({ message }: KeptMessage, subscription: Subscription, nowMs: number): void {
    this.dispatcher.deliverKept(message, subscription, nowMs);
  }

  goLive(subscription: Subscription): void {
    this.router.add(subscription, undefined, true);
  }

  finished({ session, topicFilter }: Subscription): void {
    const replays = this.bySession.get(session);
    replays?.delete(topicFilter);
    if (replays?.size === 0) this.bySession.delete(session);
  }

  wake({ session }: Subscription): void {
    this.connections.clientOf(session.clientId)?.drained();
  }

  missed({ session, topicFilter, qos }: Subscription, count: number): void {
    reportDrop(this.core, {
      cause: 'slow-consumer',
      topicName: topicFilter,
      qos,
      payloadBytes: 0,
      clientId: session.clientId,
      publisherId: undefined,
      rule: `history.memory: ${count} messages of all topics went before the client took what it asked for`,
      reasonCode: 0x00,
    });
  }

  failed(error: unknown): void {
    this.core.plugins.tell('internalError', 'history', error);
  }
}

/** What one line of a SUBSCRIBE asks for. */
export function readRequest(
  written: SubscriptionRequest,
  properties: UserProperties | undefined,
  nowMs: number,
  isKept: boolean,
): ReadRequest | ReplayRequestError {
  const inFilter = parseReplayFilter(written.topicFilter, nowMs);
  if (inFilter instanceof ReplayRequestError) return inFilter;
  const replay = inFilter === undefined ? requestOf(properties, nowMs) : inFilter.replay;
  if (replay instanceof ReplayRequestError) return replay;
  if (replay === undefined) return { request: written, replay };
  const topicFilter = inFilter?.topicFilter ?? written.topicFilter;
  if (!isKept)
    return new ReplayRequestError('no history is kept: see history in the configuration');
  if (topicFilter.startsWith('$share/')) {
    return new ReplayRequestError('a Shared Subscription gets no messages of the past');
  }
  return { request: { ...written, topicFilter }, replay };
}
