/**
 * What the first byte of a packet may be. It is judged before the rest of the packet has arrived, so that
 * nothing is buffered for a peer that is already wrong.
 */
import { MqttVersion, PacketType } from './packet.ts';
import { malformed, NotMqttError, protocolError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';

const names = [
  'a packet of the reserved type 0',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
] as const;

export function packetName(type: number): string {
  return names[type] ?? 'an unknown packet';
}

/** [MQTT-3.1.0-1] [MQTT3-3.1.0-1] The first packet from a client is a CONNECT. */
export function checkFirstByte(firstByte: number): void {
  if (firstByte === PacketType.connect << 4) return;
  throw new NotMqttError(
    ReasonCode.malformedPacket,
    `The first byte is 0x${firstByte.toString(16).padStart(2, '0')}, not that of a CONNECT`,
  );
}

/** For every packet after CONNECT. `fromClient`: which side sent it. */
export function checkFixedHeader(
  firstByte: number,
  version: MqttVersion,
  fromClient: boolean,
): void {
  const type = firstByte >> 4;
  const flags = firstByte & 0x0f;
  if (type === PacketType.publish) {
    checkPublishFlags(flags);
    return;
  }
  checkSender(type, version, fromClient);
  if (flags !== requiredFlags(type) && !isRepeatOfV31(type, flags, version)) {
    // [MQTT-2.1.3-1] [MQTT3-2.2.2-2], and the statement of each packet.
    throw malformed(`The reserved flags of ${packetName(type)} are ${flags}`);
  }
}

function checkPublishFlags(flags: number): void {
  // [MQTT-3.3.1-4] [MQTT3-3.3.1-4]
  if ((flags & 0x06) === 0x06) throw malformed('The QoS of a PUBLISH is 3');
  // [MQTT-3.3.1-2] [MQTT3-3.3.1-2]
  if ((flags & 0x0e) === 0x08) throw malformed('A PUBLISH with QoS 0 has DUP set');
}

function checkSender(type: number, version: MqttVersion, fromClient: boolean): void {
  switch (type) {
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return;
    case PacketType.connect:
      if (!fromClient) break;
      // [MQTT-3.1.0-2] [MQTT3-3.1.0-2]
      throw protocolError('This is the second CONNECT of the connection');
    case PacketType.subscribe:
    case PacketType.unsubscribe:
    case PacketType.pingreq:
      if (fromClient) return;
      break;
    case PacketType.connack:
    case PacketType.suback:
    case PacketType.unsuback:
    case PacketType.pingresp:
      if (!fromClient) return;
      break;
    case PacketType.disconnect:
      if (fromClient || version === MqttVersion.v5) return;
      break;
    case PacketType.auth:
      if (version === MqttVersion.v5) return;
      throw malformed('MQTT 3.x has no packet of the type 15');
    default:
      throw malformed('The packet type 0 is reserved');
  }
  throw protocolError(`A ${fromClient ? 'client' : 'server'} does not send ${packetName(type)}`);
}

/** [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] (the same numbers in 3.1.1); all others 0. */
export function requiredFlags(type: number): number {
  return type === PacketType.pubrel ||
    type === PacketType.subscribe ||
    type === PacketType.unsubscribe
    ? 0x02
    : 0;
}

/** MQTT 3.1 §2.1 sets DUP on repeated PUBREL, SUBSCRIBE and UNSUBSCRIBE too. */
function isRepeatOfV31(type: number, flags: number, version: MqttVersion): boolean {
  return version === MqttVersion.v31 && requiredFlags(type) === 0x02 && flags === 0x0a;
}
