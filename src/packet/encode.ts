/**
 * From a packet object to bytes. The encoders of the packets write variable header and payload to any
 * `ByteSink`; here they run once to count (Remaining Length stands in front) and once to write.
 */
import { putAcknowledgement, writeAcknowledgement } from './acknowledgement.ts';
import { putAuth } from './auth.ts';
import { putConnack } from './connack.ts';
import { putConnect } from './connect.ts';
import { putDisconnect } from './disconnect.ts';
import { requiredFlags } from './fixed-header.ts';
import { type MqttVersion, type Packet, PacketType, type PublishPacket } from './packet.ts';
import { publishRemainingLength, writePublish } from './publish.ts';
import { putSuback, putSubscribe } from './subscribe.ts';
import { putUnsuback, putUnsubscribe } from './unsubscribe.ts';
import { ByteCounter, type ByteSink, PacketWriter, varintLength } from './writer.ts';

/**
 * Appends the packet. `version` is the one of the connection; CONNECT goes by its own.
 * @throws Error (never ProtocolError) for a packet that cannot be sent: that is the caller's bug. The
 * writer is then as it was before.
 */
export function writePacket(writer: PacketWriter, packet: Packet, version: MqttVersion): void {
  const before = writer.length;
  try {
    write(writer, packet, version);
  } catch (error) {
    writer.truncate(before);
    throw error;
  }
}

function write(writer: PacketWriter, packet: Packet, version: MqttVersion): void {
  switch (packet.type) {
    case PacketType.publish:
      writePublish(writer, packet, version);
      return;
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      // Nearly every acknowledgement is one of these few bytes: no counting run.
      if (packet.properties === undefined) {
        writeAcknowledgement(writer, version, packet.type, packet.packetId, packet.reasonCode);
        return;
      }
  }
  const length = bodyLength(packet, version);
  writer.byte((packet.type << 4) | requiredFlags(packet.type));
  writer.varint(length);
  putBody(writer, packet, version);
}

/** The packet in a buffer of its own, exactly as long as the packet. Errors as `writePacket`. */
export function encodePacket(packet: Packet, version: MqttVersion): Uint8Array {
  const writer = new PacketWriter();
  writePacket(writer, packet, version);
  return writer.take();
}

/**
 * Bytes of the packet on the wire, fixed header included: what Maximum Packet Size limits. Exact, and
 * without encoding. A PUBLISH need not have its Packet Identifier yet.
 */
export function packetSize(packet: Packet, version: MqttVersion): number {
  const length =
    packet.type === PacketType.publish
      ? publishRemainingLength(packet, version)
      : bodyLength(packet, version);
  return 1 + varintLength(length) + length;
}

type PacketWithBody = Exclude<Packet, PublishPacket>;

function bodyLength(packet: PacketWithBody, version: MqttVersion): number {
  const counter = new ByteCounter();
  putBody(counter, packet, version);
  return counter.length;
}

/** Variable header and payload. */
function putBody(sink: ByteSink, packet: PacketWithBody, version: MqttVersion): void {
  switch (packet.type) {
    case PacketType.connect:
      putConnect(sink, packet);
      return;
    case PacketType.connack:
      putConnack(sink, packet, version);
      return;
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      putAcknowledgement(sink, packet, version);
      return;
    case PacketType.subscribe:
      putSubscribe(sink, packet, version);
      return;
    case PacketType.suback:
      putSuback(sink, packet, version);
      return;
    case PacketType.unsubscribe:
      putUnsubscribe(sink, packet, version);
      return;
    case PacketType.unsuback:
      putUnsuback(sink, packet, version);
      return;
    case PacketType.pingreq:
    case PacketType.pingresp:
      return;
    case PacketType.disconnect:
      putDisconnect(sink, packet, version);
      return;
    case PacketType.auth:
      putAuth(sink, packet, version);
      return;
    default:
      throw new Error(`There is no packet of the type ${String(packet satisfies never)}`);
  }
}
