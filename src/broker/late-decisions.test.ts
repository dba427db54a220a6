import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '../packet/index.ts';
import { TestBroker, type TestClient } from '../testing/index.ts';
import type { Verdict } from './hooks.ts';

/** A broker whose authorizers answer when the test says so. */
class LateBroker extends TestBroker {
  private readonly waiting: ((verdict: Verdict) => void)[];

  constructor() {
    const waiting: ((verdict: Verdict) => void)[] = [];
    const later = (): Promise<Verdict> => new Promise((resolve) => waiting.push(resolve));
    super({
      plugins: [{ name: 'late', authorizePublish: later, authorizeSubscribe: later }],
    });
    this.waiting = waiting;
  }

  async allow(): Promise<void> {
    this.waiting.shift()?.({ allow: true });
    await this.settle();
  }

  /** Comes (back) to its Session. */
  enter(clientId: string): TestClient {
    const client = this.open();
    client.connect({ clientId, cleanStart: false, properties: { sessionExpiryInterval: 100 } });
    return client;
  }

  /** A subscriber to everything. */
  async reader(): Promise<TestClient> {
    const reader = this.enter('reader');
    this.sendSubscribe(reader, '#');
    await this.allow();
    assert.equal(reader.take(PacketType.suback).reasonCodes[0], ReasonCode.grantedQoS2);
    return reader;
  }

  sendSubscribe(client: TestClient, topicFilter: string): void {
    const options = {
      qos: 2,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    client.send({
      type: PacketType.subscribe,
      packetId: 9,
      subscriptions: [{ topicFilter, ...options }],
      properties: undefined,
    });
  }
}

test('[MQTT-4.3.3-10] a QoS 2 message whose decision outlives its connection is published once', async () => {
  const broker = new LateBroker();
  const reader = await broker.reader();
  const first = broker.enter('publisher');
  first.publish('t', 'x', { qos: 2, packetId: 1 });
  first.lose();
  const second = broker.enter('publisher');
  second.publish('t', 'x', { qos: 2, packetId: 1, dup: true });
  await broker.allow();
  assert.deepEqual(reader.takeTexts(), [], 'the connection that asked is gone');
  await broker.allow();
  assert.deepEqual(reader.takeTexts(), ['t x']);
  assert.equal(second.take(PacketType.pubrec).reasonCode, ReasonCode.success);
});

test('a message that waits for its decision does not overtake itself on the next connection', async () => {
  const broker = new LateBroker();
  const reader = await broker.reader();
  const first = broker.enter('publisher');
  first.publish('t', '1', { qos: 1, packetId: 1 });
  const second = broker.enter('publisher');
  assert.equal(first.state, 'ended');
  second.publish('t', '1', { qos: 1, packetId: 1, dup: true });
  second.publish('t', '2', { qos: 1, packetId: 2 });
  for (let i = 0; i < 3; i++) await broker.allow();
  assert.deepEqual(reader.takeTexts(), ['t 1', 't 2']);
});

test('a subscription that waits for its decision is not made once its connection is gone', async () => {
  const broker = new LateBroker();
  const first = broker.enter('c');
  broker.sendSubscribe(first, 't');
  first.lose();
  const second = broker.enter('c');
  assert.equal(second.unsubscribe('t').reasonCodes[0], ReasonCode.noSubscriptionExisted);
  await broker.allow();
  assert.equal(broker.broker.gauges().subscriptions, 0);
  assert.deepEqual(broker.internalErrors, []);
});

test('a filter that was decided before its connection ended brings its Retained Messages to the next one', async () => {
  const broker = new LateBroker();
  const publisher = broker.enter('publisher');
  publisher.publish('r', 'x', { retain: true });
  await broker.allow();
  const first = broker.enter('c');
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  first.send({
    type: PacketType.subscribe,
    packetId: 9,
    subscriptions: [
      { topicFilter: 'r', ...options },
      { topicFilter: 's', ...options },
    ],
    properties: undefined,
  });
  await broker.allow();
  first.lose();
  const second = broker.enter('c');
  assert.deepEqual(second.takeTexts(), ['r x']);
  await broker.allow();
  assert.deepEqual(second.takeTexts(), []);
  assert.equal(broker.broker.gauges().subscriptions, 1);
});
