/** AUTH: the steps of enhanced authentication (MQTT 5.0 §3.15, §4.12). */
import type { AuthPacket, AuthProperties, MqttVersion } from './packet.ts';
import { PacketType } from './packet.ts';
import type { ByteReader } from './primitives.ts';
import { readProperties } from './properties.ts';
import { Property, PropertyOwner } from './property-definitions.ts';
import { putBinary, putProperties, putReasonProperties, putString } from './property-writing.ts';
import { protocolError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';
import { type ReasonCodeList, readReasonCode, reasonCodeList } from './reason-code-list.ts';
import type { ByteSink } from './writer.ts';

/** Table 3-11 [MQTT-3.15.2-1]. */
const clientCodes: ReasonCodeList = reasonCodeList([
  ReasonCode.continueAuthentication,
  ReasonCode.reAuthenticate,
]);
const serverCodes: ReasonCodeList = reasonCodeList([
  ReasonCode.success,
  ReasonCode.continueAuthentication,
]);

export function decodeAuth(reader: ByteReader, fromClient: boolean): AuthPacket {
  const allowed = fromClient ? clientCodes : serverCodes;
  if (reader.remaining === 0 && !fromClient) {
    // §3.15.2.1: the short form of Success without properties.
    return { type: PacketType.auth, reasonCode: ReasonCode.success, properties: undefined };
  }
  if (reader.remaining === 0) throw protocolError('Success is not a Reason Code of this AUTH');
  const reasonCode = readReasonCode(reader, allowed, 'this AUTH');
  const properties = readAuthProperties(reader);
  return { type: PacketType.auth, reasonCode, properties };
}

function readAuthProperties(reader: ByteReader): AuthProperties {
  const record = readProperties(reader, PropertyOwner.auth);
  // §3.15.2.2.2
  if (record?.authenticationMethod === undefined) {
    throw protocolError('An AUTH has no Authentication Method');
  }
  return {
    authenticationMethod: record.authenticationMethod,
    authenticationData: record.authenticationData,
    reasonString: record.reasonString,
    userProperties: record.userProperties,
  };
}

export function putAuth(sink: ByteSink, packet: AuthPacket, version: MqttVersion): void {
  if (version !== 5) throw new Error('MQTT 3.x has no AUTH');
  const { reasonCode, properties } = packet;
  if (reasonCode === ReasonCode.success && properties === undefined) return;
  sink.byte(reasonCode);
  putProperties(sink, properties, putAuthProperties);
}

function putAuthProperties(sink: ByteSink, properties: AuthProperties): void {
  putString(sink, Property.authenticationMethod, properties.authenticationMethod);
  putBinary(sink, Property.authenticationData, properties.authenticationData);
  putReasonProperties(sink, properties);
}
