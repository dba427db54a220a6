import type { QoS, RetainHandling } from '../packet/index.ts';
import type { Session } from './session.ts';

/** What one or several subscriptions of one Session ask of a message that all of them match. */
export interface SubscriptionSet {
  readonly session: Session;
  readonly subscriptions: readonly Subscription[];
  /** The highest of them. */
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  /** Subscription Identifiers of those that have one [MQTT-3.3.4-3]. */
  readonly identifiers: readonly number[] | undefined;
  /** One of them has No Local: the Session's own messages need a closer look. */
  readonly hasNoLocal: boolean;
}

/** Everything that makes a subscription. */
export interface SubscriptionFields {
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

const noLocalBit = 0x04;
const retainAsPublishedBit = 0x08;

/**
 * One entry of a Session's subscriptions. Replaced as a whole when the client subscribes again. A broker holds
 * millions: the options are one number, laid out as in the SUBSCRIBE packet (§3.8.3.1), and it is a
 * `SubscriptionSet` of its own, so that routing by a single one makes no further object.
 */
export class Subscription implements SubscriptionFields, SubscriptionSet {
  readonly session: Session;
  readonly topicFilter: string;
  readonly shareName: string | undefined;
  readonly identifiers: readonly number[] | undefined;
  private readonly options: number;

  constructor(fields: SubscriptionFields) {
    this.session = fields.session;
    this.topicFilter = fields.topicFilter;
    this.shareName = fields.shareName;
    this.identifiers = fields.identifier === undefined ? undefined : [fields.identifier];
    this.options =
      fields.qos |
      (fields.noLocal ? noLocalBit : 0) |
      (fields.retainAsPublished ? retainAsPublishedBit : 0) |
      (fields.retainHandling << 4);
  }

  get subscriptions(): readonly Subscription[] {
    return [this];
  }

  get identifier(): number | undefined {
    return this.identifiers?.[0];
  }

  get qos(): QoS {
    return upToTwo(this.options & 3);
  }

  get noLocal(): boolean {
    return (this.options & noLocalBit) !== 0;
  }

  get hasNoLocal(): boolean {
    return this.noLocal;
  }

  get retainAsPublished(): boolean {
    return (this.options & retainAsPublishedBit) !== 0;
  }

  get retainHandling(): RetainHandling {
    return upToTwo(this.options >> 4);
  }
}

function upToTwo(bits: number): 0 | 1 | 2 {
  if (bits === 0) return 0;
  return bits === 1 ? 1 : 2;
}

/** The text a subscription is known by in its Session: the Topic Filter as the client wrote it. */
export function subscriptionKey(topicFilter: string, shareName: string | undefined): string {
  return shareName === undefined ? topicFilter : `$share/${shareName}/${topicFilter}`;
}
