/**
 * The facts of the broker, one type for each. Everything that observes (logs, `$SYS`, statistics, later
 * metrics, tracer and dashboard) reads only these. Facts are plain objects, made only when somebody listens.
 */
import type { MqttVersion, QoS, ReasonCode } from '../packet/index.ts';
import type { Message } from '../session/index.ts';
import type { LinkOrigin } from './link.ts';
import type { StoreFault } from './stores.ts';

/** Who did it. */
export interface ClientFacts {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly origin: LinkOrigin;
  readonly protocolVersion: MqttVersion;
}

export interface ClientConnected extends ClientFacts {
  readonly keepAlive: number;
  readonly cleanStart: boolean;
  readonly sessionPresent: boolean;
  /** Seconds. */
  readonly sessionExpiryInterval: number;
}

/** Why a Network Connection ended. */
export type DisconnectCause =
  | 'client-disconnect' // DISCONNECT received
  | 'connection-lost' // the carrier closed without DISCONNECT
  | 'keep-alive-timeout'
  | 'session-taken-over'
  | 'protocol-error'
  | 'queue-full' // overflow policy `disconnect`
  | 'not-authorized'
  | 'administrative' // kicked
  | 'server-shutdown'
  | 'internal-error';

export interface ClientDisconnected extends ClientFacts {
  readonly cause: DisconnectCause;
  readonly reasonCode: ReasonCode;
  /** A sentence, where there is one to say. */
  readonly detail: string | undefined;
  readonly connectedForMs: number;
}

/** A CONNECT (or what came instead of one) that was refused. */
export interface ConnectionRefused {
  readonly clientId: string | undefined;
  readonly username: string | undefined;
  readonly origin: LinkOrigin;
  readonly reasonCode: ReasonCode;
  readonly cause: RefusalCause;
  readonly detail: string;
}
export type RefusalCause =
  | 'not-mqtt' // first bytes are no CONNECT
  | 'protocol-error'
  | 'connect-timeout'
  | 'connection-limit'
  | 'overload'
  | 'rate'
  | 'banned'
  | 'bad-credentials'
  | 'not-authorized'
  | 'public-address' // default access: private networks only
  | 'client-id'
  | 'use-another-server'
  | 'server-shutdown'
  | 'internal-error';

/** Why a message, or one copy of it, went no further. */
export type DropCause =
  | 'not-authorized' // publish refused by an authorizer
  | 'read-not-authorized' // delivery refused for one receiver
  | 'topic-invalid'
  | 'payload-format' // [MQTT-3.3.2-4] Payload Format Indicator says text, the bytes are not
  | 'quota' // retained limits, memory budget
  | 'refused-by-hook'
  | 'queue-full' // per-session queue limit; see `policy`
  | 'offline-qos0'
  | 'slow-consumer' // outbound bytes of a connected client
  | 'packet-too-large' // the receiver's Maximum Packet Size
  | 'expired'
  | 'session-ended' // queued messages of a session that ended
  | 'refused-by-receiver' // PUBREC/PUBACK with a code of 0x80 or above
  | 'no-shared-member' // nobody of the group can take it
  | 'rate-limited'; // publish refused by an authorizer with 0x96

export interface MessageDropped {
  readonly cause: DropCause;
  readonly topicName: string;
  readonly qos: QoS;
  readonly payloadBytes: number;
  /** The receiver, or undefined when the message was stopped before it had one. */
  readonly clientId: string | undefined;
  readonly publisherId: string | undefined;
  /** Which rule or limit did it, `max_queued 100 (drop-oldest)` or `acl:14`. */
  readonly rule: string;
  readonly reasonCode: ReasonCode;
}

export interface SubscriptionFacts extends ClientFacts {
  readonly topicFilter: string;
  readonly qos: QoS;
}

export interface SubscriptionRefused extends SubscriptionFacts {
  readonly reasonCode: ReasonCode;
  readonly rule: string;
}

export interface SessionFacts {
  readonly clientId: string;
}
export interface SessionEnded extends SessionFacts {
  readonly cause: 'clean-start' | 'expired' | 'disconnect' | 'administrative';
  readonly discardedMessages: number;
}

/** Observers. All optional, all synchronous; an exception in one is logged and goes no further. */
export interface BrokerObserver {
  readonly name: string;
  clientConnected?(fact: ClientConnected): void;
  clientDisconnected?(fact: ClientDisconnected): void;
  connectionRefused?(fact: ConnectionRefused): void;
  sessionStarted?(fact: SessionFacts): void;
  sessionEnded?(fact: SessionEnded): void;
  clientSubscribed?(fact: SubscriptionFacts): void;
  clientUnsubscribed?(fact: SubscriptionFacts): void;
  subscriptionRefused?(fact: SubscriptionRefused): void;
  /** An Application Message was accepted; `matched` receivers will get it. The payload is on loan. */
  messagePublished?(message: Message, matched: number): void;
  /** One copy was handed to a connected receiver. */
  messageDelivered?(message: Message, clientId: string, qos: QoS): void;
  messageDropped?(fact: MessageDropped): void;
  /** Retained Message set (`removed` false) or removed. */
  retainedChanged?(topicName: string, removed: boolean): void;
  willPublished?(message: Message): void;
  /** The store cannot keep its promise, or can again. */
  storeFault?(fault: StoreFault): void;
  /** A hook or the broker itself threw: a bug in one of them. */
  internalError?(where: string, error: unknown): void;
}
