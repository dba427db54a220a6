/** Sessions (4.1): what belongs to them, how long they last, and that nothing is left of one that ended. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, forV3, lasting, takeAndAcknowledge } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

/** Whether a Session of this name is there: asked by a client that keeps it. */
function hasSession(broker: TestBroker, version: MqttVersion, clientId: string): boolean {
  const before = broker.broker.gauges().sessions;
  const client = connected(broker, lasting(version, clientId));
  const had = broker.broker.gauges().sessions === before;
  client.lose();
  return had;
}

describe('a Session', () => {
  forEachVersion(
    '[MQTT-3.1.2-5] [MQTT-3.1.4-4] [MQTT3-3.1.2-4] [MQTT3-3.1.4-3] is continued with Clean Start 0: subscriptions, messages under way, messages that wait, QoS 2 state',
    (version) => {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const first = connected(broker, lasting(version, 'c'));
      first.subscribe([{ topicFilter: 'a/+', qos: 2 }]);
      first.publish('own', '', { qos: 2, packetId: 40 });
      publisher.publish('a/1', 'sent', { qos: 1 });
      publisher.publish('a/1', 'received', { qos: 2 });
      const [, received] = first.takePublishes();
      first.acknowledge(PacketType.pubrec, received?.packetId ?? 0);
      first.lose();
      publisher.publish('a/2', 'missed', { qos: 2 });

      const second = connected(broker, lasting(version, 'c'));
      assert.equal(second.take(PacketType.pubrel).packetId, received?.packetId);
      const [sent, missed, ...more] = second.takePublishes();
      assert.deepEqual([sent?.dup, sent?.topicName], [true, 'a/1']);
      assert.deepEqual([missed?.dup, missed?.topicName], [false, 'a/2']);
      assert.deepEqual(more, []);
      // The same QoS 2 message again: it was taken before.
      const watcher = connected(broker, { clientId: 'w' });
      watcher.subscribe('own');
      second.publish('own', '', { qos: 2, packetId: 40, dup: true });
      assert.equal(second.take(PacketType.pubrec).packetId, 40);
      assert.deepEqual(watcher.takeTexts(), []);
      second.acknowledge(PacketType.pubrel, 40);
      const pubcomp = second.take(PacketType.pubcomp);
      assert.equal(pubcomp.reasonCode, ReasonCode.success);
    },
  );

  forEachVersion('[MQTT-3.1.2-6] is made with Clean Start 0 where there is none', (version) => {
    const broker = new TestBroker();
    const client = broker.open();
    assert.equal(client.connect(lasting(version, 'c')).sessionPresent, false);
    assert.equal(broker.broker.gauges().sessions, 1);
  });

  forEachVersion(
    '[MQTT-3.1.2-23] [MQTT3-3.1.2-5] [MQTT3-4.1.0-1] lasts while the client is away, and stores QoS 1 and 2 for it',
    (version) => {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      connected(broker, lasting(version, 'c')).subscribe('a');
      const client = connected(broker, lasting(version, 'c'));
      client.disconnect();
      for (const qos of [0, 1, 2] as const) publisher.publish('a', `${qos}`, { qos });
      broker.advance(999_000);
      const back = connected(broker, lasting(version, 'c'));
      assert.deepEqual(takeAndAcknowledge(back), ['a 1', 'a 2']);
    },
  );

  forEachVersion(
    '[MQTT-4.1.0-1] [MQTT3-4.1.0-2] lasts as long as its connection, however short it would live after it',
    (version) => {
      const facts = new FactRecorder();
      const broker = new TestBroker({ plugins: [facts], settings: { serverKeepAlive: 0 } });
      const client = connected(broker, { ...lasting(version, 'c', 1), cleanStart: true });
      client.subscribe('a');
      broker.advance(3_600_000);
      client.publish('a', 'x');
      assert.deepEqual(client.takeTexts(), ['a x']);
      assert.deepEqual(facts.sessionEnds, []);
    },
  );

  forEachVersion(
    '[MQTT-4.5.0-1] [MQTT3-4.5.0-1] every one with a matching subscription gets a message, there or away',
    (version) => {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const here = Array.from({ length: 20 }, (_, i) =>
        connected(broker, { clientId: `here${i}`, protocolVersion: version }),
      );
      for (const client of here) client.subscribe(['a/#']);
      for (let i = 0; i < 20; i++) {
        const client = connected(broker, lasting(version, `away${i}`));
        client.subscribe(['+/b']);
        client.lose();
      }
      publisher.publish('a/b', 'x', { qos: 1 });
      for (const client of here) assert.deepEqual(client.takeTexts(), ['a/b x']);
      for (let i = 0; i < 20; i++) {
        const client = connected(broker, lasting(version, `away${i}`));
        assert.deepEqual(client.takeTexts(), ['a/b x']);
      }
    },
  );
});

describe('the end of a Session', () => {
  test('[MQTT-4.1.0-2] comes when the Session Expiry Interval is over, never early, at most 0.2 s late', () => {
    const facts = new FactRecorder();
    const broker = new TestBroker({ plugins: [facts], settings: { serverKeepAlive: 0 } });
    const client = connected(broker, lasting(5, 'c', 100));
    broker.advance(500_050);
    client.lose();
    broker.advance(99_900);
    assert.equal(broker.broker.gauges().sessions, 1);
    broker.advance(300);
    assert.equal(broker.broker.gauges().sessions, 0);
    assert.deepEqual(facts.sessionEnds, [
      { clientId: 'c', cause: 'expired', discardedMessages: 0 },
    ]);
  });

  test('is put off by every connection', () => {
    const broker = new TestBroker();
    for (let i = 0; i < 5; i++) {
      const client = connected(broker, lasting(5, 'c', 100));
      client.lose();
      broker.advance(90_000);
    }
    assert.equal(hasSession(broker, 5, 'c'), true);
  });

  test('comes with its connection where the interval is 0 or absent, and never where it is 0xFFFFFFFF', () => {
    const broker = new TestBroker();
    connected(broker, { clientId: 'absent', cleanStart: false }).lose();
    connected(broker, lasting(5, 'zero', 0)).lose();
    assert.equal(broker.broker.gauges().sessions, 0);
    connected(broker, lasting(5, 'never', 0xffff_ffff)).lose();
    broker.advance(10_000);
    broker.runtime.elapse(200 * 365 * 86_400_000);
    broker.advance(1000);
    assert.equal(hasSession(broker, 5, 'never'), true);
  });

  test('a DISCONNECT may change the interval, also to 0 and to never', () => {
    const broker = new TestBroker();
    for (const [clientId, sessionExpiryInterval, after] of [
      ['now', 0, false],
      ['soon', 10, false],
      ['never', 0xffff_ffff, true],
    ] as const) {
      const client = connected(broker, lasting(5, clientId, 1000));
      client.send({
        type: PacketType.disconnect,
        reasonCode: ReasonCode.normalDisconnection,
        properties: { sessionExpiryInterval },
      });
      if (clientId === 'now') assert.equal(broker.broker.gauges().sessions, 0);
      broker.advance(20_000);
      assert.equal(hasSession(broker, 5, clientId), after, clientId);
    }
  });

  forV3('[MQTT3-3.1.2-6] comes with its connection after Clean Session 1', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.subscribe('a');
    client.lose();
    assert.equal(broker.broker.gauges().sessions, 0);
    assert.equal(broker.broker.gauges().subscriptions, 0);
    assert.equal(hasSession(broker, version, 'c'), false);
  });

  forV3('[MQTT3-3.1.2-7] leaves Retained Messages alone', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.publish('r', 'x', { retain: true });
    client.disconnect();
    const other = connected(broker, { clientId: 'd', protocolVersion: version });
    other.subscribe('r');
    assert.deepEqual(other.takeTexts(), ['r x']);
  });

  forV3('of 3.x with Clean Session 0 never comes by itself', (version) => {
    const broker = new TestBroker();
    connected(broker, lasting(version, 'c')).lose();
    broker.runtime.elapse(10 * 365 * 86_400_000);
    broker.advance(1000);
    assert.equal(hasSession(broker, version, 'c'), true);
  });
});

/** A Session with something of every kind. */
function fullSession(broker: TestBroker, version: MqttVersion): TestClient {
  const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
  for (let i = 0; i < 50; i++) publisher.publish(`retained/${i}`, 'r', { qos: 1, retain: true });
  const will = { topicName: 'w', payload: new Uint8Array(), qos: 1, retain: false } as const;
  const client = broker.open();
  const fields = lasting(version, 'c');
  const properties = { ...fields.properties, receiveMaximum: 2, topicAliasMaximum: 5 };
  client.connect({
    ...fields,
    properties,
    will: { ...will, properties: { willDelayInterval: 100 } },
  });
  client.subscribe('a');
  publisher.publish('a', 'received', { qos: 2 });
  const [received] = client.takePublishes();
  client.acknowledge(PacketType.pubrec, received?.packetId ?? 0);
  client.subscribe(['b/#', '$share/g/s', 'retained/#']);
  for (let i = 0; i < 40; i++) {
    publisher.publish('a', `${i}`, { qos: 2 });
    publisher.publish('s', `${i}`, { qos: 1 });
  }
  client.publish('x', '', { qos: 2, packetId: 40 });
  client.inbox.length = 0;
  publisher.disconnect();
  return client;
}

describe('after Clean Start', () => {
  forEachVersion(
    '[MQTT-3.1.2-4] [MQTT3-3.1.2-6] nothing is left of the Session before, whether it was there or away',
    (version) => {
      for (const isThere of [true, false]) {
        const broker = new TestBroker();
        const old = fullSession(broker, version);
        if (!isThere) old.lose();
        const client = broker.open();
        const connack = client.connect({ clientId: 'c', protocolVersion: version });
        assert.equal(connack.sessionPresent, false);
        assert.deepEqual(client.inbox, []);
        const gauges = broker.broker.gauges();
        assert.deepEqual(
          [gauges.sessions, gauges.subscriptions, gauges.sharedSubscriptions],
          [1, 0, 0],
        );
        assert.deepEqual(
          [gauges.queuedMessages, gauges.queuedBytes, gauges.inflightMessages],
          [0, 0, 0],
        );
        const publisher = connected(broker, { clientId: 'p' });
        for (const topicName of ['a', 'b/c', 's', 'retained/1']) publisher.publish(topicName, 'x');
        client.subscribe('watch');
        client.publish('watch', '', { qos: 2, packetId: 40 });
        assert.equal(client.takePublishes().length, 1, 'an old QoS 2 identifier was still held');
        client.disconnect();
        assert.equal(broker.broker.gauges().sessions, 1);
        broker.advance(200_000);
        assert.deepEqual(broker.internalErrors, []);
      }
    },
  );

  forEachVersion(
    'nothing is left of a Session that expired or ended with its connection',
    (version) => {
      const facts = new FactRecorder();
      const broker = new TestBroker({ plugins: [facts] });
      const client = fullSession(broker, version);
      if (version === MqttVersion.v5) {
        client.lose();
        broker.advance(1_000_300);
      } else {
        connected(broker, { clientId: 'c', protocolVersion: version }).lose();
      }
      const gauges = broker.broker.gauges();
      assert.deepEqual([gauges.sessions, gauges.subscriptions], [0, 0]);
      assert.deepEqual([gauges.queuedMessages, gauges.inflightMessages], [0, 0]);
      const end = facts.sessionEnds.find((fact) => fact.clientId === 'c');
      const dropped = facts.drops.filter((drop) => drop.cause === 'session-ended');
      assert.ok((end?.discardedMessages ?? 0) > 0);
      // A message whose PUBREC came is the client's already: it is discarded state, but no lost message.
      assert.equal(dropped.length, (end?.discardedMessages ?? 0) - 1);
      assert.ok(dropped.every((drop) => drop.clientId === 'c'));
    },
  );
});
