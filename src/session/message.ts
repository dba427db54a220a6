import { type MessageProperties, ownPayloadBytesMin, type QoS } from '../packet/index.ts';
import {
  type BodyArena,
  type BodySlab,
  bodyArena,
  isolatedCopy,
  waitingBodies,
} from './body-arena.ts';

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

const nothing = new Uint8Array(0);

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
  /** The body; empty while it lies in `slab` and nobody asked for it, which for most messages nobody does. */
  private body: Uint8Array;
  private slab: BodySlab | undefined = undefined;
  private start = 0;
  /** Who will give it back; Infinity: somebody will not. */
  private holders = 0;
  private isOwn: boolean;

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
    this.body = payload;
    this.isOwn = payload.length >= ownPayloadBytesMin;
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
    if (this.slab !== undefined && this.body.length !== this.payloadBytes) {
      this.body = this.slab.bytes.subarray(this.start, this.start + this.payloadBytes);
    }
    return this.body;
  }

  /**
   * Makes the body independent of the received chunk. Whoever keeps a message beyond the call that handed it
   * over calls this: a view would otherwise see the next bytes of the network. Copies once, however many
   * keep it.
   */
  own(): this {
    this.keep();
    this.holders = Infinity;
    return this;
  }

  /** As `own`, for one who says when it needs the body no more. */
  hold(): void {
    this.keep();
    this.holders++;
  }

  /** Ends one `hold`. When it was the last and nobody else kept the message its body is gone. */
  release(): void {
    this.holders--;
    if (this.holders > 0 || this.slab === undefined) return;
    this.slab.arena.giveBack(this.slab);
    this.slab = undefined;
    this.body = nothing;
  }

  /** As `own`, apart from what others acknowledge soon: for messages that wait for clients that are away. */
  isolate(): this {
    if (!this.isOwn && this.slab?.arena !== waitingBodies) this.moveTo(waitingBodies);
    return this;
  }

  /** Out of the memory that others write to. */
  private keep(): void {
    if (this.isOwn || this.slab !== undefined) return;
    if (this.body.length !== this.payloadBytes) throw new Error('its body was given back already');
    this.moveTo(bodyArena);
  }

  private moveTo(arena: BodyArena): void {
    const from = this.slab;
    if (this.payloadBytes > arena.bodyBytesMax) {
      this.body = isolatedCopy(this.payload);
      this.slab = undefined;
      this.isOwn = true;
    } else {
      this.start = arena.add(this.payload);
      this.slab = arena.slab;
      this.body = nothing;
    }
    if (from !== undefined && this.holders < Infinity) from.arena.giveBack(from);
  }

  isExpired(nowMs: number): boolean {
    return this.properties !== undefined && nowMs >= this.expiresAtMs;
  }
}
