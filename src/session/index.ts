/** One client: its Network Connection and the Session that outlives it. Pure: no clock, socket or timer. */

export { keptPayload } from './body-arena.ts';
export { type QueueLimits, QueueTotals } from './bounded-queue.ts';
export type { Acceptance, Refusal } from './connect-rules.ts';
export { Connection, type ConnectionState } from './connection.ts';
export type { ConnectionHost, Lsn, PacketOutput, PublishOutcome } from './connection-host.ts';
export type { ConnectionSettings } from './connection-settings.ts';
export { type Delivery, type DeliveryDropCause, QueueOverflow } from './delivery.ts';
export { Message, type MessageFields } from './message.ts';
export {
  type DeliveryPort,
  OutboundFlow,
  type OutboundObserver,
  type RestoredInflight,
  type TakenBack,
} from './outbound-flow.ts';
export type { Replay } from './replay.ts';
export { discardsWill, expiryIntervalMs, neverExpires, Session } from './session.ts';
export { SharedWire, type WirePublish } from './shared-wire.ts';
export {
  Subscription,
  type SubscriptionFields,
  type SubscriptionSet,
  subscriptionKey,
} from './subscription.ts';
export { Subscriptions } from './subscriptions.ts';
