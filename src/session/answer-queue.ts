import { PacketType, type ServerPacket } from '../packet/index.ts';
import type { Lsn } from './connection-host.ts';

interface PendingAnswer {
  readonly packet: ServerPacket;
  readonly lsn: Lsn;
}

/**
 * Answers that wait until what they promise is durable, in the order of the requests [MQTT-4.6.0-2]. With
 * nothing to wait for an answer passes straight through.
 */
export class AnswerQueue {
  private readonly send: (packet: ServerPacket) => void;
  private waiting: PendingAnswer[] = [];
  /** Of the first answer that waits; those before it were sent. */
  private head = 0;

  constructor(send: (packet: ServerPacket) => void) {
    this.send = send;
  }

  /** The CONNACK itself still waits, and everything else behind it. */
  get holdsConnack(): boolean {
    return this.waiting[this.head]?.packet.type === PacketType.connack;
  }

  get isEmpty(): boolean {
    return this.head === this.waiting.length;
  }

  /** Whether an answer for `lsn` would leave at once. */
  mayPass(lsn: Lsn, durable: Lsn): boolean {
    return this.isEmpty && lsn <= durable;
  }

  /** @returns whether it was sent */
  add(packet: ServerPacket, lsn: Lsn, durable: Lsn): boolean {
    const mayPass = this.mayPass(lsn, durable);
    if (mayPass) this.send(packet);
    else this.waiting.push({ packet, lsn });
    return mayPass;
  }

  /** The store's watermark moved: sends every answer that waited for it. */
  flush(durable: Lsn): void {
    while (this.head < this.waiting.length) {
      const first = this.waiting[this.head] as PendingAnswer;
      if (first.lsn > durable) break;
      this.head++;
      this.send(first.packet);
    }
    this.compact();
  }

  clear(): void {
    this.waiting = [];
    this.head = 0;
  }

  /** What was sent is cut off when it is half of the array, so each answer is moved once at most. */
  private compact(): void {
    if (this.head * 2 < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.head);
    this.head = 0;
  }
}
