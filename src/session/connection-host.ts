import type {
  AcknowledgementPacket,
  AuthPacket,
  ConnectPacket,
  DisconnectPacket,
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

/**
 * What one Connection may ask of its surroundings. Implemented by the broker, and by a recorder in tests.
 * Each `…Received` is answered by a method of Connection, at once or later; `publishReceived` answers by
 * its result, or with undefined when `Connection.publishCompleted` will follow. Until the answer the host
 * gives the Connection no further packet.
 */
export interface ConnectionHost {
  send(packet: ServerPacket): void;
  /** Sends the PUBLISH that carries a delivery, with these properties. */
  sendDelivery(
    delivery: Delivery,
    packetId: number,
    dup: boolean,
    properties: PublishProperties | undefined,
  ): void;
  /** Sends an acknowledgement that says nothing but its Reason Code. */
  sendAcknowledgement(
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode,
  ): void;
  /** Sends a delivery whose bytes are the same for all its receivers. */
  sendShared(delivery: Delivery, wire: WirePublish, packetId: number): void;
  /** The carrier holds more bytes than a connection may leave unread. */
  readonly isCongested: boolean;
  /** Everything up to here is as safe as the store's mode promises. */
  readonly durable: Lsn;
  /** Bytes this packet would take on the wire; asked only when the client set a Maximum Packet Size. */
  packetSize(packet: ServerPacket): number;

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
