/** PUBACK, PUBREC, PUBREL and PUBCOMP: one layout (MQTT 5.0 §3.4 to §3.7), two sets of Reason Codes. */
import { requiredFlags } from './fixed-header.ts';
import type {
  AcknowledgementPacket,
  MqttVersion,
  PubackPacket,
  PubcompPacket,
  PubrecPacket,
  PubrelPacket,
  ReasonProperties,
} from './packet.ts';
import { PacketType } from './packet.ts';
import { putPacketId, readPacketId } from './packet-identifier.ts';
import type { ByteReader } from './primitives.ts';
import { readProperties } from './properties.ts';
import { PropertyOwner, type PropertyRecord } from './property-definitions.ts';
import { putProperties, putReasonProperties } from './property-writing.ts';
import { ReasonCode } from './reason-code.ts';
import { type ReasonCodeList, readReasonCode, reasonCodeList } from './reason-code-list.ts';
import type { ByteSink } from './writer.ts';

/** PUBACK and PUBREC [MQTT-3.4.2-1] [MQTT-3.5.2-1]. */
const receivedCodes: ReasonCodeList = reasonCodeList([
  ReasonCode.success,
  ReasonCode.noMatchingSubscribers,
  ReasonCode.unspecifiedError,
  ReasonCode.implementationSpecificError,
  ReasonCode.notAuthorized,
  ReasonCode.topicNameInvalid,
  ReasonCode.packetIdentifierInUse,
  ReasonCode.quotaExceeded,
  ReasonCode.payloadFormatInvalid,
]);

/** PUBREL and PUBCOMP [MQTT-3.6.2-1] [MQTT-3.7.2-1]. */
const releasedCodes: ReasonCodeList = reasonCodeList([
  ReasonCode.success,
  ReasonCode.packetIdentifierNotFound,
]);

export function decodePuback(reader: ByteReader, version: MqttVersion): PubackPacket {
  const packetId = readPacketId(reader);
  const reasonCode = readCode(reader, version, receivedCodes, 'PUBACK');
  const properties = readReasonProperties(reader, version);
  return { type: PacketType.puback, packetId, reasonCode, properties };
}

export function decodePubrec(reader: ByteReader, version: MqttVersion): PubrecPacket {
  const packetId = readPacketId(reader);
  const reasonCode = readCode(reader, version, receivedCodes, 'PUBREC');
  const properties = readReasonProperties(reader, version);
  return { type: PacketType.pubrec, packetId, reasonCode, properties };
}

export function decodePubrel(reader: ByteReader, version: MqttVersion): PubrelPacket {
  const packetId = readPacketId(reader);
  const reasonCode = readCode(reader, version, releasedCodes, 'PUBREL');
  const properties = readReasonProperties(reader, version);
  return { type: PacketType.pubrel, packetId, reasonCode, properties };
}

export function decodePubcomp(reader: ByteReader, version: MqttVersion): PubcompPacket {
  const packetId = readPacketId(reader);
  const reasonCode = readCode(reader, version, releasedCodes, 'PUBCOMP');
  const properties = readReasonProperties(reader, version);
  return { type: PacketType.pubcomp, packetId, reasonCode, properties };
}

/** §3.4.2.1: nothing behind the Packet Identifier means Success. */
function readCode(
  reader: ByteReader,
  version: MqttVersion,
  allowed: ReasonCodeList,
  packetName: string,
): ReasonCode {
  if (version !== 5 || reader.remaining === 0) return ReasonCode.success;
  return readReasonCode(reader, allowed, packetName);
}

/** §3.4.2.2.1: nothing behind the Reason Code means no properties. */
function readReasonProperties(
  reader: ByteReader,
  version: MqttVersion,
): ReasonProperties | undefined {
  if (version !== 5 || reader.remaining === 0) return undefined;
  return pickReason(readProperties(reader, PropertyOwner.acknowledgement));
}

export function pickReason(record: PropertyRecord | undefined): ReasonProperties | undefined {
  if (record === undefined) return undefined;
  return { reasonString: record.reasonString, userProperties: record.userProperties };
}

/** Whether only the Packet Identifier needs to be written. */
function isShortAcknowledgement(packet: AcknowledgementPacket, version: MqttVersion): boolean {
  if (version !== 5) return true;
  return packet.reasonCode === ReasonCode.success && packet.properties === undefined;
}

/** A whole acknowledgement that says nothing but its Reason Code. */
export function writeAcknowledgement(
  writer: ByteSink,
  version: MqttVersion,
  type: AcknowledgementPacket['type'],
  packetId: number,
  reasonCode: ReasonCode,
): void {
  const hasReasonCode = version === 5 && reasonCode !== ReasonCode.success;
  writer.byte((type << 4) | requiredFlags(type));
  writer.byte(hasReasonCode ? 3 : 2);
  putPacketId(writer, packetId);
  if (hasReasonCode) writer.byte(reasonCode);
}

/** Variable header, in its shortest form. */
export function putAcknowledgement(
  sink: ByteSink,
  packet: AcknowledgementPacket,
  version: MqttVersion,
): void {
  putPacketId(sink, packet.packetId);
  if (isShortAcknowledgement(packet, version)) return;
  sink.byte(packet.reasonCode);
  if (packet.properties === undefined) return;
  putProperties(sink, packet.properties, putReasonProperties);
}
