/**
 * The points where other code decides. A plugin is an object with a name and the functions it cares
 * about; a point that nobody took costs one `length === 0`. Deciding functions answer at once or with a
 * promise; while a promise is open the connection that asked reads nothing further, so order is kept.
 * A deciding function that throws ends that connection (0x83) and is logged with its stack.
 */
import type {
  AuthPacket,
  ConnectPacket,
  MessageProperties,
  QoS,
  ReasonCode,
  SubscriptionRequest,
} from '../packet/index.ts';
import type { Message } from '../session/index.ts';
import type { BrokerObserver, ClientFacts } from './events.ts';
import type { LinkOrigin } from './link.ts';

export interface ConnectRequest {
  readonly connect: ConnectPacket;
  readonly origin: LinkOrigin;
  /** The Client Identifier in use: the client's own or the assigned one. */
  readonly clientId: string;
}

/** An authenticator's answer. `undefined` from all of them means: nobody knew the client. */
export type AuthenticationOutcome =
  | {
      readonly kind: 'accept';
      /** The verified name; rules and logs use only this one. undefined = anonymous. */
      readonly username: string | undefined;
      /** MQTT 5.0 enhanced authentication: the server's last data, sent in CONNACK or AUTH. */
      readonly authenticationData?: Uint8Array;
      readonly responseInformation?: string;
    }
  | {
      /** Enhanced authentication goes on: AUTH 0x18 with this data is sent to the client. */
      readonly kind: 'continue';
      readonly authenticationData: Uint8Array | undefined;
    }
  | {
      readonly kind: 'refuse';
      readonly reasonCode: ReasonCode;
      readonly reasonString?: string;
      /** With 0x9C and 0x9D: where to go instead. */
      readonly serverReference?: string;
      /** For the log: which rule decided. */
      readonly rule: string;
    };

export type Verdict =
  | { readonly allow: true }
  | {
      readonly allow: false;
      readonly reasonCode: ReasonCode;
      readonly reasonString?: string;
      readonly rule: string;
      /** Ends the connection instead of answering (3.x clients cannot be told). */
      readonly disconnect?: boolean;
    };

export interface PublishRequest {
  readonly client: ClientFacts;
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  readonly isWill: boolean;
}

/** What `transformPublish` may change. */
export interface PublishChanges {
  readonly topicName?: string;
  /** The broker's from then on: the plugin does not write to it again. */
  readonly payload?: Uint8Array;
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties | undefined;
}

export type MaybePromise<T> = T | Promise<T>;

export interface BrokerPlugin extends BrokerObserver {
  /** Asked in order until one answers something else than undefined. */
  authenticate?(request: ConnectRequest): MaybePromise<AuthenticationOutcome | undefined>;
  /**
   * The next step of enhanced authentication: an AUTH packet of the client (0x18, or 0x19 to start
   * re-authentication). Only the plugin that answered `continue` before, or whose method it is, answers.
   */
  continueAuthentication?(
    request: ConnectRequest,
    packet: AuthPacket,
  ): MaybePromise<AuthenticationOutcome | undefined>;
  /** All must allow. Also asked for the Will Message at CONNECT. */
  authorizePublish?(request: PublishRequest): MaybePromise<Verdict>;
  /** All must allow. `topicFilter` is without `$share/name/`. */
  authorizeSubscribe?(
    client: ClientFacts,
    request: SubscriptionRequest,
    shareName: string | undefined,
  ): MaybePromise<Verdict>;
  /** Asked for each copy to a receiver when present; quick and synchronous. One that throws says no. */
  authorizeDelivery?(receiver: ClientFacts, message: Message): Verdict;
  /** In order, each sees the changes of the one before. `false` drops the message (`refused-by-hook`). */
  transformPublish?(request: PublishRequest): MaybePromise<PublishChanges | false | undefined>;
}
