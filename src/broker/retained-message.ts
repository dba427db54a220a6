import type { MessageProperties, QoS } from '../packet/index.ts';
import { Message } from '../session/index.ts';
import { type PackedBodies, packedBytesMax, type Slab } from './packed-bodies.ts';
import type { Timer } from './timer-wheel.ts';

/**
 * What is kept of a Retained Message, in less than half of the memory of a `Message`, which is made anew for each
 * receiver. There is one for each Topic Name, from when it is set to when it is removed: who found it sees the
 * value of the moment.
 */
export class RetainedMessage {
  readonly topicName: string;
  /** When it ends by itself. */
  expiry: Timer | undefined;
  /** It was removed; another one on its Topic Name is another object. */
  isRemoved = false;
  private qos: QoS = 0;
  private properties: MessageProperties | undefined;
  private publisherId = '';
  private publisherName: string | undefined;
  private receivedAtMs = 0;
  private lsn = 0;
  /** Where the body is: at a place of a slab, or in a buffer of its own. */
  private slab: Slab | Uint8Array = nowhere;
  private place = 0;
  private length = 0;

  constructor(topicName: string) {
    this.topicName = topicName;
  }

  get payloadBytes(): number {
    return this.length;
  }

  /** @returns the smaller of its QoS and this one */
  qosFor(granted: QoS): QoS {
    return this.qos < granted ? this.qos : granted;
  }

  /** The value as it is now; its payload is on loan until this one is set or removed. */
  get message(): Message {
    const { slab, topicName, qos, properties, publisherId, publisherName } = this;
    const payload = slab instanceof Uint8Array ? slab : slab.view(this.place, this.length);
    const nowMs = this.receivedAtMs;
    const retain = true;
    const message = new Message({
      topicName,
      payload,
      qos,
      retain,
      properties,
      publisherId,
      publisherName,
      nowMs,
    });
    message.lsn = this.lsn;
    return message;
  }

  set(message: Message, bodies: PackedBodies): void {
    this.qos = message.qos;
    this.properties = message.properties;
    this.publisherId = message.publisherId;
    this.publisherName = message.publisherName;
    this.receivedAtMs = message.receivedAtMs;
    this.lsn = message.lsn;
    this.giveBackBody();
    this.length = message.payload.length;
    if (this.length > packedBytesMax) {
      this.slab = new Uint8Array(message.payload);
      return;
    }
    const slab = bodies.slabFor(this.length);
    this.place = slab.put(message.payload);
    this.slab = slab;
  }

  remove(): void {
    this.isRemoved = true;
    this.giveBackBody();
    this.slab = nowhere;
    this.length = 0;
  }

  private giveBackBody(): void {
    if (!(this.slab instanceof Uint8Array)) this.slab.giveBack(this.place);
  }
}

const nowhere = new Uint8Array(0);
