import type { QueueOverflow } from '../session/index.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { SharedStrategy } from './share-group.ts';

/** How a broker behaves; fixed for its lifetime unless a field says otherwise. */
export interface BrokerSettings {
  readonly limits: Limits;
  /** Connections at once over all listeners; 0 = no limit (S4-33). */
  readonly connectionsMax: number;
  /** Seconds; 0 = none. What MQTT 5.0 clients that ask for none or for more are given (S4-32). */
  readonly serverKeepAlive: number;
  /** QoS 0 messages wait for sessions whose client is away. */
  readonly queueQoS0Offline: boolean;
  readonly overflowFor: (topicName: string) => QueueOverflow;
  readonly sharedStrategy: SharedStrategy;
  /** A 3.x client whose PUBLISH is refused cannot be told: `drop` acknowledges it all the same. */
  readonly refusedPublish3x: 'drop' | 'disconnect';
}

export const defaultSettings: BrokerSettings = {
  limits: defaultLimits,
  connectionsMax: 1000,
  serverKeepAlive: 60,
  queueQoS0Offline: false,
  overflowFor: () => 'drop-oldest',
  sharedStrategy: SharedStrategy.roundRobin,
  refusedPublish3x: 'drop',
};

/** What a listener asks of its connections. */
export interface ListenerPolicy {
  /** 0 = no limit of its own. */
  readonly connectionsMax: number;
  readonly receiveMaximumMode: 'strict' | 'warn';
  /** Payloads that claim to be text are checked (0x99). */
  readonly checksPayloadFormat: boolean;
}

export const defaultListenerPolicy: ListenerPolicy = {
  connectionsMax: 0,
  receiveMaximumMode: 'strict',
  checksPayloadFormat: false,
};
