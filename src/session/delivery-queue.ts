import type { Delivery } from './delivery.ts';

interface Waiting {
  delivery: Delivery | undefined;
}

/**
 * First in, first out, with the one extra that `keep-latest` needs: a newer delivery can take the place
 * of the one waiting on the same Topic Name. A plain array with a head index; slots emptied in the middle
 * are skipped when they come up.
 */
export class DeliveryQueue {
  private slots: Waiting[] = [];
  private head = 0;
  private latest: Map<string, Waiting> | undefined;
  /** Deliveries that wait. */
  length = 0;
  /** Their payload bytes. */
  bytes = 0;

  push(delivery: Delivery): void {
    this.slots.push({ delivery });
    this.added(delivery);
  }

  /** As `push`, remembering the slot so that `replaceLatest` finds it. */
  pushLatest(delivery: Delivery): void {
    const slot: Waiting = { delivery };
    this.slots.push(slot);
    this.latest ??= new Map();
    this.latest.set(delivery.message.topicName, slot);
    this.added(delivery);
  }

  /** Takes out the delivery that `pushLatest` stored for this Topic Name, if it still waits. */
  takeLatest(topicName: string): Delivery | undefined {
    const slot = this.latest?.get(topicName);
    if (slot === undefined) return undefined;
    this.latest?.delete(topicName);
    const delivery = slot.delivery;
    slot.delivery = undefined;
    if (delivery !== undefined) this.removed(delivery);
    return delivery;
  }

  peek(): Delivery | undefined {
    this.skipEmpty();
    return this.slots[this.head]?.delivery;
  }

  shift(): Delivery | undefined {
    this.skipEmpty();
    const slot = this.slots[this.head];
    if (slot?.delivery === undefined) return undefined;
    const delivery = slot.delivery;
    slot.delivery = undefined;
    this.head++;
    this.compact();
    if (this.latest?.get(delivery.message.topicName) === slot) {
      this.latest.delete(delivery.message.topicName);
    }
    this.removed(delivery);
    return delivery;
  }

  /** Takes out everything that `predicate` chooses, in order. */
  extract(predicate: (delivery: Delivery) => boolean): Delivery[] {
    const taken: Delivery[] = [];
    for (let i = this.head; i < this.slots.length; i++) {
      const slot = this.slots[i] as Waiting;
      if (slot.delivery === undefined || !predicate(slot.delivery)) continue;
      taken.push(slot.delivery);
      this.removed(slot.delivery);
      slot.delivery = undefined;
    }
    return taken;
  }

  *[Symbol.iterator](): Iterator<Delivery> {
    for (let i = this.head; i < this.slots.length; i++) {
      const delivery = this.slots[i]?.delivery;
      if (delivery !== undefined) yield delivery;
    }
  }

  private added(delivery: Delivery): void {
    this.length++;
    this.bytes += delivery.message.payload.length;
  }

  private removed(delivery: Delivery): void {
    this.length--;
    this.bytes -= delivery.message.payload.length;
  }

  private skipEmpty(): void {
    while (this.head < this.slots.length && this.slots[this.head]?.delivery === undefined) {
      this.head++;
    }
    this.compact();
  }

  private compact(): void {
    if (this.head === this.slots.length) {
      this.slots = [];
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.slots.length) {
      this.slots = this.slots.slice(this.head);
      this.head = 0;
    }
  }
}
