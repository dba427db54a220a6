import { encodePacket, MqttVersion } from '../packet/index.ts';
import type { Delivery } from './delivery.ts';
import { publishPacketFor } from './publish-packet.ts';

/** The bytes of a PUBLISH, and where its Packet Identifier stands in them. */
export interface WirePublish {
  readonly bytes: Uint8Array;
  readonly packetIdAt: number;
}

/**
 * One delivery that goes to many: encoded once for 3.x and once for 5.0, copied to each receiver, and only
 * the Packet Identifier written anew. For deliveries that are the same for all: no DUP, no Topic Alias, no
 * Message Expiry Interval to count down.
 */
export class SharedWire {
  private v3: WirePublish | undefined;
  private v5: WirePublish | undefined;

  for(delivery: Delivery, version: MqttVersion): WirePublish {
    if (version === MqttVersion.v5) {
      this.v5 ??= encode(delivery, MqttVersion.v5);
      return this.v5;
    }
    this.v3 ??= encode(delivery, MqttVersion.v311);
    return this.v3;
  }
}

function encode(delivery: Delivery, version: MqttVersion): WirePublish {
  const packetId = delivery.qos === 0 ? 0 : 1;
  const packet = publishPacketFor(delivery, packetId, false, 0, version === MqttVersion.v5);
  const bytes = encodePacket(packet, version);
  return { bytes, packetIdAt: endOfTopicName(bytes) };
}

/** Behind the fixed header and the Topic Name with its length. */
function endOfTopicName(bytes: Uint8Array): number {
  let at = 1;
  while (((bytes[at] ?? 0) & 0x80) !== 0) at++;
  const length = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  return at + 3 + length;
}
