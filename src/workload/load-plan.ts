/**
 * What a run is to do, complete and checked: the same for every thread, and plain data, so that it can be
 * sent to them. Publishers, subscribers and idle connections are numbered from 0 over the whole run; a
 * thread has every `count`-th of them.
 */
import type { TlsOptions } from '../client/index.ts';
import type { MqttVersion, QoS } from '../packet/index.ts';

/**
 * `pub`: publishers alone. `sub`: subscribers to what others publish. `conn`: connections that do nothing.
 * `e2e`: publisher i to subscriber i. `fanout`: every publisher to every subscriber.
 */
export type LoadKind = 'pub' | 'sub' | 'conn' | 'e2e' | 'fanout';

/** How to connect; each client gets an identifier of its own. */
export interface LoadTarget {
  /** See `parseServerUrl`. */
  readonly url: string;
  readonly protocolVersion: MqttVersion;
  /** Seconds, 0 turns it off. */
  readonly keepAlive: number;
  readonly connectTimeoutMs: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: TlsOptions;
}

export interface LoadPlan {
  readonly kind: LoadKind;
  readonly target: LoadTarget;
  /** In Client Identifiers and topics: runs at the same time do not meet. */
  readonly runId: string;
  /** The id of publisher 0 in the stamps; below 2^30. */
  readonly publisherBase: number;
  readonly publisherCount: number;
  readonly subscriberCount: number;
  readonly idleCount: number;
  /** `%i` stands for the number of the publisher. */
  readonly topicName: string;
  /** `%i` stands for the number of the subscriber. */
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly sizeBytes: number;
  /**
   * Messages a second of all publishers together, in an open loop; for `conn`, connections a second. 0: as
   * fast as the windows allow.
   */
  readonly ratePerSecond: number;
  /** Messages of one publisher that may be under way: not delivered everywhere, or not acknowledged. */
  readonly window: number;
  /** Handshakes at a time, all threads together. */
  readonly connectingMax: number;
  readonly warmupMs: number;
  /** Infinity: until stopped. */
  readonly durationMs: number;
  /**
   * When nothing moved for so long, what is under way is lost: windows open again without it, and the end
   * of the run does not wait for it.
   */
  readonly quietMs: number;
  /** An open loop waits for the next message without sleeping: exact to microseconds, at the cost of a core. */
  readonly isSpinning: boolean;
  readonly workerCount: number;
}

/** Which part of the run a thread has. */
export interface LoadPlace {
  readonly index: number;
  readonly count: number;
}

/** The numbers below `total` that are of this place. */
export function numbersOf(place: LoadPlace, total: number): number[] {
  const numbers: number[] = [];
  for (let number = place.index; number < total; number += place.count) numbers.push(number);
  return numbers;
}

/** Publishers whose messages the subscriber gets. */
export function publishersOf(plan: LoadPlan, subscriber: number): number[] {
  if (plan.kind === 'e2e') return [subscriber];
  return Array.from({ length: plan.publisherCount }, (_, index) => index);
}

export function topicOf(pattern: string, number: number): string {
  return pattern.replaceAll('%i', String(number));
}
