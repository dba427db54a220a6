import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReasonCode } from '../packet/index.ts';
import { TestBroker, type TestClient } from '../testing/index.ts';

function started(limits: { retainedMessagesMax?: number; retainedBytesMax?: number } = {}): {
  broker: TestBroker;
  client: TestClient;
  changes: string[];
} {
  const changes: string[] = [];
  const broker = new TestBroker({
    settings: { serverKeepAlive: 0, limits },
    plugins: [
      {
        name: 'changes',
        retainedChanged: (topicName, removed) => {
          changes.push(`${removed ? '-' : '+'}${topicName}`);
        },
      },
    ],
  });
  const client = broker.open();
  client.connect({ clientId: 'publisher' });
  return { broker, client, changes };
}

function held(broker: TestBroker): { messages: number; bytes: number } {
  const { retainedMessages, retainedBytes } = broker.broker.gauges();
  return { messages: retainedMessages, bytes: retainedBytes };
}

test('[MQTT-3.3.1-5] [MQTT-3.3.1-6] there is one for each name, the last; an empty one removes it', () => {
  const { broker, client, changes } = started();
  client.publish('a', 'first', { retain: true });
  client.publish('a', 'second one', { retain: true });
  client.publish('b', 'x', { retain: true });
  assert.deepEqual(held(broker), { messages: 2, bytes: 11 });
  client.publish('a', '', { retain: true });
  client.publish('never', '', { retain: true });
  assert.deepEqual(held(broker), { messages: 1, bytes: 1 });
  assert.deepEqual(changes, ['+a', '+a', '+b', '-a']);
});

test('one with a Message Expiry Interval ends by itself, and its successor by its own', () => {
  const { broker, client, changes } = started();
  const expiring = (seconds: number) => ({
    retain: true,
    properties: { messageExpiryInterval: seconds },
  });
  client.publish('a', 'x', expiring(5));
  client.publish('b', 'x', expiring(5));
  client.publish('a', 'y', expiring(20));
  client.publish('c', 'x', expiring(5));
  client.publish('c', 'z', { retain: true });
  broker.advance(5300);
  assert.deepEqual(held(broker), { messages: 2, bytes: 2 });
  broker.advance(15_000);
  assert.deepEqual(held(broker), { messages: 1, bytes: 1 });
  assert.deepEqual(changes.slice(-2), ['-b', '-a']);
  client.publish('c', '', { retain: true });
  client.disconnect();
  assert.equal(broker.broker.residue().timers, 0);
});

test('beyond the limits a new one is refused with 0x97, one in the place of another is not', () => {
  const { broker, client } = started({ retainedMessagesMax: 2, retainedBytesMax: 10 });
  const publish = (topicName: string, text: string): number => {
    client.publish(topicName, text, { qos: 1, retain: true });
    return client.take(4).reasonCode;
  };
  const taken = ReasonCode.noMatchingSubscribers;
  assert.equal(publish('a', '12345'), taken);
  assert.equal(publish('b', '12345'), taken);
  assert.equal(publish('c', '1'), ReasonCode.quotaExceeded);
  assert.equal(publish('a', '123456'), ReasonCode.quotaExceeded);
  assert.equal(publish('a', '1234'), taken);
  assert.equal(publish('b', ''), taken);
  assert.equal(publish('c', '123456'), taken);
  assert.deepEqual(held(broker), { messages: 2, bytes: 10 });
});

for (const size of [100, 1024, 1025, 40_000]) {
  test(`a Retained Message of ${size} bytes is delivered whole after many others came and went`, () => {
    const { broker, client } = started({ retainedBytesMax: 0 });
    const text = (i: number): string => `${i}`.padEnd(size, '.');
    for (let i = 0; i < 100; i++) client.publish(`t/${i}`, text(i), { retain: true });
    for (let i = 0; i < 100; i += 3) client.publish(`t/${i}`, '', { retain: true });
    for (let i = 0; i < 100; i += 2) client.publish(`t/${i}`, text(i + 1000), { retain: true });
    const reader = broker.open();
    reader.connect({ clientId: 'reader' });
    reader.subscribe('t/#');
    const expected = Array.from({ length: 100 }, (_, i) => i)
      .filter((i) => i % 2 === 0 || i % 3 !== 0)
      .map((i) => `t/${i} ${text(i % 2 === 0 ? i + 1000 : i)}`);
    const received = reader
      .takePublishes()
      .map(({ topicName, payload }) => `${topicName} ${new TextDecoder().decode(payload)}`);
    assert.deepEqual(received.sort(), expected.sort());
    assert.equal(held(broker).bytes, expected.length * size);
  });
}

test('a Retained Message that is under way to a client keeps its value when another takes its place', () => {
  const { broker, client } = started();
  client.publish('t', 'first', { qos: 1, retain: true });
  client.take(4);
  const reader = broker.open();
  reader.connect({
    clientId: 'reader',
    cleanStart: false,
    properties: { sessionExpiryInterval: 9 },
  });
  reader.subscribe('t');
  assert.equal(reader.takePublishes().length, 1);
  client.publish('t', 'later', { qos: 1, retain: true });
  client.publish('u', 'other', { qos: 1, retain: true });
  reader.lose();
  const again = broker.open();
  again.connect({ clientId: 'reader', cleanStart: false });
  const texts = again.takePublishes().map(({ payload }) => new TextDecoder().decode(payload));
  assert.deepEqual(texts, ['first', 'later']);
});
