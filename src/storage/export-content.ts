/** Between what the store knows and the lines of its export. */
import { isUtf8 } from 'node:buffer';
import type { SessionRecord } from '../broker/index.ts';
import type { MessageProperties, WillProperties } from '../packet/index.ts';
import { type Lsn, Message } from '../session/index.ts';
import type {
  BytesJson,
  MessageLine,
  PropertiesJson,
  ReceiverJson,
  SessionLine,
  SubscriptionLine,
} from './export-line.ts';
import type { MovedReceiver } from './message-codec.ts';
import type { StoredSubscription } from './session-codec.ts';

export function sessionLine(session: number, record: SessionRecord): SessionLine {
  const { clientId, username, protocolVersion, disconnectedAtMs, will } = record;
  return {
    kind: 'session',
    session,
    clientId,
    username,
    protocolVersion,
    expiryIntervalMs: orNever(record.expiryIntervalMs),
    expiresAtMs: orNever(record.expiresAtMs),
    disconnectedAtMs,
    will:
      will === undefined
        ? undefined
        : {
            topicName: will.topicName,
            ...bytesJson(will.payload),
            qos: will.qos,
            retain: will.retain,
            properties: propertiesJson(will.properties),
          },
  };
}

export function sessionRecord(json: SessionLine): SessionRecord {
  const { clientId, username, protocolVersion, disconnectedAtMs, will } = json;
  return {
    clientId,
    username,
    protocolVersion,
    disconnectedAtMs,
    expiryIntervalMs: json.expiryIntervalMs ?? Number.POSITIVE_INFINITY,
    expiresAtMs: json.expiresAtMs ?? Number.POSITIVE_INFINITY,
    will:
      will === undefined
        ? undefined
        : {
            topicName: will.topicName,
            payload: bytesOf(will),
            qos: will.qos,
            retain: will.retain === true,
            properties: propertiesOf(will.properties),
          },
  };
}

export function subscriptionLine(
  session: number,
  subscription: StoredSubscription,
): SubscriptionLine {
  return { kind: 'subscription', session, ...subscription };
}

export function subscriptionOf(json: SubscriptionLine): StoredSubscription {
  const { topicFilter, shareName, identifier } = json;
  return {
    topicFilter,
    shareName,
    identifier,
    qos: json.qos,
    noLocal: json.noLocal === true,
    retainAsPublished: json.retainAsPublished === true,
    retainHandling: json.retainHandling ?? 0,
  };
}

export function messageLine(
  id: Lsn,
  message: Message,
  isRetained: boolean,
  receivers: readonly MovedReceiver[],
): MessageLine {
  return {
    kind: 'message',
    id,
    topicName: message.topicName,
    ...bytesJson(message.payload),
    qos: message.qos,
    retain: message.retain,
    properties: propertiesJson(message.properties),
    receivedAtMs: message.receivedAtMs,
    publisherId: message.publisherId,
    publisherName: message.publisherName,
    retained: isRetained ? true : undefined,
    to: receivers.map(({ session, queuedAt, packetId, sentAt, released, ...choice }) => ({
      session,
      qos: choice.qos,
      retain: choice.retain === true ? true : undefined,
      subscriptionIdentifiers: choice.subscriptionIdentifiers?.slice(),
      share: choice.share,
      queuedAt,
      ...(packetId === 0 ? {} : { packetId, sentAt }),
      released: released ? true : undefined,
    })),
  };
}

export function messageOf(json: MessageLine): Message {
  return new Message({
    topicName: json.topicName,
    payload: bytesOf(json),
    qos: json.qos,
    retain: json.retain === true,
    properties: propertiesOf(json.properties),
    publisherId: json.publisherId,
    publisherName: json.publisherName,
    nowMs: json.receivedAtMs,
  });
}

/** @param fallback for what the line does not say: the message's own number */
export function receiverOf(json: ReceiverJson, fallback: Lsn): MovedReceiver {
  const { session, packetId = 0, subscriptionIdentifiers, share } = json;
  return {
    session,
    qos: json.qos,
    retain: json.retain === true,
    subscriptionIdentifiers,
    share,
    queuedAt: json.queuedAt ?? fallback,
    packetId,
    sentAt: json.sentAt ?? fallback,
    released: json.released === true,
  };
}

function orNever(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

function textOrBase64(bytes: Uint8Array): { text?: string; base64?: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return isUtf8(bytes) ? { text: buffer.toString() } : { base64: buffer.toString('base64') };
}

function bytesJson(bytes: Uint8Array): BytesJson {
  const { text, base64 } = textOrBase64(bytes);
  return text === undefined ? { payloadBase64: base64 } : { payload: text };
}

function bytesOf({ payload, payloadBase64 }: BytesJson): Uint8Array {
  return payloadBase64 === undefined
    ? Buffer.from(payload ?? '')
    : Buffer.from(payloadBase64, 'base64');
}

function propertiesJson(value: WillProperties | undefined): PropertiesJson | undefined {
  if (value === undefined) return undefined;
  const { correlationData, userProperties, ...rest } = value;
  const data = correlationData === undefined ? {} : textOrBase64(correlationData);
  return {
    ...rest,
    correlationData: data.text,
    correlationDataBase64: data.base64,
    userProperties: userProperties?.map(([name, text]) => [name, text]),
  };
}

function propertiesOf(
  json: PropertiesJson | undefined,
): (MessageProperties & WillProperties) | undefined {
  if (json === undefined) return undefined;
  const { correlationData: text, correlationDataBase64: base64, ...rest } = json;
  if (text === undefined && base64 === undefined) return rest;
  const correlationData = bytesOf({ payload: text, payloadBase64: base64 });
  return { ...rest, correlationData };
}
