import type { ReasonProperties, ServerPacket } from '../packet/index.ts';

/** The packet without its Reason String and User Properties. */
export function withoutReason(packet: ServerPacket): ServerPacket {
  if (!('properties' in packet) || packet.properties === undefined) return packet;
  const properties = packet.properties as ReasonProperties;
  if (properties.reasonString === undefined && properties.userProperties === undefined)
    return packet;
  return {
    ...packet,
    properties: { ...packet.properties, reasonString: undefined, userProperties: undefined },
  } as ServerPacket;
}
