import type { ReasonCode } from '../packet/index.ts';
import type { QueueObserver } from './bounded-queue.ts';
import type { Lsn } from './connection-host.ts';
import type { Delivery } from './delivery.ts';

/** The connection a Session is attached to, as its outbound flow sees it. */
export interface DeliveryPort {
  /** The carrier holds more than it may: nothing is sent until `pump` is called again. */
  readonly isCongested: boolean;
  /** @returns false when the packet is larger than the client allows; nothing was sent then. */
  sendPublish(delivery: Delivery, packetId: number, dup: boolean, nowMs: number): boolean;
  sendPubrel(packetId: number, reasonCode: ReasonCode): void;
  /** Something given to `whenDurable` has not been done yet. */
  readonly holdsBack: boolean;
  /** Does it at once or later, in the order of the calls; never, when the connection ends before. */
  whenDurable(lsn: Lsn, send: () => void): void;
}

/** What the outbound flow reports. Implemented by the broker. */
export interface OutboundObserver extends QueueObserver {
  /**
   * Sent for the first time; the Packet Identifier is 0 at QoS 0.
   * @returns what has to be durable before a QoS 2 message really leaves
   */
  delivered(delivery: Delivery, packetId: number): Lsn;
  /**
   * A QoS 2 message got its PUBREC: it must be followed by PUBREL after a restart too.
   * @returns what has to be durable before PUBREL leaves: else a restart would send the PUBLISH again, and the client
   * take it for another message
   */
  released(delivery: Delivery, packetId: number): Lsn;
}

/** A delivery that another Session may get instead; the Packet Identifier is 0 where it was not sent. */
export interface TakenBack {
  readonly delivery: Delivery;
  readonly packetId: number;
}

/** A delivery that was under way when the last process ended. */
export interface RestoredInflight extends TakenBack {
  /** PUBREC came. */
  readonly released: boolean;
}
