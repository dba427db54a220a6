/** UNSUBSCRIBE and UNSUBACK. */
import { pickReason } from './acknowledgement.ts';
import type { MqttVersion, UnsubackPacket, UnsubscribePacket } from './packet.ts';
import { PacketType } from './packet.ts';
import { putPacketId, readPacketId } from './packet-identifier.ts';
import type { ByteReader } from './primitives.ts';
import { readProperties } from './properties.ts';
import { PropertyOwner } from './property-definitions.ts';
import { putProperties, putReasonProperties, putUserProperties } from './property-writing.ts';
import { protocolError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';
import { type ReasonCodeList, readReasonCode, reasonCodeList } from './reason-code-list.ts';
import type { ByteSink } from './writer.ts';

type UnsubscribeProperties = NonNullable<UnsubscribePacket['properties']>;

export function decodeUnsubscribe(reader: ByteReader, version: MqttVersion): UnsubscribePacket {
  const packetId = readPacketId(reader);
  const record = version === 5 ? readProperties(reader, PropertyOwner.unsubscribe) : undefined;
  const properties = record === undefined ? undefined : { userProperties: record.userProperties };
  const topicFilters: string[] = [];
  // [MQTT-3.10.3-2] [MQTT3-3.10.3-2] At least one.
  if (reader.remaining === 0) throw protocolError('An UNSUBSCRIBE has no Topic Filter');
  while (reader.remaining > 0) topicFilters.push(reader.string('Topic Filter'));
  return { type: PacketType.unsubscribe, packetId, topicFilters, properties };
}

export function putUnsubscribe(
  sink: ByteSink,
  packet: UnsubscribePacket,
  version: MqttVersion,
): void {
  if (packet.topicFilters.length === 0) throw new RangeError('An UNSUBSCRIBE needs a Topic Filter');
  putPacketId(sink, packet.packetId);
  if (version === 5) putProperties(sink, packet.properties, putUnsubscribeProperties);
  for (const topicFilter of packet.topicFilters) sink.string(topicFilter);
}

function putUnsubscribeProperties(sink: ByteSink, properties: UnsubscribeProperties): void {
  putUserProperties(sink, properties.userProperties);
}

/** [MQTT-3.11.3-2] */
const unsubackCodes: ReasonCodeList = reasonCodeList([
  ReasonCode.success,
  ReasonCode.noSubscriptionExisted,
  ReasonCode.unspecifiedError,
  ReasonCode.implementationSpecificError,
  ReasonCode.notAuthorized,
  ReasonCode.topicFilterInvalid,
  ReasonCode.packetIdentifierInUse,
]);

export function decodeUnsuback(reader: ByteReader, version: MqttVersion): UnsubackPacket {
  const packetId = readPacketId(reader);
  const reasonCodes: ReasonCode[] = [];
  if (version !== 5) {
    return { type: PacketType.unsuback, packetId, reasonCodes, properties: undefined };
  }
  const properties = pickReason(readProperties(reader, PropertyOwner.unsuback));
  if (reader.remaining === 0) throw protocolError('An UNSUBACK has no Reason Code');
  while (reader.remaining > 0) reasonCodes.push(readReasonCode(reader, unsubackCodes, 'UNSUBACK'));
  return { type: PacketType.unsuback, packetId, reasonCodes, properties };
}

export function putUnsuback(sink: ByteSink, packet: UnsubackPacket, version: MqttVersion): void {
  putPacketId(sink, packet.packetId);
  if (version !== 5) return;
  putProperties(sink, packet.properties, putReasonProperties);
  for (const code of packet.reasonCodes) sink.byte(code);
}
