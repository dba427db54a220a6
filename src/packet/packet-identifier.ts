import type { ByteReader } from './primitives.ts';
import { protocolError } from './protocol-error.ts';
import type { ByteSink } from './writer.ts';

/** [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT3-2.3.1-1] A Packet Identifier is not 0. */
export function readPacketId(reader: ByteReader): number {
  const packetId = reader.uint16('Packet Identifier');
  if (packetId === 0) throw protocolError('The Packet Identifier is 0');
  return packetId;
}

export function putPacketId(sink: ByteSink, packetId: number): void {
  if (!(packetId >= 1 && packetId <= 0xffff)) {
    throw new RangeError(`${packetId} is not a Packet Identifier (1 to 65535)`);
  }
  sink.uint16(packetId);
}
