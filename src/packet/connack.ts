/** CONNACK: Reason Codes in 5.0, six return codes in 3.x. */
import type { ConnackPacket, ConnackProperties } from './packet.ts';
import { MqttVersion, PacketType } from './packet.ts';
import type { ByteReader } from './primitives.ts';
import { checkAuthentication, readProperties } from './properties.ts';
import { Property, PropertyOwner, type PropertyRecord } from './property-definitions.ts';
import {
  putBinary,
  putBoolean,
  putByte,
  putProperties,
  putReasonProperties,
  putString,
  putUint16,
  putUint32,
} from './property-writing.ts';
import { malformed, protocolError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';
import { type ReasonCodeList, readReasonCode, reasonCodeList } from './reason-code-list.ts';
import type { ByteSink } from './writer.ts';

/** [MQTT-3.2.2-8] */
const connackCodes: ReasonCodeList = reasonCodeList([
  ReasonCode.success,
  ReasonCode.unspecifiedError,
  ReasonCode.malformedPacket,
  ReasonCode.protocolError,
  ReasonCode.implementationSpecificError,
  ReasonCode.unsupportedProtocolVersion,
  ReasonCode.clientIdentifierNotValid,
  ReasonCode.badUserNameOrPassword,
  ReasonCode.notAuthorized,
  ReasonCode.serverUnavailable,
  ReasonCode.serverBusy,
  ReasonCode.banned,
  ReasonCode.badAuthenticationMethod,
  ReasonCode.topicNameInvalid,
  ReasonCode.packetTooLarge,
  ReasonCode.quotaExceeded,
  ReasonCode.payloadFormatInvalid,
  ReasonCode.retainNotSupported,
  ReasonCode.qosNotSupported,
  ReasonCode.useAnotherServer,
  ReasonCode.serverMoved,
  ReasonCode.connectionRateExceeded,
]);

/** What the return codes 0 to 5 of 3.x are in 5.0. */
const codeOfReturnCode: ReasonCodeList = [
  ReasonCode.success,
  ReasonCode.unsupportedProtocolVersion,
  ReasonCode.clientIdentifierNotValid,
  ReasonCode.serverUnavailable,
  ReasonCode.badUserNameOrPassword,
  ReasonCode.notAuthorized,
];

/**
 * The CONNACK return code of MQTT 3.1 and 3.1.1 (0 to 5) for a Reason Code of 5.0. With version 5 the
 * Reason Code itself. What 3.x has no word for is "server unavailable" (3).
 */
export function connackReturnCode(reasonCode: ReasonCode, version: MqttVersion): number {
  if (version === 5) return reasonCode;
  switch (reasonCode) {
    case ReasonCode.success:
      return 0;
    case ReasonCode.unsupportedProtocolVersion:
      return 1;
    case ReasonCode.clientIdentifierNotValid:
      return 2;
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.badAuthenticationMethod:
      return 4;
    case ReasonCode.notAuthorized:
    case ReasonCode.banned:
      return 5;
    default:
      return 3;
  }
}

export function decodeConnack(reader: ByteReader, version: MqttVersion): ConnackPacket {
  const flags = reader.byte('Connect Acknowledge Flags');
  // [MQTT-3.2.2-1]; in 3.1 the whole byte is unused.
  if (version !== MqttVersion.v31 && flags > 1) {
    throw malformed('A reserved bit of the Connect Acknowledge Flags is set');
  }
  const sessionPresent = version !== MqttVersion.v31 && flags === 1;
  const reasonCode =
    version === 5 ? readReasonCode(reader, connackCodes, 'CONNACK') : readReturnCode(reader);
  // [MQTT-3.2.2-6] [MQTT3-3.2.2-4]
  if (sessionPresent && reasonCode !== ReasonCode.success) {
    throw protocolError('A CONNACK that refuses the connection has Session Present set');
  }
  const properties =
    version === 5 ? pick(readProperties(reader, PropertyOwner.connack)) : undefined;
  return { type: PacketType.connack, sessionPresent, reasonCode, properties };
}

function readReturnCode(reader: ByteReader): ReasonCode {
  const value = reader.byte('Connect Return code');
  const code = codeOfReturnCode[value];
  if (code === undefined) throw protocolError(`${value} is not a Connect Return code`);
  return code;
}

function pick(record: PropertyRecord | undefined): ConnackProperties | undefined {
  if (record === undefined) return undefined;
  checkAuthentication(record);
  return {
    sessionExpiryInterval: record.sessionExpiryInterval,
    receiveMaximum: record.receiveMaximum,
    maximumQoS: record.maximumQoS,
    retainAvailable: record.retainAvailable,
    maximumPacketSize: record.maximumPacketSize,
    assignedClientIdentifier: record.assignedClientIdentifier,
    topicAliasMaximum: record.topicAliasMaximum,
    reasonString: record.reasonString,
    userProperties: record.userProperties,
    wildcardSubscriptionAvailable: record.wildcardSubscriptionAvailable,
    subscriptionIdentifiersAvailable: record.subscriptionIdentifiersAvailable,
    sharedSubscriptionAvailable: record.sharedSubscriptionAvailable,
    serverKeepAlive: record.serverKeepAlive,
    responseInformation: record.responseInformation,
    serverReference: record.serverReference,
    authenticationMethod: record.authenticationMethod,
    authenticationData: record.authenticationData,
  };
}

export function putConnack(sink: ByteSink, packet: ConnackPacket, version: MqttVersion): void {
  // MQTT 3.1 has no Session Present.
  sink.byte(packet.sessionPresent && version !== MqttVersion.v31 ? 1 : 0);
  sink.byte(connackReturnCode(packet.reasonCode, version));
  if (version === 5) putProperties(sink, packet.properties, putConnackProperties);
}

function putConnackProperties(sink: ByteSink, p: ConnackProperties): void {
  putUint32(sink, Property.sessionExpiryInterval, p.sessionExpiryInterval);
  putUint16(sink, Property.receiveMaximum, p.receiveMaximum);
  putByte(sink, Property.maximumQoS, p.maximumQoS);
  putBoolean(sink, Property.retainAvailable, p.retainAvailable);
  putUint32(sink, Property.maximumPacketSize, p.maximumPacketSize);
  putString(sink, Property.assignedClientIdentifier, p.assignedClientIdentifier);
  putUint16(sink, Property.topicAliasMaximum, p.topicAliasMaximum);
  putReasonProperties(sink, p);
  putBoolean(sink, Property.wildcardSubscriptionAvailable, p.wildcardSubscriptionAvailable);
  putBoolean(sink, Property.subscriptionIdentifiersAvailable, p.subscriptionIdentifiersAvailable);
  putBoolean(sink, Property.sharedSubscriptionAvailable, p.sharedSubscriptionAvailable);
  putUint16(sink, Property.serverKeepAlive, p.serverKeepAlive);
  putString(sink, Property.responseInformation, p.responseInformation);
  putString(sink, Property.serverReference, p.serverReference);
  putString(sink, Property.authenticationMethod, p.authenticationMethod);
  putBinary(sink, Property.authenticationData, p.authenticationData);
}
