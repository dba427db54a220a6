/**
 * PUBLISH, both ways: the hot packet. Measured by bench/packet-publish.ts. Decoding makes the packet
 * object, its Topic Name and a view of the payload, nothing else; encoding computes the length by
 * arithmetic instead of a counting run, and writes straight into the buffer.
 */

import type { MqttVersion, PublishPacket, PublishProperties, QoS } from './packet.ts';
import { PacketType } from './packet.ts';
import { putPacketId, readPacketId } from './packet-identifier.ts';
import type { ByteReader } from './primitives.ts';
import { readProperties } from './properties.ts';
import { Property, PropertyOwner, type PropertyRecord } from './property-definitions.ts';
import {
  propertiesLength,
  putMessageProperties,
  putUint16,
  putVarint,
} from './property-writing.ts';
import { protocolError } from './protocol-error.ts';
import { type ByteSink, checkedUtf8Length, type PacketWriter, varintLength } from './writer.ts';

/** The flags are known to be valid. `fromClient`: which side sent it. */
export function decodePublish(
  reader: ByteReader,
  flags: number,
  version: MqttVersion,
  fromClient: boolean,
): PublishPacket {
  const qos = qosOf(flags >> 1);
  const topicName = reader.topicName();
  const packetId = qos === 0 ? 0 : readPacketId(reader);
  const record = version === 5 ? readProperties(reader, PropertyOwner.publish) : undefined;
  if (topicName === '' && record?.topicAlias === undefined) {
    throw protocolError('A PUBLISH has neither a Topic Name nor a Topic Alias');
  }
  const properties = record === undefined ? undefined : pick(record, fromClient);
  return {
    type: PacketType.publish,
    topicName,
    payload: reader.view(reader.remaining),
    qos,
    retain: (flags & 1) !== 0,
    dup: (flags & 8) !== 0,
    packetId,
    properties,
  };
}

/** The QoS in the two lowest bits; 3 was refused before. */
export function qosOf(bits: number): QoS {
  const qos = bits & 3;
  if (qos === 0) return 0;
  return qos === 1 ? 1 : 2;
}

function pick(record: PropertyRecord, fromClient: boolean): PublishProperties {
  // [MQTT-3.3.4-6]
  if (fromClient && record.subscriptionIdentifiers !== undefined) {
    throw protocolError('A PUBLISH from a client contains a Subscription Identifier');
  }
  return {
    payloadFormatIndicator: record.payloadFormatIndicator,
    messageExpiryInterval: record.messageExpiryInterval,
    contentType: record.contentType,
    responseTopic: record.responseTopic,
    correlationData: record.correlationData,
    userProperties: record.userProperties,
    topicAlias: record.topicAlias,
    subscriptionIdentifiers: record.subscriptionIdentifiers,
  };
}

/**
 * Writes the whole packet, fixed header included.
 * @throws RangeError for what no receiver accepts; some of the packet may be written by then
 */
export function writePublish(
  writer: PacketWriter,
  packet: PublishPacket,
  version: MqttVersion,
): void {
  const { topicName, payload, properties, qos, retain, dup } = packet;
  writePublishHead(
    writer,
    version,
    publishFlags(qos, retain, dup),
    topicName,
    packet.packetId,
    properties,
    payload.length,
  );
  writer.bytes(payload);
}

/** The first byte of the fixed header. */
export function publishFlags(qos: QoS, retain: boolean, dup: boolean): number {
  return (PacketType.publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
}

/**
 * Everything but the payload, which is to follow. In pieces and not as a packet object, because a broker that
 * passes on a message would make that object for each receiver. Errors as `writePublish`.
 * @param flags as `publishFlags` makes them
 * @param packetId not looked at where the flags say QoS 0
 */
export function writePublishHead(
  writer: PacketWriter,
  version: MqttVersion,
  flags: number,
  topicName: string,
  packetId: number,
  properties: PublishProperties | undefined,
  payloadBytes: number,
): void {
  if (topicName === '' && (version !== 5 || properties?.topicAlias === undefined)) {
    throw new RangeError('A PUBLISH needs a Topic Name or, in 5.0, a Topic Alias');
  }
  const propertyBytes = publishPropertyBytes(properties, version);
  const isAcknowledged = (flags & 6) !== 0;
  const otherBytes = bytesBesideTopicName(isAcknowledged, version, propertyBytes, payloadBytes);
  const before = writer.length;
  writer.byte(flags);
  writer.varint(otherBytes + topicName.length);
  if (!writer.topicName(topicName)) {
    // The length was wrong.
    writer.truncate(before);
    writer.byte(flags);
    writer.varint(otherBytes + checkedUtf8Length(topicName));
    writer.string(topicName);
  }
  if (isAcknowledged) putPacketId(writer, packetId);
  if (version === 5) {
    writer.varint(propertyBytes);
    if (properties !== undefined) putPublish(writer, properties);
  }
}

/** Does not look at the Packet Identifier, which may be given later. */
export function publishRemainingLength(packet: PublishPacket, version: MqttVersion): number {
  const { topicName, qos, properties, payload } = packet;
  const propertyBytes = publishPropertyBytes(properties, version);
  const topicBytes = checkedUtf8Length(topicName);
  return topicBytes + bytesBesideTopicName(qos !== 0, version, propertyBytes, payload.length);
}

/** Of the Remaining Length. */
function bytesBesideTopicName(
  isAcknowledged: boolean,
  version: MqttVersion,
  propertyBytes: number,
  payloadBytes: number,
): number {
  return (
    2 +
    (isAcknowledged ? 2 : 0) +
    (version === 5 ? varintLength(propertyBytes) + propertyBytes : 0) +
    payloadBytes
  );
}

function publishPropertyBytes(
  properties: PublishProperties | undefined,
  version: MqttVersion,
): number {
  if (properties === undefined || version !== 5) return 0;
  return propertiesLength(properties, putPublish);
}

function putPublish(sink: ByteSink, properties: PublishProperties): void {
  putMessageProperties(sink, properties);
  putUint16(sink, Property.topicAlias, properties.topicAlias);
  if (properties.subscriptionIdentifiers === undefined) return;
  for (const identifier of properties.subscriptionIdentifiers) {
    putVarint(sink, Property.subscriptionIdentifier, identifier);
  }
}
