/**
 * One thread's part of a run, from the first connection to the last count: connect, publish by the clock,
 * wait for what is under way, disconnect. It is told what to do step by step, because the steps of several
 * threads have to meet: none publishes before all are connected, and a receiver knows how much to wait for
 * only when every publisher has stopped.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientError } from '../client/index.ts';
import { Connector } from './connector.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LoadConnection } from './load-connection.ts';
import { type LoadPlace, type LoadPlan, numbersOf } from './load-plan.ts';
import { nowMs } from './machine-clock.ts';
import { Meter } from './meter.ts';
import { OpenLoopSchedule } from './open-loop-schedule.ts';
import { ScheduleDriver } from './schedule-driver.ts';
import { ShareClients, targetOptions } from './share-clients.ts';
import { countsOf } from './share-counts.ts';
import type { LoadCounts, ShareResult } from './share-result.ts';
import { Turn } from './turn.ts';
import { WireOpener } from './wire.ts';

/** Instants of the machine's clock. */
export interface LoadTiming {
  readonly startMs: number;
  readonly measureFromMs: number;
  /** Infinity: until stopped. */
  readonly endMs: number;
}

/** How many messages each publisher sent. */
export type SentMessages = readonly { readonly publisher: number; readonly count: number }[];

export interface LoadShare {
  /** Connects and subscribes everyone. Resolves also when that failed: the counts tell. */
  connect(): Promise<void>;
  /** Publishes, or of `sub` and `conn` waits; resolves when the time is over or `stop` was called. */
  run(timing: LoadTiming): Promise<SentMessages>;
  /** Waits for what is under way, disconnects, and answers what came of it all. */
  drain(sent: SentMessages): Promise<ShareResult>;
  counts(): Promise<LoadCounts>;
  /** Ends connecting or running early. */
  stop(): void;
}

/** How many times within `quietMs` a closed loop looks whether anything moves. */
const stallChecks = 4;
const drainMsMax = 20_000;
const drainCheckMs = 10;
/** A server that does not answer PINGREQ for so long has nothing more to say. */
const fenceMsMax = 3_000;

export class LocalShare implements LoadShare {
  readonly #plan: LoadPlan;
  readonly #place: LoadPlace;
  readonly #isSharing: boolean;
  readonly #turn = new Turn();
  readonly #clients: ShareClients;
  readonly #connector: Connector;
  readonly #meter: Meter;
  readonly #driver: ScheduleDriver | undefined;
  readonly #connectLatency = new LatencyHistogram();
  readonly #errors = new Map<string, number>();
  readonly #timers: NodeJS.Timeout[] = [];
  #running: PromiseWithResolvers<void> | undefined;
  #isStopped = false;
  #isEnding = false;
  #opened = 0;
  #failed = 0;
  #dropped = 0;
  #stalls = 0;
  #connectMs = 0;
  #keepAliveTimer: NodeJS.Timeout | undefined;
  #keepAlive = 0;

  /** @throws {ClientError} `address`, when the URL or a TLS file cannot be used */
  constructor(plan: LoadPlan, place: LoadPlace, progress?: SharedArrayBuffer) {
    this.#plan = plan;
    this.#place = place;
    this.#isSharing = progress !== undefined;
    const schedule = scheduleOf(plan, place);
    this.#meter = new Meter(() => this.#counts());
    this.#clients = new ShareClients({
      plan,
      place,
      schedule,
      turn: this.#turn,
      host: {
        ready: (connection) => this.#ready(connection),
        failed: (connection, error) => this.#connectionFailed(connection, error),
      },
      progress,
      measured: (sentAtMs, latencyMs) => this.#meter.record(sentAtMs, latencyMs),
    });
    this.#driver = schedule === undefined ? undefined : this.#driverOf(schedule);
    this.#connector = new Connector({
      connections: this.#clients.connections,
      opener: new WireOpener(targetOptions(plan)),
      turn: this.#turn,
      connectingMax: Math.max(1, Math.ceil(plan.connectingMax / place.count)),
      ratePerSecond: plan.kind === 'conn' ? plan.ratePerSecond / place.count : 0,
      isSpinning: plan.isSpinning,
      needsAll: plan.kind !== 'conn',
    });
  }

  async connect(): Promise<void> {
    const startMs = nowMs();
    const isMeasured = this.#plan.kind === 'conn';
    if (isMeasured) this.#meter.begin(0);
    this.#wakeUpEvery(this.#plan.target.keepAlive);
    await this.#connector.run();
    this.#connectMs = nowMs() - startMs;
    if (isMeasured) this.#meter.end(this.#connector.idleMs);
  }

  async run(timing: LoadTiming): Promise<SentMessages> {
    if (!this.#isStopped) {
      this.#running = Promise.withResolvers();
      this.#at(timing.measureFromMs, () => this.#meter.begin(this.#driver?.idleMs ?? 0));
      this.#at(timing.startMs, () => this.#start(timing));
      this.#at(timing.endMs, () => this.#timeOver());
      this.#watchForStalls();
      await this.#running.promise;
    }
    for (const timer of this.#timers) clearTimeout(timer);
    this.#driver?.stop();
    this.#meter.end(this.#driver?.idleMs ?? 0);
    for (const publisher of this.#clients.publishers) publisher.stop();
    return this.#clients.publishers.map(({ index, sent }) => ({ publisher: index, count: sent }));
  }

  async drain(sent: SentMessages): Promise<ShareResult> {
    const expected = this.#expected(sent);
    await this.#untilComplete(expected);
    // Whatever was sent twice has come when the server answers.
    const fences = this.#clients.connections.map((connection) => connection.fence());
    await Promise.race([Promise.all(fences), delay(fenceMsMax, undefined, { ref: false })]);
    this.#isEnding = true;
    clearInterval(this.#keepAliveTimer);
    const counts = this.#counts();
    await Promise.all(this.#clients.connections.map((connection) => connection.end()));
    return {
      counts,
      lost: this.#plan.kind === 'sub' ? this.#missing() : Math.max(0, expected - counts.unique),
      measured: this.#meter.measured,
      latency: this.#meter.latency.state,
      connectLatency: this.#connectLatency.state,
      connectMs: this.#connectMs,
      stalls: this.#stalls,
      lateMaxMs: this.#driver?.lateMaxMs ?? 0,
      lateCount: this.#driver?.lateCount ?? 0,
      busy: this.#meter.busy,
      starved: this.#meter.starved,
      errors: [...this.#errors].map(([text, count]) => ({ text, count })),
    };
  }

  async counts(): Promise<LoadCounts> {
    return this.#counts();
  }

  stop(): void {
    this.#isStopped = true;
    this.#connector.stop();
    this.#endRunning();
  }

  #counts(): LoadCounts {
    return countsOf(this.#clients, {
      opened: this.#opened,
      failed: this.#failed,
      dropped: this.#dropped,
    });
  }

  #driverOf(schedule: OpenLoopSchedule): ScheduleDriver {
    return new ScheduleDriver({
      schedule,
      turn: this.#turn,
      isSpinning: this.#plan.isSpinning,
      due: (place) => this.#clients.publishers[place]?.messageDue(),
    });
  }

  #start(timing: LoadTiming): void {
    for (const publisher of this.#clients.publishers) publisher.start();
    this.#driver?.start(timing.startMs);
  }

  #endRunning(): void {
    this.#running?.resolve();
  }

  /** Of an open loop, what was due is still sent, unless nothing moves any more. */
  #timeOver(): void {
    const driver = this.#driver;
    if (driver === undefined) {
      this.#endRunning();
      return;
    }
    this.#meter.end(driver.idleMs);
    const behind = (): number => this.#clients.publishers.reduce((sum, p) => sum + p.behind, 0);
    const isCaughtUp = (): boolean => this.#isStopped || (driver.isFinished && behind() === 0);
    void this.#untilStill(isCaughtUp, behind).then(() => this.#endRunning());
  }

  async #untilComplete(expected: number): Promise<void> {
    if (this.#plan.kind === 'sub' || this.#plan.kind === 'conn') return;
    const isComplete = (): boolean => {
      const { unique, unacknowledged } = this.#counts();
      return unique >= expected && unacknowledged === 0;
    };
    await this.#untilStill(isComplete, () => {
      const { received, acknowledged } = this.#counts();
      return received + acknowledged;
    });
  }

  /** Until it is done, or `progress` has not changed for a while, or it takes too long. */
  async #untilStill(isDone: () => boolean, progress: () => number): Promise<void> {
    const startMs = nowMs();
    let last = progress();
    let movedAtMs = startMs;
    while (!isDone()) {
      await delay(drainCheckMs);
      const now = nowMs();
      const current = progress();
      if (current !== last) movedAtMs = now;
      last = current;
      if (now - movedAtMs > this.#plan.quietMs || now - startMs > drainMsMax) return;
    }
  }

  /** Deliveries to the subscribers of this thread. */
  #expected(sent: SentMessages): number {
    const { kind } = this.#plan;
    if (kind !== 'e2e' && kind !== 'fanout') return 0;
    const own = new Set(numbersOf(this.#place, this.#plan.publisherCount));
    let expected = 0;
    for (const { publisher, count } of sent) {
      if (kind === 'fanout') expected += count * this.#clients.subscribers.length;
      else if (own.has(publisher)) expected += count;
    }
    return expected;
  }

  #missing(): number {
    let missing = 0;
    for (const { trackers } of this.#clients.subscribers) {
      for (const tracker of trackers.values()) missing += tracker.missing;
    }
    return missing;
  }

  #ready(connection: LoadConnection): void {
    this.#opened++;
    this.#connectLatency.record(nowMs() - connection.openedAtMs);
    const { keepAlive } = connection;
    if (keepAlive > 0 && (this.#keepAlive === 0 || keepAlive < this.#keepAlive)) {
      this.#wakeUpEvery(keepAlive);
    }
    this.#connector.settled(true);
  }

  #connectionFailed(connection: LoadConnection, error: ClientError): void {
    if (this.#isEnding) return;
    this.#errors.set(error.message, (this.#errors.get(error.message) ?? 0) + 1);
    if (!connection.wasReady) {
      this.#failed++;
      this.#connector.settled(false);
      return;
    }
    this.#dropped++;
    // What is left is another load than the one asked for.
    if (this.#plan.kind !== 'conn') this.#endRunning();
  }

  #wakeUpEvery(keepAlive: number): void {
    clearInterval(this.#keepAliveTimer);
    this.#keepAlive = keepAlive;
    if (keepAlive === 0) return;
    // Twice in each Keep Alive: one that has just sent something is passed over once.
    this.#keepAliveTimer = setInterval(() => {
      for (const connection of this.#clients.connections) connection.keepAwake();
    }, keepAlive * 400);
  }

  /** Windows that stay full although nothing comes are opened again: a broker that drops. */
  #watchForStalls(): void {
    if (this.#driver !== undefined || this.#plan.subscriberCount === 0) return;
    const clients = this.#clients;
    if (this.#isSharing) this.#every(1, () => clients.windowsOpened());
    let delivered = -1;
    let still = 0;
    this.#every(this.#plan.quietMs / stallChecks, () => {
      const total = clients.deliveredTotal;
      still = total === delivered ? still + 1 : 0;
      delivered = total;
      if (still < stallChecks || clients.publishers.length === 0) return;
      still = 0;
      this.#stalls++;
      for (const publisher of clients.publishers) publisher.giveUp();
    });
  }

  #at(instantMs: number, act: () => void): void {
    if (instantMs === Number.POSITIVE_INFINITY) return;
    const waitMs = instantMs - nowMs();
    if (waitMs <= 0) act();
    // A timer may fire up to a millisecond early; nothing here may.
    else this.#timers.push(setTimeout(act, Math.ceil(waitMs) + 1));
  }

  #every(intervalMs: number, act: () => void): void {
    this.#timers.push(setInterval(act, intervalMs));
  }
}

function scheduleOf(plan: LoadPlan, place: LoadPlace): OpenLoopSchedule | undefined {
  if (plan.ratePerSecond === 0 || plan.publisherCount === 0) return undefined;
  return new OpenLoopSchedule({
    ratePerSecond: plan.ratePerSecond,
    publisherCount: plan.publisherCount,
    publishers: numbersOf(place, plan.publisherCount),
    durationMs: plan.warmupMs + plan.durationMs,
  });
}
