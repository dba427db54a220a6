/**
 * The broker: all sessions, subscriptions, Retained Messages and Wills, and the connections that come and
 * go. It puts its parts together and holds what concerns several of them; each rule of the protocol lives
 * in the part it belongs to. It reads no clock and opens nothing: `BrokerRuntime` and `Link` are its world.
 */
import {
  type AuthPacket,
  type ConnectPacket,
  MqttVersion,
  QoS,
  ReasonCode,
  type SubscribePacket,
  type UnsubscribePacket,
  type Will,
} from '../packet/index.ts';
import {
  type Delivery,
  Message,
  QueueTotals,
  type Session,
  type Subscription,
} from '../session/index.ts';
import { Admission, type AdmissionHost } from './admission.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientConnectionHost, ConnectionEnd } from './client-connection-host.ts';
import { ConnectionDirectory } from './connection-directory.ts';
import type { Core } from './core.ts';
import { Counters, type Gauges, type Residue } from './counters.ts';
import { Dispatcher } from './dispatcher.ts';
import { EndOfTurn } from './end-of-turn.ts';
import type { ClientFacts } from './events.ts';
import type { History } from './history.ts';
import { HistoryReplays } from './history-replays.ts';
import type { BrokerPlugin, MaybePromise } from './hooks.ts';
import { InProcessClient, localOrigin } from './in-process-client.ts';
import type { Link, LinkHandler } from './link.ts';
import type { LocalClient } from './local-client.ts';
import { Plugins } from './plugins.ts';
import { type Incoming, type PublishAnswer, Publishing } from './publishing.ts';
import { countRefusal, reportRefusal } from './refusals.ts';
import { RetainedMessages } from './retained-messages.ts';
import { type ReplayTarget, RetainedReplay } from './retained-replay.ts';
import { Router } from './router.ts';
import type { BrokerRuntime } from './runtime.ts';
import { SessionRegistry, type SessionRegistryHost } from './session-registry.ts';
import { type BrokerSettings, defaultListenerPolicy, type ListenerPolicy } from './settings.ts';
import { StoreWatch } from './store-watch.ts';
import { StoredState } from './stored-state.ts';
import type { RecoveryReport, Store } from './stores.ts';
import { type Subscribed, Subscribing } from './subscribing.ts';
import { TimerWheel } from './timer-wheel.ts';
import { delayMsOf, Wills } from './wills.ts';

export interface BrokerOptions {
  readonly settings: BrokerSettings;
  readonly runtime: BrokerRuntime;
  readonly store: Store;
  readonly plugins: readonly BrokerPlugin[];
  /** Keeps what is published, for subscriptions that ask for the past. */
  readonly history?: History | undefined;
}

export class Broker implements ClientConnectionHost, AdmissionHost, SessionRegistryHost {
  readonly counters: Counters = new Counters();
  isStopping = false;
  private readonly core: Core;
  private readonly store: Store;
  private readonly router: Router;
  private readonly retained: RetainedMessages;
  private readonly dispatcher: Dispatcher;
  private readonly sessions: SessionRegistry;
  private readonly publishing: Publishing;
  private readonly subscribing: Subscribing;
  private readonly wills: Wills;
  private readonly admission: Admission;
  private readonly connections: ConnectionDirectory;
  /** The last known identity of Sessions, where delivery decisions or late Wills will ask for it. */
  private readonly lastFacts = new WeakMap<Session, ClientFacts>();
  private readonly replayTarget: ReplayTarget;
  private readonly replays: HistoryReplays | undefined;
  private readonly storedState: StoredState;
  private readonly endOfTurn: EndOfTurn;

  constructor(options: BrokerOptions) {
    const { settings, runtime, store, history } = options;
    const plugins = new Plugins(options.plugins);
    this.store = store;
    this.core = {
      settings,
      runtime,
      plugins,
      counters: this.counters,
      journal: store.journal,
      storeWatch: new StoreWatch(store.journal, plugins),
      wheel: new TimerWheel(runtime.nowMs(), (error) =>
        plugins.tell('internalError', 'timer', error),
      ),
      totals: new QueueTotals(),
      history,
    };
    this.router = new Router(settings.limits.matchCacheEntriesMax, settings.sharedStrategy, () =>
      runtime.random(),
    );
    this.connections = new ConnectionDirectory(settings.connectionsMax);
    this.retained = new RetainedMessages(this.core);
    this.dispatcher = new Dispatcher(this.core, this.router, this.retained, (session) =>
      this.factsOf(session),
    );
    this.replayTarget = {
      isReady: ({ clientId }) => this.connections.isReady(clientId),
      deliverRetained: (message, subscription, nowMs) =>
        this.dispatcher.deliverRetained(message, subscription, nowMs),
    };
    this.sessions = new SessionRegistry(this.core, this.router, this);
    this.publishing = new Publishing(this.core, this.dispatcher, this.retained);
    this.replays =
      history &&
      new HistoryReplays(history, this.core, this.router, this.dispatcher, this.connections);
    this.subscribing = new Subscribing(
      this.core,
      this.sessions,
      (subscription) => this.startReplay(subscription),
      this.replays,
    );
    this.wills = new Wills(
      this.core,
      (session, will) => this.publishWill(session, will),
      (session) => this.sessions.record(session),
    );
    this.storedState = new StoredState(this.core, store, this.sessions, this.retained, this.wills);
    this.admission = new Admission(this.core, this.sessions, this);
    this.endOfTurn = new EndOfTurn(this.core, this.connections);
    store.journal.onDurable((upTo) => {
      this.endOfTurn.becameDurable(upTo);
    });
  }

  // ---- for listeners and the composition root ------------------------------------------------------------

  /** Takes over what the store has kept. To be called once, before anything else. */
  open(): Promise<RecoveryReport> {
    return this.storedState.load();
  }

  /** After `stop`: brings to safety what the store has to keep. */
  close(): Promise<void> {
    return this.storedState.close();
  }

  /**
   * Takes a new carrier. @returns what it must tell, or undefined when so many connections wait to be
   * refused that this one is to be closed at once.
   */
  connect(link: Link, policy: ListenerPolicy = defaultListenerPolicy): LinkHandler | undefined {
    const place = this.connections.placeFor(link.origin.listenerName, policy.connectionsMax);
    if (place === 'none') {
      countRefusal(this.core, 'connection-limit');
      return undefined;
    }
    this.counters.connectionsAccepted++;
    const connection = new ClientConnection(this.core, this, link, policy);
    connection.isOverLimit = place === 'waiting-room';
    this.connections.add(connection);
    return connection;
  }

  /** A client inside the process, publishing and subscribing under this identity. */
  localClient(identity: { clientId: string; username: string | undefined }): LocalClient {
    const protocolVersion = MqttVersion.v5;
    const facts: ClientFacts = { ...identity, origin: localOrigin, protocolVersion };
    const { core, router, retained, publishing, subscribing } = this;
    return new InProcessClient({ core, router, retained, publishing, subscribing }, facts);
  }

  /** Publishes in the broker's own name, past access rules: `$SYS` topics. */
  publishSystem(topicName: string, payload: Uint8Array, retain: boolean): void {
    const nowMs = this.core.runtime.nowMs();
    const message = new Message({
      topicName,
      payload,
      qos: QoS.atMostOnce,
      retain,
      properties: undefined,
      publisherId: '$SYS',
      publisherName: undefined,
      nowMs,
    });
    this.dispatcher.dispatch(message, nowMs);
  }

  /** Adds a plugin while the broker runs. @returns what takes it out again */
  attachPlugin(plugin: BrokerPlugin): () => void {
    return this.core.plugins.attach(plugin);
  }

  /** To be called every 100 ms: fires what is due. */
  tick(): void {
    this.core.wheel.advance(this.core.runtime.nowMs());
  }

  /** Ends a client's connection from outside. @returns whether it was connected. */
  disconnectClient(clientId: string, reasonCode: ReasonCode, reasonString?: string): boolean {
    const connection = this.connections.clientOf(clientId);
    connection?.end('administrative', reasonCode, reasonString);
    return connection !== undefined;
  }

  /**
   * Takes no further client, publishes the Will Messages of those that are there (where they have a delay, a
   * durable store keeps them for the next start), and tells 5.0 clients that the server shuts down.
   */
  stop(): void {
    if (this.isStopping) return;
    this.isStopping = true;
    this.publishWills();
    for (const connection of [...this.connections.all()]) {
      if (connection.protocol.state === 'connected') {
        connection.end('server-shutdown', ReasonCode.serverShuttingDown);
      } else {
        connection.refuse('server-shutdown', 'the broker is stopping', undefined);
      }
    }
  }

  gauges(): Gauges {
    const { totals } = this.core;
    return {
      clientsConnected: this.connections.clientCount,
      clientsMaximum: this.connections.clientsMaximum,
      sessions: this.sessions.count,
      sessionsDisconnected: this.sessions.count - this.connections.clientCount,
      subscriptions: this.sessions.subscriptionCount,
      sharedSubscriptions: this.sessions.sharedSubscriptionCount,
      retainedMessages: this.retained.count,
      retainedBytes: this.retained.bytes,
      queuedMessages: totals.queuedMessages,
      queuedBytes: totals.queuedBytes,
      inflightMessages: totals.inflightMessages,
      topics: this.retained.count + this.router.filterCount,
    };
  }

  /** What no gauge counts. When everybody has left and all time is over, it is all zero. */
  residue(): Residue {
    return {
      connections: this.connections.total,
      timers: this.core.wheel.count,
      topicFilters: this.router.filterCount,
      shareGroups: this.router.groupCount,
      waitingWills: this.wills.count,
      inflightBytes: this.core.totals.inflightBytes,
    };
  }

  // ---- ClientConnectionHost ----------------------------------------------------------------------------------

  connectReceived(connection: ClientConnection, packet: ConnectPacket): void {
    this.admission.begin(connection, packet);
  }

  authReceived(connection: ClientConnection, packet: AuthPacket): void {
    this.admission.auth(connection, packet);
  }

  publish(connection: ClientConnection, incoming: Incoming): PublishAnswer {
    const client = connection.facts as ClientFacts;
    return this.publishing.publish(client, incoming, connection.policy.checksPayloadFormat);
  }

  subscribe(connection: ClientConnection, packet: SubscribePacket): MaybePromise<Subscribed> {
    const session = connection.session as Session;
    const client = connection.facts as ClientFacts;
    return this.subscribing.subscribe({ client, session, connection }, packet);
  }

  unsubscribe(
    connection: ClientConnection,
    packet: UnsubscribePacket,
  ): { reasonCodes: ReasonCode[]; lsn: number } {
    const session = connection.session as Session;
    const client = connection.facts as ClientFacts;
    return this.subscribing.unsubscribe({ client, session, connection }, packet.topicFilters);
  }

  opened(connection: ClientConnection): void {
    this.sessions.connectedChanged(connection.session as Session, true);
  }

  ended(connection: ClientConnection, end: ConnectionEnd): void {
    this.connections.remove(connection);
    const { session, facts } = connection;
    if (session === undefined || facts === undefined) {
      reportRefusal(this.core, connection, end);
      return;
    }
    const nowMs = this.core.runtime.nowMs();
    session.outbound.detach();
    const { disconnect } = connection.protocol;
    if (disconnect !== undefined && disconnect.reasonCode === ReasonCode.normalDisconnection) {
      session.will = undefined; // [MQTT-3.14.4-3]
    }
    const isAskedFor = this.core.plugins.authorizersOfDelivery.length > 0;
    if (isAskedFor || session.will !== undefined) this.lastFacts.set(session, facts);
    else this.lastFacts.delete(session);
    this.sessions.connectedChanged(session, false);
    this.replays?.clientLeft(session);
    this.wills.due(session, nowMs);
    this.sessions.release(session, nowMs);
    this.counters.disconnects++;
    this.core.plugins.tell('clientDisconnected', {
      ...facts,
      cause: end.cause,
      reasonCode: end.reasonCode,
      detail: end.detail,
      connectedForMs: nowMs - connection.connectedAtMs,
    });
  }

  answerWaits(connection: ClientConnection): void {
    this.endOfTurn.answerWaits(connection);
  }

  wantsFlush(connection: ClientConnection): void {
    this.endOfTurn.wantsFlush(connection);
  }

  // ---- AdmissionHost -------------------------------------------------------------------------------------------

  connectionLimit(connection: ClientConnection, clientId: string): string | undefined {
    return this.connections.limitReached(connection, clientId);
  }

  takeOver(clientId: string): void {
    this.connections
      .clientOf(clientId)
      ?.end('session-taken-over', ReasonCode.sessionTakenOver, 'the same client connected again'); // [MQTT-3.1.4-3]
  }

  attach(connection: ClientConnection, session: Session): void {
    this.wills.cancel(session);
    this.connections.attach(connection, session.clientId);
  }

  // ---- SessionRegistryHost ---------------------------------------------------------------------------------------

  redirect(delivery: Delivery): void {
    this.dispatcher.redirect(delivery, this.core.runtime.nowMs());
  }

  overflowDisconnect(session: Session): void {
    this.endOfTurn.overflow(session);
  }

  sessionEnding(session: Session): void {
    this.wills.sessionEnding(session);
  }

  isConnected(session: Session): boolean {
    return this.connections.clientOf(session.clientId)?.isOpen ?? false;
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  private factsOf(session: Session): ClientFacts {
    const connected = this.connections.clientOf(session.clientId)?.facts;
    if (connected !== undefined) return connected;
    const { clientId, username, protocolVersion } = session;
    return (
      this.lastFacts.get(session) ?? { clientId, username, protocolVersion, origin: localOrigin }
    );
  }

  private publishWill(session: Session, will: Will): void {
    this.publishing.publishWill(this.factsOf(session), will);
  }

  /** Before anybody is disconnected who could get them. What has a delay survives in a durable store. */
  private publishWills(): void {
    for (const connection of this.connections.clients()) {
      const session = connection.session as Session;
      const { will } = session;
      const waits = this.store.isDurable && session.isPersistent && delayMsOf(will) > 0;
      if (will === undefined || waits) continue;
      session.will = undefined;
      this.publishWill(session, will);
    }
    if (!this.store.isDurable) this.wills.sendAll();
  }

  /** At once, so that they are on their way whatever becomes of the connection. */
  private startReplay(subscription: Subscription): void {
    const { session } = subscription;
    const step = this.core.settings.limits.retainedWalkStep;
    const replay = new RetainedReplay(this.retained, subscription, this.replayTarget, step);
    session.startReplay(replay);
  }
}
