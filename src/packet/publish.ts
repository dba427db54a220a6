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
import {
  hasWildcard,
  Property,
  PropertyOwner,
  type PropertyRecord,
} from './property-definitions.ts';
import {
  propertiesLength,
  putMessageProperties,
  putUint16,
  putVarint,
} from './property-writing.ts';
import { ProtocolError, protocolError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';
import { type ByteSink, checkedUtf8Length, type PacketWriter, varintLength } from './writer.ts';

/** The flags are known to be valid. `fromClient`: which side sent it. */
export function decodePublish(
  reader: ByteReader,
  flags: number,
  version: MqttVersion,
  fromClient: boolean,
): PublishPacket {
  const qos = qosOf(flags >> 1);
  const topicName = reader.string('Topic Name');
  // [MQTT-3.3.2-2] [MQTT3-3.3.2-2]
  if (hasWildcard(topicName)) {
    throw new ProtocolError(
      ReasonCode.topicNameInvalid,
      'The Topic Name of a PUBLISH contains a wildcard character',
    );
  }
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
  writePublishHead(writer, packet, version);
  writer.bytes(packet.payload);
}

/** Everything but the payload, which is to follow: large ones are passed on without a copy. */
export function writePublishHead(
  writer: PacketWriter,
  packet: PublishPacket,
  version: MqttVersion,
): void {
  const { topicName, qos, properties } = packet;
  if (topicName === '' && (version !== 5 || properties?.topicAlias === undefined)) {
    throw new RangeError('A PUBLISH needs a Topic Name or, in 5.0, a Topic Alias');
  }
  const propertyBytes = publishPropertyBytes(packet, version);
  const before = writer.length;
  writeFixedHeader(
    writer,
    packet,
    remainingLength(packet, version, topicName.length, propertyBytes),
  );
  if (!writer.asciiString(topicName)) {
    // The length was wrong.
    writer.truncate(before);
    const topicBytes = checkedUtf8Length(topicName);
    writeFixedHeader(writer, packet, remainingLength(packet, version, topicBytes, propertyBytes));
    writer.string(topicName);
  }
  if (qos !== 0) putPacketId(writer, packet.packetId);
  if (version === 5) {
    writer.varint(propertyBytes);
    if (properties !== undefined) putPublish(writer, properties);
  }
}

function writeFixedHeader(writer: PacketWriter, packet: PublishPacket, length: number): void {
  const { dup, qos, retain } = packet;
  writer.byte((PacketType.publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0));
  writer.varint(length);
}

/** Does not look at the Packet Identifier, which may be given later. */
export function publishRemainingLength(packet: PublishPacket, version: MqttVersion): number {
  const topicBytes = checkedUtf8Length(packet.topicName);
  return remainingLength(packet, version, topicBytes, publishPropertyBytes(packet, version));
}

function remainingLength(
  packet: PublishPacket,
  version: MqttVersion,
  topicBytes: number,
  propertyBytes: number,
): number {
  return (
    2 +
    topicBytes +
    (packet.qos === 0 ? 0 : 2) +
    (version === 5 ? varintLength(propertyBytes) + propertyBytes : 0) +
    packet.payload.length
  );
}

function publishPropertyBytes(packet: PublishPacket, version: MqttVersion): number {
  if (packet.properties === undefined || version !== 5) return 0;
  return propertiesLength(packet.properties, putPublish);
}

function putPublish(sink: ByteSink, properties: PublishProperties): void {
  putMessageProperties(sink, properties);
  putUint16(sink, Property.topicAlias, properties.topicAlias);
  if (properties.subscriptionIdentifiers === undefined) return;
  for (const identifier of properties.subscriptionIdentifiers) {
    putVarint(sink, Property.subscriptionIdentifier, identifier);
  }
}
