/** The end of a run: everything owed arrives, everybody leaves, nothing remains. */
import { QoS, ReasonCode, RetainHandling } from '../../src/packet/index.ts';
import { forever } from './client-profile.ts';
import type { Network } from './network.ts';
import type { SimClient } from './sim-client.ts';
import type { World } from './world.ts';

/** More rounds than any run needs to come to rest. */
const roundsMax = 20_000;

export class Ending {
  private readonly world: World;
  private readonly network: Network;

  constructor(world: World, network: Network) {
    this.world = world;
    this.network = network;
  }

  /** What exists must be what the model says exists. */
  checkGauges(): void {
    const { model, test } = this.world;
    const { sessions, attached, retained } = model.state;
    const gauges = test.broker.gauges();
    let subscriptions = 0;
    let shared = 0;
    for (const session of sessions.values()) {
      subscriptions += session.subscriptions.size;
      for (const key of session.subscriptions.keys()) if (key.startsWith('$share/')) shared++;
    }
    this.compare('clients', gauges.clientsConnected, attached.size);
    this.compare('sessions', gauges.sessions, sessions.size);
    this.compare('offline sessions', gauges.sessionsDisconnected, sessions.size - attached.size);
    this.compare('subscriptions', gauges.subscriptions, subscriptions);
    this.compare('Shared Subscriptions', gauges.sharedSubscriptions, shared);
    this.compare('Retained Messages', gauges.retainedMessages, retained.count);
    this.compare('bytes of Retained Messages', gauges.retainedBytes, retained.bytes);
  }

  async checkEverythingArrived(): Promise<void> {
    const { model, test, answers } = this.world;
    await this.drain(true);
    this.world.advance(2000);
    await this.drain(true);
    this.checkGauges();
    for (const link of model.state.attached.values()) {
      model.requests.finish(link);
      answers.checkComplete(link);
    }
    model.checkArrived();
    this.world.local.checkComplete();
    const { queuedMessages, queuedBytes, inflightMessages } = test.broker.gauges();
    this.compare('queued messages', queuedMessages, 0);
    this.compare('queued bytes', queuedBytes, 0);
    this.compare('messages in flight', inflightMessages, 0);
    this.checkStored();
    await this.checkRetained();
    this.checkCounters();
  }

  async checkNothingRemains(): Promise<void> {
    const { world } = this;
    await this.leaveAll();
    world.local.close();
    // The longest Session Expiry Interval and Will Delay that end, as time goes by and at once.
    world.advance(700_000);
    world.jump(4_000_000);
    await this.drain(false);
    const auditor = this.newAuditor('auditor-2');
    await this.drain(false);
    for (const [topicName] of [...world.model.state.retained.all()]) {
      const fields = { topicName, qos: QoS.atMostOnce, retain: true, properties: undefined };
      auditor.publish(world.newPublication(auditor.name, fields, 0));
    }
    await this.drain(false);
    auditor.disconnect(ReasonCode.normalDisconnection, undefined);
    await this.drain(false);
    world.check();
    this.checkResidue();
  }

  // ---- inside ------------------------------------------------------------------------------------------------

  /** Lets everything come to rest. @param returns whether clients whose Session waits for them connect again. */
  private async drain(returns: boolean): Promise<void> {
    const { world } = this;
    for (let round = 0; round < roundsMax; round++) {
      this.network.clear();
      world.catchUp(world.store.journal.last);
      world.decisions.decide(Infinity);
      await world.settle();
      let isBusy = this.network.moveAll() || world.decisions.waiting > 0;
      for (const client of world.clients) {
        if (this.keepBusy(client, returns)) isBusy = true;
      }
      world.endTurn();
      if (!isBusy && world.store.journal.durable === world.store.journal.last) return;
    }
    world.fail('the run does not come to rest', ...this.busyClients());
  }

  /** @returns whether the client has something to do. */
  private keepBusy(client: SimClient, returns: boolean): boolean {
    if (client.state === 'away') {
      const { sessionExpiryInterval } = client.profile;
      const waits = this.world.model.state.sessions.has(client.name) && sessionExpiryInterval > 0;
      if (!waits || !returns) return false;
      this.world.connect(client, { cleanStart: client.mustStartClean });
      return true;
    }
    if (client.link !== undefined) client.receiving.flush(client.link);
    return client.state === 'connecting' || !client.isIdle;
  }

  private busyClients(): string[] {
    const busy = this.world.clients.filter(
      ({ state, isIdle }) => state === 'connecting' || !isIdle,
    );
    return busy.slice(0, 3).map(({ name }) => name);
  }

  private compare(what: string, actual: number, expected: number): void {
    if (actual !== expected) {
      this.world.fail(`the broker counts ${actual} ${what}, the model ${expected}`);
    }
  }

  /** What a restart would bring back is what is there. */
  private checkStored(): void {
    const { model, store } = this.world;
    for (const stored of store.journal.sessions.values()) {
      const session = model.state.sessions.get(stored.clientId);
      const name = stored.clientId;
      if (session === undefined) this.world.fail(`${name} has no session, but is stored`, name);
      // It ends with its connection, and at a restart.
      if (session.expiryMs === 0) continue;
      this.compare(`stored messages of ${name}`, stored.messages.size, 0);
      // What a connection left behind brought in, its client knows nothing of and never releases.
      const client = this.world.clients.find((one) => one.name === name);
      if (client?.hasRacedItself === false) {
        this.compare(`stored QoS 2 identifiers of ${name}`, stored.unreleased.size, 0);
      }
      this.compare(
        `stored subscriptions of ${name}`,
        stored.subscriptions.size,
        session.subscriptions.size,
      );
    }
    for (const session of model.state.sessions.values()) {
      const isStored = store.journal.sessionOf(session.clientId) !== undefined;
      if (session.expiryMs > 0 && !isStored) {
        this.world.fail(`${session.clientId} is not stored`, session.clientId);
      }
    }
    this.compare(
      'stored Retained Messages',
      store.journal.retained.size,
      model.state.retained.count,
    );
  }

  /** A new subscriber to everything gets all that is retained, and nothing else. */
  private async checkRetained(): Promise<void> {
    const auditor = this.newAuditor('auditor-1');
    await this.drain(false);
    const options = {
      qos: QoS.exactlyOnce,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: RetainHandling.send,
    };
    auditor.subscribe(
      ['#', '$dev/#'].map((topicFilter) => ({ topicFilter, ...options })),
      undefined,
    );
    await this.drain(false);
    this.world.model.checkArrived();
    auditor.disconnect(ReasonCode.normalDisconnection, undefined);
    await this.drain(false);
  }

  private newAuditor(name: string): SimClient {
    const auditor = this.world.addClient(name, {
      version: 5,
      isAnonymous: false,
      sessionExpiryInterval: 0,
      keepAlive: 0,
      receiveMaximum: 65_535,
      maximumPacketSize: undefined,
      topicAliasMaximum: 0,
      promptness: 1,
      qosMax: 2,
    });
    this.world.connect(auditor, { cleanStart: true });
    return auditor;
  }

  /** The broker's counters against what the links carried and the model saw. */
  private checkCounters(): void {
    const { model, test, answers } = this.world;
    const { counters } = test.broker;
    const links = [...model.state.links.values()];
    const sum = (of: (link: (typeof links)[number]) => number): number =>
      links.reduce((total, link) => total + of(link), 0);
    this.compare('connections', counters.connectionsAccepted, links.length);
    this.compare('refused connections', counters.connectionsRefused, model.state.counts.refused);
    this.compare('disconnects', counters.disconnects, model.state.counts.disconnects);
    this.compare('expired sessions', counters.sessionsExpired, model.state.counts.expired);
    this.compare('dropped copies', counters.publishDropped, model.state.counts.dropped);
    this.compare('protocol errors', counters.protocolErrors, 0);
    this.compare(
      'bytes received',
      counters.bytesReceived,
      sum((link) => link.deliveredBytes),
    );
    this.compare(
      'bytes sent',
      counters.bytesSent,
      sum((link) => link.writtenBytes),
    );
    this.compare('packets sent', counters.packetsSent, answers.frames);
    this.compare('PUBLISH packets sent', counters.publishSent, answers.publishFrames);
    if (this.world.options.lateDecisions) return;
    this.compare(
      'packets received',
      counters.packetsReceived,
      sum((link) => link.deliveredPackets),
    );
  }

  private async leaveAll(): Promise<void> {
    const { world } = this;
    for (const client of world.clients) {
      const hasSession = world.model.state.sessions.has(client.name);
      if (!hasSession && client.state === 'away') continue;
      const staysForever = client.profile.sessionExpiryInterval === forever;
      if (staysForever && world.random.chance(0.5)) this.startClean(client);
    }
    await this.drain(false);
    for (const client of world.clients) {
      if (client.state === 'away') continue;
      if (world.random.chance(0.5)) client.lose();
      else client.disconnect(ReasonCode.normalDisconnection, undefined);
    }
    await this.drain(false);
    // Who has a Session that never expires comes back with Clean Start and leaves nothing.
    for (const client of world.clients) {
      if (world.model.state.sessions.get(client.name)?.expiryMs === Infinity)
        this.startClean(client);
    }
    await this.drain(false);
    for (const client of world.clients) {
      if (client.state !== 'away') client.disconnect(ReasonCode.normalDisconnection, 0);
    }
    await this.drain(false);
  }

  private startClean(client: SimClient): void {
    this.world.connect(client, { cleanStart: true });
  }

  private checkResidue(): void {
    const { test, model, store } = this.world;
    const [left] = model.state.sessions.keys();
    if (left !== undefined) this.world.fail(`${left} still has a session`, left);
    const { clientsMaximum: _most, ...gauges } = test.broker.gauges();
    for (const [name, value] of Object.entries(gauges)) this.compare(name, value, 0);
    for (const [name, value] of Object.entries(test.broker.residue())) this.compare(name, value, 0);
    this.compare('stored sessions', store.journal.sessions.size, 0);
    this.compare('stored Retained Messages', store.journal.retained.size, 0);
    this.compare('waiting Wills', model.state.wills.waiting, 0);
  }
}
