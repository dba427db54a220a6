/**
 * The one place where everything that must survive goes through. The broker enqueues an operation, which
 * never waits and never throws on I/O, and gets its log sequence number; completion is a watermark, never
 * a promise for each message. An acknowledgement waits until the watermark has passed its number.
 */
import type { MqttVersion, QoS, Will } from '../packet/index.ts';
import type { Lsn, Message, Subscription, SubscriptionFields } from '../session/index.ts';

export type SessionNumber = number;

/** What the store keeps of a Session besides its messages and subscriptions. */
export interface SessionRecord {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly expiryIntervalMs: number;
  /** Infinity while its client is connected. */
  readonly expiresAtMs: number;
  readonly will: Will | undefined;
  readonly protocolVersion?: MqttVersion | undefined;
  /** When the last connection ended, for a Will Message that waits; undefined while its client is connected. */
  readonly disconnectedAtMs?: number | undefined;
}

/** What one Session gets of a Message. */
export interface Receiver {
  readonly session: SessionNumber;
  readonly qos: QoS;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The RETAIN flag as the receiver sees it; absent = false. */
  readonly retain?: boolean | undefined;
  /** The key of the Shared Subscription it came through. */
  readonly share?: string | undefined;
}

export type Op =
  /** A Message that sessions queue (`to`) or that is retained; its body is stored once. */
  | {
      readonly kind: 'message';
      readonly message: Message;
      readonly to: readonly Receiver[];
      readonly retain: 'set' | 'remove' | 'none';
    }
  /**
   * A further Session gets a message that is stored already: a Retained Message for a new subscription. One
   * that the store has forgotten is not queued.
   */
  | { readonly kind: 'queued'; readonly message: Lsn; readonly to: Receiver }
  /**
   * A session is done with the message of that number. `packetId` tells which, where the session has it
   * several times; absent = one that was not sent.
   */
  | {
      readonly kind: 'settled';
      readonly session: SessionNumber;
      readonly message: Lsn;
      readonly packetId?: number | undefined;
    }
  /** A message was sent under this Packet Identifier; `released`: its PUBREC came. */
  | {
      readonly kind: 'inflight';
      readonly session: SessionNumber;
      readonly packetId: number;
      readonly message: Lsn;
      readonly released: boolean;
    }
  /** A QoS 2 identifier was received (`held`) or released by its publisher. */
  | {
      readonly kind: 'unreleased';
      readonly session: SessionNumber;
      readonly packetId: number;
      readonly held: boolean;
    }
  | {
      readonly kind: 'session';
      readonly session: SessionNumber;
      readonly record: SessionRecord | undefined;
    }
  | {
      readonly kind: 'subscription';
      readonly session: SessionNumber;
      readonly key: string;
      readonly subscription: Subscription | undefined;
    }
  /** A Retained Message ended without a new one (expired, deleted by an administrator). */
  | { readonly kind: 'retained-removed'; readonly topicName: string };

export interface StoreFault {
  /** Of the operating system, such as ENOSPC or EIO. */
  readonly code: string;
  /** Nothing becomes durable any more until a restart. */
  readonly fatal: boolean;
  /** The end of a fault that was reported before. */
  readonly isOver: boolean;
  /** What happened, and what to do. */
  readonly message: string;
}

export interface Journal {
  /** Keeps no reference to views: what it needs of `op` is encoded before it returns. */
  append(op: Op): Lsn;
  /** Everything up to here is as safe as the mode promises. */
  readonly durable: Lsn;
  /** Called once for each group that became durable. */
  onDurable(callback: (upTo: Lsn) => void): void;
  onFault(callback: (fault: StoreFault) => void): void;
  /** For back-pressure: what was appended and is not durable. */
  pressure(): { readonly pendingBytes: number; readonly oldestMs: number };
}

export interface RecoveryReport {
  readonly sessions: number;
  readonly retainedMessages: number;
  readonly queuedMessages: number;
  /** What was damaged and set aside, one sentence each. */
  readonly problems: readonly string[];
}

/** A Message that a Session has still to get, or was sent and has not finished. */
export interface StoredDelivery extends Receiver {
  readonly message: Message;
  /** 0 while it was never sent. */
  readonly packetId: number;
  /** QoS 2: its PUBREC came, PUBREL is due. */
  readonly released: boolean;
}

/** A Session as it was when the last process ended. */
export interface StoredSession {
  readonly number: SessionNumber;
  readonly record: SessionRecord;
  readonly subscriptions: readonly Omit<SubscriptionFields, 'session'>[];
  /** QoS 2 Packet Identifiers received and not released. */
  readonly unreleased: readonly number[];
  /** In the order of sending. */
  readonly inflight: readonly StoredDelivery[];
  /** In the order of arrival. */
  readonly queued: readonly StoredDelivery[];
}

/**
 * Takes what a store has kept. Messages have their `lsn` and bodies of their own; several Sessions share one
 * object. What has expired meanwhile is not left out: that is for the receiver to see.
 */
export interface StateSink {
  session(session: StoredSession): void;
  retained(message: Message): void;
}

export interface Store {
  readonly journal: Journal;
  /** Whether what it holds outlives the process. */
  readonly isDurable: boolean;
  /** Recovers what is there and hands it to `sink`. To be called before anything is appended. */
  open(sink?: StateSink): Promise<RecoveryReport>;
  /**
   * Brings to safety what was appended. A store that keeps nothing while it runs calls `writeState`, which
   * appends the whole state as operations.
   */
  close(writeState?: () => void): Promise<void>;
}

/** A store that can give back the body of a Message that it holds. */
export interface BodyStore {
  /** In the order of the numbers; undefined where the store no longer holds it. */
  readBodies(messages: readonly Lsn[]): Promise<(Uint8Array | undefined)[]>;
}
