/** Retained Messages (3.3.1.3): stored, replaced, removed, and sent to new subscriptions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, RetainHandling } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, forV3, lasting, takeAndAcknowledge } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

/** What a new subscriber to `#` is sent: `topic payload`, sorted. */
function retained(broker: TestBroker, version: MqttVersion = MqttVersion.v5): string[] {
  const client = connected(broker, { clientId: 'reader', protocolVersion: version });
  client.subscribe('#');
  const texts = takeAndAcknowledge(client).sort();
  client.disconnect();
  return texts;
}

function clientOf(broker: TestBroker, version: MqttVersion): TestClient {
  return connected(broker, { clientId: 'c', protocolVersion: version });
}

describe('a PUBLISH with RETAIN 1', () => {
  forEachVersion(
    '[MQTT-3.3.1-5] [MQTT3-3.3.1-7] replaces the Retained Message of its topic, at any QoS',
    (version) => {
      const broker = new TestBroker();
      const client = clientOf(broker, version);
      for (const first of [0, 1, 2] as const) {
        for (const second of [0, 1, 2] as const) {
          client.publish('r', `first ${first}`, { qos: first, retain: true });
          client.publish('r', `second ${second}`, { qos: second, retain: true });
          client.publish('other', 'x', { retain: true });
          assert.deepEqual(retained(broker, version), ['other x', `r second ${second}`]);
        }
      }
      assert.equal(broker.broker.gauges().retainedMessages, 2);
    },
  );

  forEachVersion('[MQTT3-3.3.1-5] is stored with its QoS', (version) => {
    const broker = new TestBroker();
    const client = clientOf(broker, version);
    for (const qos of [0, 1, 2] as const) {
      client.publish('r', 'x', { qos, retain: true });
      for (const asked of [0, 1, 2] as const) {
        client.subscribe([{ topicFilter: 'r', qos: asked }]);
        const [packet] = client.takePublishes();
        assert.equal(packet?.qos, Math.min(qos, asked));
        client.unsubscribe('r');
      }
    }
  });

  forEachVersion(
    '[MQTT-3.3.1-6] [MQTT3-3.3.1-10] and no payload is forwarded and removes the Retained Message',
    (version) => {
      const broker = new TestBroker();
      const client = clientOf(broker, version);
      const subscriber = connected(broker, { clientId: 's', protocolVersion: version });
      client.publish('r', 'x', { retain: true });
      subscriber.subscribe('r');
      subscriber.inbox.length = 0;
      client.publish('r', '', { retain: true });
      const [packet] = subscriber.takePublishes();
      assert.deepEqual([packet?.topicName, packet?.payload.length], ['r', 0]);
      assert.deepEqual(retained(broker, version), []);
    },
  );

  forEachVersion('[MQTT-3.3.1-7] [MQTT3-3.3.1-11] and no payload is not stored', (version) => {
    const broker = new TestBroker();
    clientOf(broker, version).publish('r', '', { retain: true, qos: 1 });
    assert.equal(broker.broker.gauges().retainedMessages, 0);
    assert.deepEqual(retained(broker, version), []);
  });

  forEachVersion(
    '[MQTT-3.3.1-8] [MQTT3-3.3.1-12] is needed: with RETAIN 0 nothing is stored, replaced or removed',
    (version) => {
      const broker = new TestBroker();
      const client = clientOf(broker, version);
      client.publish('new', 'x', { qos: 1 });
      client.publish('r', 'kept', { retain: true });
      client.publish('r', 'not kept');
      client.publish('r', '');
      assert.deepEqual(retained(broker, version), ['r kept']);
    },
  );
});

describe('a new subscription', () => {
  forEachVersion(
    '[MQTT-3.3.1-9] [MQTT3-3.3.1-6] [MQTT3-3.3.1-8] brings the Retained Message of each matching topic, with RETAIN 1',
    (version) => {
      const broker = new TestBroker();
      const client = clientOf(broker, version);
      for (const topicName of ['a', 'a/b', 'a/b/c', 'b', '/', '$x/a']) {
        client.publish(topicName, 'x', { retain: true });
      }
      for (const [filter, expected] of [
        ['a/#', ['a', 'a/b', 'a/b/c']],
        ['+/b', ['a/b']],
        ['#', ['/', 'a', 'a/b', 'a/b/c', 'b']],
        ['$x/#', ['$x/a']],
        ['nothing', []],
      ] as const) {
        client.subscribe(filter);
        const packets = client.takePublishes();
        assert.ok(packets.every((packet) => packet.retain));
        assert.deepEqual(packets.map((packet) => packet.topicName).sort(), expected, filter);
        client.unsubscribe(filter);
      }
    },
  );

  test('[MQTT-3.3.1-9] Retain Handling 0 brings them with every subscribe', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.publish('r', 'x', { retain: true });
    for (let i = 0; i < 3; i++) {
      client.subscribe([{ topicFilter: 'r', retainHandling: RetainHandling.send }]);
      assert.deepEqual(client.takeTexts(), ['r x']);
    }
  });

  test('[MQTT-3.3.1-10] Retain Handling 1 brings them only where the subscription is new', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.publish('r', 'x', { retain: true });
    const request = { topicFilter: 'r', retainHandling: RetainHandling.sendIfNew };
    client.subscribe([request]);
    assert.deepEqual(client.takeTexts(), ['r x']);
    client.subscribe([{ ...request, qos: 1 }]);
    assert.deepEqual(client.takeTexts(), []);
    client.unsubscribe('r');
    client.subscribe([request]);
    assert.deepEqual(client.takeTexts(), ['r x']);
  });

  test('[MQTT-3.3.1-11] Retain Handling 2 brings none', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.publish('r', 'x', { retain: true });
    client.subscribe([{ topicFilter: 'r', retainHandling: RetainHandling.doNotSend }]);
    assert.deepEqual(client.takeTexts(), []);
  });

  test('has RETAIN 1 on what it brings also without Retain As Published', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.publish('r', 'x', { retain: true });
    for (const retainAsPublished of [false, true]) {
      client.subscribe([{ topicFilter: 'r', retainAsPublished }]);
      assert.equal(client.takePublishes()[0]?.retain, true);
    }
  });

  test('has its own Subscription Identifier on what it brings', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.publish('r', 'x', { retain: true });
    client.subscribe('#', { subscriptionIdentifier: 1 });
    client.takePublishes();
    client.subscribe('r', { subscriptionIdentifier: 268_435_455 });
    const [packet] = client.takePublishes();
    assert.deepEqual(packet?.properties?.subscriptionIdentifiers, [268_435_455]);
  });

  forEachVersion(
    'with a wildcard brings all 10,000 of them under a window of 1 or of 20: the queue limit cuts none',
    (version) => {
      const facts = new FactRecorder();
      const broker = new TestBroker({ plugins: [facts] });
      const publisher = connected(broker, { clientId: 'p' });
      for (let i = 0; i < 10_000; i++)
        publisher.publish(`r/${i % 7}/${i}`, `${i}`, { qos: 1, retain: true });
      publisher.inbox.length = 0;
      const fields = { clientId: 'c', protocolVersion: version };
      const client = connected(
        broker,
        version === MqttVersion.v5 ? { ...fields, properties: { receiveMaximum: 1 } } : fields,
      );
      client.subscribe(['r/#']);
      const first = client.inbox.length;
      assert.equal(first, version === MqttVersion.v5 ? 1 : 20);
      const payloads = takeAndAcknowledge(client).map((text) => Number(text.split(' ')[1]));
      assert.equal(payloads.length, 10_000);
      assert.equal(new Set(payloads).size, 10_000);
      assert.deepEqual(facts.drops, []);
    },
  );

  forEachVersion(
    'with a wildcard brings all of them to a slow reader: QoS 0 is not dropped',
    (version) => {
      const facts = new FactRecorder();
      const settings = { limits: { outboundBytesMax: 10_000 } };
      const broker = new TestBroker({ plugins: [facts], settings });
      const publisher = connected(broker, { clientId: 'p' });
      const payload = new Uint8Array(1000);
      for (let i = 0; i < 1000; i++) publisher.publish(`r/${i}`, payload, { retain: true });
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.stick();
      client.subscribe(['r/#']);
      assert.ok(client.inbox.length < 200, `${client.inbox.length} messages at once`);
      const names = new Set<string>();
      for (let rounds = 0; rounds < 1000 && names.size < 1000; rounds++) {
        for (const { topicName } of client.takePublishes()) names.add(topicName);
        client.read();
        client.stick();
      }
      assert.equal(names.size, 1000);
      assert.deepEqual(facts.drops, []);
    },
  );

  forEachVersion(
    'brings them in pieces, a turn for each, however much else comes in',
    (version) => {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p' });
      for (let i = 0; i < 10_000; i++) publisher.publish(`r/${i}`, '1', { retain: true });
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      let turn: (() => void)[] = [];
      broker.runtime.afterTurn = (callback) => turn.push(callback);
      const options = {
        qos: 0,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      } as const;
      const subscriptions = [{ topicFilter: 'r/#', ...options }];
      client.send({
        type: PacketType.subscribe,
        packetId: 1,
        subscriptions,
        properties: undefined,
      });
      for (let i = 0; i < 5; i++) client.send({ type: PacketType.pingreq });
      let turns = 0;
      let received = 0;
      while (turn.length > 0) {
        const callbacks = turn;
        turn = [];
        for (const callback of callbacks) callback();
        const count = client.takePublishes().length;
        assert.ok(turns === 0 || count <= 256, `${count} messages in one turn`);
        received += count;
        turns++;
      }
      assert.equal(received, 10_000);
      assert.ok(turns > 30);
    },
  );

  forEachVersion('goes on bringing them after its client was away for a while', (version) => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    for (let i = 0; i < 100; i++) publisher.publish(`r/${i}`, '', { qos: 1, retain: true });
    for (let i = 0; i < 100; i++) publisher.publish(`r/${i}`, 'x', { qos: 1, retain: true });
    const first = connected(broker, lasting(version, 'c'));
    first.subscribe(['r/#']);
    const seen = new Set(first.takePublishes().map((packet) => packet.topicName));
    assert.equal(seen.size, 20);
    first.lose();
    const second = connected(broker, lasting(version, 'c'));
    for (const text of takeAndAcknowledge(second)) seen.add(text.split(' ')[0] ?? '');
    assert.equal(seen.size, 100);
  });

  forEachVersion('that is taken back stops bringing them', (version) => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    for (let i = 0; i < 100; i++) publisher.publish(`r/${i}`, 'x', { qos: 1, retain: true });
    const client = clientOf(broker, version);
    client.subscribe(['r/#']);
    client.unsubscribe('r/#');
    assert.equal(takeAndAcknowledge(client).length, 20);
  });
});

describe('an established subscription', () => {
  forV3('[MQTT3-3.3.1-9] gets RETAIN 0, whatever came in', (version) => {
    const broker = new TestBroker();
    const client = clientOf(broker, version);
    client.subscribe('r');
    for (const retain of [true, false]) {
      client.publish('r', 'x', { retain });
      assert.equal(client.takePublishes()[0]?.retain, false);
    }
  });

  test('[MQTT-3.3.1-12] gets RETAIN 0 with Retain As Published 0', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.subscribe([{ topicFilter: 'r', retainAsPublished: false }]);
    client.publish('r', 'x', { retain: true });
    assert.equal(client.takePublishes()[0]?.retain, false);
  });

  test('[MQTT-3.3.1-13] gets RETAIN as it came with Retain As Published 1', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.subscribe([{ topicFilter: 'r', retainAsPublished: true }]);
    for (const retain of [true, false]) {
      client.publish('r', 'x', { retain });
      assert.equal(client.takePublishes()[0]?.retain, retain);
    }
  });
});

describe('a Retained Message', () => {
  test('ends when its Message Expiry Interval is over, and is sent with what is left of it', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.publish('r', 'x', { retain: true, properties: { messageExpiryInterval: 30 } });
    broker.advance(10_000);
    client.subscribe('r');
    assert.equal(client.takePublishes()[0]?.properties?.messageExpiryInterval, 20);
    broker.advance(19_900);
    assert.equal(broker.broker.gauges().retainedMessages, 1);
    broker.advance(300);
    assert.equal(broker.broker.gauges().retainedMessages, 0);
    assert.equal(broker.broker.gauges().retainedBytes, 0);
    client.subscribe('r');
    assert.deepEqual(client.takeTexts(), []);
  });

  test('that replaces one with an expiry does not end with it', () => {
    const broker = new TestBroker();
    const client = clientOf(broker, 5);
    client.publish('r', 'old', { retain: true, properties: { messageExpiryInterval: 5 } });
    client.publish('r', 'new', { retain: true });
    broker.advance(10_000);
    assert.deepEqual(retained(broker), ['r new']);
  });

  forEachVersion("outlives its publisher's connection and Session", (version) => {
    const broker = new TestBroker();
    const client = clientOf(broker, version);
    client.publish('r', 'x', { qos: 1, retain: true });
    client.take(PacketType.puback);
    client.disconnect();
    assert.deepEqual(retained(broker, version), ['r x']);
  });
});
