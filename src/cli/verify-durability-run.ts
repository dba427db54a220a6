/**
 * The rounds of `linnet verify-durability`: traffic, a kill at a random moment, a restart, and then a pause in
 * which everything that is under way comes to its end. Only then can it be said what is missing. Everything
 * that was sent is acknowledged by then, because clients send again what was not.
 */

import type { KillableBroker } from './verify-durability-broker.ts';
import { type Chance, seededChance } from './verify-durability-chance.ts';
import { type RetainedFigures, RetainedTopics } from './verify-durability-retained.ts';
import { MessageStream, type StreamFigures } from './verify-durability-stream.ts';
import {
  ChangingSubscriptions,
  type SubscriptionFigures,
} from './verify-durability-subscriptions.ts';

export interface DurabilityRunOptions {
  readonly broker: KillableBroker;
  readonly kills: number;
  readonly qos: readonly (1 | 2)[];
  /** Messages a second, all streams together. */
  readonly ratePerSecond: number;
  readonly sizeBytes: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onRound: (round: DurabilityRound) => void;
}

/** One kill, and the state of everything after it. */
export interface DurabilityRound {
  readonly kill: number;
  /** What the broker was doing. */
  readonly moment: KillMoment;
  readonly trafficMs: number;
  readonly restartMs: number;
  /** Sent and not acknowledged when it was killed. */
  readonly unacknowledged: number;
  readonly figures: DurabilityFigures;
}

/** `traffic`; `return`: the sessions that were away had just come back; `start`: once more while it starts. */
export type KillMoment = 'traffic' | 'return' | 'start';

export interface DurabilityFigures {
  readonly kills: number;
  readonly streams: readonly StreamFigures[];
  readonly retained: RetainedFigures;
  readonly subscriptions: SubscriptionFigures;
  readonly sessionsLost: number;
  /** Messages acknowledged in each second of traffic. */
  readonly ratePerSecond: number;
}

const trafficMsMin = 50;
const trafficMsMax = 1200;
/** When nothing has moved for so long, what is missing does not come. */
const patienceMs = 10_000;
/** The same when whole sessions are gone: then much is missing. */
const shortPatienceMs = 1000;
const lookMs = 5;

export class DurabilityRun {
  private readonly options: DurabilityRunOptions;
  private readonly chance: Chance;
  private readonly streams: MessageStream[];
  private readonly retained: RetainedTopics;
  private readonly subscriptions: ChangingSubscriptions;
  private kills = 0;
  private trafficMs = 0;
  /** Before the broker was killed. */
  private acknowledgedInTraffic = 0;

  constructor(options: DurabilityRunOptions) {
    const { broker, qos, ratePerSecond, sizeBytes, seed } = options;
    const { url } = broker;
    this.options = options;
    this.chance = seededChance(seed);
    this.streams = qos.map((each) => {
      const share = ratePerSecond / qos.length;
      return new MessageStream({ url, qos: each, ratePerSecond: share, sizeBytes });
    });
    this.retained = new RetainedTopics(url, this.chance);
    this.subscriptions = new ChangingSubscriptions(url, this.chance);
  }

  /** @throws {BrokerFailure} */
  async run(): Promise<DurabilityFigures> {
    const { broker, kills, signal } = this.options;
    try {
      await broker.start();
      for (const part of [...this.streams, this.retained, this.subscriptions]) await part.open();
      while (this.kills < kills && !signal.aborted) await this.round();
      await broker.stop();
      return this.figures();
    } finally {
      for (const part of [...this.streams, this.retained, this.subscriptions]) part.close();
      await broker.kill();
    }
  }

  private async round(): Promise<void> {
    const { broker, onRound } = this.options;
    const moment = this.drawMoment();
    const beganMs = performance.now();
    const acknowledgedBefore = this.acknowledged;
    for (const part of [...this.streams, this.retained, this.subscriptions]) part.run();
    await this.pause(trafficMsMin + this.chance() * (trafficMsMax - trafficMsMin));
    if (moment === 'return') {
      for (const stream of this.streams) stream.comeBack();
      await this.pause(this.chance() * 100);
    }
    await this.kill();
    const trafficMs = performance.now() - beganMs;
    this.trafficMs += trafficMs;
    this.acknowledgedInTraffic += this.acknowledged - acknowledgedBefore;
    const unacknowledged = this.streams.reduce((sum, stream) => sum + stream.unacknowledged, 0);
    if (moment === 'start') {
      broker.spawn();
      await this.pause(this.chance() * 300);
      await this.kill();
    }
    await broker.start();
    await this.settle();
    const [restartMs = 0] = broker.startsMs.slice(-1);
    const figures = this.figures();
    onRound({ kill: this.kills, moment, trafficMs, restartMs, unacknowledged, figures });
  }

  /** Lets everything come to its end, and looks at what there is. */
  private async settle(): Promise<void> {
    for (const stream of this.streams) {
      stream.pause();
      stream.comeBack();
    }
    await Promise.race([
      Promise.all([this.retained.pause(), this.subscriptions.pause()]),
      this.nothingMoves(),
    ]);
    await this.streamsSettled();
    await this.retained.check();
    await this.subscriptions.check();
    for (const stream of this.streams) await stream.goAway();
  }

  private async streamsSettled(): Promise<void> {
    const isSettled = (): boolean => this.streams.every((stream) => stream.isSettled);
    let movements = -1;
    let movedMs = performance.now();
    while (!isSettled()) {
      const now = this.streams.reduce((sum, stream) => sum + stream.movements, 0);
      if (now !== movements) {
        movements = now;
        movedMs = performance.now();
      } else if (performance.now() - movedMs > this.patienceMs()) {
        for (const stream of this.streams) stream.writeOff();
        return;
      }
      await this.pause(lookMs);
    }
  }

  private patienceMs(): number {
    return this.figures().sessionsLost > 0 ? shortPatienceMs : patienceMs;
  }

  private async nothingMoves(): Promise<void> {
    await this.streamsSettled();
    await this.pause(patienceMs);
  }

  private drawMoment(): KillMoment {
    const drawn = this.chance();
    if (drawn < 0.25) return 'return';
    return drawn < 0.4 && this.kills + 2 <= this.options.kills ? 'start' : 'traffic';
  }

  private async kill(): Promise<void> {
    this.kills++;
    await this.options.broker.kill();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }

  private get acknowledged(): number {
    return this.streams.reduce((sum, stream) => sum + stream.acknowledged, 0);
  }

  private figures(): DurabilityFigures {
    const { kills, trafficMs, retained, subscriptions } = this;
    const streams = this.streams.map((stream) => stream.figures());
    const lostByStreams = streams.reduce((sum, { sessionsLost }) => sum + sessionsLost, 0);
    return {
      kills,
      streams,
      retained: retained.figures(),
      subscriptions: subscriptions.figures(),
      sessionsLost: lostByStreams + retained.sessionsLost + subscriptions.sessionsLost,
      ratePerSecond: trafficMs === 0 ? 0 : (this.acknowledgedInTraffic / trafficMs) * 1000,
    };
  }
}
