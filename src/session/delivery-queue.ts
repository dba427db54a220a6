import type { Delivery } from './delivery.ts';

/** Emptied slots at the beginning are given up once there are this many and they are the larger part. */
const emptiedMax = 1024;

/**
 * First in, first out, with the one extra that `keep-latest` needs: a newer delivery can take the place
 * of the one waiting on the same Topic Name. A plain array with a head index; slots emptied in the middle
 * are skipped when they come up.
 */
export class DeliveryQueue {
  private slots: (Delivery | undefined)[] = [];
  private head = 0;
  /** Slots that were given up before the first of `slots`. */
  private givenUp = 0;
  /** Where `pushLatest` stored the delivery of a Topic Name, counted with those given up. */
  private latest: Map<string, number> | undefined;
  /** Deliveries that wait. */
  length = 0;
  /** Their payload bytes. */
  bytes = 0;

  push(delivery: Delivery): void {
    this.slots.push(delivery);
    this.added(delivery);
  }

  /** As `push`, remembering the slot so that `takeLatest` finds it. */
  pushLatest(delivery: Delivery): void {
    this.latest ??= new Map();
    this.latest.set(delivery.message.topicName, this.givenUp + this.slots.length);
    this.push(delivery);
  }

  /** Takes out the delivery that `pushLatest` stored for this Topic Name, if it still waits. */
  takeLatest(topicName: string): Delivery | undefined {
    const position = this.latest?.get(topicName);
    if (position === undefined) return undefined;
    this.latest?.delete(topicName);
    const at = position - this.givenUp;
    const delivery = this.slots[at];
    if (delivery === undefined) return undefined;
    this.slots[at] = undefined;
    this.removed(delivery);
    return delivery;
  }

  shift(): Delivery | undefined {
    this.skipEmpty();
    const delivery = this.slots[this.head];
    if (delivery === undefined) return undefined;
    const { latest } = this;
    if (latest?.get(delivery.message.topicName) === this.givenUp + this.head) {
      latest.delete(delivery.message.topicName);
    }
    this.slots[this.head] = undefined;
    this.head++;
    this.compact();
    this.removed(delivery);
    return delivery;
  }

  /** Takes out everything that `predicate` chooses, in order. */
  extract(predicate: (delivery: Delivery) => boolean): Delivery[] {
    const taken: Delivery[] = [];
    for (let i = this.head; i < this.slots.length; i++) {
      const delivery = this.slots[i];
      if (delivery === undefined || !predicate(delivery)) continue;
      taken.push(delivery);
      this.removed(delivery);
      this.slots[i] = undefined;
    }
    return taken;
  }

  *[Symbol.iterator](): Iterator<Delivery> {
    for (let i = this.head; i < this.slots.length; i++) {
      const delivery = this.slots[i];
      if (delivery !== undefined) yield delivery;
    }
  }

  private added(delivery: Delivery): void {
    this.length++;
    this.bytes += delivery.message.payloadBytes;
  }

  private removed(delivery: Delivery): void {
    this.length--;
    this.bytes -= delivery.message.payloadBytes;
  }

  private skipEmpty(): void {
    while (this.head < this.slots.length && this.slots[this.head] === undefined) {
      this.head++;
    }
    this.compact();
  }

  private compact(): void {
    const { head, slots } = this;
    const isWorthIt =
      head === slots.length ? head > 0 : head > emptiedMax && head * 2 > slots.length;
    if (!isWorthIt) return;
    this.givenUp += head;
    this.slots = slots.slice(head);
    this.head = 0;
  }
}
