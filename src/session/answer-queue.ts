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

  constructor(send: (packet: ServerPacket) => void) {
    this.send = send;
  }

  /** The CONNACK itself still waits, and everything else behind it. */
  get holdsConnack(): boolean {
    return this.waiting[0]?.packet.type === PacketType.connack;
  }

  add(packet: ServerPacket, lsn: Lsn, durable: Lsn): void {
    if (this.waiting.length === 0 && lsn <= durable) this.send(packet);
    else this.waiting.push({ packet, lsn });
  }

  /** The store's watermark moved: sends every answer that waited for it. */
  flush(durable: Lsn): void {
    while (this.waiting.length > 0) {
      const first = this.waiting[0] as PendingAnswer;
      if (first.lsn > durable) return;
      this.waiting.shift();
      this.send(first.packet);
    }
  }

  clear(): void {
    this.waiting = [];
  }
}
