/**
 * One Session as the specification describes it, from the receiver's side: what it is owed, in which
 * order, and what it got. Each Session that starts is a new object, so that what still arrives for one
 * that has ended is judged by what that one was owed.
 */
import type { QoS } from '../../src/packet/index.ts';
import { DropLedger } from './drop-ledger.ts';
import type { ModelReplay, ModelRetained } from './model-retained.ts';
import type { ModelShare, SharedCopies } from './model-share.ts';
import { isSameMessage, type Owed, OwedQueue } from './owed.ts';
import type { Arrival, Instance } from './publication.ts';
import type { Sent, SimLink } from './sim-link.ts';

export interface ModelSubscription {
  /** The Topic Filter as the client wrote it. */
  readonly key: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** None or one. */
  readonly identifiers: readonly number[];
}

/** A QoS 1 or 2 message that arrived and may arrive again under its Packet Identifier. */
interface Seen {
  readonly instance: Instance;
  readonly qos: QoS;
  readonly isShared: boolean;
  /** Its place in the order of first arrivals. */
  readonly order: number;
  /** The connection of the Session it arrived on last. */
  epoch: number;
  /** The PUBACK or PUBCOMP, or the PUBREC that refused it. */
  ack: { readonly link: SimLink; readonly sent: Sent } | undefined;
}

const allQoS: readonly QoS[] = [0, 1, 2];

/** Which rules of a run bear on the judgement of one Session. */
export interface SessionRules {
  /** Bytes that reached the broker may not have been looked at when its connection ended. */
  readonly mayLeaveUnread: boolean;
  readonly mayOverflow: boolean;
  /** QoS 0 messages wait for a client that is away. */
  readonly mayQueueAtMostOnce: boolean;
  nowMs(): number;
  fail(text: string, ...clients: readonly string[]): never;
}

export class ModelSession {
  readonly clientId: string;
  readonly subscriptions: Map<string, ModelSubscription> = new Map();
  /** Shared Subscriptions that it is or was a member of. */
  readonly shares: Set<ModelShare> = new Set();
  readonly replays: ModelReplay[] = [];
  readonly live: OwedQueue = new OwedQueue();
  readonly atMostOnce: OwedQueue = new OwedQueue();
  readonly drops: DropLedger = new DropLedger();
  /** Connections it has had. */
  epoch = 0;
  /** It has a connection whose CONNACK went out. */
  isOpen = false;
  isConnected = false;
  isEnded = false;
  expiryMs = 0;
  expiresAtMs: number = Infinity;
  /** The client's Maximum Packet Size in its present connection. */
  maximumPacketSize: number = Infinity;
  private readonly rules: SessionRules;
  private readonly retained: ModelRetained;
  private readonly sharedCopies: SharedCopies;
  private readonly seen = new Map<number, Seen>();
  /** The newest retained value that arrived live on a connection. */
  private readonly newest = new Map<string, { seq: number; epoch: number }>();
  private arrivals = 0;
  private lastResent = { epoch: 0, order: 0 };
  private newSinceEpoch = 0;

  constructor(
    clientId: string,
    rules: SessionRules,
    retained: ModelRetained,
    sharedCopies: SharedCopies,
  ) {
    this.clientId = clientId;
    this.rules = rules;
    this.retained = retained;
    this.sharedCopies = sharedCopies;
  }

  /** @returns the instance when this is a message the Session did not have, undefined when it comes again. */
  arrived(arrival: Arrival): Instance | undefined {
    if (arrival.qos === 0) {
      if (arrival.dup) this.fail('DUP at QoS 0', arrival); // [MQTT-3.3.1-2]
      return this.first(arrival).instance;
    }
    const known = this.seen.get(arrival.packetId);
    if (known !== undefined && arrival.dup && this.isAgain(known, arrival)) {
      this.checkResent(known, arrival);
      known.epoch = arrival.epoch;
      return undefined;
    }
    if (known !== undefined && !this.mayReuse(known, arrival)) {
      this.fail('a Packet Identifier that is in use', arrival); // [MQTT-2.2.1-4]
    }
    const { instance, isShared } = this.first(arrival);
    this.newSinceEpoch = arrival.epoch;
    this.seen.set(arrival.packetId, {
      instance,
      qos: arrival.qos,
      isShared,
      order: ++this.arrivals,
      epoch: arrival.epoch,
      ack: undefined,
    });
    return instance;
  }

  /** The client ended the flow of this Packet Identifier. */
  acknowledged(packetId: number, link: SimLink, sent: Sent): void {
    const seen = this.seen.get(packetId);
    if (seen !== undefined) seen.ack = { link, sent };
  }

  /** A QoS 2 message came under this identifier and is not finished. */
  isInFlow(packetId: number): boolean {
    return this.seen.get(packetId)?.qos === 2;
  }

  /** Copies that should have arrived by now: the client is connected and nothing is under way. */
  missing(): Owed[] {
    const owed = [...this.live.takeAll(), ...this.atMostOnce.takeAll()];
    return owed.filter((one) => !this.isGone(one, this.epoch));
  }

  /** Names whose Retained Messages should have been sent by now. */
  missingRetained(): string[] {
    const names: string[] = [];
    for (const replay of this.replays) {
      const isUnbroken = replay.epoch === this.epoch;
      const isQoS0 = replay.subscriptions.some(({ qos }) => qos === 0);
      for (const [name, lowestQoS] of this.retained.missing(replay)) {
        if (!isUnbroken && (isQoS0 || lowestQoS === 0)) continue;
        if (this.mayMiss(replay, name)) {
          replay.must.delete(name);
          continue;
        }
        names.push(`${name} (${replay.subscriptions[0]?.key})`);
      }
    }
    return names;
  }

  /** The copy was dropped; or another one was, and what arrived may as well have been this one. */
  private mayMiss(replay: ModelReplay, name: string): boolean {
    const wasDropped = (one: ModelReplay): boolean =>
      this.retained
        .valuesSince(one, name)
        .some((instance) => allQoS.some((qos) => this.wasDropped(instance, qos)));
    if (wasDropped(replay)) return true;
    const slot = replay.slots.get(name);
    return this.replays.some((other) => {
      const claim = other.slots.get(name)?.claim;
      return claim?.candidates.some((one) => one === slot) === true && wasDropped(other);
    });
  }

  // ---- inside ------------------------------------------------------------------------------------------------

  private first(arrival: Arrival): { instance: Instance; isShared: boolean } {
    const queue = arrival.qos === 0 ? this.atMostOnce : this.live;
    const before = queue.before(arrival, this.rules.mayQueueAtMostOnce ? 0 : arrival.epoch);
    const isGone = (owed: Owed): boolean => this.isGone(owed, arrival.epoch);
    // What may have been dropped gives way to what has to come.
    const isDoubtful = before !== undefined && queue.at(before.length).maybeDropped;
    const early = isDoubtful && arrival.retain ? this.takeRetained(arrival) : undefined;
    if (early !== undefined) return { instance: early, isShared: false };
    if (before !== undefined && this.drops.attempt(() => before.every(isGone))) {
      const { instance, epoch, maybeDropped } = queue.take(before.length);
      const maybeLost = arrival.qos === 0 && (maybeDropped || epoch < arrival.epoch);
      if (maybeLost || this.isExpired(instance)) this.drops.addEqual(instance);
      this.noteNewest(instance, arrival);
      return { instance, isShared: false };
    }
    const retained = arrival.retain ? this.takeRetained(arrival) : undefined;
    if (retained !== undefined) return { instance: retained, isShared: false };
    const shared = this.sharedCopies.take(this.shares, arrival);
    if (shared !== undefined) return { instance: shared, isShared: true };
    const first = before?.find((owed) => !isGone(owed))?.instance;
    return this.fail(
      first === undefined
        ? `a message that is not owed (${this.owedLike(arrival.id)})`
        : `a message before #${first.publication.id} on ${first.publication.topicName}`,
      arrival,
    );
  }

  /** What is owed of the same publication, for the report of a failure. */
  private owedLike(id: number): string {
    const all = [...this.live.takeAll(), ...this.atMostOnce.takeAll()];
    const alike = all.filter(({ instance }) => instance.publication.id === id);
    const texts = alike.map(({ qos, retain, identifiers, epoch }) => {
      return `QoS ${qos}${retain ? ' RETAIN' : ''} [${identifiers.join(',')}] connection ${epoch}`;
    });
    return [...texts, this.sharedCopies.tellOf(id)].join('; ');
  }

  private takeRetained(arrival: Arrival): Instance | undefined {
    const instance = this.retained.take(this.replays, arrival);
    if (instance === undefined) return undefined;
    const newest = this.newest.get(arrival.topicName);
    const isStale = newest?.epoch === arrival.epoch && newest.seq > instance.seq;
    if (isStale && !arrival.dup) {
      this.fail('a Retained Message older than the one that came before', arrival);
    }
    return instance;
  }

  private noteNewest(instance: Instance, arrival: Arrival): void {
    if (!instance.publication.retain || arrival.dup) return;
    this.newest.set(arrival.topicName, { seq: instance.seq, epoch: arrival.epoch });
  }

  private isAgain(known: Seen, arrival: Arrival): boolean {
    if (known.qos !== arrival.qos || !isSameMessage(known.instance, arrival)) return false;
    return this.rules.mayLeaveUnread || !isDelivered(known);
  }

  private mayReuse(known: Seen, arrival: Arrival): boolean {
    if (isDelivered(known)) return true;
    // It was handed on to another member, which the client is not told.
    return known.isShared && known.qos === 1 && known.epoch < arrival.epoch;
  }

  /** Only after a reconnect, in the order of the first time, and before anything new [MQTT-4.4.0-1]. */
  private checkResent(known: Seen, arrival: Arrival): void {
    if (known.epoch >= arrival.epoch) this.fail('a message again on one connection', arrival);
    if (this.newSinceEpoch === arrival.epoch) this.fail('a message again after new ones', arrival);
    if (this.lastResent.epoch === arrival.epoch && this.lastResent.order > known.order) {
      this.fail('messages again in another order', arrival); // [MQTT-4.6.0-1]
    }
    this.lastResent = { epoch: arrival.epoch, order: known.order };
  }

  /** It was dropped; or it went out at QoS 0 on a connection that broke. */
  private isGone(owed: Owed, epoch: number): boolean {
    const { instance, qos } = owed;
    if (owed.maybeDropped) return true;
    if ((qos === 0 && owed.epoch < epoch) || this.wasDropped(instance, qos)) return true;
    // Its equal came in its place: another PUBLISH of the same publication, which was gone itself.
    if (!this.drops.strikeEqual(instance)) return false;
    return qos === 0 || this.drops.strike('expired', instance, qos);
  }

  private isExpired({ expiresAtMs }: Instance): boolean {
    return expiresAtMs <= this.rules.nowMs();
  }

  private wasDropped(instance: Instance, qos: QoS): boolean {
    const { drops, rules } = this;
    if (this.isExpired(instance) && drops.strike('expired', instance, qos)) return true;
    if (drops.strike('packet-too-large', instance, qos)) return true;
    return rules.mayOverflow && drops.strike('queue-full', instance, qos);
  }

  private fail(text: string, arrival: Arrival): never {
    const { id, topicName, qos, retain, dup, packetId, identifiers } = arrival;
    const flags = `QoS ${qos}${retain ? ' RETAIN' : ''}${dup ? ' DUP' : ''} id ${packetId}`;
    this.rules.fail(
      `${this.clientId} got ${text}: #${id} on ${topicName} ${flags} [${identifiers.join(',')}]`,
      this.clientId,
    );
  }
}

/** The broker has the end of the flow. */
function isDelivered({ ack }: Seen): boolean {
  return ack !== undefined && ack.sent.end <= ack.link.deliveredBytes;
}
