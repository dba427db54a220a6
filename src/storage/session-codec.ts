import type { SessionRecord } from '../broker/index.ts';
import type { MqttVersion, RetainHandling, Will } from '../packet/index.ts';
import { MqttVersion as versions } from '../packet/index.ts';
import { type SubscriptionFields, subscriptionKey } from '../session/index.ts';
import { RecordError, type RecordReader } from './log/record-reader.ts';
import type { RecordWriter } from './log/record-writer.ts';
import { qosOf } from './message-codec.ts';
import { readProperties, writeProperties } from './property-codec.ts';

/** A subscription without the Session that it belongs to. */
export type StoredSubscription = Omit<SubscriptionFields, 'session'>;

const SessionFlag = { username: 0x01, will: 0x02, version: 0x04, disconnected: 0x08 } as const;
const WillFlag = { retain: 0x04, properties: 0x08 } as const;
const OptionFlag = {
  noLocal: 0x04,
  retainAsPublished: 0x08,
  share: 0x10,
  identifier: 0x20,
} as const;
const retainHandlingShift = 6;

export function writeSession(writer: RecordWriter, record: SessionRecord): void {
  const { username, will, protocolVersion, disconnectedAtMs } = record;
  writer.byte(
    (username === undefined ? 0 : SessionFlag.username) |
      (will === undefined ? 0 : SessionFlag.will) |
      (protocolVersion === undefined ? 0 : SessionFlag.version) |
      (disconnectedAtMs === undefined ? 0 : SessionFlag.disconnected),
  );
  writer.string(record.clientId);
  writer.float64(record.expiryIntervalMs);
  writer.float64(record.expiresAtMs);
  if (username !== undefined) writer.string(username);
  if (will !== undefined) writeWill(writer, will);
  if (protocolVersion !== undefined) writer.byte(protocolVersion);
  if (disconnectedAtMs !== undefined) writer.float64(disconnectedAtMs);
}

/** @throws RecordError */
export function readSession(reader: RecordReader): SessionRecord {
  const flags = reader.byte();
  const has = (field: keyof typeof SessionFlag): boolean => (flags & SessionFlag[field]) !== 0;
  const clientId = reader.string();
  const expiryIntervalMs = reader.float64();
  const expiresAtMs = reader.float64();
  const username = has('username') ? reader.string() : undefined;
  const will = has('will') ? readWill(reader) : undefined;
  return {
    clientId,
    username,
    expiryIntervalMs,
    expiresAtMs,
    will,
    protocolVersion: has('version') ? versionOf(reader.byte()) : undefined,
    disconnectedAtMs: has('disconnected') ? reader.float64() : undefined,
  };
}

export function writeSubscription(writer: RecordWriter, subscription: StoredSubscription): void {
  const { shareName, identifier } = subscription;
  writer.byte(
    subscription.qos |
      (subscription.noLocal ? OptionFlag.noLocal : 0) |
      (subscription.retainAsPublished ? OptionFlag.retainAsPublished : 0) |
      (shareName === undefined ? 0 : OptionFlag.share) |
      (identifier === undefined ? 0 : OptionFlag.identifier) |
      (subscription.retainHandling << retainHandlingShift),
  );
  writer.string(subscription.topicFilter);
  if (shareName !== undefined) writer.string(shareName);
  if (identifier !== undefined) writer.varint(identifier);
}

/** @throws RecordError */
export function readSubscription(reader: RecordReader): StoredSubscription {
  const flags = reader.byte();
  const topicFilter = reader.string();
  const shareName = (flags & OptionFlag.share) === 0 ? undefined : reader.string();
  const identifier = (flags & OptionFlag.identifier) === 0 ? undefined : reader.varint();
  return {
    topicFilter,
    shareName,
    qos: qosOf(flags & 0x03),
    noLocal: (flags & OptionFlag.noLocal) !== 0,
    retainAsPublished: (flags & OptionFlag.retainAsPublished) !== 0,
    retainHandling: retainHandlingOf(flags >> retainHandlingShift),
    identifier,
  };
}

export function keyOf({ topicFilter, shareName }: StoredSubscription): string {
  return subscriptionKey(topicFilter, shareName);
}

function writeWill(writer: RecordWriter, will: Will): void {
  const { properties } = will;
  writer.byte(
    will.qos |
      (will.retain ? WillFlag.retain : 0) |
      (properties === undefined ? 0 : WillFlag.properties),
  );
  writer.string(will.topicName);
  writer.binary(will.payload);
  if (properties !== undefined) writeProperties(writer, properties);
}

function readWill(reader: RecordReader): Will {
  const flags = reader.byte();
  const topicName = reader.string();
  const payload = reader.binary().slice();
  const properties = (flags & WillFlag.properties) === 0 ? undefined : readProperties(reader);
  const retain = (flags & WillFlag.retain) !== 0;
  return { topicName, payload, qos: qosOf(flags & 0x03), retain, properties };
}

function versionOf(value: number): MqttVersion {
  const version = Object.values(versions).find((known) => known === value);
  if (version === undefined) throw new RecordError(`protocol version ${value}`);
  return version;
}

function retainHandlingOf(value: number): RetainHandling {
  if (value === 0 || value === 1 || value === 2) return value;
  throw new RecordError(`Retain Handling ${value}`);
}
