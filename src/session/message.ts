import type { MessageProperties, QoS } from '../packet/index.ts';

/**
 * An Application Message on its way through the broker. One object for all its receivers, never changed
 * after it was made.
 */
export interface Message {
  readonly topicName: string;
  /**
   * The bytes of the body. While `publish` runs they may be a view into the received chunk: whoever keeps
   * the message beyond the turn keeps `owned(message)` instead.
   */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  /** Client Identifier of the publisher, for No Local, traces and logs. */
  readonly publisherId: string;
  /** The verified user name of the publisher, if it has one. */
  readonly publisherName: string | undefined;
  /** When the broker received it (broker clock). */
  readonly receivedAtMs: number;
  /** When its Message Expiry Interval ends (broker clock), or Infinity. */
  readonly expiresAtMs: number;
}
