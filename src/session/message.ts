import { type MessageProperties, ownPayloadBytesMin, type QoS } from '../packet/index.ts';
import { copyBody, isolatedCopy } from './body-arena.ts';

export interface MessageFields {
  readonly topicName: string;
  /** From `ownPayloadBytesMin` on in a buffer that nobody writes to again; else on loan, see `payload` below. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  readonly publisherId: string;
  readonly publisherName: string | undefined;
  readonly nowMs: number;
}

/** What the body's bytes belong to: the received chunk, a slab with others, or nobody else. */
const Hold = { borrowed: 0, shared: 1, isolated: 2 } as const;
type Hold = (typeof Hold)[keyof typeof Hold];

/**
 * An Application Message on its way through the broker: one object for all its receivers, its meaning
 * never changes after it was made.
 */
export class Message {
  readonly topicName: string;
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
  /** Where the store keeps it; 0 while it is not stored. */
  lsn = 0;
  private body: Uint8Array;
  private hold: Hold;

  constructor(fields: MessageFields) {
    this.topicName = fields.topicName;
    this.body = fields.payload;
    this.hold = fields.payload.length < ownPayloadBytesMin ? Hold.borrowed : Hold.isolated;
    this.qos = fields.qos;
    this.retain = fields.retain;
    this.properties = fields.properties;
    this.publisherId = fields.publisherId;
    this.publisherName = fields.publisherName;
    this.receivedAtMs = fields.nowMs;
    const interval = fields.properties?.messageExpiryInterval;
    this.expiresAtMs = interval === undefined ? Infinity : fields.nowMs + interval * 1000;
  }

  /**
   * The bytes of the body. Until `own` was called they may be a view into the memory that the network reads
   * into: good until whoever handed over the message goes on.
   */
  get payload(): Uint8Array {
    return this.body;
  }

  /**
   * Makes the body independent of the received chunk. Whoever keeps a message beyond the call that handed it
   * over calls this: a view would otherwise see the next bytes of the network. Copies once, however many
   * keep it.
   */
  own(): this {
    if (this.hold === Hold.borrowed) {
      this.body = copyBody(this.body);
      this.hold = Hold.shared;
    }
    return this;
  }

  /** As `own`, in a buffer of its own: for messages that are kept for longer than a client takes to answer. */
  isolate(): this {
    if (this.hold !== Hold.isolated) {
      this.body = isolatedCopy(this.body);
      this.hold = Hold.isolated;
    }
    return this;
  }

  isExpired(nowMs: number): boolean {
    return nowMs >= this.expiresAtMs;
  }
}
