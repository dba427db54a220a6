import type { QoS } from '../packet/index.ts';
import type { Message } from './message.ts';
import type { SharedWire } from './shared-wire.ts';

/** One copy of a Message for one Session. */
export interface Delivery {
  readonly message: Message;
  /** The smaller of the message's QoS and the subscription's. */
  readonly qos: QoS;
  /** The RETAIN flag as the receiver sees it. */
  readonly retain: boolean;
  /** Of every subscription that matched [MQTT-3.3.4-3]. */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The Shared Subscription it came through: opaque here, given back when the member leaves. */
  readonly share: object | undefined;
  /** Set when several Sessions get this same object: its bytes are made once for all. */
  readonly wire: SharedWire | undefined;
}

/** What to do with a QoS 1 or 2 message that finds the queue of its Session full. */
export const QueueOverflow = {
  dropOldest: 'drop-oldest',
  dropNewest: 'drop-newest',
  /** A waiting message gives way to a newer one on the same Topic Name; then as drop-oldest. */
  keepLatest: 'keep-latest',
  /** The receiver is disconnected (0x97); what waits is kept, the new message is dropped. */
  disconnect: 'disconnect',
} as const;
export type QueueOverflow = (typeof QueueOverflow)[keyof typeof QueueOverflow];

/** Why one copy went no further. The session's part of the broker's causes. */
export type DeliveryDropCause =
  | 'queue-full'
  | 'expired'
  | 'packet-too-large'
  | 'slow-consumer'
  | 'offline-qos0'
  | 'refused-by-receiver'
  | 'session-ended'
  | 'quota';
