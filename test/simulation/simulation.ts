/**
 * A seeded simulation of the broker's core: many clients of all versions that connect, subscribe, publish,
 * read slowly, lose bytes in both directions, come back, take over, and let their time run out, on a
 * virtual clock and over links in memory. Every draw comes from the seed, so that a failure can be seen
 * again exactly. The model (model.ts) judges each step; at the end everything still owed must arrive, and
 * when everybody has left nothing may remain.
 */
import { Actions } from './actions.ts';
import { Ending } from './ending.ts';
import { Network } from './network.ts';
import type { SimulationOptions } from './options.ts';
import type { SimClient } from './sim-client.ts';
import { World } from './world.ts';

/** What a run did, to see that it did something. */
export interface SimulationReport {
  readonly variant: string;
  readonly seed: number;
  readonly clients: number;
  readonly connections: number;
  readonly published: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly virtualHours: number;
}

/** @throws {SimulationFailure} when the broker did something that the model does not allow. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  return await new Simulation(options).run();
}

const movesPerStep = 6;
/** Steps between looks at the gauges. */
const gaugesEvery = 100;

class Simulation {
  private readonly world: World;
  private readonly actions: Actions;
  private readonly network: Network;
  private readonly ending: Ending;

  constructor(options: SimulationOptions) {
    this.world = new World(options);
    this.actions = new Actions(this.world);
    this.network = new Network(this.world);
    this.ending = new Ending(this.world, this.network);
  }

  async run(): Promise<SimulationReport> {
    const { world } = this;
    const startMs = world.nowMs();
    await world.start();
    for (let step = 1; step <= world.options.steps; step++) {
      world.trace.step = step;
      this.act();
      this.outside();
      for (let i = 0; i < movesPerStep; i++) this.network.move();
      await world.settle();
      if (step % gaugesEvery === 0) this.ending.checkGauges();
    }
    await this.ending.checkEverythingArrived();
    await this.ending.checkNothingRemains();
    const { counts } = world.model.state;
    return {
      variant: world.options.variant,
      seed: world.options.seed,
      clients: world.options.clients,
      connections: world.test.broker.counters.connectionsAccepted,
      published: counts.published,
      delivered: world.desks.reduce((sum, { taken }) => sum + taken, 0),
      dropped: counts.dropped,
      virtualHours: Math.round((world.nowMs() - startMs) / 36_000) / 100,
    };
  }

  /** One thing that somebody does. */
  private act(): void {
    const { random, clients } = this.world;
    const client = random.pick(clients);
    const dice = random.next();
    if (dice < 0.12) this.surroundings();
    else if (client.state === 'away') this.actions.connect(client);
    else if (client.state === 'connecting') this.interrupt(client, 0.05);
    else this.actConnected(client);
    this.world.endTurn();
  }

  private actConnected(client: SimClient): void {
    const { random } = this.world;
    const dice = random.next();
    if (dice < 0.5) this.actions.publish(client);
    else if (dice < 0.65) this.actions.subscribe(client);
    else if (dice < 0.69) this.actions.unsubscribe(client);
    else if (dice < 0.72) client.ping();
    else if (dice < 0.76) this.actions.disconnect(client);
    else if (dice < 0.82) this.interrupt(client, 1);
    else if (client.link !== undefined) client.receiving.flush(client.link);
  }

  private interrupt(client: SimClient, probability: number): void {
    const { random } = this.world;
    if (!random.chance(probability)) return;
    if (random.chance(0.7)) client.lose();
    else client.abandon();
    if (random.chance(0.5)) this.actions.connect(client);
  }

  private surroundings(): void {
    const dice = this.world.random.next();
    if (dice < 0.3) this.network.toggleStuck();
    else if (dice < 0.6) this.network.discover();
    else if (dice < 0.85) this.passTime();
    else this.actions.publishInProcess();
  }

  /** Hooks and the store go on when they like. */
  private outside(): void {
    const { options, random, store, decisions } = this.world;
    if (options.lateDecisions && random.chance(0.3)) decisions.decide(random.between(1, 6));
    if (!options.laggingStore || random.chance(0.8)) return;
    const { journal } = store;
    this.world.catchUp(journal.durable + random.between(1, journal.last - journal.durable + 1));
  }

  private passTime(): void {
    const { random } = this.world;
    const dice = random.next();
    if (dice < 0.8) this.world.advance(random.between(10, 2000));
    else if (dice < 0.97) this.world.advance(random.between(2000, 30_000));
    else this.world.jump(random.pick([60_000, 90_000, 600_000, 4_000_000]));
    this.keepAlive();
  }

  /** Clients with a Keep Alive say something in time, most of them. */
  private keepAlive(): void {
    const { clients, random } = this.world;
    for (const client of clients) {
      const { link } = client;
      if (client.state !== 'connected' || link === undefined || link.keepAliveMs === 0) continue;
      const isDue = this.world.nowMs() - link.lastPacketMs > link.keepAliveMs / 2;
      if (!isDue || random.chance(0.05)) continue;
      client.ping();
      link.deliverUp(Infinity, this.world.nowMs());
    }
  }
}
