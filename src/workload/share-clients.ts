/** The clients of one thread: who publishes, who subscribes, and how far each publisher's receivers are. */
import { type ResolvedConnectOptions, resolveConnectOptions } from '../client/index.ts';
import { DeliveryProgress, SharedProgress } from './delivery-progress.ts';
import type { LoadConnectionHost, LoadRole } from './load-connection.ts';
import { LoadConnection } from './load-connection.ts';
import { type LoadPlace, type LoadPlan, numbersOf, publishersOf, topicOf } from './load-plan.ts';
import type { OpenLoopSchedule } from './open-loop-schedule.ts';
import { Publisher } from './publisher.ts';
import { Subscriber } from './subscriber.ts';
import type { Turn } from './turn.ts';
import { WireOpener } from './wire.ts';

export interface ShareClientsOptions {
  readonly plan: LoadPlan;
  readonly place: LoadPlace;
  readonly schedule: OpenLoopSchedule | undefined;
  readonly turn: Turn;
  readonly host: LoadConnectionHost;
  /** Of `SharedProgress.allocate`, for a closed loop whose receivers are in several threads. */
  readonly progress: SharedArrayBuffer | undefined;
  /** A message came, or of `pub` its acknowledgement: the time it was sent and how old it was. */
  readonly measured: (sentAtMs: number, latencyMs: number) => void;
}

export class ShareClients {
  readonly publishers: readonly Publisher[];
  readonly subscribers: readonly Subscriber[];
  /** Subscribers first: nothing is published before they are there. */
  readonly connections: readonly LoadConnection[];
  readonly #options: ShareClientsOptions;
  readonly #deliveries = new Map<number, DeliveryProgress>();
  readonly #shared: SharedProgress | undefined;

  /** @throws {ClientError} `address`, when the URL cannot be used */
  constructor(options: ShareClientsOptions) {
    this.#options = options;
    const { plan, place, progress } = options;
    if (progress !== undefined) {
      this.#shared = new SharedProgress(progress, place.index, plan.publisherCount);
    }
    const subscribers = numbersOf(place, plan.subscriberCount);
    this.subscribers = subscribers.map((number) => this.#subscriber(number));
    this.#followDeliveries();
    this.publishers = numbersOf(place, plan.publisherCount).map((n) => this.#publisher(n));
    this.connections = [
      ...this.subscribers.map((role, at) => this.#connect(role, `s${subscribers[at]}`)),
      ...this.publishers.map((role) => this.#connectPublisher(role)),
      ...numbersOf(place, plan.idleCount).map((number) => this.#connect(idleRole, `c${number}`)),
    ];
    this.#storeProgress();
  }

  /** What the receivers of all publishers have got, together: it grows while anything is delivered. */
  get deliveredTotal(): number {
    let total = 0;
    for (const { index } of this.publishers) total += this.#deliveries.get(index)?.minimum() ?? 0;
    return total;
  }

  /** Receivers in other threads got something, perhaps. */
  windowsOpened(): void {
    for (const publisher of this.publishers) publisher.windowOpened();
  }

  #publisher(index: number): Publisher {
    const { plan, schedule, measured } = this.#options;
    return new Publisher({
      index,
      id: plan.publisherBase + index,
      version: plan.target.protocolVersion,
      topicName: topicOf(plan.topicName, index),
      qos: plan.qos,
      sizeBytes: plan.sizeBytes,
      window: plan.window,
      schedule,
      deliveries: this.#deliveries.get(index),
      acknowledgedIn:
        plan.kind === 'pub' ? (sentAtMs, nowMs) => measured(sentAtMs, nowMs - sentAtMs) : undefined,
    });
  }

  #subscriber(number: number): Subscriber {
    const { plan, place, measured } = this.#options;
    const ids = publishersOf(plan, number).map((index) => plan.publisherBase + index);
    return new Subscriber({
      topicFilter: topicOf(plan.topicFilter, number),
      qos: plan.qos,
      expected: plan.kind === 'sub' ? undefined : { ids, sizeBytes: plan.sizeBytes },
      arrived: (ageMs, nowMs) => measured(nowMs - ageMs, ageMs),
      advanced:
        plan.kind === 'e2e'
          ? () => this.publishers[(number - place.index) / place.count]?.windowOpened()
          : () => this.#advanced(),
    });
  }

  #advanced(): void {
    this.#storeProgress();
    this.windowsOpened();
  }

  #followDeliveries(): void {
    const { plan } = this.#options;
    if (plan.publisherCount === 0 || plan.subscriberCount === 0) return;
    const shared = this.#shared;
    for (let index = 0; index < plan.publisherCount; index++) {
      const trackers = this.subscribers.flatMap(({ trackers: all }) => {
        return all.get(plan.publisherBase + index) ?? [];
      });
      const elsewhere = shared === undefined ? undefined : () => shared.minimumElsewhere(index);
      this.#deliveries.set(index, new DeliveryProgress(trackers, elsewhere));
    }
  }

  #storeProgress(): void {
    if (this.#shared === undefined) return;
    for (const [index, deliveries] of this.#deliveries) {
      this.#shared.store(index, deliveries.minimumHere());
    }
  }

  #connectPublisher(publisher: Publisher): LoadConnection {
    const connection = this.#connect(publisher, `p${publisher.index}`);
    publisher.connection = connection;
    return connection;
  }

  #connect(role: LoadRole, name: string): LoadConnection {
    const { plan, turn, host } = this.#options;
    const clientId = `linnet-${plan.runId}-${name}`;
    const options = resolveConnectOptions({ ...plan.target, clientId });
    return new LoadConnection({ connect: options.connect, role, turn, host, options });
  }
}

/** How to reach the server, for all clients. @throws {ClientError} `address` */
export function targetOptions(plan: LoadPlan): ResolvedConnectOptions {
  return resolveConnectOptions(plan.target);
}

/** @throws {ClientError} `address`, when the URL or a TLS file cannot be used */
export function checkTarget(plan: LoadPlan): void {
  new WireOpener(targetOptions(plan));
}

const idleRole: LoadRole = {
  subscribe: undefined,
  accepted: () => undefined,
  arrive: () => undefined,
  acknowledgement: () => undefined,
  chunkEnded: () => undefined,
  write: () => false,
};
