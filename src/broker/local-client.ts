/**
 * A client inside the process: it publishes and subscribes as a named identity through the same access
 * rules, hooks, Retained Messages, statistics and limits as every other client, without a socket.
 */
import type { MessageProperties, QoS, ReasonCode, RetainHandling } from '../packet/index.ts';
import type { Message } from '../session/index.ts';
import type { MaybePromise } from './hooks.ts';

export interface LocalPublish {
  readonly topicName: string;
  readonly payload: Uint8Array | string;
  /** Default 0. */
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties | undefined;
}

export interface PublishResult {
  /** `success`, `noMatchingSubscribers` (accepted, nobody wants it), or why it was refused. */
  readonly reasonCode: ReasonCode;
  /** How many receivers matched. */
  readonly matched: number;
  /** The sentence of a refusal. */
  readonly reasonString?: string | undefined;
}

export interface LocalSubscribeOptions {
  /** Default 0: an in-process subscriber loses nothing at any QoS while it runs. */
  readonly qos?: QoS;
  readonly noLocal?: boolean;
  readonly retainHandling?: RetainHandling;
}

/** Called synchronously while the message is routed; `message.payload` is on loan until it returns. */
export type LocalMessageHandler = (message: Message, info: { readonly retained: boolean }) => void;

export interface LocalSubscription {
  readonly topicFilter: string;
  readonly qos: QoS;
  unsubscribe(): void;
}

export interface LocalClient {
  readonly clientId: string;
  /** Answers at once unless an asynchronous hook has to be asked. Never throws for a refusal. */
  publish(message: LocalPublish): MaybePromise<PublishResult>;
  /** @throws {LocalClientError} when the filter is invalid or refused. */
  subscribe(
    topicFilter: string,
    handler: LocalMessageHandler,
    options?: LocalSubscribeOptions,
  ): Promise<LocalSubscription>;
  close(): void;
}

/** An in-process subscribe or publish that can never work as asked. */
export class LocalClientError extends Error {
  override readonly name = 'LocalClientError';
  readonly reasonCode: ReasonCode;
  constructor(reasonCode: ReasonCode, message: string) {
    super(message);
    this.reasonCode = reasonCode;
  }
}
