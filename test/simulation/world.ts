/**
 * Everything of one run: the broker on its virtual clock, the clients, the links between them, the model
 * that judges both. What happens next is decided elsewhere; here is what can happen.
 */
import { defaultListenerPolicy } from '../../src/broker/index.ts';
import { type ConnectPacket, MqttVersion, type Will } from '../../src/packet/index.ts';
import { TestBroker } from '../../src/testing/index.ts';
import { isPublishDenied } from './access.ts';
import { AnswerWatch } from './answers.ts';
import { ClientDesk } from './client-desk.ts';
import { type ClientProfile, randomProfile } from './client-profile.ts';
import { SimulationFailure, Trace } from './failure.ts';
import type { WrittenFrame } from './frame-tap.ts';
import { LaggingStore } from './lagging-store.ts';
import { LateDecisions } from './late-decisions.ts';
import { LocalWatch, localClientId } from './local-watch.ts';
import { Model } from './model.ts';
import type { SessionRules } from './model-session.ts';
import type { SimulationOptions } from './options.ts';
import { type Publication, payloadOf } from './publication.ts';
import { Random } from './random.ts';
import { SimClient } from './sim-client.ts';
import { type LinkWatcher, SimLink } from './sim-link.ts';

/** What a client asks for in one CONNECT. */
export interface ConnectOptions {
  readonly cleanStart: boolean;
  readonly will?: Will | undefined;
  readonly password?: Uint8Array | undefined;
  /** Seconds, in place of what the client always asks for; 5.0 only. */
  readonly sessionExpiryInterval?: number | undefined;
}

export class World implements LinkWatcher, SessionRules {
  readonly options: SimulationOptions;
  readonly random: Random;
  readonly test: TestBroker;
  readonly store: LaggingStore;
  readonly decisions: LateDecisions;
  readonly model: Model;
  readonly trace: Trace;
  readonly answers: AnswerWatch;
  readonly local: LocalWatch;
  readonly clients: SimClient[] = [];
  readonly desks: ClientDesk[] = [];
  /** Connections that are not closed on both sides. */
  links: SimLink[] = [];
  readonly serverKeepAlive: number;
  private failure: SimulationFailure | undefined;
  private readonly startMs: number;
  private nextPort = 1;
  private nextPublicationId = 1;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.store = new LaggingStore(options.laggingStore);
    this.serverKeepAlive = options.seed % 2 === 0 ? 60 : 0;
    this.decisions = new LateDecisions(this.random, (port) => this.clientNameOf(port));
    // The trace and the model need the clock, the broker needs the model: the clock comes first.
    const clock = { nowMs: () => 0 };
    this.trace = new Trace(() => clock.nowMs());
    this.model = new Model(options, this, this.trace, this.store.journal);
    this.test = new TestBroker({
      seed: options.seed,
      store: this.store,
      plugins: [
        this.model.plugin,
        ...(options.lateDecisions ? [this.decisions.plugin] : []),
        ...options.plugins,
      ],
      settings: {
        connectionsMax: 0,
        serverKeepAlive: this.serverKeepAlive,
        queueQoS0Offline: options.queueQoS0Offline,
        sharedStrategy: options.sharedStrategy,
        limits: {
          queuedMessagesMax: options.queuedMessagesMax,
          queuedBytesMax: 0,
          // Small, so that slow readers, walks in pieces and forgotten routes are daily life.
          outboundBytesMax: 8192,
          retainedWalkStep: 4,
          matchCacheEntriesMax: 64,
        },
      },
    });
    clock.nowMs = () => this.nowMs();
    this.startMs = this.nowMs();
    this.answers = new AnswerWatch(this.model.state);
    const identity = { clientId: localClientId, username: undefined };
    this.local = new LocalWatch(this.test.broker.localClient(identity), this.model.state);
    this.model.state.local = this.local;
    for (let i = 0; i < options.clients; i++) this.addClient(`c${i}`, randomProfile(this.random));
  }

  /** The client inside the process subscribes before anything else happens. */
  async start(): Promise<void> {
    const subscribed = this.local.subscribe();
    this.decisions.decide(Infinity);
    await subscribed;
    // It looks for Retained Messages at the end of the turn, when there are none yet.
    this.endTurn();
  }

  // ---- SessionRules ------------------------------------------------------------------------------------------

  get mayLeaveUnread(): boolean {
    return this.options.lateDecisions;
  }

  get mayOverflow(): boolean {
    return this.options.queuedMessagesMax > 0;
  }

  get mayQueueAtMostOnce(): boolean {
    return this.options.queueQoS0Offline;
  }

  nowMs(): number {
    return this.test.runtime.nowMs();
  }

  /** Also within a call of the broker, which would take the exception for one of its own. */
  fail(text: string, ...clients: readonly string[]): never {
    const { variant, seed, steps, clients: count } = this.options;
    const seconds = ((this.nowMs() - this.startMs) / 1000).toFixed(1);
    this.failure ??= new SimulationFailure(
      [
        text,
        `variant "${variant}", seed ${seed}, step ${this.trace.step} of ${steps}, after ${seconds} s of virtual time`,
        `replay: LINNET_SIM_SEED=${seed} LINNET_SIM_CLIENTS=${count} LINNET_SIM_STEPS=${steps} ` +
          `npx node --test --test-name-pattern='${variant}:' test/simulation/simulation.test.ts`,
        ...this.test.internalErrors.map((error) => `internal error: ${textOf(error)}`),
        this.trace.tell(clients.filter((name) => name !== '')),
      ].join('\n'),
    );
    throw this.failure;
  }

  // ---- LinkWatcher -------------------------------------------------------------------------------------------

  frameWritten(link: SimLink, frame: WrittenFrame): void {
    this.answers.written(link, frame);
  }

  // ---- clients -----------------------------------------------------------------------------------------------

  addClient(name: string, profile: ClientProfile): SimClient {
    const desk = new ClientDesk(name, this.model.state, this.random);
    const client = new SimClient(name, profile, desk);
    this.desks.push(desk);
    this.clients.push(client);
    return client;
  }

  connect(client: SimClient, options: ConnectOptions): void {
    const { profile, name } = client;
    const { version, isAnonymous } = profile;
    const { cleanStart, will, password } = options;
    const sessionExpiryInterval = options.sessionExpiryInterval ?? profile.sessionExpiryInterval;
    const isV5 = version === MqttVersion.v5;
    const number = this.nextPort++;
    const link = new SimLink(number, version, name, client, this, this.nowMs());
    link.keepAliveMs = 1000 * this.keepAliveOf(profile);
    if (will !== undefined) link.will = this.willPublication(client, will);
    const packet: ConnectPacket = {
      type: 1,
      protocolVersion: version,
      isBridge: false,
      clientId: isAnonymous ? '' : name,
      cleanStart,
      keepAlive: profile.keepAlive,
      username: password === undefined ? undefined : 'user',
      password,
      will,
      properties: isV5
        ? {
            sessionExpiryInterval,
            receiveMaximum: profile.receiveMaximum === 65_535 ? undefined : profile.receiveMaximum,
            maximumPacketSize: profile.maximumPacketSize,
            topicAliasMaximum: profile.topicAliasMaximum,
          }
        : { sessionExpiryInterval: cleanStart ? 0 : sessionExpiryInterval },
    };
    this.model.state.links.set(number, link);
    const handler = this.test.broker.connect(link, defaultListenerPolicy);
    if (handler === undefined) this.fail(`${name} was not let in`, name);
    link.opened(handler);
    this.links.push(link);
    client.connect(link, packet);
  }

  newPublication(
    clientName: string,
    fields: Pick<Publication, 'topicName' | 'qos' | 'retain' | 'properties'>,
    length: number,
  ): Publication {
    const id = length === 0 ? 0 : this.nextPublicationId++;
    const publication: Publication = {
      ...fields,
      id,
      client: clientName,
      isWill: false,
      payload: payloadOf(id, length),
      isDenied: this.options.lateDecisions && isPublishDenied(id),
      publishedCount: 0,
      matched: 0,
    };
    if (id !== 0) this.model.state.publications.set(id, publication);
    return publication;
  }

  /** An identifier for a Will Message, one that no authorizer refuses. */
  nextWillId(): number {
    while (isPublishDenied(this.nextPublicationId)) this.nextPublicationId++;
    return this.nextPublicationId++;
  }

  // ---- turns and time ----------------------------------------------------------------------------------------

  /** The broker finishes its turn; everything that it told must be explained then. */
  endTurn(): void {
    this.test.run();
    this.check();
    this.model.judge();
  }

  /** Time passes as it does for a running server. */
  advance(ms: number): void {
    this.test.advance(ms);
    this.afterTime();
  }

  /** Time passes at once, as for a machine that was asleep. */
  jump(ms: number): void {
    this.test.runtime.elapse(ms);
    this.test.broker.tick();
    this.afterTime();
  }

  /** The store has everything up to there. */
  catchUp(upTo: number): void {
    const { journal } = this.store;
    journal.advance(Math.min(upTo, journal.last));
    this.model.sessions.caughtUp();
    this.endTurn();
  }

  /** Promises of decisions are handled. */
  async settle(): Promise<void> {
    if (this.options.lateDecisions) await this.test.settle();
    this.endTurn();
  }

  /** Throws what went wrong within the broker's calls. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
    const [error] = this.test.internalErrors;
    if (error === undefined) return;
    this.fail('the broker reported an internal error');
  }

  forgetClosedLinks(): void {
    this.links = this.links.filter((link) => link.state !== 'closed');
  }

  private afterTime(): void {
    this.endTurn();
    this.model.checkOverdue();
  }

  private willPublication(client: SimClient, will: Will): Publication {
    const { willDelayInterval: _delay, ...properties } = will.properties ?? {};
    const hasProperties = Object.values(properties).some((value) => value !== undefined);
    const { topicName, payload, qos, retain } = will;
    const publication: Publication = {
      id: new DataView(payload.buffer).getUint32(0),
      client: client.name,
      isWill: true,
      topicName,
      payload,
      qos,
      retain,
      properties: hasProperties ? properties : undefined,
      isDenied: false,
      publishedCount: 0,
      matched: 0,
    };
    this.model.state.publications.set(publication.id, publication);
    return publication;
  }

  /** Seconds in force; 5.0 clients that ask for none or for more get the server's. */
  private keepAliveOf({ version, keepAlive }: ClientProfile): number {
    const server = this.serverKeepAlive;
    if (version !== MqttVersion.v5 || server === 0) return keepAlive;
    return keepAlive === 0 ? server : Math.min(keepAlive, server);
  }

  private clientNameOf(port: number): string {
    if (port === 0) return localClientId;
    return this.model.state.linkOf(port).clientName;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.stack}` : String(error);
}
