import type { QoS } from '../packet/index.ts';
import {
  type Delivery,
  type DeliveryPort,
  Message,
  OutboundFlow,
  QueueTotals,
  Session,
  Subscription,
  type SubscriptionFields,
} from '../session/index.ts';

const ignore = (): void => undefined;

export function sessionNamed(clientId: string): Session {
  const observer = {
    dropped: ignore,
    delivered: () => 0,
    settled: ignore,
    released: () => 0,
    overflowDisconnect: ignore,
  };
  const limits = {
    messagesMax: Infinity,
    bytesMax: Infinity,
    queueQoS0Offline: false,
    overflowFor: () => 'drop-oldest' as const,
  };
  return new Session(clientId, 1, 5, () => new OutboundFlow(observer, limits, new QueueTotals()));
}

/** A connection that takes everything. */
const openPort: DeliveryPort = {
  isCongested: false,
  sendPublish: () => true,
  sendPubrel: ignore,
  holdsBack: false,
  whenDurable: (_lsn, send) => send(),
};

/** Connects the Session with this Receive Maximum and leaves so many messages unacknowledged. */
export function connect(session: Session, receiveMaximum: number, unacknowledged = 0): void {
  session.outbound.attach(openPort, receiveMaximum);
  for (let i = 0; i < unacknowledged; i++) session.outbound.deliver(deliveryOf('t'), 0);
}

export function subscription(
  session: Session,
  topicFilter: string,
  changes: Partial<SubscriptionFields> = {},
): Subscription {
  return new Subscription({
    session,
    topicFilter,
    shareName: undefined,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    identifier: undefined,
    ...changes,
  });
}

export function messageOn(topicName: string, publisherId = 'publisher'): Message {
  const qos: QoS = 1;
  return new Message({
    topicName,
    payload: new Uint8Array(1),
    qos,
    retain: false,
    properties: undefined,
    publisherId,
    publisherName: undefined,
    nowMs: 0,
  });
}

function deliveryOf(topicName: string): Delivery {
  return {
    message: messageOn(topicName),
    qos: 1,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    wire: undefined,
  };
}
