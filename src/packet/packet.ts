/**
 * The packets of MQTT as TypeScript types, in the shape of MQTT 5.0. Older versions are decoded into the
 * same shape and encoded from it, so nothing outside `packet/` knows how the versions differ on the wire:
 *
 * - A CONNECT of 3.x has `cleanStart` = Clean Session and a Session Expiry Interval of 0 (clean) or
 *   0xFFFFFFFF (not clean), as MQTT 5.0 §3.1.2.11.2 describes it.
 * - Reason Codes are those of 5.0; the encoder maps them to the return codes of 3.x (CONNACK 0-5, SUBACK
 *   0x80) and leaves them out where 3.x has none.
 *
 * Fields keep the specification's names and units (intervals in seconds). An absent property is
 * `undefined`; a packet without any property has `properties: undefined`.
 */
import type { ReasonCode } from './reason-code.ts';

/** The Protocol Version byte of CONNECT: 3 is MQTT 3.1 (`MQIsdp`), 4 is 3.1.1, 5 is 5.0. */
export const MqttVersion = { v31: 3, v311: 4, v5: 5 } as const;
export type MqttVersion = (typeof MqttVersion)[keyof typeof MqttVersion];

export const QoS = { atMostOnce: 0, atLeastOnce: 1, exactlyOnce: 2 } as const;
export type QoS = (typeof QoS)[keyof typeof QoS];

/** The Control Packet type, MQTT 5.0 §2.1.2. */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** User Properties keep their order and may repeat names [MQTT-3.1.2.11.8]. */
export type UserProperties = readonly (readonly [name: string, value: string])[];

export interface ConnectProperties {
  /** Seconds; 0xFFFFFFFF means that the Session does not expire. */
  readonly sessionExpiryInterval?: number | undefined;
  readonly receiveMaximum?: number | undefined;
  /** Bytes. */
  readonly maximumPacketSize?: number | undefined;
  readonly topicAliasMaximum?: number | undefined;
  readonly requestResponseInformation?: boolean | undefined;
  readonly requestProblemInformation?: boolean | undefined;
  readonly authenticationMethod?: string | undefined;
  readonly authenticationData?: Uint8Array | undefined;
  readonly userProperties?: UserProperties | undefined;
}

export interface WillProperties extends MessageProperties {
  /** Seconds. */
  readonly willDelayInterval?: number | undefined;
}

/** The properties that travel with an Application Message from publisher to subscriber. */
export interface MessageProperties {
  /** 0: bytes, 1: UTF-8 text. */
  readonly payloadFormatIndicator?: 0 | 1 | undefined;
  /** Seconds. */
  readonly messageExpiryInterval?: number | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly userProperties?: UserProperties | undefined;
}

export interface PublishProperties extends MessageProperties {
  readonly topicAlias?: number | undefined;
  /** From the server: one for each matching subscription that has one. */
  readonly subscriptionIdentifiers?: readonly number[] | undefined;
}

export interface Will {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: WillProperties | undefined;
}

export interface ConnectPacket {
  readonly type: typeof PacketType.connect;
  readonly protocolVersion: MqttVersion;
  /** Set when the client is a bridge: bit 7 of the Protocol Version byte in 3.x (Mosquitto's convention). */
  readonly isBridge: boolean;
  readonly clientId: string;
  readonly cleanStart: boolean;
  /** Seconds; 0 turns it off. */
  readonly keepAlive: number;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly will: Will | undefined;
  readonly properties: ConnectProperties | undefined;
}

export interface ConnackProperties {
  readonly sessionExpiryInterval?: number | undefined;
  readonly receiveMaximum?: number | undefined;
  readonly maximumQoS?: 0 | 1 | undefined;
  readonly retainAvailable?: boolean | undefined;
  readonly maximumPacketSize?: number | undefined;
  readonly assignedClientIdentifier?: string | undefined;
  readonly topicAliasMaximum?: number | undefined;
  readonly reasonString?: string | undefined;
  readonly userProperties?: UserProperties | undefined;
  readonly wildcardSubscriptionAvailable?: boolean | undefined;
  readonly subscriptionIdentifiersAvailable?: boolean | undefined;
  readonly sharedSubscriptionAvailable?: boolean | undefined;
  readonly serverKeepAlive?: number | undefined;
  readonly responseInformation?: string | undefined;
  readonly serverReference?: string | undefined;
  readonly authenticationMethod?: string | undefined;
  readonly authenticationData?: Uint8Array | undefined;
}

export interface ConnackPacket {
  readonly type: typeof PacketType.connack;
  readonly sessionPresent: boolean;
  readonly reasonCode: ReasonCode;
  readonly properties: ConnackProperties | undefined;
}

export interface PublishPacket {
  readonly type: typeof PacketType.publish;
  readonly topicName: string;
  /** A view into the received chunk: copy it before keeping it beyond the call that brought it. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 when the QoS is 0. */
  readonly packetId: number;
  readonly properties: PublishProperties | undefined;
}

/** What every acknowledgement, SUBACK, UNSUBACK, DISCONNECT may carry. */
export interface ReasonProperties {
  readonly reasonString?: string | undefined;
  readonly userProperties?: UserProperties | undefined;
}

interface AcknowledgementFields {
  readonly packetId: number;
  readonly reasonCode: ReasonCode;
  readonly properties: ReasonProperties | undefined;
}
export interface PubackPacket extends AcknowledgementFields {
  readonly type: typeof PacketType.puback;
}
export interface PubrecPacket extends AcknowledgementFields {
  readonly type: typeof PacketType.pubrec;
}
export interface PubrelPacket extends AcknowledgementFields {
  readonly type: typeof PacketType.pubrel;
}
export interface PubcompPacket extends AcknowledgementFields {
  readonly type: typeof PacketType.pubcomp;
}
export type AcknowledgementPacket = PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket;

/** Retain Handling, MQTT 5.0 §3.8.3.1. */
export const RetainHandling = { send: 0, sendIfNew: 1, doNotSend: 2 } as const;
export type RetainHandling = (typeof RetainHandling)[keyof typeof RetainHandling];

export interface SubscriptionRequest {
  readonly topicFilter: string;
  /** The Maximum QoS asked for. */
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
}

export interface SubscribeProperties {
  readonly subscriptionIdentifier?: number | undefined;
  readonly userProperties?: UserProperties | undefined;
}

export interface SubscribePacket {
  readonly type: typeof PacketType.subscribe;
  readonly packetId: number;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties: SubscribeProperties | undefined;
}

export interface SubackPacket {
  readonly type: typeof PacketType.suback;
  readonly packetId: number;
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties: ReasonProperties | undefined;
}

export interface UnsubscribePacket {
  readonly type: typeof PacketType.unsubscribe;
  readonly packetId: number;
  readonly topicFilters: readonly string[];
  readonly properties: { readonly userProperties?: UserProperties | undefined } | undefined;
}

export interface UnsubackPacket {
  readonly type: typeof PacketType.unsuback;
  readonly packetId: number;
  /** Not on the wire in 3.x: decoded as an empty list. */
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties: ReasonProperties | undefined;
}

export interface PingreqPacket {
  readonly type: typeof PacketType.pingreq;
}
export interface PingrespPacket {
  readonly type: typeof PacketType.pingresp;
}

export interface DisconnectProperties extends ReasonProperties {
  /** Seconds; only from client to server. */
  readonly sessionExpiryInterval?: number | undefined;
  /** Only from server to client. */
  readonly serverReference?: string | undefined;
}

export interface DisconnectPacket {
  readonly type: typeof PacketType.disconnect;
  readonly reasonCode: ReasonCode;
  readonly properties: DisconnectProperties | undefined;
}

export interface AuthProperties extends ReasonProperties {
  readonly authenticationMethod?: string | undefined;
  readonly authenticationData?: Uint8Array | undefined;
}

export interface AuthPacket {
  readonly type: typeof PacketType.auth;
  readonly reasonCode: ReasonCode;
  readonly properties: AuthProperties | undefined;
}

/** What a client may send to a server. */
export type ClientPacket =
  | ConnectPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | UnsubscribePacket
  | PingreqPacket
  | DisconnectPacket
  | AuthPacket;

/** What a server may send to a client. */
export type ServerPacket =
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubackPacket
  | UnsubackPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;

export type Packet = ClientPacket | ServerPacket;
