/** PUBLISH on its way from publisher to subscriber (3.3): flags, properties, overlapping subscriptions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  MqttVersion,
  PacketType,
  type PublishProperties,
  ReasonCode,
} from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forEachVersion, lasting, takeBytes } from './each-version.ts';

interface Pair {
  readonly broker: TestBroker;
  readonly publisher: TestClient;
  readonly subscriber: TestClient;
}

function pair(version: MqttVersion): Pair {
  const broker = new TestBroker();
  return {
    broker,
    publisher: connected(broker, { clientId: 'p', protocolVersion: version }),
    subscriber: connected(broker, { clientId: 's', protocolVersion: version }),
  };
}

/** What arrives of these properties, absent ones left out. */
function forwarded(properties: PublishProperties, qos: 0 | 1 | 2 = 0): Record<string, unknown> {
  const { publisher, subscriber } = pair(5);
  subscriber.subscribe('t');
  publisher.publish('t', 'x', { qos, properties });
  const [packet] = subscriber.takePublishes();
  assert.ok(packet, 'no message came');
  const present = Object.entries(packet.properties ?? {}).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(present);
}

describe('the flags of PUBLISH', () => {
  forEachVersion(
    '[MQTT-3.3.1-1] [MQTT3-3.3.1-1] DUP is 1 in what is sent again, and only there',
    (version) => {
      const { broker, publisher } = pair(version);
      const first = connected(broker, lasting(version, 'c'));
      first.subscribe('t');
      publisher.publish('t', '1', { qos: 1 });
      publisher.publish('t', '2', { qos: 2 });
      const sent = first.takePublishes();
      assert.deepEqual(
        sent.map((packet) => packet.dup),
        [false, false],
      );
      first.lose();
      publisher.publish('t', '3', { qos: 1 });
      const second = connected(broker, lasting(version, 'c'));
      assert.deepEqual(
        second.takePublishes().map((packet) => [packet.dup, packet.packetId]),
        [
          [true, sent[0]?.packetId],
          [true, sent[1]?.packetId],
          [false, 3],
        ],
      );
    },
  );

  forEachVersion(
    '[MQTT-3.3.1-2] [MQTT3-3.3.1-2] DUP with QoS 0 ends the connection, and is never sent',
    (version) => {
      const { publisher, subscriber } = pair(version);
      subscriber.subscribe([{ topicFilter: 't', qos: 0 }]);
      publisher.publish('t', 'x', { qos: 1, dup: true });
      assert.equal(subscriber.takePublishes()[0]?.dup, false);
      publisher.take(PacketType.puback);
      publisher.sendBytes(parseBytes(version === MqttVersion.v5 ? "38 ~ 't' {}" : "38 ~ 't'"));
      assertClosed(publisher, ReasonCode.malformedPacket);
    },
  );

  forEachVersion('[MQTT-3.3.1-3] [MQTT3-3.3.1-3] DUP that came in does not go out', (version) => {
    for (const qos of [1, 2] as const) {
      const { publisher, subscriber } = pair(version);
      subscriber.subscribe('t');
      publisher.publish('t', 'x', { qos, dup: true });
      assert.equal(subscriber.takePublishes()[0]?.dup, false);
    }
  });

  forEachVersion('[MQTT-3.3.1-4] [MQTT3-3.3.1-4] QoS 3 ends the connection', (version) => {
    const { publisher } = pair(version);
    publisher.sendBytes(parseBytes("36 ~ 't' 0001 00"));
    assertClosed(publisher, ReasonCode.malformedPacket);
  });

  forEachVersion(
    '[MQTT-3.3.2-1] [MQTT3-3.3.2-1] the Topic Name comes first in what is sent',
    (version) => {
      const { publisher, subscriber } = pair(version);
      subscriber.subscribe('t/ü');
      takeBytes(subscriber);
      publisher.publish('t/ü', 'x', { qos: 1 });
      assert.deepEqual(takeBytes(subscriber).subarray(2, 8), parseBytes("'t/ü'"));
    },
  );
});

describe('properties', () => {
  test('[MQTT-3.3.2-4] the Payload Format Indicator is forwarded', () => {
    assert.deepEqual(forwarded({ payloadFormatIndicator: 1 }), { payloadFormatIndicator: 1 });
    assert.deepEqual(forwarded({ payloadFormatIndicator: 0 }), { payloadFormatIndicator: 0 });
  });

  test('[MQTT-3.3.2-14] a Response Topic with wildcards is refused', () => {
    for (const topic of ["'a/+'", "'#'", "'a/#'"]) {
      const { publisher } = pair(5);
      publisher.sendBytes(parseBytes(`30 ~ 't' { 08 ${topic} }`));
      assertClosed(publisher, ReasonCode.protocolError);
    }
  });

  test('[MQTT-3.3.2-15] the Response Topic is forwarded', () => {
    assert.deepEqual(forwarded({ responseTopic: 'a/ä' }, 1), { responseTopic: 'a/ä' });
  });

  test('[MQTT-3.3.2-16] the Correlation Data are forwarded', () => {
    const correlationData = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
    assert.deepEqual(forwarded({ correlationData }, 2), { correlationData });
    assert.deepEqual(forwarded({ correlationData: new Uint8Array(0) }), {
      correlationData: new Uint8Array(0),
    });
  });

  test('[MQTT-3.3.2-17] [MQTT-3.3.2-18] all User Properties are forwarded, in their order', () => {
    const userProperties = [
      ['z', '1'],
      ['a', '2'],
      ['z', '1'],
      ['', ''],
      ['z', '0'],
      ['ä', '漢'],
    ] as const;
    assert.deepEqual(forwarded({ userProperties }), { userProperties });
    const many = Array.from({ length: 1000 }, (_, i) => [`k${i % 10}`, `${i}`] as const);
    assert.deepEqual(forwarded({ userProperties: many }, 1), { userProperties: many });
  });

  test('[MQTT-3.3.2-20] the Content Type is forwarded', () => {
    assert.deepEqual(forwarded({ contentType: 'application/json' }), {
      contentType: 'application/json',
    });
  });

  test('they are forwarded to a Session that was away, and from a Retained Message', () => {
    const properties = {
      contentType: 'x',
      userProperties: [
        ['b', '1'],
        ['a', '2'],
      ],
    } as const;
    const { broker, publisher, subscriber } = pair(5);
    const away = connected(broker, lasting(5, 'away'));
    away.subscribe('t');
    away.lose();
    publisher.publish('t', 'x', { qos: 1, retain: true, properties });
    subscriber.subscribe('t');
    for (const client of [connected(broker, lasting(5, 'away')), subscriber]) {
      const found = client.takePublishes()[0]?.properties;
      assert.equal(found?.contentType, 'x');
      assert.deepEqual(found?.userProperties, properties.userProperties);
    }
  });

  test('a 3.x subscriber gets the message without them', () => {
    const { broker, publisher } = pair(5);
    const old = connected(broker, { clientId: 'old', protocolVersion: 4 });
    old.subscribe([{ topicFilter: 't', qos: 0 }]);
    takeBytes(old);
    publisher.publish('t', 'x', { properties: { contentType: 'y', userProperties: [['a', 'b']] } });
    assert.deepEqual(takeBytes(old), parseBytes('30 ~ \'t\' "x"'));
  });

  test('[MQTT-3.3.4-6] a Subscription Identifier from a client is a Protocol Error', () => {
    const { publisher } = pair(5);
    publisher.sendBytes(parseBytes("30 ~ 't' { 0b 01 }"));
    assertClosed(publisher, ReasonCode.protocolError);
  });
});

describe('overlapping subscriptions', () => {
  forEachVersion(
    '[MQTT-3.3.4-2] [MQTT3-3.3.5-1] give one copy, with the highest QoS among them',
    (version) => {
      const { publisher, subscriber } = pair(version);
      subscriber.subscribe([
        { topicFilter: 'a/b', qos: 0 },
        { topicFilter: 'a/#', qos: 2 },
        { topicFilter: '+/b', qos: 1 },
        { topicFilter: '#', qos: 0 },
      ]);
      for (const qos of [0, 1, 2] as const) {
        publisher.publish('a/b', 'x', { qos });
        assert.deepEqual(
          subscriber.takePublishes().map((packet) => packet.qos),
          [qos],
        );
      }
      subscriber.unsubscribe('a/#');
      publisher.publish('a/b', 'x', { qos: 2 });
      assert.deepEqual(
        subscriber.takePublishes().map((packet) => packet.qos),
        [1],
      );
    },
  );

  test('[MQTT-3.3.4-3] [MQTT-3.3.4-4] give one copy with the Subscription Identifiers of all that match', () => {
    const { publisher, subscriber } = pair(5);
    subscriber.subscribe('a/b', { subscriptionIdentifier: 1 });
    subscriber.subscribe('a/#', { subscriptionIdentifier: 300 });
    subscriber.subscribe(['+/b', '#'], { subscriptionIdentifier: 70_000 });
    subscriber.subscribe('a/+');
    subscriber.subscribe('other', { subscriptionIdentifier: 5 });
    for (const qos of [0, 1, 2] as const) {
      publisher.publish('a/b', 'x', { qos });
      const [packet, ...more] = subscriber.takePublishes();
      assert.deepEqual(more, []);
      const identifiers = [...(packet?.properties?.subscriptionIdentifiers ?? [])];
      assert.deepEqual(
        identifiers.sort((a, b) => a - b),
        [1, 300, 70_000, 70_000],
      );
    }
  });

  test('[MQTT-3.3.4-5] copies of their own - through a Shared Subscription - carry their own identifier', () => {
    const { publisher, subscriber } = pair(5);
    subscriber.subscribe('a', { subscriptionIdentifier: 1 });
    subscriber.subscribe('$share/g/a', { subscriptionIdentifier: 2 });
    publisher.publish('a', 'x', { qos: 1 });
    const found = subscriber
      .takePublishes()
      .map((packet) => packet.properties?.subscriptionIdentifiers);
    assert.deepEqual(found, [[1], [2]]);
  });

  test('have no identifier where none was given', () => {
    const { publisher, subscriber } = pair(5);
    subscriber.subscribe(['a', '#']);
    publisher.publish('a', 'x');
    assert.equal(subscriber.takePublishes()[0]?.properties?.subscriptionIdentifiers, undefined);
  });

  test('have Retain As Published where one of them has it', () => {
    const { publisher, subscriber } = pair(5);
    subscriber.subscribe([
      { topicFilter: 'a', retainAsPublished: false },
      { topicFilter: '#', retainAsPublished: true },
    ]);
    publisher.publish('a', 'x', { retain: true });
    assert.deepEqual(
      subscriber.takePublishes().map((packet) => packet.retain),
      [true],
    );
  });
});

describe('acknowledgements of PUBLISH', () => {
  forEachVersion(
    '[MQTT-3.3.4-1] [MQTT3-3.3.4-1] are none at QoS 0, PUBACK at QoS 1, PUBREC at QoS 2',
    (version) => {
      const { publisher } = pair(version);
      publisher.publish('t', 'x', { qos: 0 });
      assert.deepEqual(publisher.inbox, []);
      publisher.publish('t', 'x', { qos: 1, packetId: 5 });
      publisher.publish('t', 'x', { qos: 2, packetId: 6 });
      assert.equal(publisher.take(PacketType.puback).packetId, 5);
      assert.equal(publisher.take(PacketType.pubrec).packetId, 6);
      assert.deepEqual(publisher.inbox, []);
    },
  );

  forEachVersion(
    '[MQTT-3.4.2-1] [MQTT-3.5.2-1] say in 5.0 whether somebody got the message',
    (version) => {
      const { publisher, subscriber } = pair(version);
      subscriber.subscribe('t');
      const nobody =
        version === MqttVersion.v5 ? ReasonCode.noMatchingSubscribers : ReasonCode.success;
      for (const [topicName, expected] of [
        ['t', ReasonCode.success],
        ['u', nobody],
      ] as const) {
        publisher.publish(topicName, 'x', { qos: 1 });
        assert.equal(publisher.take(PacketType.puback).reasonCode, expected);
        publisher.publish(topicName, 'x', { qos: 2 });
        assert.equal(publisher.take(PacketType.pubrec).reasonCode, expected);
      }
    },
  );

  forEachVersion('come for a client that publishes to itself at each QoS', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.subscribe('t');
    for (const [qos, answer] of [
      [0, undefined],
      [1, PacketType.puback],
      [2, PacketType.pubrec],
    ] as const) {
      for (let i = 0; i < 50; i++) {
        client.publish('t', `${i}`, { qos, packetId: qos === 0 ? 0 : 7 });
        if (answer !== undefined) assert.equal(client.take(answer).packetId, 7);
        if (qos === 2) {
          client.acknowledge(PacketType.pubrel, 7);
          client.take(PacketType.pubcomp);
        }
        const [packet, ...more] = client.takePublishes();
        assert.deepEqual(more, []);
        assert.equal(packet?.qos, qos);
        if (qos === 1) client.acknowledge(PacketType.puback, packet?.packetId ?? 0);
        if (qos === 2) {
          client.acknowledge(PacketType.pubrec, packet?.packetId ?? 0);
          client.acknowledge(PacketType.pubcomp, client.take(PacketType.pubrel).packetId);
        }
        assert.deepEqual(client.inbox, []);
      }
    }
    assert.deepEqual(broker.internalErrors, []);
  });
});
