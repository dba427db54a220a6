/** Topic Aliases (3.3.2.3.4), from clients and to them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, lasting, takeBytes } from './each-version.ts';

function aliased(client: TestClient, topicName: string, topicAlias: number, payload = ''): void {
  client.publish(topicName, payload, { properties: { topicAlias } });
}

describe('a Topic Alias of a client', () => {
  test('[MQTT-3.3.2-12] stands for its Topic Name, until it is set anew', () => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c' });
    client.subscribe('#');
    aliased(client, 'a', 1, '1');
    aliased(client, 'b', 10, '2');
    aliased(client, '', 1, '3');
    aliased(client, '', 10, '4');
    aliased(client, 'c', 1, '5');
    aliased(client, '', 1, '6');
    assert.deepEqual(client.takeTexts(), ['a 1', 'b 2', 'a 3', 'b 4', 'c 5', 'c 6']);
  });

  test('works at every QoS, and is not forwarded', () => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c' });
    client.subscribe('#');
    for (const qos of [0, 1, 2] as const) {
      client.publish('a', `${qos}`, { qos, properties: { topicAlias: 3 } });
      client.publish('', `${qos}`, { qos, properties: { topicAlias: 3 } });
      for (const packet of client.takePublishes()) {
        assert.equal(packet.topicName, 'a');
        assert.equal(packet.properties?.topicAlias, undefined);
      }
    }
  });

  test('[MQTT-3.3.2-7] ends with its connection', () => {
    const broker = new TestBroker();
    const first = connected(broker, lasting(5, 'c'));
    aliased(first, 'a', 1);
    first.lose();
    const second = connected(broker, lasting(5, 'c'));
    aliased(second, '', 1);
    assertClosed(second, ReasonCode.protocolError);
  });

  test('[MQTT-3.3.2-7] is not known to another connection', () => {
    const broker = new TestBroker();
    aliased(connected(broker, { clientId: 'a' }), 'a', 1);
    const other = connected(broker, { clientId: 'b' });
    aliased(other, '', 1);
    assertClosed(other, ReasonCode.protocolError);
  });

  test('[MQTT-3.3.2-8] is never 0: 0x94', () => {
    const client = connected(new TestBroker(), { clientId: 'c' });
    aliased(client, 'a', 0);
    assertClosed(client, ReasonCode.topicAliasInvalid);
  });

  test('[MQTT-3.2.2-17] [MQTT-3.3.2-9] is not above the Topic Alias Maximum of CONNACK: 0x94', () => {
    const broker = new TestBroker({ settings: { limits: { topicAliasMaximum: 3 } } });
    const client = broker.open();
    assert.equal(client.connect().properties?.topicAliasMaximum, 3);
    aliased(client, 'a', 3);
    assert.equal(client.state, 'open');
    aliased(client, 'a', 4);
    assertClosed(client, ReasonCode.topicAliasInvalid);
  });

  test('[MQTT-3.2.2-18] is none where CONNACK has no Topic Alias Maximum: 0x94', () => {
    const broker = new TestBroker({ settings: { limits: { topicAliasMaximum: 0 } } });
    const client = broker.open();
    assert.equal(client.connect().properties?.topicAliasMaximum, undefined);
    aliased(client, 'a', 1);
    assertClosed(client, ReasonCode.topicAliasInvalid);
  });
});

describe('a Topic Alias of the broker', () => {
  /** Sends a message on each topic to a client with this Topic Alias Maximum. */
  function receive(topicAliasMaximum: number | undefined, topicNames: readonly string[]) {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    const client = connected(broker, { clientId: 'c', properties: { topicAliasMaximum } });
    client.subscribe('#');
    for (const topicName of topicNames) publisher.publish(topicName);
    return client.takePublishes();
  }

  test('is used where the client allows it: name and alias first, then the alias alone', () => {
    const packets = receive(10, ['a', 'b', 'a', 'b', 'a']);
    assert.deepEqual(
      packets.map((packet) => [packet.topicName, packet.properties?.topicAlias]),
      [
        ['a', 1],
        ['b', 2],
        ['', 1],
        ['', 2],
        ['', 1],
      ],
    );
  });

  test("[MQTT-3.1.2-26] [MQTT-3.3.2-11] is not above the client's Topic Alias Maximum", () => {
    const names = Array.from({ length: 2000 }, (_, i) => `t/${(i * 7) % 50}`);
    const known = new Map<number, string>();
    const packets = receive(3, names);
    const resolved = packets.map((packet) => {
      const alias = packet.properties?.topicAlias;
      if (alias === undefined) return packet.topicName;
      assert.ok(alias >= 1 && alias <= 3, `alias ${alias}`);
      if (packet.topicName !== '') known.set(alias, packet.topicName);
      return known.get(alias);
    });
    assert.deepEqual(resolved, names);
    assert.ok(packets.some((packet) => packet.topicName === ''));
  });

  test('[MQTT-3.1.2-27] is not used where the client gave no maximum, or 0', () => {
    for (const maximum of [undefined, 0]) {
      for (const packet of receive(maximum, ['a', 'a', 'a'])) {
        assert.equal(packet.topicName, 'a');
        assert.equal(packet.properties?.topicAlias, undefined);
      }
    }
  });

  test('[MQTT-3.3.2-7] is set anew on each connection, also for what is sent again', () => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    const fields = lasting(5, 'c');
    const withAliases = { ...fields, properties: { ...fields.properties, topicAliasMaximum: 5 } };
    const first = connected(broker, withAliases);
    first.subscribe('a');
    publisher.publish('a', '1', { qos: 1 });
    publisher.publish('a', '2', { qos: 1 });
    assert.equal(first.takePublishes()[1]?.topicName, '');
    first.lose();
    const second = connected(broker, withAliases);
    assert.deepEqual(
      second.takePublishes().map((packet) => [packet.topicName, packet.properties?.topicAlias]),
      [
        ['a', 1],
        ['', 1],
      ],
    );
  });

  test('[MQTT-3.1.2-24] does not make a message larger than the client takes', () => {
    for (const qos of [0, 1] as const) {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p' });
      // Fixed header 2, topic 3, (identifier 2), Property Length 1, payload 10.
      const maximumPacketSize = 2 + 3 + (qos === 0 ? 0 : 2) + 1 + 10;
      const properties = { maximumPacketSize, topicAliasMaximum: 5 };
      const client = connected(broker, { clientId: 'c', properties });
      client.subscribe('a');
      for (let i = 0; i < 3; i++) {
        takeBytes(client);
        publisher.publish('a', new Uint8Array(10), { qos });
        assert.equal(takeBytes(client).length, maximumPacketSize);
        assert.equal(client.take(PacketType.publish).topicName, 'a');
      }
    }
  });
});
