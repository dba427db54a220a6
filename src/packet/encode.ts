import type { MqttVersion, Packet } from './packet.ts';
import type { PacketWriter } from './writer.ts';

/** Appends the packet to the writer. Throws a plain Error for what cannot be sent: our bug. */
export function writePacket(_writer: PacketWriter, _packet: Packet, _version: MqttVersion): void {
  throw new Error('The encoder is being written');
}

/** The packet in a buffer of its own. */
export function encodePacket(_packet: Packet, _version: MqttVersion): Uint8Array {
  throw new Error('The encoder is being written');
}

/** Bytes on the wire, fixed header included, without encoding. */
export function packetSize(_packet: Packet, _version: MqttVersion): number {
  throw new Error('The encoder is being written');
}
