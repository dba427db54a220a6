/** Bytes <-> packets of MQTT 3.1, 3.1.1 and 5.0. Free of Node: runs in browsers. */
export { writeAcknowledgement } from './acknowledgement.ts';
export { connackReturnCode } from './connack.ts';
export { encodePacket, packetSize, writePacket } from './encode.ts';
export * from './packet.ts';
export { NotMqttError, ProtocolError, UnsupportedVersionError } from './protocol-error.ts';
export { publishFlags, writePublishHead } from './publish.ts';
export {
  ownPayloadBytesMin,
  PacketReader,
  type PacketReaderOptions,
  type PacketsByRole,
  type ReaderRole,
} from './reader.ts';
export { ReasonCode, reasonCodeName } from './reason-code.ts';
export { slabBytesMax } from './slab-pool.ts';
export { isValidUtf8 } from './utf8.ts';
export { PacketWriter } from './writer.ts';
