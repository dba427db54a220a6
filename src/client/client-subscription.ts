import { type QoS, RetainHandling, type SubscriptionRequest } from '../packet/index.ts';

/** One Topic Filter to subscribe to. */
export interface ClientSubscription {
  readonly topicFilter: string;
  /** Default 0. */
  readonly qos?: QoS | undefined;
  readonly noLocal?: boolean | undefined;
  readonly retainAsPublished?: boolean | undefined;
  readonly retainHandling?: RetainHandling | undefined;
}

/** The subscription with its defaults, as SUBSCRIBE carries it. */
export function subscriptionRequest(subscription: ClientSubscription): SubscriptionRequest {
  return {
    topicFilter: subscription.topicFilter,
    qos: subscription.qos ?? 0,
    noLocal: subscription.noLocal ?? false,
    retainAsPublished: subscription.retainAsPublished ?? false,
    retainHandling: subscription.retainHandling ?? RetainHandling.send,
  };
}
