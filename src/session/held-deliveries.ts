import type { Lsn } from './connection-host.ts';

interface HeldDelivery {
  readonly lsn: Lsn;
  /** Makes the packet and sends it. */
  readonly send: () => void;
}

/**
 * Messages for a client that wait until the store knows that they were sent, in their order. A QoS 2 message that left
 * before could come again after a crash under another Packet Identifier: twice, or in place of another one.
 */
export class HeldDeliveries {
  private waiting: HeldDelivery[] = [];
  /** Of the first that waits; those before it were sent. */
  private head = 0;

  get isEmpty(): boolean {
    return this.head === this.waiting.length;
  }

  add(lsn: Lsn, send: () => void): void {
    this.waiting.push({ lsn, send });
  }

  flush(durable: Lsn): void {
    while (this.head < this.waiting.length) {
      const first = this.waiting[this.head] as HeldDelivery;
      if (first.lsn > durable) break;
      this.head++;
      first.send();
    }
    if (this.head * 2 < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.head);
    this.head = 0;
  }
}
