import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttVersion, PacketType, QoS, ReasonCode } from '../packet/index.ts';
import { TestBroker, type TestBrokerOptions, type TestClient } from '../testing/index.ts';
import { matches } from '../topic/index.ts';

const since = (value: string) => ({ userProperties: [['since', value]] as const });
const last = (value: string) => ({ userProperties: [['last', value]] as const });

function start(options: TestBrokerOptions = {}): { broker: TestBroker; publisher: TestClient } {
  const broker = new TestBroker({ historyBytes: 1_000_000, ...options });
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  return { broker, publisher };
}

/** Takes what comes and acknowledges it, until nothing more does. */
function readAll(client: TestClient): string[] {
  const texts: string[] = [];
  for (;;) {
    const packets = client.takePublishes();
    if (packets.length === 0) return texts;
    for (const { topicName, payload, retain, qos, packetId } of packets) {
      const text = new TextDecoder().decode(payload);
      texts.push(`${topicName} ${text}${retain ? ' RETAIN' : ''}`);
      if (qos === QoS.atLeastOnce) client.acknowledge(PacketType.puback, packetId);
      if (qos === QoS.exactlyOnce) client.acknowledge(PacketType.pubrec, packetId);
    }
  }
}

test('since brings what was published in that time, under its Topic Names, then what is published', () => {
  const { broker, publisher } = start();
  publisher.publish('a/1', 'too old', { qos: 1 });
  broker.advance(60_000);
  publisher.publish('a/1', 'one', { qos: 1, retain: true });
  publisher.publish('b/1', 'other', { qos: 1 });
  publisher.publish('a/2', 'two');
  const client = broker.open();
  client.connect({ clientId: 'client' });
  const { reasonCodes } = client.subscribe([{ topicFilter: 'a/+', qos: 1 }], since('30s'));
  assert.deepEqual(reasonCodes, [ReasonCode.grantedQoS1]);
  publisher.publish('a/3', 'three', { qos: 1 });
  assert.deepEqual(readAll(client), ['a/1 one', 'a/2 two', 'a/3 three']);
  assert.deepEqual(broker.internalErrors, []);
});

test('last brings the newest so many in the order of their arrival', async () => {
  const { broker, publisher } = start();
  for (let i = 1; i <= 9; i++) publisher.publish(i % 2 === 0 ? 'even' : 'odd', `${i}`);
  const client = broker.open();
  client.connect({ clientId: 'client' });
  client.subscribe('odd', last('3'));
  publisher.publish('odd', '11');
  await broker.settle();
  assert.deepEqual(readAll(client), ['odd 5', 'odd 7', 'odd 9', 'odd 11']);
});

test('a 3.1.1 client asks with $replay, and unsubscribes with the same text', () => {
  const { broker, publisher } = start();
  publisher.publish('a/1', 'one');
  const client = broker.open();
  client.connect({ clientId: 'client', protocolVersion: MqttVersion.v311 });
  const { reasonCodes } = client.subscribe('$replay/since=1h/a/#');
  assert.deepEqual(reasonCodes, [ReasonCode.grantedQoS2]);
  publisher.publish('a/2', 'two');
  assert.deepEqual(readAll(client), ['a/1 one', 'a/2 two']);
  client.unsubscribe('$replay/since=1h/a/#');
  publisher.publish('a/3', 'three');
  assert.deepEqual(readAll(client), []);
});

test('what cannot be understood is refused with a sentence, and other filters are not', () => {
  const { broker } = start();
  const client = broker.open();
  client.connect({ clientId: 'client' });
  const suback = client.subscribe('a', since('yesterday'));
  assert.deepEqual(suback.reasonCodes, [ReasonCode.topicFilterInvalid]);
  assert.match(suback.properties?.reasonString ?? '', /^since=yesterday: expected a duration/);
  assert.deepEqual(client.subscribe(['$replay/last=0/a', 'b']).reasonCodes, [0x8f, 2]);
  assert.deepEqual(client.subscribe('$share/g/a', last('5')).reasonCodes, [0x8f]);
  const old = broker.open();
  old.connect({ clientId: 'old', protocolVersion: MqttVersion.v311 });
  assert.deepEqual(old.subscribe('$replay/since=x/a').reasonCodes, [0x80]);
});

test('without a history a subscription that asks for one is refused, and others are not', () => {
  const broker = new TestBroker();
  const client = broker.open();
  client.connect({ clientId: 'client' });
  const suback = client.subscribe('a', since('1h'));
  assert.deepEqual(suback.reasonCodes, [ReasonCode.topicFilterInvalid]);
  assert.match(suback.properties?.reasonString ?? '', /no history is kept/);
  assert.deepEqual(client.subscribe('a').reasonCodes, [2]);
});

test('Retained Messages are not sent to a subscription that gets the past, expired messages neither', () => {
  const { broker, publisher } = start();
  publisher.publish('a', 'retained', { retain: true });
  publisher.publish('b', 'expires', { properties: { messageExpiryInterval: 5 } });
  publisher.publish('b', 'stays', { properties: { messageExpiryInterval: 50 } });
  broker.advance(10_000);
  const client = broker.open();
  client.connect({ clientId: 'client' });
  client.subscribe(['a', 'b'], since('5s'));
  assert.deepEqual(readAll(client), []);
  client.subscribe('b', { ...since('1m'), subscriptionIdentifier: 7 });
  const [only, ...others] = client.takePublishes();
  assert.deepEqual(others, []);
  assert.deepEqual(only?.properties?.subscriptionIdentifiers, [7]);
  assert.equal(only?.properties?.messageExpiryInterval, 40);
});

test('access rules are asked about the filter that is meant, and about each message', () => {
  const asked: string[] = [];
  const { broker, publisher } = start({
    plugins: [
      {
        name: 'rules',
        authorizeSubscribe: (_client, { topicFilter }) => {
          asked.push(topicFilter);
          const reasonCode = ReasonCode.notAuthorized;
          return topicFilter === 'secret/#'
            ? { allow: false, reasonCode, rule: 'r' }
            : { allow: true };
        },
        authorizeDelivery: (_receiver, { topicName }) =>
          topicName === 'a/hidden'
            ? { allow: false, reasonCode: ReasonCode.notAuthorized, rule: 'r' }
            : { allow: true },
      },
    ],
  });
  publisher.publish('secret/1', 's');
  publisher.publish('a/hidden', 'h');
  publisher.publish('a/open', 'o');
  const client = broker.open();
  client.connect({ clientId: 'client', protocolVersion: MqttVersion.v311 });
  const suback = client.subscribe(['$replay/since=1h/secret/#', '$replay/since=1h/a/#']);
  assert.deepEqual(suback.reasonCodes, [0x80, 2]);
  assert.deepEqual(asked, ['secret/#', 'a/#']);
  assert.deepEqual(readAll(client), ['a/open o']);
});

test('No Local holds for messages of the past too', () => {
  const { broker, publisher } = start();
  const client = broker.open();
  client.connect({ clientId: 'client' });
  client.publish('a', 'mine');
  publisher.publish('a', 'theirs');
  client.subscribe([{ topicFilter: 'a', noLocal: true }], since('1h'));
  client.publish('a', 'mine again');
  assert.deepEqual(readAll(client), ['a theirs']);
});

test('what a client has not taken yet goes on when it subscribes anew, and ends with UNSUBSCRIBE', () => {
  const { broker, publisher } = start();
  for (let i = 0; i < 20; i++) publisher.publish('a', `${i}`, { qos: 1 });
  const client = broker.open();
  client.connect({ clientId: 'client', properties: { receiveMaximum: 2 } });
  client.subscribe([{ topicFilter: 'a', qos: 1 }], since('1h'));
  publisher.publish('a', '20', { qos: 1 });
  client.subscribe([{ topicFilter: 'a', qos: 1 }]);
  const texts = readAll(client);
  assert.deepEqual([...texts].sort(), Array.from({ length: 21 }, (_, i) => `a ${i}`).sort());
  for (let i = 0; i < 20; i++) publisher.publish('b', `${i}`, { qos: 1 });
  client.subscribe([{ topicFilter: 'b', qos: 1 }], since('1h'));
  client.unsubscribe('b');
  assert.deepEqual(readAll(client), ['b 0', 'b 1']);
  client.subscribe([{ topicFilter: 'b', qos: 1 }]);
  publisher.publish('b', 'live', { qos: 1 });
  assert.deepEqual(readAll(client), ['b live']);
});

test('a client that leaves and comes back to its Session gets every message', () => {
  const { broker, publisher } = start();
  for (let i = 0; i < 30; i++) publisher.publish('a', `${i}`, { qos: 1 });
  const properties = { receiveMaximum: 3, sessionExpiryInterval: 100 };
  const client = broker.open();
  client.connect({ clientId: 'client', properties });
  client.subscribe([{ topicFilter: 'a', qos: 1 }], since('1h'));
  client.lose();
  for (let i = 30; i < 40; i++) publisher.publish('a', `${i}`, { qos: 1 });
  const again = broker.open();
  again.connect({ clientId: 'client', cleanStart: false, properties });
  const texts = readAll(again);
  assert.deepEqual(new Set(texts).size, 40);
  assert.equal(texts.length, 40);
  again.disconnect();
});

test('a slow client meets Receive Maximum, and a memory that is too small for it is reported', () => {
  const dropped: string[] = [];
  const { broker, publisher } = start({
    historyBytes: 200_000,
    plugins: [
      { name: 'watch', messageDropped: ({ cause, rule }) => void dropped.push(`${cause} ${rule}`) },
    ],
  });
  publisher.publish('a', 'first', { qos: 1 });
  publisher.publish('a', 'second', { qos: 1 });
  const client = broker.open();
  client.connect({ clientId: 'client', properties: { receiveMaximum: 1 } });
  client.subscribe([{ topicFilter: 'a', qos: 1 }], since('1h'));
  for (let i = 0; i < 600; i++) publisher.publish('a', 'x'.repeat(1000), { qos: 1 });
  const packets = client.takePublishes();
  assert.equal(packets.length, 1);
  client.acknowledge(PacketType.puback, packets[0]?.packetId ?? 0);
  const texts = readAll(client);
  assert.equal(texts[0], 'a second');
  assert.ok(texts.length > 50 && texts.length < 600);
  assert.match(dropped[0] ?? '', /^slow-consumer history.memory: \d+ messages of all topics went/);
  publisher.publish('a', 'live', { qos: 1 });
  assert.deepEqual(readAll(client), ['a live']);
});

test('under concurrent publishing every subscription gets every message once and in order (150 seeds)', () => {
  const filters = ['#', 't/#', 't/0', 't/+', '+/1'];
  for (let seed = 1; seed <= 150; seed++) {
    const settings = { limits: { queuedMessagesMax: 0 } };
    const { broker, publisher } = start({ seed, historyBytes: 4_000_000, settings });
    const below = (count: number): number => Math.floor(broker.runtime.random() * count);
    // Live messages of QoS 0 do not wait for those of QoS 1, so orders are compared for one of them.
    const qos = seed % 2 === 0 ? QoS.atMostOnce : QoS.atLeastOnce;
    const readers: Reader[] = [];
    const published: { topicName: string; text: string; timeMs: number }[] = [];
    for (let step = 0; step < 300; step++) {
      const what = below(10);
      if (what < 6) {
        const topicName = `t/${below(3)}`;
        const text = `${published.length}`;
        published.push({ topicName, text, timeMs: broker.runtime.nowMs() });
        publisher.publish(topicName, text, { qos });
      } else if (what === 6) broker.advance(below(2000));
      else if (what === 7 && readers.length < 8) {
        const sinceMs = below(20_000);
        const client = broker.open();
        const properties = { receiveMaximum: 1 + below(4) };
        client.connect({ clientId: `c${readers.length}`, properties });
        if (below(4) === 0) client.stick();
        const filter = filters[below(filters.length)] ?? '#';
        client.subscribe([{ topicFilter: filter, qos }], since(`${sinceMs}ms`));
        readers.push(new Reader(client, filter, broker.runtime.nowMs() - sinceMs));
      } else readers[below(readers.length)]?.takeOne();
    }
    for (const reader of readers) {
      reader.client.read();
      reader.texts.push(...readAll(reader.client));
      const { filter, fromMs, texts } = reader;
      const expected = published
        .filter(({ topicName, timeMs }) => matches(filter, topicName) && timeMs >= fromMs)
        .map(({ topicName, text }) => `${topicName} ${text}`);
      assert.deepEqual(texts, expected, `seed ${seed} ${filter}`);
    }
    assert.deepEqual(broker.internalErrors, []);
  }
});

/** A client that takes its messages one by one, when the test says so. */
class Reader {
  readonly client: TestClient;
  readonly filter: string;
  readonly fromMs: number;
  readonly texts: string[] = [];

  constructor(client: TestClient, filter: string, fromMs: number) {
    this.client = client;
    this.filter = filter;
    this.fromMs = fromMs;
  }

  takeOne(): void {
    const index = this.client.inbox.findIndex(({ type }) => type === PacketType.publish);
    if (index < 0) {
      this.client.read();
      return;
    }
    const { topicName, payload, qos, packetId } = this.client.take(PacketType.publish);
    this.texts.push(`${topicName} ${new TextDecoder().decode(payload)}`);
    if (qos > 0) this.client.acknowledge(PacketType.puback, packetId);
  }
}
