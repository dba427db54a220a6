/**
 * What the broker owes one Session: the in-flight window of QoS 1 and 2 messages, in the order they were
 * first sent, and the queue of those that wait for a free place in it. It outlives connections; while one
 * is there it is attached as the `DeliveryPort`.
 *
 * After a reconnect everything un-acknowledged is sent again first, in its order, with DUP (or PUBREL
 * where PUBREC had come), under the new connection's Receive Maximum; then the queue flows on.
 */
import { QoS, ReasonCode } from '../packet/index.ts';
import { BoundedQueue, type QueueLimits, type QueueTotals } from './bounded-queue.ts';
import type { Delivery } from './delivery.ts';
import type {
  DeliveryPort,
  OutboundObserver,
  RestoredInflight,
  TakenBack,
} from './delivery-port.ts';
import { type Inflight, Stage } from './inflight.ts';
import { InflightWindow } from './inflight-window.ts';
import { PacketIdPool, packetIdMax } from './packet-id-pool.ts';

export type * from './delivery-port.ts';

export class OutboundFlow {
  private readonly window = new InflightWindow<Inflight>();
  private readonly queue: BoundedQueue;
  private readonly packetIds = new PacketIdPool();
  private readonly observer: OutboundObserver;
  private readonly limits: QueueLimits;
  private readonly totals: QueueTotals;
  private port: DeliveryPort | undefined;
  /** How many more PUBLISH packets of QoS 1 and 2 the client takes now [MQTT-4.9.0-2]. */
  private sendQuota = 0;
  private receiveMaximum = 0;
  private resend: Inflight[] = [];
  private resendIndex = 0;
  /** QoS 0 messages may be in the queue. */
  private atMostOnceWaits = false;
  /** QoS 1 messages in the queue that may have been sent already: see `restore`. */
  private doubtful: WeakSet<Delivery> | undefined;

  constructor(observer: OutboundObserver, limits: QueueLimits, totals: QueueTotals) {
    this.queue = new BoundedQueue(observer, limits, totals);
    this.observer = observer;
    this.limits = limits;
    this.totals = totals;
  }

  get inflightCount(): number {
    return this.window.size;
  }
  get queuedCount(): number {
    return this.queue.length;
  }
  get queuedBytes(): number {
    return this.queue.bytes;
  }
  /** Nothing waits and the window has room: a message would leave at once. */
  get hasRoom(): boolean {
    return (
      this.port !== undefined &&
      this.sendQuota > 0 &&
      this.window.size < packetIdMax &&
      this.queue.length === 0 &&
      this.resendIndex >= this.resend.length &&
      !this.port.isCongested
    );
  }

  private get owesAnything(): boolean {
    return this.queue.length > 0 || this.resendIndex < this.resend.length;
  }

  /** What waits, in order; for views. */
  queued(): Iterable<Delivery> {
    return this.queue;
  }

  /**
   * Puts back what a store has kept, in its order. Before the first connection.
   * @param mayBeSent a process that was killed may have sent more than it told the store: with DUP then [MQTT-3.3.1-1]
   */
  restore(
    inflight: readonly RestoredInflight[],
    queued: readonly Delivery[],
    mayBeSent: boolean,
  ): void {
    if (mayBeSent) this.doubtful = new WeakSet(queued.filter(({ qos }) => qos === 1));
    for (const { delivery, packetId, released } of inflight) {
      this.packetIds.reserve(packetId);
      delivery.message.own();
      const stage = released ? Stage.released : Stage.sent;
      this.window.put({ delivery, packetId, stage, order: 0 });
      this.countInflight(delivery, 1);
    }
    for (const delivery of queued) this.queue.add(delivery);
  }

  /** Everything that is owed and not acknowledged: the window, then what waits; for the store. */
  *owed(): Iterable<RestoredInflight> {
    for (const { delivery, packetId, stage } of this.window.entries()) {
      yield { delivery, packetId, released: stage === Stage.released };
    }
    for (const delivery of this.queue) yield { delivery, packetId: 0, released: false };
  }

  /** Takes over a new connection: everything in the window is due again [MQTT-4.4.0-1]. */
  attach(port: DeliveryPort, receiveMaximum: number): void {
    this.port = port;
    this.receiveMaximum = receiveMaximum;
    this.resend = this.window.entries();
    this.resendIndex = 0;
    // A PUBREL sent again will bring a PUBCOMP, and that a place which its PUBLISH did not take on this
    // connection. So each takes one from the start, even where none is left [MQTT-3.3.4-9].
    const released = this.resend.filter(({ stage }) => stage === Stage.released).length;
    this.sendQuota = receiveMaximum - released;
  }

  /** The client is away, for how long nobody knows: what is kept for it pins no memory of others. */
  detach(): void {
    for (const { delivery } of this.window.entries()) delivery.message.isolate();
    for (const { message } of this.queue) message.isolate();
    this.port = undefined;
    this.resend = [];
    this.resendIndex = 0;
  }

  /** Sends now if the window allows it, else queues, else does what the overflow policy says. */
  deliver(delivery: Delivery, nowMs: number): void {
    if (delivery.qos === QoS.atMostOnce) this.deliverAtMostOnce(delivery, nowMs);
    else if (this.hasRoom) this.sendNew(delivery, nowMs);
    else this.wait(delivery);
  }

  /** Sends what may be sent: to be called when the carrier drained, and after each acknowledgement. */
  pump(nowMs: number): void {
    const port = this.port;
    if (port === undefined || !this.owesAnything) return;
    if (this.atMostOnceWaits) this.sendWaitingAtMostOnce(nowMs);
    while (this.resendIndex < this.resend.length && !port.isCongested) {
      const entry = this.resend[this.resendIndex] as Inflight;
      if (this.window.get(entry.packetId) === entry && !this.sendAgain(entry, port, nowMs)) return;
      this.resendIndex++;
    }
    while (this.sendQuota > 0 && this.window.size < packetIdMax && !port.isCongested) {
      const delivery = this.queue.shift();
      if (delivery === undefined) return;
      if (!this.dropExpired(delivery, nowMs)) this.sendNew(delivery, nowMs);
    }
  }

  /** PUBACK: the QoS 1 flow ends. Unknown identifiers are ignored: a late answer harms nothing. */
  acknowledged(packetId: number, reasonCode: ReasonCode, nowMs: number): void {
    const entry = this.window.get(packetId);
    if (entry === undefined || entry.delivery.qos !== QoS.atLeastOnce) return;
    if (reasonCode >= 0x80) this.refusedByReceiver(entry, reasonCode);
    this.settle(entry);
    this.pump(nowMs);
  }

  /** PUBREC: the message itself is done with, PUBREL follows [MQTT-4.3.3-4]. */
  received(packetId: number, reasonCode: ReasonCode, nowMs: number): void {
    const entry = this.window.get(packetId);
    if (entry === undefined || entry.delivery.qos !== QoS.exactlyOnce) {
      if (reasonCode >= 0x80) return; // As below: no PUBREL follows an error.
      this.port?.sendPubrel(packetId, ReasonCode.packetIdentifierNotFound);
      return;
    }
    if (reasonCode >= 0x80) {
      // The flow ends here: no PUBREL follows an error [MQTT-4.3.3-4].
      if (entry.stage === Stage.sent) {
        this.refusedByReceiver(entry, reasonCode);
        this.settle(entry);
        this.pump(nowMs);
      }
      return;
    }
    const isFirst = entry.stage === Stage.sent;
    entry.stage = Stage.released;
    const lsn = isFirst ? this.observer.released(entry.delivery, packetId) : 0;
    // The answer to a PUBREC that came twice does not overtake the first one.
    this.port?.whenDurable(lsn, () => this.port?.sendPubrel(packetId, ReasonCode.success));
  }

  /** PUBCOMP: the QoS 2 flow ends. */
  completed(packetId: number, nowMs: number): void {
    const entry = this.window.get(packetId);
    if (entry === undefined || entry.stage !== Stage.released) return;
    this.settle(entry);
    this.pump(nowMs);
  }

  /**
   * Takes back what came through Shared Subscriptions and may go to another member: everything not yet
   * sent and, with `alsoSent`, QoS 1 messages not acknowledged. A QoS 2 message once sent stays
   * [MQTT-4.8.2-4]. The store is not told: that is for the caller to do, when another has the message.
   */
  takeBack(chosen: (share: object) => boolean, alsoSent: boolean): TakenBack[] {
    const taken: TakenBack[] = [];
    for (const entry of alsoSent ? this.window.entries() : []) {
      const share = entry.delivery.share;
      if (share === undefined || entry.delivery.qos !== QoS.atLeastOnce || !chosen(share)) continue;
      this.forget(entry);
      taken.push({ delivery: entry.delivery, packetId: entry.packetId });
    }
    const waiting = this.queue.extract((delivery) => {
      return delivery.share !== undefined && chosen(delivery.share);
    });
    return taken.concat(waiting.map((delivery) => ({ delivery, packetId: 0 })));
  }

  /** The Session ends: everything is dropped. @returns how many messages that were. */
  clear(): number {
    const discarded = this.window.size + this.queue.length;
    for (const entry of this.window.entries()) {
      this.countInflight(entry.delivery, -1);
      if (entry.stage === Stage.sent) {
        this.observer.dropped(
          entry.delivery,
          'session-ended',
          'session ended before acknowledgement',
        );
      }
    }
    this.window.clear();
    this.doubtful = undefined;
    for (;;) {
      const delivery = this.queue.shift();
      if (delivery === undefined) break;
      this.observer.dropped(delivery, 'session-ended', 'session ended while the message waited');
    }
    this.port = undefined;
    this.resend = [];
    this.resendIndex = 0;
    return discarded;
  }

  private wait(delivery: Delivery): void {
    if (this.port === undefined) delivery.message.isolate();
    this.queue.add(delivery);
  }

  /** QoS 0 waits for nobody: a connected client is bounded in bytes only, an absent one by choice. */
  private deliverAtMostOnce(delivery: Delivery, nowMs: number): void {
    if (this.port === undefined) {
      if (this.limits.queueQoS0Offline) {
        this.atMostOnceWaits = true;
        this.wait(delivery);
      } else this.observer.dropped(delivery, 'offline-qos0', 'queue_qos0_offline false');
      return;
    }
    if (this.atMostOnceWaits) this.sendWaitingAtMostOnce(nowMs);
    if (this.port.isCongested) {
      this.observer.dropped(delivery, 'slow-consumer', 'outbound_bytes_max');
    } else if (this.port.holdsBack) {
      this.sendAtMostOnceLater(delivery, this.port, nowMs);
    } else {
      this.sendAtMostOnce(delivery, nowMs);
    }
  }

  /** It does not overtake what waits for the store. */
  private sendAtMostOnceLater(delivery: Delivery, port: DeliveryPort, nowMs: number): void {
    delivery.message.hold();
    port.whenDurable(0, () => {
      if (this.port === port) this.sendAtMostOnce(delivery, nowMs);
      delivery.message.release();
    });
  }

  private sendAtMostOnce(delivery: Delivery, nowMs: number): void {
    if ((this.port as DeliveryPort).sendPublish(delivery, 0, false, nowMs)) {
      this.observer.delivered(delivery, 0);
    } else {
      this.tooLarge(delivery, 0);
    }
  }

  /**
   * They waited for the client, not for its quota: they go out before anything newer, as far as the carrier
   * takes them.
   */
  private sendWaitingAtMostOnce(nowMs: number): void {
    const port = this.port as DeliveryPort;
    if (port.isCongested) return;
    this.atMostOnceWaits = false;
    this.queue.extract((delivery) => {
      if (delivery.qos !== QoS.atMostOnce) return false;
      if (port.isCongested) this.atMostOnceWaits = true;
      else if (!this.dropExpired(delivery, nowMs)) this.sendAtMostOnce(delivery, nowMs);
      return !this.atMostOnceWaits;
    });
  }

  /** A message that waited may have waited too long [MQTT-3.3.2-5]. */
  private dropExpired(delivery: Delivery, nowMs: number): boolean {
    if (!delivery.message.isExpired(nowMs)) return false;
    this.observer.dropped(delivery, 'expired', 'Message Expiry Interval');
    this.observer.settled(delivery, 0);
    return true;
  }

  private sendNew(delivery: Delivery, nowMs: number): void {
    const port = this.port as DeliveryPort;
    if (port.holdsBack || (delivery.qos === QoS.exactlyOnce && delivery.message.lsn !== 0)) {
      this.sendWhenDurable(delivery, port, nowMs);
      return;
    }
    const packetId = this.packetIds.allocate();
    if (!port.sendPublish(delivery, packetId, this.doubtful?.has(delivery) === true, nowMs)) {
      this.packetIds.release(packetId);
      this.tooLarge(delivery, 0);
      return;
    }
    delivery.message.hold();
    this.window.put({ delivery, packetId, stage: Stage.sent, order: 0 });
    this.countInflight(delivery, 1);
    this.sendQuota--;
    this.observer.delivered(delivery, packetId);
  }

  /** @returns false when the quota is used up and the entry must wait. */
  private sendAgain(entry: Inflight, port: DeliveryPort, nowMs: number): boolean {
    if (entry.stage === Stage.released) {
      port.sendPubrel(entry.packetId, ReasonCode.success);
      return true;
    }
    if (this.sendQuota <= 0) return false;
    this.sendQuota--;
    if (!port.sendPublish(entry.delivery, entry.packetId, true, nowMs)) {
      this.forget(entry);
      this.tooLarge(entry.delivery, entry.packetId);
      entry.delivery.message.release();
      this.giveQuota();
    }
    return true;
  }

  /**
   * A QoS 2 message that is stored leaves when a restart would know its Packet Identifier; else the client could
   * get it under another one, or another one in its place. What comes behind does not overtake it.
   */
  private sendWhenDurable(delivery: Delivery, port: DeliveryPort, nowMs: number): void {
    const packetId = this.packetIds.allocate();
    const entry: Inflight = { delivery, packetId, stage: Stage.sent, order: 0 };
    delivery.message.hold();
    this.window.put(entry);
    this.countInflight(delivery, 1);
    this.sendQuota--;
    let isLater = false;
    const lsn = this.observer.delivered(delivery, packetId);
    port.whenDurable(delivery.qos === QoS.exactlyOnce ? lsn : 0, () => {
      if (this.port !== port || this.window.get(packetId) !== entry) return;
      const dup = this.doubtful?.has(delivery) === true;
      if (port.sendPublish(delivery, packetId, dup, nowMs)) return;
      this.forget(entry);
      this.tooLarge(delivery, packetId);
      delivery.message.own(); // Not released: perhaps it is just being given to others.
      this.giveQuota();
      if (isLater) this.pump(nowMs);
    });
    isLater = true;
  }

  private tooLarge(delivery: Delivery, packetId: number): void {
    // It counts as sent [MQTT-3.1.2-25].
    this.observer.dropped(delivery, 'packet-too-large', "the receiver's Maximum Packet Size");
    this.observer.settled(delivery, packetId);
  }

  private refusedByReceiver(entry: Inflight, reasonCode: ReasonCode): void {
    this.observer.dropped(
      entry.delivery,
      'refused-by-receiver',
      `reason code 0x${reasonCode.toString(16)}`,
    );
  }

  private settle(entry: Inflight): void {
    this.forget(entry);
    this.giveQuota();
    this.observer.settled(entry.delivery, entry.packetId);
    entry.delivery.message.release();
  }

  private forget(entry: Inflight): void {
    this.window.delete(entry.packetId);
    this.packetIds.release(entry.packetId);
    this.countInflight(entry.delivery, -1);
  }

  private giveQuota(): void {
    if (this.sendQuota < this.receiveMaximum) this.sendQuota++;
  }

  private countInflight(delivery: Delivery, sign: 1 | -1): void {
    this.totals.inflightMessages += sign;
    this.totals.inflightBytes += sign * delivery.message.payloadBytes;
  }
}
