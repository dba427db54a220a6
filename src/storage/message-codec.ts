/**
 * A Message in the log: who gets it, then its content, with the payload at the end. The two are apart because
 * compaction writes the content again as it is, with what has become of the receivers.
 */

import type { Receiver } from '../broker/index.ts';
import { ownPayloadBytesMin, QoS } from '../packet/index.ts';
import { type Lsn, Message } from '../session/index.ts';
import { RecordError, type RecordReader } from './log/record-reader.ts';
import type { RecordWriter } from './log/record-writer.ts';
import { readProperties, writeProperties } from './property-codec.ts';

/** Flags of a message record. */
export const MessageFlag = {
  /** Written again by compaction: its number and how far each receiver is are in the record. */
  moved: 0x01,
  retainSet: 0x02,
  retainRemove: 0x04,
} as const;

const qosMask = 0x03;
const ReceiverFlag = {
  retain: 0x04,
  identifiers: 0x08,
  share: 0x10,
  sent: 0x20,
  released: 0x40,
} as const;
const ContentFlag = { retain: 0x04, properties: 0x08, publisherName: 0x10 } as const;

/** How far a receiver is with a message. */
export interface ReceiverState {
  /** LSN of the operation that queued it. */
  readonly queuedAt: Lsn;
  /** 0 = not sent. */
  readonly packetId: number;
  readonly released: boolean;
  /** LSN of the operation that told of its sending. */
  readonly sentAt: Lsn;
}

export type MovedReceiver = Receiver & ReceiverState;

export function writeReceiver(writer: RecordWriter, receiver: Receiver): void {
  writer.varint(receiver.session);
  writeChoice(writer, receiver, 0);
}

export function readReceiver(reader: RecordReader): Receiver {
  const session = reader.varint();
  return readChoice(reader, session, reader.byte());
}

export function writeMovedReceiver(writer: RecordWriter, receiver: MovedReceiver): void {
  writer.varint(receiver.session);
  const isSent = receiver.packetId !== 0;
  const state = (isSent ? ReceiverFlag.sent : 0) | (receiver.released ? ReceiverFlag.released : 0);
  writeChoice(writer, receiver, state);
  writer.varint(receiver.queuedAt);
  if (!isSent) return;
  writer.uint16(receiver.packetId);
  writer.varint(receiver.sentAt);
}

export function readMovedReceiver(reader: RecordReader): MovedReceiver {
  const session = reader.varint();
  const flags = reader.byte();
  const choice = readChoice(reader, session, flags);
  const queuedAt = reader.varint();
  const isSent = (flags & ReceiverFlag.sent) !== 0;
  const packetId = isSent ? reader.uint16() : 0;
  const sentAt = isSent ? reader.varint() : 0;
  const released = (flags & ReceiverFlag.released) !== 0;
  return { ...choice, queuedAt, packetId, released, sentAt };
}

export function writeContent(writer: RecordWriter, message: Message): void {
  const { properties, publisherName } = message;
  writer.byte(
    message.qos |
      (message.retain ? ContentFlag.retain : 0) |
      (properties === undefined ? 0 : ContentFlag.properties) |
      (publisherName === undefined ? 0 : ContentFlag.publisherName),
  );
  writer.string(message.topicName);
  writer.float64(message.receivedAtMs);
  writer.string(message.publisherId);
  if (publisherName !== undefined) writer.string(publisherName);
  if (properties !== undefined) writeProperties(writer, properties);
  writer.raw(message.payload);
}

/**
 * The message with a body that nobody else writes to. A start reads thousands in one go: their bodies lie in
 * slabs together, which costs at most what was there at the start.
 * @param topicName its Topic Name, where the caller has that text already
 * @throws RecordError
 */
export function readContent(reader: RecordReader, lsn: Lsn, topicName?: string): Message {
  const flags = reader.byte();
  if (topicName !== undefined) reader.skipString();
  const name = topicName ?? reader.string();
  const nowMs = reader.float64();
  const publisherId = reader.repeatedString();
  const hasName = (flags & ContentFlag.publisherName) !== 0;
  const publisherName = hasName ? reader.repeatedString() : undefined;
  const properties = (flags & ContentFlag.properties) === 0 ? undefined : readProperties(reader);
  const payload = reader.rest();
  const message = new Message({
    topicName: name,
    // A message takes large payloads as its own, and copies others when it is asked to.
    payload: payload.length < ownPayloadBytesMin ? payload : payload.slice(),
    qos: qosOf(flags & qosMask),
    retain: (flags & ContentFlag.retain) !== 0,
    properties,
    publisherId,
    publisherName,
    nowMs,
  }).own();
  message.lsn = lsn;
  return message;
}

/** The Topic Name alone, where the content begins. */
export function readTopicName(reader: RecordReader): string {
  reader.byte();
  return reader.string();
}

/** Goes past the receivers of a message to its content. */
export function skipReceivers(reader: RecordReader, areMoved: boolean): void {
  for (let left = reader.varint(); left > 0; left--) {
    if (areMoved) readMovedReceiver(reader);
    else readReceiver(reader);
  }
}

/** @throws RecordError for what is no QoS */
export function qosOf(value: number): QoS {
  if (value === QoS.atMostOnce || value === QoS.atLeastOnce || value === QoS.exactlyOnce)
    return value;
  throw new RecordError(`QoS ${value}`);
}

/** What the subscriptions chose for the receiver, behind a byte of flags. */
function writeChoice(writer: RecordWriter, receiver: Receiver, stateFlags: number): void {
  const { subscriptionIdentifiers, share } = receiver;
  writer.byte(
    receiver.qos |
      (receiver.retain === true ? ReceiverFlag.retain : 0) |
      (subscriptionIdentifiers === undefined ? 0 : ReceiverFlag.identifiers) |
      (share === undefined ? 0 : ReceiverFlag.share) |
      stateFlags,
  );
  if (subscriptionIdentifiers !== undefined) {
    writer.varint(subscriptionIdentifiers.length);
    for (const identifier of subscriptionIdentifiers) writer.varint(identifier);
  }
  if (share !== undefined) writer.string(share);
}

function readChoice(reader: RecordReader, session: number, flags: number): Receiver {
  const hasIdentifiers = (flags & ReceiverFlag.identifiers) !== 0;
  const subscriptionIdentifiers = hasIdentifiers ? readIdentifiers(reader) : undefined;
  const share = (flags & ReceiverFlag.share) === 0 ? undefined : reader.string();
  const retain = (flags & ReceiverFlag.retain) !== 0;
  return { session, qos: qosOf(flags & qosMask), subscriptionIdentifiers, retain, share };
}

function readIdentifiers(reader: RecordReader): number[] {
  const count = reader.varint();
  if (count > reader.remaining) throw new RecordError(`${count} identifiers do not fit`);
  return Array.from({ length: count }, () => reader.varint());
}
