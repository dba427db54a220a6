import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, MqttVersion, PacketType, ReasonCode } from '../packet/index.ts';
import { TestBroker } from '../testing/index.ts';

test('a message reaches every subscriber and comes back to a client that subscribed to itself', () => {
  const broker = new TestBroker();
  const alice = broker.open();
  const bob = broker.open();
  assert.equal(alice.connect({ clientId: 'alice' }).reasonCode, ReasonCode.success);
  bob.connect({ clientId: 'bob', protocolVersion: 4 });
  alice.subscribe('iot/#');
  bob.subscribe(['iot/+/temperature']);
  for (const qos of [0, 1, 2] as const) {
    alice.publish('iot/a/temperature', `25.${qos}`, { qos });
    assert.deepEqual(alice.takeTexts(), [`iot/a/temperature 25.${qos}`]);
    assert.deepEqual(bob.takeTexts(), [`iot/a/temperature 25.${qos}`]);
  }
  assert.deepEqual(
    alice.inbox.map((packet) => packet.type),
    [PacketType.puback, PacketType.pubrec],
  );
  assert.deepEqual(broker.internalErrors, []);
});

test('what waited only for the end of a turn goes out with it', () => {
  const broker = new TestBroker({ settings: { limits: { outboundBytesMax: 100 } } });
  const subscriber = broker.open();
  subscriber.connect({ clientId: 'subscriber' });
  subscriber.subscribe('t');
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  const common = { type: PacketType.publish, topicName: 't', retain: false, dup: false } as const;
  const properties = undefined;
  const packets = [
    { ...common, payload: new Uint8Array(200), qos: 0, packetId: 0, properties },
    { ...common, payload: new Uint8Array(1), qos: 1, packetId: 1, properties },
  ] as const;
  // In one chunk: the second finds the buffer full, though nothing of it was refused by the carrier.
  const bytes = packets.map((packet) => encodePacket(packet, MqttVersion.v5));
  publisher.sendBytes(new Uint8Array(Buffer.concat(bytes)));
  assert.deepEqual(
    subscriber.takePublishes().map(({ payload }) => payload.length),
    [200, 1],
  );
});

test('a retained message reaches a later subscriber, an empty one removes it', () => {
  const broker = new TestBroker();
  const client = broker.open();
  client.connect({ clientId: 'c' });
  for (let i = 0; i < 1000; i++) client.publish(`r/${i}`, `${i}`, { retain: true });
  client.subscribe('r/#');
  assert.equal(client.takePublishes().filter((p) => p.retain).length, 1000);
  for (let i = 0; i < 1000; i++) client.publish(`r/${i}`, '', { retain: true });
  client.takePublishes();
  client.subscribe('r/#');
  assert.equal(client.takePublishes().length, 0);
  assert.equal(broker.broker.gauges().retainedMessages, 0);
});

test('a persistent session gets what it missed, in order, with the rest of its window again', () => {
  const broker = new TestBroker();
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  const first = broker.open();
  first.connect({ clientId: 's', properties: { sessionExpiryInterval: 100 } });
  first.subscribe('q');
  for (let i = 0; i < 30; i++) publisher.publish('q', `${i}`, { qos: 1 });
  assert.equal(first.takePublishes().length, 20);
  first.lose();
  for (let i = 30; i < 40; i++) publisher.publish('q', `${i}`, { qos: 1 });
  const second = broker.open();
  const connack = second.connect({
    clientId: 's',
    cleanStart: false,
    properties: { sessionExpiryInterval: 100 },
  });
  assert.equal(connack.sessionPresent, true);
  const got: string[] = [];
  for (;;) {
    const publishes = second.takePublishes();
    if (publishes.length === 0) break;
    for (const packet of publishes) {
      got.push(`${new TextDecoder().decode(packet.payload)}${packet.dup ? 'D' : ''}`);
      second.acknowledge(PacketType.puback, packet.packetId);
    }
  }
  assert.deepEqual(
    got,
    Array.from({ length: 40 }, (_, i) => (i < 20 ? `${i}D` : `${i}`)),
  );
  assert.deepEqual(broker.internalErrors, []);
});

test('retained messages on their way to a client that leaves go on when it is back', () => {
  const broker = new TestBroker({ settings: { limits: { inflightMessagesMax: 1 } } });
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  for (let i = 0; i < 300; i++) publisher.publish(`r/${i}`, `${i}`, { retain: true, qos: 1 });
  const properties = { sessionExpiryInterval: 100, receiveMaximum: 1 };
  const topics = new Set<string>();
  let client = broker.open();
  client.connect({ clientId: 's', properties });
  client.subscribe([{ topicFilter: 'r/#', qos: 1 }]);
  for (let i = 0; i < 300; i++) {
    const [packet] = client.takePublishes();
    assert.ok(packet !== undefined, `only ${topics.size} came`);
    topics.add(packet.topicName);
    client.acknowledge(PacketType.puback, packet.packetId);
    if (i === 100) {
      client.lose();
      client = broker.open();
      client.connect({ clientId: 's', cleanStart: false, properties });
    }
  }
  assert.equal(topics.size, 300);
  assert.deepEqual(broker.internalErrors, []);
});
