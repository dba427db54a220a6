import { PacketType, type ServerPacket } from '../packet/index.ts';
import type { Lsn } from './connection-host.ts';

interface PendingAnswer {
  readonly packet: ServerPacket;
  readonly lsn: Lsn;
}

/** Who sends an answer when its time has come. */
export interface AnswerSender {
  sendAnswer(packet: ServerPacket): void;
}

/** Answers that wait until what they promise is durable, in the order of the requests [MQTT-4.6.0-2]. */
export class AnswerQueue {
  private waiting: PendingAnswer[] = [];
  /** Of the first answer that waits; those before it were sent. */
  private head = 0;

  /** The CONNACK itself still waits, and everything else behind it. */
  get holdsConnack(): boolean {
    return this.waiting[this.head]?.packet.type === PacketType.connack;
  }

  get isEmpty(): boolean {
    return this.head === this.waiting.length;
  }

  add(packet: ServerPacket, lsn: Lsn): void {
    this.waiting.push({ packet, lsn });
  }

  /** The store's watermark moved: sends every answer that waited for it. */
  flush(durable: Lsn, sender: AnswerSender): void {
    while (this.head < this.waiting.length) {
      const first = this.waiting[this.head] as PendingAnswer;
      if (first.lsn > durable) break;
      this.head++;
      sender.sendAnswer(first.packet);
    }
    this.compact();
  }

  /** What was sent is cut off when it is half of the array, so each answer is moved once at most. */
  private compact(): void {
    if (this.head * 2 < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.head);
    this.head = 0;
  }
}
