/**
 * The one place where everything that must survive goes through. The broker enqueues an operation, which
 * never waits and never throws on I/O, and gets its log sequence number; completion is a watermark, never
 * a promise for each message. An acknowledgement waits until the watermark has passed its number.
 */
import type { QoS, Will } from '../packet/index.ts';
import type { Lsn, Message, Subscription } from '../session/index.ts';

export type SessionNumber = number;

/** What the store keeps of a Session besides its messages and subscriptions. */
export interface SessionRecord {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly expiryIntervalMs: number;
  /** Infinity while its client is connected. */
  readonly expiresAtMs: number;
  readonly will: Will | undefined;
}

export type Op =
  /** A Message that sessions queue (`to`) or that is retained; its body is stored once. */
  | {
      readonly kind: 'message';
      readonly message: Message;
      readonly to: readonly {
        readonly session: SessionNumber;
        readonly qos: QoS;
        readonly subscriptionIdentifiers: readonly number[] | undefined;
      }[];
      readonly retain: 'set' | 'remove' | 'none';
    }
  /** A session is done with the message of that number. */
  | { readonly kind: 'settled'; readonly session: SessionNumber; readonly message: Lsn }
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
  readonly code: string;
  readonly fatal: boolean;
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

export interface Store {
  readonly journal: Journal;
  /** Whether what it holds outlives the process. */
  readonly isDurable: boolean;
  open(): Promise<RecoveryReport>;
  close(): Promise<void>;
}
