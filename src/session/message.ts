import { type MessageProperties, ownPayloadBytesMin, type QoS } from '../packet/index.ts';
import { bodyArena, isolatedCopy, sharedBytesMax } from './body-arena.ts';

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
  readonly payloadBytes: number;
  /** Where the store keeps it; 0 while it is not stored. */
  lsn = 0;
  /** The body, or the slab that it lies in: most messages under way are acknowledged and never looked at again. */
  private bytes: Uint8Array;
  private start = 0;
  private hold: Hold;

  constructor(fields: MessageFields) {
    const { payload } = fields;
    this.topicName = fields.topicName;
    this.qos = fields.qos;
    this.retain = fields.retain;
    this.properties = fields.properties;
    this.publisherId = fields.publisherId;
    this.publisherName = fields.publisherName;
    this.receivedAtMs = fields.nowMs;
    this.payloadBytes = payload.length;
    this.bytes = payload;
    this.hold = payload.length < ownPayloadBytesMin ? Hold.borrowed : Hold.isolated;
  }

  /** When its Message Expiry Interval ends (broker clock), or Infinity. */
  get expiresAtMs(): number {
    const interval = this.properties?.messageExpiryInterval;
    return interval === undefined ? Infinity : this.receivedAtMs + interval * 1000;
  }

  /**
   * The bytes of the body. Until `own` was called they may be a view into the memory that the network reads
   * into: good until whoever handed over the message goes on.
   */
  get payload(): Uint8Array {
    if (this.bytes.length !== this.payloadBytes) {
      this.bytes = this.bytes.subarray(this.start, this.start + this.payloadBytes);
    }
    return this.bytes;
  }

  /**
   * Makes the body independent of the received chunk. Whoever keeps a message beyond the call that handed it
   * over calls this: a view would otherwise see the next bytes of the network. Copies once, however many
   * keep it.
   */
  own(): this {
    if (this.hold === Hold.borrowed) {
      if (this.payloadBytes > sharedBytesMax) return this.isolate();
      this.start = bodyArena.add(this.bytes);
      this.bytes = bodyArena.slab;
      this.hold = Hold.shared;
    }
    return this;
  }

  /** As `own`, in a buffer of its own: for messages that are kept for longer than a client takes to answer. */
  isolate(): this {
    if (this.hold !== Hold.isolated) {
      this.bytes = isolatedCopy(this.payload);
      this.hold = Hold.isolated;
    }
    return this;
  }

  isExpired(nowMs: number): boolean {
    return this.properties !== undefined && nowMs >= this.expiresAtMs;
  }
}
