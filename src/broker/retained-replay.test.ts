import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, MqttVersion, PacketType, QoS, RetainHandling } from '../packet/index.ts';
import { TestBroker, type TestClient } from '../testing/index.ts';

/** Takes what comes, one message at a time, until nothing more does. */
function readAll(client: TestClient): string[] {
  const texts: string[] = [];
  for (;;) {
    const packets = client.takePublishes();
    if (packets.length === 0) return texts;
    for (const packet of packets) {
      const text = new TextDecoder().decode(packet.payload);
      texts.push(`${packet.topicName} ${text}${packet.retain ? ' RETAIN' : ''}`);
      client.acknowledge(PacketType.puback, packet.packetId);
    }
  }
}

function connectSlowly(broker: TestBroker): TestClient {
  const client = broker.open();
  client.connect({
    clientId: 'slow',
    cleanStart: false,
    properties: { receiveMaximum: 1, sessionExpiryInterval: 100 },
  });
  return client;
}

/** Whether names are looked up one by one, or all before the first is sent. */
for (const retainedWalkStep of [1, 256]) {
  test(`a Retained Message that waits for a slow client comes with its present value, or not at all (${retainedWalkStep})`, () => {
    const broker = new TestBroker({ settings: { limits: { retainedWalkStep } } });
    const publisher = broker.open();
    publisher.connect({ clientId: 'publisher' });
    const names = ['r/0', 'r/1', 'r/2', 'r/3'];
    for (const name of names) publisher.publish(name, 'old', { qos: 1, retain: true });
    const slow = connectSlowly(broker);
    slow.subscribe('r/#');
    for (const name of names.slice(0, 3)) publisher.publish(name, 'new', { qos: 1, retain: true });
    publisher.publish('r/3', '', { qos: 1, retain: true });
    const texts = readAll(slow);
    const [first, ...rest] = texts;
    assert.match(first ?? '', /^r\/\d old RETAIN$/);
    assert.deepEqual(rest.slice(0, 4), ['r/0 new', 'r/1 new', 'r/2 new', 'r/3 ']);
    const firstName = first?.slice(0, 3);
    const expected = names.slice(0, 3).filter((name) => name !== firstName);
    assert.deepEqual(
      rest.slice(4).sort(),
      expected.map((name) => `${name} new RETAIN`),
    );
    assert.deepEqual(broker.internalErrors, []);
  });
}

test('UNSUBSCRIBE ends what is left of the Retained Messages, also when the client subscribes again', () => {
  const broker = new TestBroker();
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  for (let i = 0; i < 5; i++) publisher.publish(`r/${i}`, 'x', { qos: 1, retain: true });
  const slow = connectSlowly(broker);
  slow.subscribe('r/#');
  const subscription = {
    topicFilter: 'r/#',
    qos: QoS.atLeastOnce,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: RetainHandling.doNotSend,
  };
  const properties = undefined;
  const unsubscribe = { packetId: 50, topicFilters: ['r/#'], properties };
  const subscribe = { packetId: 51, subscriptions: [subscription], properties };
  // In one chunk, so that nothing else happens in between.
  const bytes = [
    encodePacket({ type: PacketType.unsubscribe, ...unsubscribe }, MqttVersion.v5),
    encodePacket({ type: PacketType.subscribe, ...subscribe }, MqttVersion.v5),
  ];
  slow.sendBytes(new Uint8Array(Buffer.concat(bytes)));
  assert.equal(readAll(slow).length, 1, 'only the one that was sent before');
});
