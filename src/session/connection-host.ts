import type {
  AcknowledgementPacket,
  AuthPacket,
  ConnectPacket,
  DisconnectPacket,
  MqttVersion,
  PublishPacket,
  PublishProperties,
  ReasonCode,
  ServerPacket,
  SubscribePacket,
  UnsubscribePacket,
} from '../packet/index.ts';
import type { Delivery } from './delivery.ts';
import type { WirePublish } from './shared-wire.ts';

/** A place in the store's log; an acknowledgement waits until everything up to it is durable. 0: nothing to wait for. */
export type Lsn = number;

export interface PublishOutcome {
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
  readonly lsn: Lsn;
}

/** Where the packets of one Connection go. */
export interface PacketOutput {
  /** The carrier holds more bytes than a connection may leave unread. */
  readonly isCongested: boolean;
  send(packet: ServerPacket, version: MqttVersion): void;
  /** Sends the PUBLISH that carries a delivery, with these properties. */
  sendDelivery(
    delivery: Delivery,
    version: MqttVersion,
    packetId: number,
    dup: boolean,
    properties: PublishProperties | undefined,
  ): void;
  /** Sends a delivery whose bytes are the same for all its receivers. */
  sendShared(delivery: Delivery, wire: WirePublish, packetId: number): void;
  /** Sends an acknowledgement that says nothing but its Reason Code. */
  sendAcknowledgement(
    type: AcknowledgementPacket['type'],
    version: MqttVersion,
    packetId: number,
    reasonCode: ReasonCode,
  ): void;
}

/**
 * What one Connection may ask of its surroundings. Implemented by the broker, and by a recorder in tests.
 * Each `…Received` is answered by a method of Connection, at once or later; `publishReceived` answers by
 * its result, or with undefined when `Connection.publishCompleted` will follow. Until the answer the host
 * gives the Connection no further packet.
 */
export interface ConnectionHost {
  /** Everything up to here is as safe as the store's mode promises. */
  readonly durable: Lsn;
  /** An answer waits for the store: `Connection.flushAnswers` is to be called when more is durable. */
  answerWaits(): void;

  /** CONNACK went out and the Session is attached; the host pumps what is owed to it, with the time of now. */
  opened(): void;
  connectReceived(packet: ConnectPacket): void;
  authReceived(packet: AuthPacket): void;
  publishReceived(packet: PublishPacket, topicName: string): PublishOutcome | undefined;
  subscribeReceived(packet: SubscribePacket): void;
  unsubscribeReceived(packet: UnsubscribePacket): void;
  disconnectReceived(packet: DisconnectPacket): void;
  /** A QoS 2 identifier was received (`held`) or released; the answer waits for the result. */
  unreleasedChanged(packetId: number, held: boolean): Lsn;
  /** The client sent more than our Receive Maximum and the listener only warns. */
  receiveMaximumExceeded(): void;
}
