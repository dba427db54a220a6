/** From one complete packet, whose fixed header is known to be valid, to its object. */
import { decodePuback, decodePubcomp, decodePubrec, decodePubrel } from './acknowledgement.ts';
import { decodeAuth } from './auth.ts';
import { decodeConnack } from './connack.ts';
import { decodeDisconnect } from './disconnect.ts';
import { packetName } from './fixed-header.ts';
import {
  type ClientPacket,
  type MqttVersion,
  PacketType,
  type PingreqPacket,
  type PingrespPacket,
  type ServerPacket,
} from './packet.ts';
import type { ByteReader } from './primitives.ts';
import { malformed } from './protocol-error.ts';
import { decodePublish } from './publish.ts';
import { decodeSuback, decodeSubscribe } from './subscribe.ts';
import { decodeUnsuback, decodeUnsubscribe } from './unsubscribe.ts';

const pingreq: PingreqPacket = { type: PacketType.pingreq };
const pingresp: PingrespPacket = { type: PacketType.pingresp };

/** Any packet of a client but CONNECT. */
export function decodeFromClient(
  reader: ByteReader,
  firstByte: number,
  version: MqttVersion,
): ClientPacket {
  const type = firstByte >> 4;
  let packet: ClientPacket;
  switch (type) {
    case PacketType.publish:
      return decodePublish(reader, firstByte & 0x0f, version, true);
    case PacketType.puback:
      packet = decodePuback(reader, version);
      break;
    case PacketType.pubrec:
      packet = decodePubrec(reader, version);
      break;
    case PacketType.pubrel:
      packet = decodePubrel(reader, version);
      break;
    case PacketType.pubcomp:
      packet = decodePubcomp(reader, version);
      break;
    case PacketType.subscribe:
      packet = decodeSubscribe(reader, version);
      break;
    case PacketType.unsubscribe:
      packet = decodeUnsubscribe(reader, version);
      break;
    case PacketType.pingreq:
      packet = pingreq;
      break;
    case PacketType.disconnect:
      packet = decodeDisconnect(reader, version, true);
      break;
    case PacketType.auth:
      packet = decodeAuth(reader, true);
      break;
    default:
      throw new Error(`checkFixedHeader let ${packetName(type)} pass`);
  }
  checkEnd(reader, type);
  return packet;
}

export function decodeFromServer(
  reader: ByteReader,
  firstByte: number,
  version: MqttVersion,
): ServerPacket {
  const type = firstByte >> 4;
  let packet: ServerPacket;
  switch (type) {
    case PacketType.publish:
      return decodePublish(reader, firstByte & 0x0f, version, false);
    case PacketType.connack:
      packet = decodeConnack(reader, version);
      break;
    case PacketType.puback:
      packet = decodePuback(reader, version);
      break;
    case PacketType.pubrec:
      packet = decodePubrec(reader, version);
      break;
    case PacketType.pubrel:
      packet = decodePubrel(reader, version);
      break;
    case PacketType.pubcomp:
      packet = decodePubcomp(reader, version);
      break;
    case PacketType.suback:
      packet = decodeSuback(reader, version);
      break;
    case PacketType.unsuback:
      packet = decodeUnsuback(reader, version);
      break;
    case PacketType.pingresp:
      packet = pingresp;
      break;
    case PacketType.disconnect:
      packet = decodeDisconnect(reader, version, false);
      break;
    case PacketType.auth:
      packet = decodeAuth(reader, false);
      break;
    default:
      throw new Error(`checkFixedHeader let ${packetName(type)} pass`);
  }
  checkEnd(reader, type);
  return packet;
}

/** A packet ends where its Remaining Length says. */
export function checkEnd(reader: ByteReader, type: number): void {
  if (reader.remaining === 0) return;
  throw malformed(`${packetName(type)} has ${reader.remaining} bytes too many`);
}
