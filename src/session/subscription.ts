import type { QoS, RetainHandling } from '../packet/index.ts';
import type { Session } from './session.ts';

/** One entry of a Session's subscriptions. Replaced as a whole when the client subscribes again. */
export interface Subscription {
  readonly session: Session;
  /** Without `$share/name/`. */
  readonly topicFilter: string;
  readonly shareName: string | undefined;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
  readonly identifier: number | undefined;
}

/** The text a subscription is known by in its Session: the Topic Filter as the client wrote it. */
export function subscriptionKey(topicFilter: string, shareName: string | undefined): string {
  return shareName === undefined ? topicFilter : `$share/${shareName}/${topicFilter}`;
}
