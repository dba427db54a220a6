import type { QoS } from '../../src/packet/index.ts';
import { type Arrival, type Instance, sameBytes } from './publication.ts';

/** One copy that the broker owes one Session, as the receiver must see it. */
export interface Owed {
  readonly instance: Instance;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Subscription Identifiers in ascending order. */
  readonly identifiers: readonly number[];
  /** The connection of the Session on which it can be sent first. */
  readonly epoch: number;
  /** A copy was dropped: this one, or that of a Shared Subscription. */
  readonly maybeDropped: boolean;
}

/** Copies in the order in which they have to arrive first. */
export class OwedQueue {
  private entries: Owed[] = [];
  private head = 0;

  get length(): number {
    return this.entries.length - this.head;
  }

  push(owed: Owed): void {
    this.entries.push(owed);
  }

  /**
   * What stands before the copy that arrived, or undefined when no such copy is owed.
   * @param epochMin at QoS 0, the connection of the Session that can have brought it first
   */
  before(arrival: Arrival, epochMin: number): readonly Owed[] | undefined {
    const index = this.indexOf(arrival, arrival.qos === 0 ? epochMin : 0);
    return index < 0 ? undefined : this.entries.slice(this.head, index);
  }

  at(index: number): Owed {
    return this.entries[this.head + index] as Owed;
  }

  /** Takes out the entry behind the first `skipped`, and forgets those. */
  take(skipped: number): Owed {
    const owed = this.entries[this.head + skipped] as Owed;
    this.head += skipped + 1;
    this.compact();
    return owed;
  }

  /** Takes everything that is left. */
  takeAll(): Owed[] {
    const all = this.entries.slice(this.head);
    this.entries = [];
    this.head = 0;
    return all;
  }

  private indexOf(arrival: Arrival, epochMin: number): number {
    for (let i = this.head; i < this.entries.length; i++) {
      const owed = this.entries[i] as Owed;
      if (owed.epoch >= epochMin && isCopyOf(owed, arrival)) return i;
    }
    return -1;
  }

  private compact(): void {
    if (this.head < 64 || this.head * 2 < this.entries.length) return;
    this.entries = this.entries.slice(this.head);
    this.head = 0;
  }
}

function isCopyOf(owed: Owed, arrival: Arrival): boolean {
  const { publication } = owed.instance;
  return (
    publication.id === arrival.id &&
    owed.qos === arrival.qos &&
    owed.retain === arrival.retain &&
    isSameMessage(owed.instance, arrival) &&
    sameNumbers(owed.identifiers, arrival.identifiers)
  );
}

export function isSameMessage({ publication }: Instance, arrival: Arrival): boolean {
  return (
    publication.topicName === arrival.topicName && sameBytes(publication.payload, arrival.payload)
  );
}

export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
