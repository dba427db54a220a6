/** The delivery protocols of QoS 0, 1 and 2 (4.3) and what is sent again after a reconnect (4.4). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, lasting, takeAndAcknowledge } from './each-version.ts';

interface Flow {
  readonly broker: TestBroker;
  readonly publisher: TestClient;
  readonly subscriber: TestClient;
}

/** A publisher, and a subscriber of `t` with a lasting Session. */
function start(version: MqttVersion): Flow {
  const broker = new TestBroker();
  const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
  const subscriber = connected(broker, lasting(version, 's'));
  subscriber.subscribe('t');
  return { broker, publisher, subscriber };
}

describe('QoS 0', () => {
  forEachVersion('[MQTT-4.3.1-1] [MQTT3-4.3.1-1] is sent once, with QoS 0 and DUP 0', (version) => {
    const { broker, publisher, subscriber } = start(version);
    publisher.publish('t', 'x');
    const [packet, ...more] = subscriber.takePublishes();
    assert.deepEqual([packet?.qos, packet?.dup, packet?.packetId], [0, false, 0]);
    assert.deepEqual(more, []);
    subscriber.lose();
    assert.deepEqual(connected(broker, lasting(version, 's')).takePublishes(), []);
  });
});

describe('QoS 1, the broker as sender', () => {
  forEachVersion(
    '[MQTT-4.3.2-2] [MQTT3-4.3.2-1] sends PUBLISH with an identifier, QoS 1 and DUP 0',
    (version) => {
      const { publisher, subscriber } = start(version);
      publisher.publish('t', 'x', { qos: 1 });
      const [packet] = subscriber.takePublishes();
      assert.deepEqual([packet?.qos, packet?.dup], [1, false]);
      assert.ok((packet?.packetId ?? 0) > 0);
    },
  );

  forEachVersion(
    '[MQTT-4.3.2-3] [MQTT3-4.3.2-1] keeps it until its PUBACK is there, and not longer',
    (version) => {
      const { broker, publisher, subscriber } = start(version);
      publisher.publish('t', '1', { qos: 1 });
      publisher.publish('t', '2', { qos: 1 });
      const [first] = subscriber.takePublishes();
      // Neither PUBREC nor PUBCOMP nor another identifier is its PUBACK.
      subscriber.acknowledge(PacketType.pubrec, first?.packetId ?? 0);
      subscriber.acknowledge(PacketType.pubcomp, first?.packetId ?? 0);
      subscriber.acknowledge(PacketType.puback, 999);
      assert.equal(broker.broker.gauges().inflightMessages, 2);
      subscriber.acknowledge(PacketType.puback, first?.packetId ?? 0);
      assert.equal(broker.broker.gauges().inflightMessages, 1);
      subscriber.lose();
      const back = connected(broker, lasting(version, 's'));
      assert.deepEqual(back.takeTexts(), ['t 2']);
    },
  );
});

describe('QoS 1, the broker as receiver', () => {
  forEachVersion(
    '[MQTT-4.3.2-4] [MQTT3-4.3.2-2] answers PUBACK with the identifier and delivers the message',
    (version) => {
      const { publisher, subscriber } = start(version);
      publisher.publish('t', 'x', { qos: 1, packetId: 0xabc });
      assert.equal(publisher.take(PacketType.puback).packetId, 0xabc);
      assert.deepEqual(subscriber.takeTexts(), ['t x']);
    },
  );

  forEachVersion(
    '[MQTT-4.3.2-5] [MQTT3-4.3.2-2] takes the same identifier after PUBACK for a new message, whatever its DUP',
    (version) => {
      const { publisher, subscriber } = start(version);
      for (const dup of [false, true, true, false]) {
        publisher.publish('t', 'x', { qos: 1, packetId: 9, dup });
        publisher.take(PacketType.puback);
      }
      assert.equal(subscriber.takePublishes().length, 4);
    },
  );
});

describe('QoS 2, the broker as sender', () => {
  forEachVersion(
    '[MQTT-4.3.3-2] [MQTT-4.3.3-4] [MQTT3-4.3.3-1] sends PUBLISH with an identifier, QoS 2 and DUP 0, and PUBREL after PUBREC',
    (version) => {
      const { broker, publisher, subscriber } = start(version);
      publisher.publish('t', 'x', { qos: 2 });
      const [packet] = subscriber.takePublishes();
      assert.deepEqual([packet?.qos, packet?.dup], [2, false]);
      const packetId = packet?.packetId ?? 0;
      assert.ok(packetId > 0);
      subscriber.acknowledge(PacketType.pubrec, packetId);
      assert.equal(subscriber.take(PacketType.pubrel).packetId, packetId);
      subscriber.acknowledge(PacketType.pubcomp, packetId);
      assert.equal(broker.broker.gauges().inflightMessages, 0);
      assert.deepEqual(subscriber.inbox, []);
    },
  );

  forEachVersion(
    '[MQTT-4.3.3-3] [MQTT3-4.3.3-1] keeps the PUBLISH until its PUBREC is there',
    (version) => {
      const { broker, publisher, subscriber } = start(version);
      publisher.publish('t', 'x', { qos: 2 });
      const packetId = subscriber.takePublishes()[0]?.packetId ?? 0;
      subscriber.acknowledge(PacketType.puback, packetId);
      subscriber.acknowledge(PacketType.pubcomp, packetId);
      subscriber.lose();
      const back = connected(broker, lasting(version, 's'));
      const [again] = back.takePublishes();
      assert.deepEqual([again?.packetId, again?.dup, again?.qos], [packetId, true, 2]);
    },
  );

  forEachVersion(
    '[MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT3-4.3.3-1] keeps the PUBREL until its PUBCOMP is there, and sends the PUBLISH no more',
    (version) => {
      const { broker, publisher, subscriber } = start(version);
      publisher.publish('t', 'x', { qos: 2 });
      const packetId = subscriber.takePublishes()[0]?.packetId ?? 0;
      subscriber.acknowledge(PacketType.pubrec, packetId);
      subscriber.inbox.length = 0;
      subscriber.lose();
      for (let i = 0; i < 3; i++) {
        const back = connected(broker, lasting(version, 's'));
        assert.equal(back.take(PacketType.pubrel).packetId, packetId);
        assert.deepEqual(back.takePublishes(), []);
        // A PUBREC that is sent again changes nothing.
        back.acknowledge(PacketType.pubrec, packetId);
        assert.equal(back.take(PacketType.pubrel).packetId, packetId);
        back.lose();
      }
      const last = connected(broker, lasting(version, 's'));
      last.acknowledge(PacketType.pubcomp, packetId);
      last.lose();
      assert.deepEqual(connected(broker, lasting(version, 's')).inbox, []);
    },
  );

  test('[MQTT-4.3.3-7] does not let a message expire whose PUBLISH was sent', () => {
    const { broker, publisher, subscriber } = start(5);
    publisher.publish('t', 'x', { qos: 2, properties: { messageExpiryInterval: 5 } });
    assert.deepEqual(subscriber.takeTexts(), ['t x']);
    subscriber.lose();
    broker.advance(10_000);
    const back = connected(broker, lasting(5, 's'));
    assert.deepEqual(takeAndAcknowledge(back), ['t x']);
  });

  test('[MQTT-4.4.0-2] ends the flow at a PUBREC of 0x80 or above: no PUBREL, nothing sent again', () => {
    const { broker, publisher, subscriber } = start(5);
    publisher.publish('t', 'x', { qos: 2 });
    const packetId = subscriber.takePublishes()[0]?.packetId ?? 0;
    subscriber.acknowledge(PacketType.pubrec, packetId, ReasonCode.quotaExceeded);
    assert.deepEqual(subscriber.inbox, []);
    assert.equal(broker.broker.gauges().inflightMessages, 0);
    subscriber.lose();
    assert.deepEqual(connected(broker, lasting(5, 's')).inbox, []);
  });

  test('[MQTT-4.4.0-2] ends a QoS 1 flow at a PUBACK of 0x80 or above', () => {
    const { broker, publisher, subscriber } = start(5);
    publisher.publish('t', 'x', { qos: 1 });
    const packetId = subscriber.takePublishes()[0]?.packetId ?? 0;
    subscriber.acknowledge(PacketType.puback, packetId, ReasonCode.unspecifiedError);
    subscriber.lose();
    assert.deepEqual(connected(broker, lasting(5, 's')).inbox, []);
  });

  test('[MQTT-3.6.2-1] answers a PUBREC that nobody waits for by PUBREL 0x92', () => {
    const { subscriber } = start(5);
    subscriber.acknowledge(PacketType.pubrec, 77);
    const pubrel = subscriber.take(PacketType.pubrel);
    assert.deepEqual(
      [pubrel.packetId, pubrel.reasonCode],
      [77, ReasonCode.packetIdentifierNotFound],
    );
  });

  test('[MQTT-4.3.3-4] does not answer a PUBREC of 0x80 or above that nobody waits for', () => {
    const { subscriber } = start(5);
    subscriber.acknowledge(PacketType.pubrec, 77, ReasonCode.unspecifiedError);
    subscriber.ping();
    assert.deepEqual(subscriber.inbox, []);
  });
});

describe('QoS 2, the broker as receiver', () => {
  forEachVersion(
    '[MQTT-4.3.3-8] [MQTT3-4.3.3-2] answers PUBREC with the identifier and delivers the message',
    (version) => {
      const { publisher, subscriber } = start(version);
      publisher.publish('t', 'x', { qos: 2, packetId: 0xabc });
      assert.equal(publisher.take(PacketType.pubrec).packetId, 0xabc);
      assert.deepEqual(subscriber.takeTexts(), ['t x']);
    },
  );

  test('[MQTT-4.3.3-9] takes the same identifier after a PUBREC of 0x80 or above for a new message', () => {
    let allow = false;
    const broker = new TestBroker({
      plugins: [
        {
          name: 'acl',
          authorizePublish: () =>
            allow
              ? { allow }
              : { allow: false, reasonCode: ReasonCode.notAuthorized, rule: 'acl:1' },
        },
      ],
    });
    const client = connected(broker, { clientId: 'c' });
    client.subscribe('t');
    client.publish('t', '1', { qos: 2, packetId: 9 });
    assert.equal(client.take(PacketType.pubrec).reasonCode, ReasonCode.notAuthorized);
    allow = true;
    client.publish('t', '2', { qos: 2, packetId: 9 });
    assert.equal(client.take(PacketType.pubrec).reasonCode, ReasonCode.success);
    assert.deepEqual(client.takeTexts(), ['t 2']);
  });

  forEachVersion(
    '[MQTT-4.3.3-10] [MQTT3-4.3.3-2] answers the same identifier by PUBREC again until PUBREL, and delivers once',
    (version) => {
      const { broker, publisher, subscriber } = start(version);
      const lastingPublisher = connected(broker, lasting(version, 'lp'));
      for (const dup of [false, true, false]) {
        lastingPublisher.publish('t', 'x', { qos: 2, packetId: 9, dup });
        assert.equal(lastingPublisher.take(PacketType.pubrec).packetId, 9);
      }
      lastingPublisher.lose();
      const back = connected(broker, lasting(version, 'lp'));
      back.publish('t', 'x', { qos: 2, packetId: 9, dup: true });
      const pubrec = back.take(PacketType.pubrec);
      assert.deepEqual([pubrec.packetId, pubrec.reasonCode], [9, ReasonCode.success]);
      // Another client's identifiers are its own.
      publisher.publish('t', 'y', { qos: 2, packetId: 9 });
      assert.deepEqual(subscriber.takeTexts(), ['t x', 't y']);
    },
  );

  forEachVersion(
    '[MQTT-4.3.3-11] [MQTT3-4.3.3-2] answers PUBREL by PUBCOMP, also one it does not know',
    (version) => {
      const { publisher } = start(version);
      publisher.publish('t', 'x', { qos: 2, packetId: 9 });
      publisher.take(PacketType.pubrec);
      publisher.acknowledge(PacketType.pubrel, 9);
      const known = publisher.take(PacketType.pubcomp);
      assert.deepEqual([known.packetId, known.reasonCode], [9, ReasonCode.success]);
      publisher.acknowledge(PacketType.pubrel, 9);
      const unknown = publisher.take(PacketType.pubcomp);
      const expected =
        version === MqttVersion.v5 ? ReasonCode.packetIdentifierNotFound : ReasonCode.success;
      assert.deepEqual([unknown.packetId, unknown.reasonCode], [9, expected]);
    },
  );

  forEachVersion(
    '[MQTT-4.3.3-12] [MQTT3-4.3.3-2] takes the same identifier after PUBCOMP for a new message',
    (version) => {
      const { publisher, subscriber } = start(version);
      for (let i = 0; i < 3; i++) {
        publisher.publish('t', `${i}`, { qos: 2, packetId: 9, dup: i === 2 });
        publisher.take(PacketType.pubrec);
        publisher.acknowledge(PacketType.pubrel, 9);
        publisher.take(PacketType.pubcomp);
      }
      assert.deepEqual(takeAndAcknowledge(subscriber), ['t 0', 't 1', 't 2']);
    },
  );

  test('[MQTT-4.3.3-13] goes on with the acknowledgements although the message has expired', () => {
    const { broker, publisher } = start(5);
    publisher.publish('t', 'x', { qos: 2, packetId: 9, properties: { messageExpiryInterval: 1 } });
    publisher.take(PacketType.pubrec);
    broker.advance(10_000);
    publisher.publish('t', 'x', { qos: 2, packetId: 9, dup: true });
    assert.equal(publisher.take(PacketType.pubrec).reasonCode, ReasonCode.success);
    publisher.acknowledge(PacketType.pubrel, 9);
    assert.equal(publisher.take(PacketType.pubcomp).reasonCode, ReasonCode.success);
  });

  test('[MQTT-3.7.2-1] says in PUBCOMP that it does not know the identifier: 0x92', () => {
    const { publisher } = start(5);
    publisher.acknowledge(PacketType.pubrel, 4711);
    const { reasonCode } = publisher.take(PacketType.pubcomp);
    assert.equal(reasonCode, ReasonCode.packetIdentifierNotFound);
  });
});

describe('after a reconnect', () => {
  forEachVersion(
    '[MQTT-4.4.0-1] [MQTT3-4.4.0-1] everything unacknowledged is sent again with its identifiers, in its order, and at no other time',
    (version) => {
      const { broker, publisher, subscriber } = start(version);
      for (let i = 0; i < 10; i++) publisher.publish('t', `${i}`, { qos: i % 2 === 0 ? 1 : 2 });
      const sent = subscriber.takePublishes();
      assert.equal(sent.length, 10);
      // Done: 0 and 1. PUBREC came: 3 and 5.
      subscriber.acknowledge(PacketType.puback, sent[0]?.packetId ?? 0);
      for (const i of [1, 3, 5]) subscriber.acknowledge(PacketType.pubrec, sent[i]?.packetId ?? 0);
      subscriber.acknowledge(PacketType.pubcomp, sent[1]?.packetId ?? 0);
      subscriber.inbox.length = 0;
      broker.advance(60_000);
      assert.deepEqual(subscriber.inbox, [], 'something was sent again on the same connection');
      subscriber.lose();

      const back = connected(broker, lasting(version, 's'));
      const order = [2, 3, 4, 5, 6, 7, 8, 9];
      assert.deepEqual(
        back.inbox.map((packet) => [packet.type, 'packetId' in packet ? packet.packetId : 0]),
        order.map((i) => [
          i === 3 || i === 5 ? PacketType.pubrel : PacketType.publish,
          sent[i]?.packetId,
        ]),
      );
      const again = back.takePublishes();
      assert.ok(again.every((packet) => packet.dup));
      assert.deepEqual(
        again.map((packet) => new TextDecoder().decode(packet.payload)),
        ['2', '4', '6', '7', '8', '9'],
      );
    },
  );

  forEachVersion(
    'the window is respected, what waits comes last, and nothing comes twice',
    (version) => {
      const broker = new TestBroker({ settings: { limits: { inflightMessagesMax: 5 } } });
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const subscriber = connected(broker, lasting(version, 's'));
      subscriber.subscribe('t');
      for (let i = 0; i < 30; i++) {
        publisher.publish('t', `${i}`, { qos: 1, packetId: 1 });
      }
      subscriber.lose();
      for (let i = 30; i < 40; i++) publisher.publish('t', `${i}`, { qos: 1, packetId: 1 });
      const back = connected(broker, lasting(version, 's'));
      assert.equal(back.inbox.length, 5);
      const expected = Array.from({ length: 40 }, (_, i) => `t ${i}`);
      assert.deepEqual(takeAndAcknowledge(back), expected);
      assert.equal(broker.broker.gauges().inflightMessages, 0);
      assert.equal(broker.broker.gauges().queuedMessages, 0);
    },
  );
});
