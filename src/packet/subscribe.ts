/** SUBSCRIBE and SUBACK. Whether a Topic Filter is one is not looked at here: each gets its own answer. */
import { pickReason } from './acknowledgement.ts';
import type {
  MqttVersion,
  RetainHandling,
  SubackPacket,
  SubscribePacket,
  SubscribeProperties,
  SubscriptionRequest,
} from './packet.ts';
import { PacketType } from './packet.ts';
import { putPacketId, readPacketId } from './packet-identifier.ts';
import type { ByteReader } from './primitives.ts';
import { readProperties } from './properties.ts';
import { Property, PropertyOwner, type PropertyRecord } from './property-definitions.ts';
import {
  putProperties,
  putReasonProperties,
  putUserProperties,
  putVarint,
} from './property-writing.ts';
import { malformed, protocolError } from './protocol-error.ts';
import { qosOf } from './publish.ts';
import { ReasonCode } from './reason-code.ts';
import { type ReasonCodeList, readReasonCode, reasonCodeList } from './reason-code-list.ts';
import type { ByteSink } from './writer.ts';

export function decodeSubscribe(reader: ByteReader, version: MqttVersion): SubscribePacket {
  const packetId = readPacketId(reader);
  const properties =
    version === 5 ? pickSubscribe(readProperties(reader, PropertyOwner.subscribe)) : undefined;
  const subscriptions: SubscriptionRequest[] = [];
  // [MQTT-3.8.3-2] [MQTT3-3.8.3-3] At least one.
  if (reader.remaining === 0) throw protocolError('A SUBSCRIBE has no Topic Filter');
  while (reader.remaining > 0) {
    const topicFilter = reader.string('Topic Filter');
    const options = reader.byte('Subscription Options');
    subscriptions.push(subscription(topicFilter, options, version));
  }
  return { type: PacketType.subscribe, packetId, subscriptions, properties };
}

function subscription(
  topicFilter: string,
  options: number,
  version: MqttVersion,
): SubscriptionRequest {
  const reserved = version === 5 ? 0xc0 : 0xfc;
  // [MQTT-3.8.3-5] [MQTT3-3.8.3-4]
  if ((options & reserved) !== 0) {
    throw malformed('A reserved bit of the Subscription Options is not 0');
  }
  if ((options & 3) === 3) {
    // A Protocol Error in 5.0 (§3.8.3.1), malformed in 3.1.1 [MQTT3-3.8.3-4].
    const message = 'The Maximum QoS of a subscription is 3';
    throw version === 5 ? protocolError(message) : malformed(message);
  }
  return {
    topicFilter,
    qos: qosOf(options),
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling((options >> 4) & 3),
  };
}

function retainHandling(value: number): RetainHandling {
  if (value === 0 || value === 1 || value === 2) return value;
  throw protocolError(`Retain Handling is ${value}; it can be 0, 1 or 2`);
}

function pickSubscribe(record: PropertyRecord | undefined): SubscribeProperties | undefined {
  if (record === undefined) return undefined;
  return {
    subscriptionIdentifier: record.subscriptionIdentifiers?.[0],
    userProperties: record.userProperties,
  };
}

export function putSubscribe(sink: ByteSink, packet: SubscribePacket, version: MqttVersion): void {
  if (packet.subscriptions.length === 0) throw new RangeError('A SUBSCRIBE needs a Topic Filter');
  putPacketId(sink, packet.packetId);
  if (version === 5) putProperties(sink, packet.properties, putSubscribeProperties);
  for (const request of packet.subscriptions) {
    sink.string(request.topicFilter);
    sink.byte(version === 5 ? optionsOf(request) : request.qos);
  }
}

function optionsOf(request: SubscriptionRequest): number {
  return (
    request.qos |
    (request.noLocal ? 4 : 0) |
    (request.retainAsPublished ? 8 : 0) |
    (request.retainHandling << 4)
  );
}

function putSubscribeProperties(sink: ByteSink, properties: SubscribeProperties): void {
  putVarint(sink, Property.subscriptionIdentifier, properties.subscriptionIdentifier);
  putUserProperties(sink, properties.userProperties);
}

/** [MQTT-3.9.3-2] */
const subackCodes: ReasonCodeList = reasonCodeList([
  ReasonCode.grantedQoS0,
  ReasonCode.grantedQoS1,
  ReasonCode.grantedQoS2,
  ReasonCode.unspecifiedError,
  ReasonCode.implementationSpecificError,
  ReasonCode.notAuthorized,
  ReasonCode.topicFilterInvalid,
  ReasonCode.packetIdentifierInUse,
  ReasonCode.quotaExceeded,
  ReasonCode.sharedSubscriptionsNotSupported,
  ReasonCode.subscriptionIdentifiersNotSupported,
  ReasonCode.wildcardSubscriptionsNotSupported,
]);

/** [MQTT3-3.9.3-2] */
const subackCodesV3: ReasonCodeList = reasonCodeList([
  ReasonCode.grantedQoS0,
  ReasonCode.grantedQoS1,
  ReasonCode.grantedQoS2,
  ReasonCode.unspecifiedError,
]);

export function decodeSuback(reader: ByteReader, version: MqttVersion): SubackPacket {
  const packetId = readPacketId(reader);
  const properties =
    version === 5 ? pickReason(readProperties(reader, PropertyOwner.suback)) : undefined;
  const allowed = version === 5 ? subackCodes : subackCodesV3;
  const reasonCodes: ReasonCode[] = [];
  if (reader.remaining === 0) throw protocolError('A SUBACK has no Reason Code');
  while (reader.remaining > 0) reasonCodes.push(readReasonCode(reader, allowed, 'SUBACK'));
  return { type: PacketType.suback, packetId, reasonCodes, properties };
}

export function putSuback(sink: ByteSink, packet: SubackPacket, version: MqttVersion): void {
  putPacketId(sink, packet.packetId);
  if (version === 5) putProperties(sink, packet.properties, putReasonProperties);
  for (const code of packet.reasonCodes) {
    // 3.x knows one failure.
    sink.byte(version === 5 || code < 0x80 ? code : ReasonCode.unspecifiedError);
  }
}
