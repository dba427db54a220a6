/** SUBSCRIBE and SUBACK (3.8, 3.9). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BrokerPlugin } from '../../src/broker/index.ts';
import { MqttVersion, PacketType, ReasonCode, RetainHandling } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import {
  assertClosed,
  connected,
  forEachVersion,
  forV3,
  settled,
  takeAndAcknowledge,
} from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

function clientOf(version: MqttVersion, plugins: BrokerPlugin[] = []): TestClient {
  return connected(new TestBroker({ plugins }), { clientId: 'c', protocolVersion: version });
}

/** What a failed filter looks like in SUBACK of that version. */
function failure(version: MqttVersion, reasonCode: ReasonCode): ReasonCode {
  return version === MqttVersion.v5 ? reasonCode : ReasonCode.unspecifiedError;
}

describe('SUBSCRIBE', () => {
  forEachVersion(
    '[MQTT-3.8.3-2] [MQTT3-3.8.3-3] without a Topic Filter ends the connection',
    (version) => {
      const client = clientOf(version);
      client.sendBytes(parseBytes(version === MqttVersion.v5 ? '82 ~ 0001 {}' : '82 ~ 0001'));
      assertClosed(client, ReasonCode.protocolError);
    },
  );

  test('[MQTT-3.8.3-5] with reserved bits in its options ends the connection with 0x81', () => {
    for (const options of ['40', '80', 'c1']) {
      const client = clientOf(5);
      client.sendBytes(parseBytes(`82 ~ 0001 {} 'a' ${options}`));
      assertClosed(client, ReasonCode.malformedPacket);
    }
  });

  test('with QoS 3 or Retain Handling 3 is a Protocol Error', () => {
    for (const options of ['03', '30']) {
      const client = clientOf(5);
      client.sendBytes(parseBytes(`82 ~ 0001 {} 'a' ${options}`));
      assertClosed(client, ReasonCode.protocolError);
    }
  });

  forV3('[MQTT3-3.8.3-4] with reserved bits or QoS 3 ends the connection', (version) => {
    for (const qos of ['03', '04', '08', '80']) {
      const client = clientOf(version);
      client.sendBytes(parseBytes(`82 ~ 0001 'a' ${qos}`));
      assertClosed(client, ReasonCode.malformedPacket);
    }
  });

  test('[MQTT-3.8.3-4] with No Local on a Shared Subscription is a Protocol Error', () => {
    const client = clientOf(5);
    client.send({
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [
        {
          topicFilter: '$share/g/a',
          qos: 0,
          noLocal: true,
          retainAsPublished: false,
          retainHandling: RetainHandling.send,
        },
      ],
      properties: undefined,
    });
    assertClosed(client, ReasonCode.protocolError);
  });

  test('with a Subscription Identifier of 0, or two of them, is a Protocol Error', () => {
    for (const properties of ['0b 00', '0b 01 0b 02']) {
      const client = clientOf(5);
      client.sendBytes(parseBytes(`82 ~ 0001 { ${properties} } 'a' 00`));
      assertClosed(client, ReasonCode.protocolError);
    }
  });
});

describe('SUBACK', () => {
  forEachVersion(
    '[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT3-3.8.4-1] [MQTT3-3.8.4-2] answers SUBSCRIBE with its Packet Identifier',
    (version) => {
      const client = clientOf(version);
      const subscriptions = [
        {
          topicFilter: 'a',
          qos: 1,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: RetainHandling.send,
        },
      ] as const;
      for (const packetId of [1, 65_535, 300]) {
        client.send({ type: PacketType.subscribe, packetId, subscriptions, properties: undefined });
        assert.equal(client.take(PacketType.suback).packetId, packetId);
      }
      assert.deepEqual(client.inbox, []);
    },
  );

  const refusing: BrokerPlugin = {
    name: 'acl',
    authorizeSubscribe: (_client, { topicFilter }) =>
      topicFilter === 'no'
        ? { allow: false, reasonCode: ReasonCode.notAuthorized, rule: 'acl:7' }
        : { allow: true },
  };

  forEachVersion(
    '[MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] [MQTT3-3.8.4-4] [MQTT3-3.8.4-5] [MQTT3-3.9.3-1] says for each filter, in their order, the granted QoS or why it failed',
    (version) => {
      const facts = new FactRecorder();
      const client = clientOf(version, [refusing, facts]);
      const { reasonCodes } = client.subscribe([
        { topicFilter: 'q0', qos: 0 },
        { topicFilter: 'no', qos: 1 },
        { topicFilter: 'q2', qos: 2 },
        { topicFilter: 'a/#/b', qos: 0 },
        { topicFilter: '$share/g', qos: 0 },
        { topicFilter: 'q1', qos: 1 },
      ]);
      assert.deepEqual(reasonCodes, [
        ReasonCode.grantedQoS0,
        failure(version, ReasonCode.notAuthorized),
        ReasonCode.grantedQoS2,
        failure(version, ReasonCode.topicFilterInvalid),
        failure(version, ReasonCode.topicFilterInvalid),
        ReasonCode.grantedQoS1,
      ]);
      for (const topicName of ['q0', 'q1', 'q2', 'no']) client.publish(topicName, 'x', { qos: 2 });
      assert.deepEqual(takeAndAcknowledge(client).sort(), ['q0 x', 'q1 x', 'q2 x']);
      assert.deepEqual(
        facts.refusedSubscriptions.map((fact) => [fact.topicFilter, fact.reasonCode]),
        [
          ['no', ReasonCode.notAuthorized],
          ['a/#/b', ReasonCode.topicFilterInvalid],
          ['$share/g', ReasonCode.topicFilterInvalid],
        ],
      );
      assert.equal(facts.refusedSubscriptions[0]?.rule, 'acl:7');
    },
  );

  forV3('[MQTT3-3.9.3-2] has no return codes but 0, 1, 2 and 0x80', (version) => {
    const client = clientOf(version, [refusing]);
    client.subscribe([
      { topicFilter: 'a', qos: 0 },
      { topicFilter: 'a', qos: 1 },
      { topicFilter: 'a', qos: 2 },
      { topicFilter: 'no', qos: 2 },
      { topicFilter: '+a', qos: 2 },
    ]);
    assert.deepEqual(client.bytes.at(-1), parseBytes('90 ~ 0001 00 01 02 80 80'));
  });

  forEachVersion(
    '[MQTT-3.8.4-5] [MQTT3-3.8.4-4] comes once, also when an asynchronous hook decides filter by filter',
    async (version) => {
      const slow: BrokerPlugin = {
        name: 'slow',
        authorizeSubscribe: async (_client, { topicFilter }) =>
          topicFilter === 'no'
            ? { allow: false, reasonCode: ReasonCode.notAuthorized, rule: 'acl:1' }
            : { allow: true },
      };
      const broker = new TestBroker({ plugins: [slow] });
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      const subscriptions = ['a', 'no', 'b'].map((topicFilter) => ({
        topicFilter,
        qos: 1 as const,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: RetainHandling.send,
      }));
      client.send({
        type: PacketType.subscribe,
        packetId: 7,
        subscriptions,
        properties: undefined,
      });
      client.send({ type: PacketType.pingreq });
      assert.equal(client.inbox.length, 0);
      await settled(broker, () => client.inbox.length === 2);
      assert.deepEqual(
        client.inbox.map((packet) => packet.type),
        [PacketType.suback, PacketType.pingresp],
      );
      const { packetId, reasonCodes } = client.take(PacketType.suback);
      assert.equal(packetId, 7);
      assert.deepEqual(reasonCodes, [1, failure(version, ReasonCode.notAuthorized), 1]);
    },
  );
});

describe('a subscription', () => {
  forEachVersion(
    '[MQTT-3.8.4-3] [MQTT3-3.8.4-3] takes the place of the one with the same filter',
    (version) => {
      const client = clientOf(version);
      client.subscribe([{ topicFilter: 'a', qos: 2 }]);
      client.subscribe([{ topicFilter: 'a', qos: 1 }]);
      client.publish('a', 'x', { qos: 2 });
      assert.deepEqual(
        client.takePublishes().map((packet) => packet.qos),
        [1],
      );
      client.subscribe([
        { topicFilter: 'a', qos: 1 },
        { topicFilter: 'a', qos: 0 },
      ]);
      client.publish('a', 'x', { qos: 2 });
      assert.deepEqual(
        client.takePublishes().map((packet) => packet.qos),
        [0],
      );
      client.unsubscribe('a');
      client.publish('a', 'x');
      assert.deepEqual(client.takePublishes(), []);
    },
  );

  test('[MQTT-3.8.4-3] that takes the place of another brings its own options and identifier', () => {
    const client = clientOf(5);
    client.subscribe([{ topicFilter: 'a', noLocal: true }], { subscriptionIdentifier: 1 });
    client.subscribe([{ topicFilter: 'a', retainAsPublished: true }], {
      subscriptionIdentifier: 2,
    });
    client.publish('a', 'x', { retain: true });
    const [packet] = client.takePublishes();
    assert.deepEqual(packet?.properties?.subscriptionIdentifiers, [2]);
    assert.equal(packet?.retain, true);
    client.subscribe('a');
    client.takePublishes();
    client.publish('a', 'x');
    assert.equal(client.takePublishes()[0]?.properties?.subscriptionIdentifiers, undefined);
  });

  forEachVersion(
    '[MQTT-3.8.4-4] [MQTT3-3.8.4-3] made again brings Retained Messages again, and loses no message',
    (version) => {
      const client = clientOf(version);
      const publisher = client;
      client.publish('r', 'retained', { retain: true });
      const live: string[] = [];
      let replayed = 0;
      for (let i = 0; i < 20; i++) {
        publisher.publish('r', `${i}`, { qos: 1, packetId: 1 });
        client.subscribe('r');
        publisher.publish('r', `${i}'`, { qos: 1, packetId: 1 });
        for (const packet of client.takePublishes()) {
          if (packet.retain) replayed++;
          else live.push(new TextDecoder().decode(packet.payload));
          if (packet.qos === 1) client.acknowledge(PacketType.puback, packet.packetId);
        }
      }
      assert.equal(replayed, 20);
      const expected = Array.from({ length: 20 }, (_, i) => [`${i}`, `${i}'`]).flat();
      assert.deepEqual(live, expected.slice(1));
    },
  );

  forEachVersion(
    '[MQTT-3.8.4-8] [MQTT3-3.8.4-6] sends messages with the lower of their own QoS and the granted one',
    (version) => {
      const client = clientOf(version);
      for (const granted of [0, 1, 2] as const) {
        client.subscribe([{ topicFilter: 'a', qos: granted }]);
        for (const qos of [0, 1, 2] as const) {
          client.publish('a', 'x', { qos });
          assert.equal(client.takePublishes()[0]?.qos, Math.min(qos, granted));
        }
      }
    },
  );

  test('[MQTT-3.8.3-3] with No Local does not bring a client its own messages, whatever else matches', () => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c' });
    const other = connected(broker, { clientId: 'other' });
    client.subscribe([{ topicFilter: 'a', noLocal: true }]);
    client.publish('a', 'own', { qos: 1 });
    assert.deepEqual(client.takeTexts(), []);
    other.publish('a', 'other', { qos: 1 });
    assert.deepEqual(client.takeTexts(), ['a other']);
    // A second subscription without No Local has its own say, and its own identifier only.
    client.subscribe('#', { subscriptionIdentifier: 9 });
    client.publish('a', 'own', { qos: 1 });
    const [packet, ...more] = client.takePublishes();
    assert.deepEqual(packet?.properties?.subscriptionIdentifiers, [9]);
    assert.deepEqual(more, []);
  });

  test('[MQTT-3.8.3-3] with No Local keeps it up over reconnects, and for the Will Message', () => {
    const broker = new TestBroker();
    const fields = { clientId: 'c', cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const will = { topicName: 'a', payload: new Uint8Array(1), qos: 1, retain: false } as const;
    const first = connected(broker, { ...fields, will: { ...will, properties: undefined } });
    first.subscribe([{ topicFilter: 'a', noLocal: true }]);
    first.lose();
    const second = connected(broker, fields);
    second.publish('a', 'own', { qos: 1 });
    assert.deepEqual(second.takePublishes(), []);
  });
});
