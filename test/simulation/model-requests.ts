/**
 * What the broker did with the packets of each connection. They are handled in order and none is left
 * out, so each fact must be about the next packet that calls for one; what lies between must be a packet
 * that calls for none.
 */
import {
  PacketType,
  type PublishPacket,
  QoS,
  type SubscribePacket,
  type UnsubscribePacket,
} from '../../src/packet/index.ts';
import type { ModelState } from './model-state.ts';
import type { Publication } from './publication.ts';
import type { Sent, SimLink } from './sim-link.ts';

export class ModelRequests {
  private readonly state: ModelState;

  constructor(state: ModelState) {
    this.state = state;
  }

  /** The PUBLISH that was just published. */
  published(link: SimLink, publication: Publication): Sent {
    const sent = this.advance(link, (next) => next.publication === publication);
    link.handled++;
    return sent;
  }

  /** The PUBLISH with an empty payload on this name that comes next. */
  nextEmpty(link: SimLink, topicName: string): Publication | undefined {
    const isEmpty = ({ packet, publication }: Sent): boolean =>
      packet.type === PacketType.publish &&
      publication?.id === 0 &&
      publication.topicName === topicName &&
      !needsNoFact(packet, publication);
    return link.sent.slice(link.handled).find(isEmpty)?.publication;
  }

  /** The SUBSCRIBE of which the next filter was decided. */
  subscribeDecided(link: SimLink, topicFilter: string): { packet: SubscribePacket; index: number } {
    const sent = this.advance(link, ({ packet }) => packet.type === PacketType.subscribe);
    const packet = sent.packet as SubscribePacket;
    const index = sent.decided++;
    if (packet.subscriptions[index]?.topicFilter !== topicFilter) {
      this.fail(link, `the filter ${topicFilter} was decided out of turn`);
    }
    if (sent.decided === packet.subscriptions.length) link.handled++;
    return { packet, index };
  }

  unsubscribed(link: SimLink, topicFilter: string): void {
    const sent = this.advance(link, ({ packet, decided }) => {
      if (packet.type !== PacketType.unsubscribe) return false;
      return packet.topicFilters.indexOf(topicFilter, decided) >= 0;
    });
    const { topicFilters } = sent.packet as UnsubscribePacket;
    const index = topicFilters.indexOf(topicFilter, sent.decided);
    this.checkNotSubscribed(link, topicFilters.slice(sent.decided, index));
    sent.decided = index + 1;
    if (sent.decided === topicFilters.length) link.handled++;
  }

  /** Everything that reached the broker must have been handled by now. */
  finish(link: SimLink): void {
    while ((link.sent[link.handled]?.end ?? Infinity) <= link.deliveredBytes) {
      this.skip(link, link.sent[link.handled] as Sent);
      link.handled++;
    }
  }

  private advance(link: SimLink, isWanted: (sent: Sent) => boolean): Sent {
    for (;;) {
      const next = link.sent[link.handled];
      if (next === undefined || next.end > link.deliveredBytes) {
        this.fail(link, 'the broker did something that nobody asked for');
      }
      if (isWanted(next)) return next;
      this.skip(link, next);
      link.handled++;
    }
  }

  /** The broker went past this packet without a word. */
  private skip(link: SimLink, { packet, publication, decided }: Sent): void {
    switch (packet.type) {
      case PacketType.publish:
        if (publication === undefined || !needsNoFact(packet, publication)) {
          this.fail(link, `#${publication?.id} on ${packet.topicName} was not published`);
        }
        return;
      case PacketType.subscribe:
        if (decided < packet.subscriptions.length) this.fail(link, 'a SUBSCRIBE was not decided');
        return;
      case PacketType.unsubscribe:
        this.checkNotSubscribed(link, packet.topicFilters.slice(decided));
        return;
      default:
        return;
    }
  }

  private checkNotSubscribed(link: SimLink, topicFilters: readonly string[]): void {
    const subscriptions = this.state.sessionOf.get(link)?.session.subscriptions;
    for (const filter of topicFilters) {
      if (subscriptions?.has(filter)) this.fail(link, `${filter} was not unsubscribed`);
    }
  }

  private fail(link: SimLink, text: string): never {
    this.state.rules.fail(`${link.clientName}: ${text}`, link.clientName);
  }
}

/** A QoS 2 message that was published when it first came, or one that the authorizer refuses. */
function needsNoFact(packet: PublishPacket, publication: Publication): boolean {
  if (publication.isDenied) return true;
  return packet.qos === QoS.exactlyOnce && packet.dup && publication.publishedCount === 1;
}
