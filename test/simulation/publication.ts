import { isDeepStrictEqual } from 'node:util';
import type { MessageProperties, QoS } from '../../src/packet/index.ts';

/** What a client wants published, once, however often its PUBLISH is sent. */
export interface Publication {
  /** In the first four bytes of the payload; 0 stands for an empty payload. */
  readonly id: number;
  readonly client: string;
  readonly isWill: boolean;
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  /** The authorizer will say no. */
  readonly isDenied: boolean;
  /** How often the broker published it. */
  publishedCount: number;
  /** Receivers the last time. */
  matched: number;
}

/** One time that the broker published something: what receivers are owed. */
export interface Instance {
  /** Its place in the order of everything the broker published. */
  readonly seq: number;
  readonly publication: Publication;
  readonly publisherId: string;
  readonly expiresAtMs: number;
  /** Its place in the store's log. */
  readonly lsn: number;
}

/** A PUBLISH as a client got it, with its alias resolved. */
export interface Arrival {
  readonly id: number;
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  readonly identifiers: readonly number[];
  readonly properties: MessageProperties | undefined;
  /** Counts the connections of the Session; the one that it came on. */
  readonly epoch: number;
}

/** A payload that names its publication and is different for each. */
export function payloadOf(id: number, length: number): Uint8Array {
  if (id === 0) return new Uint8Array(0);
  const payload = new Uint8Array(Math.max(4, length));
  new DataView(payload.buffer).setUint32(0, id);
  for (let i = 4; i < payload.length; i++) payload[i] = (id + i) & 0xff;
  return payload;
}

export function idOf(payload: Uint8Array): number {
  if (payload.length < 4) return 0;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Whether the properties of an Application Message are equal, apart from its expiry, which counts down. */
export function sameProperties(
  a: MessageProperties | undefined,
  b: MessageProperties | undefined,
): boolean {
  if (a === undefined && b === undefined) return true;
  return isDeepStrictEqual(comparable(a), comparable(b));
}

function comparable(properties: MessageProperties = {}): unknown {
  const { payloadFormatIndicator, contentType, responseTopic, userProperties } = properties;
  const correlationData = [...(properties.correlationData ?? [])];
  return { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties };
}
