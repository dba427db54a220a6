/** DISCONNECT: an empty packet from the client in 3.x; from both sides, with a reason, in 5.0. */
import type { DisconnectPacket, DisconnectProperties, MqttVersion } from './packet.ts';
import { PacketType } from './packet.ts';
import type { ByteReader } from './primitives.ts';
import { readProperties } from './properties.ts';
import { Property, PropertyOwner, type PropertyRecord } from './property-definitions.ts';
import { putProperties, putReasonProperties, putString, putUint32 } from './property-writing.ts';
import { protocolError } from './protocol-error.ts';
import { ReasonCode, reasonCodeName } from './reason-code.ts';
import { type ReasonCodeList, readReasonCode, reasonCodeList } from './reason-code-list.ts';
import type { ByteSink } from './writer.ts';

/** Table 3-10, what both sides may send [MQTT-3.14.2-1]. */
const fromBoth: readonly ReasonCode[] = [
  ReasonCode.normalDisconnection,
  ReasonCode.unspecifiedError,
  ReasonCode.malformedPacket,
  ReasonCode.protocolError,
  ReasonCode.implementationSpecificError,
  ReasonCode.topicNameInvalid,
  ReasonCode.receiveMaximumExceeded,
  ReasonCode.topicAliasInvalid,
  ReasonCode.packetTooLarge,
  ReasonCode.messageRateTooHigh,
  ReasonCode.quotaExceeded,
  ReasonCode.administrativeAction,
  ReasonCode.payloadFormatInvalid,
];

const clientCodes: ReasonCodeList = reasonCodeList([
  ...fromBoth,
  ReasonCode.disconnectWithWillMessage,
]);

const serverCodes: ReasonCodeList = reasonCodeList([
  ...fromBoth,
  ReasonCode.notAuthorized,
  ReasonCode.serverBusy,
  ReasonCode.serverShuttingDown,
  // Not in the table of DISCONNECT, but §2.4 lists it for this packet.
  ReasonCode.badAuthenticationMethod,
  ReasonCode.keepAliveTimeout,
  ReasonCode.sessionTakenOver,
  ReasonCode.topicFilterInvalid,
  ReasonCode.retainNotSupported,
  ReasonCode.qosNotSupported,
  ReasonCode.useAnotherServer,
  ReasonCode.serverMoved,
  ReasonCode.sharedSubscriptionsNotSupported,
  ReasonCode.connectionRateExceeded,
  ReasonCode.maximumConnectTime,
  ReasonCode.subscriptionIdentifiersNotSupported,
  ReasonCode.wildcardSubscriptionsNotSupported,
]);

/** §3.14.2.1: an empty packet is a normal disconnection; §3.14.2.2.1: the Property Length may be left out. */
export function decodeDisconnect(
  reader: ByteReader,
  version: MqttVersion,
  fromClient: boolean,
): DisconnectPacket {
  let reasonCode: ReasonCode = ReasonCode.normalDisconnection;
  let properties: DisconnectProperties | undefined;
  if (version === 5 && reader.remaining > 0) {
    reasonCode = readReasonCode(reader, fromClient ? clientCodes : serverCodes, 'this DISCONNECT');
    if (reader.remaining > 0) {
      properties = pick(readProperties(reader, PropertyOwner.disconnect), fromClient);
    }
  }
  return { type: PacketType.disconnect, reasonCode, properties };
}

function pick(
  record: PropertyRecord | undefined,
  fromClient: boolean,
): DisconnectProperties | undefined {
  if (record === undefined) return undefined;
  // [MQTT-3.14.2-2]
  if (!fromClient && record.sessionExpiryInterval !== undefined) {
    throw protocolError('A DISCONNECT from the server contains a Session Expiry Interval');
  }
  // §3.14.2.2.5: the server sends it.
  if (fromClient && record.serverReference !== undefined) {
    throw protocolError('A DISCONNECT from a client contains a Server Reference');
  }
  return {
    sessionExpiryInterval: record.sessionExpiryInterval,
    reasonString: record.reasonString,
    userProperties: record.userProperties,
    serverReference: record.serverReference,
  };
}

/** Variable header, in its shortest form. */
export function putDisconnect(
  sink: ByteSink,
  packet: DisconnectPacket,
  version: MqttVersion,
): void {
  const { reasonCode, properties } = packet;
  if (version !== 5) {
    if (reasonCode === ReasonCode.normalDisconnection) return;
    throw new Error(`MQTT 3.x cannot send DISCONNECT with ${reasonCodeName(reasonCode)}`);
  }
  if (reasonCode === ReasonCode.normalDisconnection && properties === undefined) return;
  sink.byte(reasonCode);
  if (properties !== undefined) putProperties(sink, properties, putDisconnectProperties);
}

function putDisconnectProperties(sink: ByteSink, properties: DisconnectProperties): void {
  putUint32(sink, Property.sessionExpiryInterval, properties.sessionExpiryInterval);
  putReasonProperties(sink, properties);
  putString(sink, Property.serverReference, properties.serverReference);
}
