/**
 * The broker's answers, looked at when they are written: each connection gets them in the order of its
 * requests [MQTT-4.6.0-2], and none before what it promises is durable.
 */
import { PacketType, QoS } from '../../src/packet/index.ts';
import type { WrittenFrame } from './frame-tap.ts';
import type { ModelState } from './model-state.ts';
import type { Sent, SimLink } from './sim-link.ts';

export class AnswerWatch {
  frames = 0;
  publishFrames = 0;
  private readonly state: ModelState;

  constructor(state: ModelState) {
    this.state = state;
  }

  written(link: SimLink, { type, packetId }: WrittenFrame): void {
    this.frames++;
    if (type === PacketType.publish) this.publishFrames++;
    if (type === PacketType.connack) link.openedAtMs = this.state.rules.nowMs();
    if (!answers.has(type)) return;
    const request = this.nextRequest(link);
    if (request === undefined || request.type !== type || request.packetId !== packetId) {
      const expected = `${request?.type} for ${request?.packetId}`;
      this.fail(link, `packet ${type} for ${packetId} was written instead of ${expected}`);
    }
    const needed = this.neededLsn(link, request.sent);
    if (needed > this.state.journal.durable) {
      this.fail(link, `packet ${type} for ${packetId} did not wait for ${needed}`);
    }
  }

  /** Every request that reached the broker was answered. */
  checkComplete(link: SimLink): void {
    const request = this.nextRequest(link);
    if (request !== undefined) {
      this.fail(link, `packet ${request.type} for ${request.packetId} was never written`);
    }
  }

  private nextRequest(link: SimLink): { type: number; packetId: number; sent: Sent } | undefined {
    for (;;) {
      const sent = link.sent[link.answered];
      if (sent === undefined || sent.end > link.deliveredBytes) return undefined;
      link.answered++;
      const type = answerTo(sent);
      if (type !== undefined && 'packetId' in sent.packet) {
        return { type, packetId: sent.packet.packetId, sent };
      }
    }
  }

  private neededLsn(link: SimLink, { packet, lsn }: Sent): number {
    const session = this.state.sessionOf.get(link)?.session;
    if (session === undefined || session.expiryMs === 0) return lsn;
    const stored = this.state.journal.sessionOf(session.clientId);
    if (packet.type !== PacketType.publish || packet.qos !== QoS.exactlyOnce) return lsn;
    return Math.max(lsn, stored?.unreleased.get(packet.packetId) ?? 0);
  }

  private fail(link: SimLink, text: string): never {
    this.state.rules.fail(`${link.clientName}: ${text}`, link.clientName);
  }
}

const answers: ReadonlySet<number> = new Set([
  PacketType.puback,
  PacketType.pubrec,
  PacketType.pubcomp,
  PacketType.suback,
  PacketType.unsuback,
]);

function answerTo({ packet }: Sent): number | undefined {
  switch (packet.type) {
    case PacketType.publish:
      if (packet.qos === QoS.atMostOnce) return undefined;
      return packet.qos === QoS.atLeastOnce ? PacketType.puback : PacketType.pubrec;
    case PacketType.pubrel:
      return PacketType.pubcomp;
    case PacketType.subscribe:
      return PacketType.suback;
    case PacketType.unsubscribe:
      return PacketType.unsuback;
    default:
      return undefined;
  }
}
