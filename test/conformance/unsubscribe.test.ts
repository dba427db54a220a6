/** UNSUBSCRIBE and UNSUBACK (3.10, 3.11). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker } from '../../src/testing/index.ts';
import {
  assertClosed,
  connected,
  forEachVersion,
  lasting,
  takeAndAcknowledge,
  takeBytes,
} from './each-version.ts';

describe('UNSUBSCRIBE', () => {
  forEachVersion(
    '[MQTT-3.10.3-2] [MQTT3-3.10.3-2] without a Topic Filter ends the connection',
    (version) => {
      const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
      client.sendBytes(parseBytes(version === MqttVersion.v5 ? 'a2 ~ 0001 {}' : 'a2 ~ 0001'));
      assertClosed(client, ReasonCode.protocolError);
    },
  );

  forEachVersion(
    '[MQTT-3.10.4-1] [MQTT3-3.10.4-1] deletes the subscription with the same characters, not one that merely matches',
    (version) => {
      const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
      client.subscribe(['a/+', 'a/#', 'a/b', '$share/g/a/b']);
      for (const filter of ['#', 'a', 'a/', 'A/b', '+/b', 'a/c', '$share/h/a/b', 'g/a/b']) {
        client.unsubscribe(filter);
      }
      client.publish('a/b', 'x');
      assert.equal(client.takePublishes().length, 2, 'one copy of its own, one of the group');
      client.unsubscribe('a/b');
      client.unsubscribe('a/#');
      client.publish('a/c', 'x');
      assert.equal(client.takePublishes().length, 1);
      client.unsubscribe('a/+');
      client.publish('a/b', 'x');
      assert.equal(client.takePublishes().length, 1);
      client.unsubscribe('$share/g/a/b');
      client.publish('a/b', 'x');
      assert.deepEqual(client.takePublishes(), []);
    },
  );

  forEachVersion(
    '[MQTT-3.10.4-2] [MQTT3-3.10.4-2] lets no further message be queued for its filters',
    (version) => {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const client = connected(broker, lasting(version, 'c'));
      client.subscribe(['a', 'b']);
      client.unsubscribe('a');
      client.lose();
      for (const qos of [0, 1, 2] as const) publisher.publish('a', 'x', { qos });
      publisher.publish('b', 'x', { qos: 1 });
      assert.deepEqual(connected(broker, lasting(version, 'c')).takeTexts(), ['b x']);
    },
  );

  forEachVersion(
    '[MQTT-3.10.4-3] [MQTT3-3.10.4-3] lets deliveries of QoS 1 and 2 that have begun be completed, over reconnects too',
    (version) => {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const client = connected(broker, lasting(version, 'c'));
      client.subscribe('a');
      publisher.publish('a', '1', { qos: 1 });
      publisher.publish('a', '2', { qos: 2 });
      publisher.publish('a', '3', { qos: 2 });
      const [, , third] = client.takePublishes();
      client.unsubscribe('a');
      const packetId = third?.packetId ?? 0;
      client.acknowledge(PacketType.pubrec, packetId);
      assert.equal(client.take(PacketType.pubrel).packetId, packetId);
      client.lose();
      const back = connected(broker, lasting(version, 'c'));
      assert.equal(back.take(PacketType.pubrel).packetId, packetId);
      back.acknowledge(PacketType.pubcomp, packetId);
      assert.deepEqual(takeAndAcknowledge(back), ['a 1', 'a 2']);
      assert.equal(broker.broker.gauges().inflightMessages, 0);
    },
  );
});

describe('UNSUBACK', () => {
  forEachVersion(
    '[MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT3-3.10.4-4] [MQTT3-3.10.4-5] answers with the Packet Identifier, also where nothing was deleted',
    (version) => {
      const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
      client.subscribe('a');
      for (const packetId of [65_535, 2]) {
        client.send({
          type: PacketType.unsubscribe,
          packetId,
          topicFilters: ['a'],
          properties: undefined,
        });
        assert.equal(client.take(PacketType.unsuback).packetId, packetId);
      }
    },
  );

  test('[MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] says for each filter, in their order, what became of it', () => {
    const client = connected(new TestBroker(), { clientId: 'c' });
    client.subscribe(['a', 'b/#', '$share/g/c']);
    const { reasonCodes } = client.unsubscribe('b/#', 'x', 'a/#/b', 'a', 'a', '$share/g/c');
    assert.deepEqual(reasonCodes, [
      ReasonCode.success,
      ReasonCode.noSubscriptionExisted,
      ReasonCode.topicFilterInvalid,
      ReasonCode.success,
      ReasonCode.noSubscriptionExisted,
      ReasonCode.success,
    ]);
    for (const topicName of ['a', 'b', 'b/c', 'c']) client.publish(topicName, 'x');
    assert.deepEqual(client.takePublishes(), []);
  });

  forEachVersion(
    '[MQTT3-3.10.4-6] answers several filters at once, and deletes them all',
    (version) => {
      const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
      client.subscribe(['a', 'b', 'c', 'd']);
      takeBytes(client);
      client.unsubscribe('a', 'c', 'nothing', 'd');
      if (version !== MqttVersion.v5) assert.deepEqual(takeBytes(client), parseBytes('b0 02 0002'));
      for (const topicName of ['a', 'b', 'c', 'd']) client.publish(topicName, 'x');
      assert.deepEqual(client.takeTexts(), ['b x']);
      assert.deepEqual(client.inbox, []);
    },
  );
});
