import {
  type ConnackPacket,
  type ConnackProperties,
  type ConnectPacket,
  MqttVersion,
  PacketType,
  ProtocolError,
  ReasonCode,
} from '../packet/index.ts';
import type { Lsn } from './connection-host.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { expiryIntervalMs, type Session } from './session.ts';

/** What a CONNACK of success says besides the settings. */
export interface ConnackReply {
  /** Set when the client sent an empty Client Identifier [MQTT-3.1.3-7]. */
  readonly assignedClientId: string | undefined;
  readonly responseInformation: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
}

/** How the host answers a CONNECT that it takes. */
export interface Acceptance extends ConnackReply {
  readonly session: Session;
  readonly sessionPresent: boolean;
  /** CONNACK waits for it. */
  readonly lsn: Lsn;
}

export interface Refusal {
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
  readonly serverReference: string | undefined;
}

/** What the specifications ask of Client Identifiers, apart from access rules. */
export function checkClientId(connect: ConnectPacket): void {
  const { clientId, protocolVersion, cleanStart } = connect;
  const length = clientId.length;
  if (protocolVersion === MqttVersion.v31 && (length < 1 || length > 23)) {
    throw new ProtocolError(
      ReasonCode.clientIdentifierNotValid,
      `MQTT 3.1 asks for a Client Identifier of 1 to 23 characters, this one has ${length}`,
    );
  }
  if (protocolVersion === MqttVersion.v311 && length === 0 && !cleanStart) {
    throw new ProtocolError(
      ReasonCode.clientIdentifierNotValid,
      'an empty Client Identifier needs Clean Session 1', // [MQTT3-3.1.3-8]
    );
  }
}

/** Refusals that no return code of 3.x fits, not even "server unavailable". */
const without3xReturnCode: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.malformedPacket,
  ReasonCode.protocolError,
  ReasonCode.topicNameInvalid,
  ReasonCode.packetTooLarge,
  ReasonCode.payloadFormatInvalid,
  ReasonCode.retainNotSupported,
  ReasonCode.qosNotSupported,
]);

/** Whether CONNACK can say it: where no return code fits, 3.x closes without one [MQTT3-3.2.2-6]. */
export function canBeTold(reasonCode: ReasonCode, version: MqttVersion): boolean {
  return version === MqttVersion.v5 || !without3xReturnCode.has(reasonCode);
}

/** S4-32: 5.0 clients that ask for none or for more than the setting get the setting. Seconds, 0 = none. */
export function effectiveKeepAlive(connect: ConnectPacket, serverKeepAlive: number): number {
  const { keepAlive, protocolVersion } = connect;
  if (protocolVersion !== MqttVersion.v5 || serverKeepAlive === 0) return keepAlive;
  return keepAlive === 0 || keepAlive > serverKeepAlive ? serverKeepAlive : keepAlive;
}

/** The CONNACK of success. `session`: the one it is about, or undefined while that is not known yet. */
export function connackOf(
  connect: ConnectPacket,
  reply: ConnackReply & Partial<Acceptance>,
  settings: ConnectionSettings,
): ConnackPacket {
  return {
    type: PacketType.connack,
    sessionPresent: reply.sessionPresent ?? false,
    reasonCode: ReasonCode.success,
    properties:
      connect.protocolVersion === MqttVersion.v5
        ? connackProperties(connect, reply, settings)
        : undefined,
  };
}

/** What a 5.0 client is told where it differs from the specification's defaults. */
function connackProperties(
  connect: ConnectPacket,
  reply: ConnackReply & Partial<Acceptance>,
  settings: ConnectionSettings,
): ConnackProperties {
  const { inflightMessagesMax, packetBytesMax, topicAliasMaximum } = settings;
  const keepAlive = effectiveKeepAlive(connect, settings.serverKeepAlive);
  const askedMs = expiryIntervalMs(connect.properties?.sessionExpiryInterval ?? 0);
  const grantedMs = reply.session?.expiryIntervalMs ?? askedMs;
  return {
    sessionExpiryInterval: askedMs === grantedMs ? undefined : Math.floor(grantedMs / 1000),
    receiveMaximum: inflightMessagesMax < 65_535 ? inflightMessagesMax : undefined,
    maximumPacketSize: packetBytesMax < 268_435_455 ? packetBytesMax : undefined,
    assignedClientIdentifier: reply.assignedClientId,
    topicAliasMaximum: topicAliasMaximum > 0 ? topicAliasMaximum : undefined,
    serverKeepAlive: keepAlive === connect.keepAlive ? undefined : keepAlive,
    responseInformation: reply.responseInformation,
    authenticationMethod: connect.properties?.authenticationMethod,
    authenticationData: reply.authenticationData,
  };
}
