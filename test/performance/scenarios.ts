/** What is measured, and how far today's figures may be exceeded. */
import { MqttVersion, type PublishProperties, type QoS } from '../../src/packet/index.ts';

export interface Scenario {
  readonly version: MqttVersion;
  readonly qos: QoS;
  readonly payloadBytes: number;
  readonly publishers: number;
  /** Of each topic; every publisher has a topic of its own. */
  readonly subscribersPerTopic: number;
  readonly properties?: PublishProperties;
}

/** Of one delivered message, except `writes`. */
export interface Figures {
  /** Allocated by JavaScript: objects, small arrays, strings. */
  readonly heapBytes: number;
  /** Allocated outside of the heap: the memory of buffers. */
  readonly bufferBytes: number;
  /** Moved by `set`, `slice` and `copyWithin` of typed arrays; 1.0 payload is one copy of it. */
  readonly copiedBytes: number;
  /** System calls that write, for 100,000 delivered messages. */
  readonly writes: number;
}

const v311: MqttVersion = MqttVersion.v311;
const v5: MqttVersion = MqttVersion.v5;
const pairs = { publishers: 10, subscribersPerTopic: 1, payloadBytes: 256, version: v311 };
const fanOut = { publishers: 1, subscribersPerTopic: 100, payloadBytes: 256, version: v311 };

const properties: PublishProperties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 3600,
  contentType: 'text/plain',
  responseTopic: undefined,
  correlationData: undefined,
  userProperties: [['unit', 'percent']],
  topicAlias: undefined,
  subscriptionIdentifiers: undefined,
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  'pairs, QoS 0': { ...pairs, qos: 0 },
  'pairs, QoS 1': { ...pairs, qos: 1 },
  'pairs, QoS 2': { ...pairs, qos: 2 },
  'pairs, QoS 0, 5.0': { ...pairs, qos: 0, version: v5 },
  'pairs, QoS 1, 5.0 with four properties': { ...pairs, qos: 1, version: v5, properties },
  'pairs, QoS 0, 16 KiB': { ...pairs, qos: 0, payloadBytes: 16_384 },
  'pairs, QoS 1, 16 KiB': { ...pairs, qos: 1, payloadBytes: 16_384 },
  '1 to 100, QoS 0': { ...fanOut, qos: 0 },
  '1 to 100, QoS 1': { ...fanOut, qos: 1 },
};
