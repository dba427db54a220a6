import { QoS } from '../packet/index.ts';
import { type QueueLimits, QueueTotals } from './bounded-queue.ts';
import { type Delivery, QueueOverflow } from './delivery.ts';
import { Message, type MessageFields } from './message.ts';
import { OutboundFlow, type OutboundObserver } from './outbound-flow.ts';
import { Session } from './session.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function message(text: string, fields: Partial<MessageFields> = {}): Message {
  return new Message({
    topicName: 't',
    payload: encoder.encode(text),
    qos: QoS.atLeastOnce,
    retain: false,
    properties: undefined,
    publisherId: 'publisher',
    publisherName: undefined,
    nowMs: 0,
    ...fields,
  });
}

export function delivery(text: string, qos: QoS, fields: Partial<Delivery> = {}): Delivery {
  return {
    message: message(text, { qos }),
    qos,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    wire: undefined,
    ...fields,
  };
}

export function textOf(from: { readonly message: Message }): string {
  return decoder.decode(from.message.payload);
}

const ignore = (): void => undefined;

export const quietObserver: OutboundObserver = {
  dropped: ignore,
  delivered: () => 0,
  settled: ignore,
  released: () => 0,
  overflowDisconnect: ignore,
};

export const wideLimits: QueueLimits = {
  messagesMax: Infinity,
  bytesMax: Infinity,
  queueQoS0Offline: false,
  overflowFor: () => QueueOverflow.dropOldest,
};

/** A Session whose outbound flow tells nobody. */
export function quietSession(clientId = 'c'): Session {
  return new Session(
    clientId,
    1,
    5,
    () => new OutboundFlow(quietObserver, wideLimits, new QueueTotals()),
  );
}
