import { type Packet, PacketType, type SubscriptionRequest } from '../packet/index.ts';

/** A packet as `-d` shows it: one line, or one for each subscription. */
export function formatPacket(
  packet: Packet,
  direction: 'sending' | 'received',
  clientId: string,
): string[] {
  const start = `Client ${clientId === '' ? '(no id yet)' : clientId} ${direction} `;
  return details(packet).map((detail) => start + detail);
}

function details(packet: Packet): string[] {
  switch (packet.type) {
    case PacketType.connack:
      return [`CONNACK (${packet.reasonCode})`];
    case PacketType.publish: {
      const { dup, qos, retain, packetId, topicName, payload } = packet;
      const flags = `d${Number(dup)}, q${qos}, r${Number(retain)}, m${packetId}`;
      return [`PUBLISH (${flags}, '${topicName}', ... (${payload.length} bytes))`];
    }
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return [`${names[packet.type]} (Mid: ${packet.packetId}, RC:${packet.reasonCode})`];
    case PacketType.subscribe:
      return packet.subscriptions.map(
        (subscription) =>
          `SUBSCRIBE (Mid: ${packet.packetId}, Topic: ${subscription.topicFilter}, ` +
          `QoS: ${subscription.qos}, Options: ${optionsByte(subscription)})`,
      );
    case PacketType.suback:
      return [`SUBACK (Mid: ${packet.packetId}): ${packet.reasonCodes.join(', ')}`];
    case PacketType.unsubscribe:
      return packet.topicFilters.map(
        (topicFilter) => `UNSUBSCRIBE (Mid: ${packet.packetId}, Topic: ${topicFilter})`,
      );
    case PacketType.unsuback:
      return [`UNSUBACK (Mid: ${packet.packetId})`];
    case PacketType.disconnect:
      return [`DISCONNECT (${packet.reasonCode})`];
    default:
      return [names[packet.type]];
  }
}

const names = {
  [PacketType.connect]: 'CONNECT',
  [PacketType.puback]: 'PUBACK',
  [PacketType.pubrec]: 'PUBREC',
  [PacketType.pubrel]: 'PUBREL',
  [PacketType.pubcomp]: 'PUBCOMP',
  [PacketType.pingreq]: 'PINGREQ',
  [PacketType.pingresp]: 'PINGRESP',
  [PacketType.auth]: 'AUTH',
} as const;

/** The Subscription Options without the QoS, MQTT 5.0 §3.8.3.1. */
function optionsByte(subscription: SubscriptionRequest): string {
  const { noLocal, retainAsPublished, retainHandling } = subscription;
  const bits = (Number(noLocal) << 2) | (Number(retainAsPublished) << 3) | (retainHandling << 4);
  return `0x${bits.toString(16).padStart(2, '0')}`;
}
