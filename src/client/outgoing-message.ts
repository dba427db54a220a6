import {
  type ConnackProperties,
  MqttVersion,
  PacketType,
  type PublishPacket,
  type PublishProperties,
  packetSize,
  type QoS,
} from '../packet/index.ts';
import { checkTopicName } from '../topic/index.ts';
import { ClientError } from './client-error.ts';

export interface OutgoingMessage {
  readonly topicName: string;
  /** Bytes are not copied: leave them alone until the message is complete. */
  readonly payload: Uint8Array | string;
  /** Default 0. */
  readonly qos?: QoS | undefined;
  readonly retain?: boolean | undefined;
  /** MQTT 5.0 only. */
  readonly properties?: PublishProperties | undefined;
}

const encoder = new TextEncoder();

/** The PUBLISH of a message, without a Packet Identifier. */
export function publishPacket(message: OutgoingMessage, version: MqttVersion): PublishPacket {
  const { payload } = message;
  return {
    type: PacketType.publish,
    topicName: message.topicName,
    payload: typeof payload === 'string' ? encoder.encode(payload) : payload,
    qos: message.qos ?? 0,
    retain: message.retain ?? false,
    dup: false,
    packetId: 0,
    properties: version === MqttVersion.v5 ? message.properties : undefined,
  };
}

/**
 * Why a message must not be sent: its Topic Name is none, or the server said in CONNACK that it does not
 * take the like [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15] [MQTT-3.2.2-17]. undefined: it may go.
 */
export function refusalOf(
  packet: PublishPacket,
  server: ConnackProperties | undefined,
  version: MqttVersion,
): ClientError | undefined {
  const wrong = checkTopicName(packet.topicName, Number.POSITIVE_INFINITY);
  if (wrong !== undefined) return new ClientError('invalid', wrong);
  if (server === undefined) return undefined;
  try {
    const limit = exceededLimit(packet, server, version);
    return limit === undefined ? undefined : new ClientError('not-supported', limit);
  } catch (cause) {
    // The codec measures nothing that it could not encode.
    return cannotEncode(cause);
  }
}

/** The error for a packet with a value that has no form on the wire. */
export function cannotEncode(cause: unknown): ClientError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ClientError('invalid', `The packet cannot be sent: ${why}.`, { cause });
}

function exceededLimit(
  packet: PublishPacket,
  server: ConnackProperties,
  version: MqttVersion,
): string | undefined {
  if (packet.qos > (server.maximumQoS ?? 2)) {
    return `The server takes QoS ${server.maximumQoS} at most.`;
  }
  if (packet.retain && server.retainAvailable === false) {
    return 'The server keeps no Retained Messages.';
  }
  const aliasMax = server.topicAliasMaximum ?? 0;
  if ((packet.properties?.topicAlias ?? 0) > aliasMax) {
    return `The server takes Topic Aliases up to ${aliasMax}.`;
  }
  const sizeMax = server.maximumPacketSize;
  if (sizeMax !== undefined && packetSize(packet, version) > sizeMax) {
    return `The server takes packets of ${sizeMax} bytes at most.`;
  }
  return undefined;
}
