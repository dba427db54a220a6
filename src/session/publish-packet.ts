import {
  type MessageProperties,
  PacketType,
  type PublishPacket,
  type PublishProperties,
} from '../packet/index.ts';
import type { Delivery } from './delivery.ts';
import type { Message } from './message.ts';

/** The PUBLISH that carries one delivery, with the Message Expiry Interval counted down. */
export function publishPacketFor(
  delivery: Delivery,
  packetId: number,
  dup: boolean,
  nowMs: number,
  isV5: boolean,
): PublishPacket {
  const { message } = delivery;
  return {
    type: PacketType.publish,
    topicName: message.topicName,
    payload: message.payload,
    qos: delivery.qos,
    retain: delivery.retain,
    dup,
    packetId,
    properties: isV5 ? publishProperties(delivery, nowMs) : undefined,
  };
}

/** The properties that a 5.0 client gets with a delivery. */
export function publishProperties(
  delivery: Delivery,
  nowMs: number,
): PublishProperties | undefined {
  const { message, subscriptionIdentifiers } = delivery;
  const { properties } = message;
  if (subscriptionIdentifiers === undefined && message.expiresAtMs === Infinity) return properties;
  const forwarded: MessageProperties = properties ?? {};
  return {
    ...forwarded,
    messageExpiryInterval:
      message.expiresAtMs === Infinity ? undefined : remainingSeconds(message, nowMs),
    subscriptionIdentifiers,
  };
}

/** What was received minus the time it waited [MQTT-3.3.2-6], in whole seconds, never below zero. */
function remainingSeconds(message: Message, nowMs: number): number {
  return Math.max(0, Math.ceil((message.expiresAtMs - nowMs) / 1000));
}
