import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QoS, ReasonCode } from '../packet/index.ts';
import { type QueueLimits, QueueTotals } from './bounded-queue.ts';
import type { Delivery } from './delivery.ts';
import { type DeliveryPort, OutboundFlow } from './outbound-flow.ts';
import { delivery, textOf, wideLimits } from './session.test-kit.ts';

const nowMs = 1_000_000;

/** A connection that writes down what it is given to send. */
class RecorderPort implements DeliveryPort {
  /** How many messages the carrier takes before it is full. */
  congestedAfter = Infinity;
  refusesLarge = false;
  readonly sent: string[] = [];

  sendPublish(sent: Delivery, packetId: number, dup: boolean): boolean {
    if (this.refusesLarge) return false;
    this.sent.push(`${textOf(sent)}#${packetId}${dup ? ' DUP' : ''}`);
    return true;
  }

  sendPubrel(packetId: number, reasonCode: ReasonCode): void {
    this.sent.push(`PUBREL#${packetId}${reasonCode === 0 ? '' : ` ${reasonCode}`}`);
  }

  /** Up to there the store has everything. */
  durable = Infinity;
  private readonly waiting: { lsn: number; send: () => void }[] = [];

  get holdsBack(): boolean {
    return this.waiting.length > 0;
  }

  whenDurable(lsn: number, send: () => void): void {
    this.waiting.push({ lsn, send });
    this.becameDurable(this.durable);
  }

  becameDurable(upTo: number): void {
    this.durable = upTo;
    while (this.waiting[0] !== undefined && this.waiting[0].lsn <= upTo)
      this.waiting.shift()?.send();
  }

  get isCongested(): boolean {
    return this.sent.length >= this.congestedAfter;
  }

  take(): string[] {
    return this.sent.splice(0);
  }
}

function start(limits: Partial<QueueLimits> = {}): {
  flow: OutboundFlow;
  facts: string[];
  totals: QueueTotals;
} {
  const facts: string[] = [];
  const totals = new QueueTotals();
  const flow = new OutboundFlow(
    {
      dropped: (dropped, cause) => facts.push(`${cause} ${textOf(dropped)}`),
      delivered: (sent, packetId) => (packetId === 0 ? 0 : sent.message.lsn),
      settled: (settled) => facts.push(`settled ${textOf(settled)}`),
      released: (released, packetId) => facts.push(`released ${textOf(released)}#${packetId}`),
      overflowDisconnect: () => facts.push('disconnect'),
    },
    { ...wideLimits, ...limits },
    totals,
  );
  return { flow, facts, totals };
}

test('[MQTT-4.9.0-2] what exceeds the Receive Maximum waits, and each acknowledgement lets one follow', () => {
  const { flow } = start();
  const port = new RecorderPort();
  flow.attach(port, 2);
  for (const text of ['a', 'b', 'c', 'd']) flow.deliver(delivery(text, 1), nowMs);
  assert.deepEqual(port.take(), ['a#1', 'b#2']);
  flow.acknowledged(2, ReasonCode.success, nowMs);
  assert.deepEqual(port.take(), ['c#3']);
  flow.acknowledged(1, ReasonCode.success, nowMs);
  assert.deepEqual(port.take(), ['d#4']);
});

test('[MQTT-4.4.0-1] after a reconnect the window goes out again in its order, then the queue', () => {
  const { flow } = start();
  const first = new RecorderPort();
  flow.attach(first, 3);
  flow.deliver(delivery('a', 1), nowMs);
  flow.deliver(delivery('b', 2), nowMs);
  flow.deliver(delivery('c', 1), nowMs);
  flow.deliver(delivery('d', 1), nowMs);
  flow.received(2, ReasonCode.success, nowMs);
  flow.detach();
  const second = new RecorderPort();
  flow.attach(second, 3);
  flow.pump(nowMs);
  assert.deepEqual(second.take(), ['a#1 DUP', 'PUBREL#2', 'c#3 DUP']);
  flow.completed(2, nowMs);
  assert.deepEqual(second.take(), ['d#4']);
});

test('[MQTT-3.3.4-9] a PUBREL sent again holds its place, so its PUBCOMP lets no message too many follow', () => {
  const { flow } = start();
  flow.attach(new RecorderPort(), 2);
  flow.deliver(delivery('a', 2), nowMs);
  flow.deliver(delivery('b', 2), nowMs);
  flow.received(1, ReasonCode.success, nowMs);
  flow.received(2, ReasonCode.success, nowMs);
  flow.detach();
  for (const text of ['c', 'd', 'e']) flow.deliver(delivery(text, 1), nowMs);
  const port = new RecorderPort();
  flow.attach(port, 1);
  flow.pump(nowMs);
  assert.deepEqual(port.take(), ['PUBREL#1', 'PUBREL#2']);
  flow.completed(1, nowMs);
  assert.deepEqual(port.take(), []);
  flow.completed(2, nowMs);
  assert.deepEqual(port.take(), ['c#3']);
  flow.acknowledged(3, ReasonCode.success, nowMs);
  assert.deepEqual(port.take(), ['d#4']);
});

test('[MQTT-4.3.3-4] PUBREC with an error ends the flow without PUBREL; with success only PUBREL follows', () => {
  const { flow, facts } = start();
  const port = new RecorderPort();
  flow.attach(port, 10);
  flow.deliver(delivery('a', 2), nowMs);
  flow.deliver(delivery('b', 2), nowMs);
  port.take();
  flow.received(1, ReasonCode.quotaExceeded, nowMs);
  assert.deepEqual(port.take(), []);
  assert.deepEqual(facts.splice(0), ['refused-by-receiver a', 'settled a']);
  flow.received(2, ReasonCode.success, nowMs);
  flow.received(2, ReasonCode.success, nowMs);
  assert.deepEqual(port.take(), ['PUBREL#2', 'PUBREL#2']);
  assert.deepEqual(facts.splice(0), ['released b#2']);
  flow.completed(2, nowMs);
  assert.deepEqual(facts, ['settled b']);
  assert.equal(flow.inflightCount, 0);
});

test('acknowledgements of the wrong kind, or for nothing, change nothing', () => {
  const { flow, facts } = start();
  const port = new RecorderPort();
  flow.attach(port, 10);
  flow.deliver(delivery('a', 1), nowMs);
  flow.deliver(delivery('b', 2), nowMs);
  port.take();
  flow.completed(1, nowMs);
  flow.completed(2, nowMs);
  flow.acknowledged(2, ReasonCode.success, nowMs);
  flow.acknowledged(77, ReasonCode.success, nowMs);
  assert.deepEqual(facts, []);
  assert.equal(flow.inflightCount, 2);
  flow.received(77, ReasonCode.success, nowMs);
  assert.deepEqual(port.take(), [`PUBREL#77 ${ReasonCode.packetIdentifierNotFound}`]);
});

test('a congested carrier gets nothing: QoS 0 is dropped, QoS 1 waits until it drained', () => {
  const { flow, facts } = start();
  const port = new RecorderPort();
  flow.attach(port, 10);
  port.congestedAfter = 0;
  flow.deliver(delivery('zero', 0), nowMs);
  flow.deliver(delivery('one', 1), nowMs);
  assert.deepEqual(port.take(), []);
  assert.deepEqual(facts, ['slow-consumer zero']);
  port.congestedAfter = Infinity;
  flow.pump(nowMs);
  assert.deepEqual(port.take(), ['one#1']);
});

test('QoS 0 messages that waited for the client go out before newer ones', () => {
  const { flow } = start({ queueQoS0Offline: true });
  flow.deliver(delivery('a', 0), nowMs);
  flow.deliver(delivery('b', 1), nowMs);
  flow.deliver(delivery('c', 0), nowMs);
  const port = new RecorderPort();
  flow.attach(port, 1);
  flow.pump(nowMs);
  flow.deliver(delivery('d', 0), nowMs);
  assert.deepEqual(port.take(), ['a#0', 'c#0', 'b#1', 'd#0']);
});

test('QoS 0 messages that waited for the client are not lost when they are more than the carrier takes', () => {
  const { flow, facts } = start({ queueQoS0Offline: true });
  for (const text of ['a', 'b', 'c', 'd']) flow.deliver(delivery(text, 0), nowMs);
  flow.deliver(delivery('one', 1), nowMs);
  const port = new RecorderPort();
  port.congestedAfter = 2;
  flow.attach(port, 1);
  flow.pump(nowMs);
  assert.deepEqual(port.take(), ['a#0', 'b#0']);
  flow.deliver(delivery('late', 0), nowMs);
  assert.deepEqual(facts, ['slow-consumer late']);
  port.congestedAfter = 3;
  flow.deliver(delivery('new', 0), nowMs);
  assert.deepEqual(port.take(), ['c#0', 'd#0', 'new#0']);
  port.congestedAfter = Infinity;
  flow.pump(nowMs);
  assert.deepEqual(port.take(), ['one#1']);
  assert.equal(flow.queuedCount, 0);
});

test('[MQTT-4.8.2-4] what came through a Shared Subscription is taken back, but no QoS 2 message that was sent', () => {
  const { flow, totals } = start();
  const share = {};
  flow.attach(new RecorderPort(), 3);
  flow.deliver(delivery('sent-1', 1, { share }), nowMs);
  flow.deliver(delivery('sent-2', 2, { share }), nowMs);
  flow.deliver(delivery('own', 1), nowMs);
  flow.deliver(delivery('waiting-1', 1, { share }), nowMs);
  flow.deliver(delivery('waiting-2', 2, { share }), nowMs);
  flow.deliver(delivery('waiting-own', 1), nowMs);
  flow.detach();
  const taken = flow.takeBack((one) => one === share, true);
  assert.deepEqual(
    taken.map(({ delivery }) => textOf(delivery)),
    ['sent-1', 'waiting-1', 'waiting-2'],
  );
  const port = new RecorderPort();
  flow.attach(port, 3);
  flow.pump(nowMs);
  assert.deepEqual(port.take(), ['sent-2#2 DUP', 'own#3 DUP', 'waiting-own#4']);
  assert.equal(totals.queuedMessages, 0);
  assert.equal(totals.inflightMessages, 3);
});

test('a message that is too large for the client counts as delivered and frees its identifier', () => {
  const { flow, facts } = start();
  const port = new RecorderPort();
  flow.attach(port, 1);
  port.refusesLarge = true;
  flow.deliver(delivery('large', 1), nowMs);
  assert.deepEqual(facts, ['packet-too-large large', 'settled large']);
  port.refusesLarge = false;
  flow.deliver(delivery('small', 1), nowMs);
  assert.equal(port.take().length, 1);
  assert.equal(flow.inflightCount, 1);
});

test('the end of the Session empties everything, and the totals are as before', () => {
  const { flow, facts, totals } = start();
  flow.attach(new RecorderPort(), 2);
  for (const text of ['a', 'b', 'c']) flow.deliver(delivery(text, 2), nowMs);
  flow.received(1, ReasonCode.success, nowMs);
  facts.length = 0;
  assert.equal(flow.clear(), 3);
  assert.deepEqual(facts, ['session-ended b', 'session-ended c']);
  assert.deepEqual({ ...totals }, { ...new QueueTotals() });
});

test('fifty thousand messages through a window of one take no stack', () => {
  const { flow } = start();
  const port = new RecorderPort();
  for (let i = 0; i < 50_000; i++) flow.deliver(delivery('x', 1), nowMs);
  flow.attach(port, 1);
  port.refusesLarge = true;
  flow.pump(nowMs);
  assert.equal(flow.queuedCount, 0);
  assert.equal(flow.inflightCount, 0);
});

test('a stored QoS 2 message and its PUBREL leave when the store has their records', () => {
  const { flow } = start();
  const port = new RecorderPort();
  port.durable = 0;
  flow.attach(port, 10);
  const stored = (text: string, qos: QoS, lsn: number): Delivery => {
    const made = delivery(text, qos);
    made.message.lsn = lsn;
    return made;
  };
  flow.deliver(stored('first', QoS.atLeastOnce, 4), nowMs);
  flow.deliver(stored('a', QoS.exactlyOnce, 5), nowMs);
  flow.deliver(stored('b', QoS.atLeastOnce, 6), nowMs);
  flow.deliver(stored('c', QoS.exactlyOnce, 7), nowMs);
  assert.deepEqual(port.take(), ['first#1']);
  assert.equal(flow.inflightCount, 4);
  port.becameDurable(5);
  assert.deepEqual(port.take(), ['a#2', 'b#3'], 'nothing overtakes');
  port.becameDurable(7);
  assert.deepEqual(port.take(), ['c#4']);
  port.durable = 0;
  flow.received(2, ReasonCode.success, nowMs);
  assert.deepEqual(port.take(), []);
  port.becameDurable(10);
  assert.deepEqual(port.take(), ['PUBREL#2']);
});

test('a PUBREC that comes twice lets no PUBREL leave before the store knows of the first', () => {
  const { flow } = start();
  const port = new RecorderPort();
  flow.attach(port, 10);
  const made = delivery('a', QoS.exactlyOnce);
  made.message.lsn = 5;
  flow.deliver(made, nowMs);
  assert.deepEqual(port.take(), ['a#1']);
  port.durable = 0;
  for (let count = 0; count < 2; count++) flow.received(1, ReasonCode.success, nowMs);
  assert.deepEqual(port.take(), []);
  port.becameDurable(10);
  assert.deepEqual(port.take(), ['PUBREL#1', 'PUBREL#1']);
});

test('what waits for the store when the connection ends is sent on the next one, once', () => {
  const { flow } = start();
  const port = new RecorderPort();
  port.durable = 0;
  flow.attach(port, 10);
  const made = delivery('a', QoS.exactlyOnce);
  made.message.lsn = 5;
  flow.deliver(made, nowMs);
  flow.detach();
  const next = new RecorderPort();
  flow.attach(next, 10);
  flow.pump(nowMs);
  port.becameDurable(5);
  assert.deepEqual([port.take(), next.take()], [[], ['a#1 DUP']]);
});

test('[MQTT-3.3.1-1] QoS 1 messages that a killed process may have sent go out with DUP, new ones without', () => {
  const { flow } = start();
  const port = new RecorderPort();
  flow.restore([], [delivery('a', QoS.atLeastOnce), delivery('b', QoS.exactlyOnce)], true);
  flow.deliver(delivery('c', QoS.atLeastOnce), nowMs);
  flow.attach(port, 10);
  flow.pump(nowMs);
  assert.deepEqual(port.take(), ['a#1 DUP', 'b#2', 'c#3']);
});
