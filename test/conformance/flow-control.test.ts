/** Flow control (4.9): Receive Maximum in both directions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forV3, lasting, settled } from './each-version.ts';

/** A subscriber of `t` with this Receive Maximum, and `count` messages published for it. */
function start(receiveMaximum: number | undefined, count: number, qos: 1 | 2 = 1) {
  const broker = new TestBroker({ settings: { limits: { inflightMessagesMax: 50 } } });
  const publisher = connected(broker, { clientId: 'p', protocolVersion: 4 });
  const fields = lasting(5, 's');
  const properties = { ...fields.properties, receiveMaximum };
  const subscriber = connected(broker, { ...fields, properties });
  subscriber.subscribe('t');
  for (let i = 0; i < count; i++) publisher.publish('t', `${i}`, { qos, packetId: i + 1 });
  return { broker, publisher, subscriber, fields: { ...fields, properties } };
}

function ids(client: TestClient): number[] {
  return client.takePublishes().map((packet) => packet.packetId);
}

describe('towards the client', () => {
  test('[MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] no more QoS 1 and 2 is under way than its Receive Maximum', () => {
    for (const receiveMaximum of [1, 2, 49]) {
      const { subscriber } = start(receiveMaximum, 100);
      let underWay = ids(subscriber);
      assert.equal(underWay.length, receiveMaximum);
      for (let i = 0; i < 30; i++) {
        subscriber.acknowledge(PacketType.puback, underWay.shift() ?? 0);
        const next = ids(subscriber);
        assert.equal(next.length, 1, 'one PUBACK, one PUBLISH');
        underWay = [...underWay, ...next];
      }
    }
  });

  test('[MQTT-3.3.4-9] where it gave none, or a larger one, the limit of the broker counts', () => {
    for (const receiveMaximum of [undefined, 51, 65_535]) {
      assert.equal(ids(start(receiveMaximum, 100).subscriber).length, 50);
    }
  });

  forV3('a 3.x client has the window of the broker', (version) => {
    const broker = new TestBroker({ settings: { limits: { inflightMessagesMax: 3 } } });
    const subscriber = connected(broker, { clientId: 's', protocolVersion: version });
    subscriber.subscribe('t');
    const publisher = connected(broker, { clientId: 'p', protocolVersion: 4 });
    for (let i = 0; i < 10; i++) publisher.publish('t', '', { qos: 1 });
    assert.equal(ids(subscriber).length, 3);
  });

  test('[MQTT-4.9.0-2] PUBCOMP and a PUBREC of 0x80 give the quota back, a PUBREC of success does not', () => {
    const { subscriber } = start(2, 10, 2);
    const [a = 0, b = 0] = ids(subscriber);
    subscriber.acknowledge(PacketType.pubrec, a);
    assert.deepEqual(ids(subscriber), []);
    subscriber.acknowledge(PacketType.pubcomp, a);
    assert.equal(ids(subscriber).length, 1);
    subscriber.acknowledge(PacketType.pubrec, b, ReasonCode.quotaExceeded);
    assert.equal(ids(subscriber).length, 1);
  });

  test('[MQTT-4.9.0-2] acknowledgements that nobody waits for give nothing', () => {
    const { subscriber } = start(2, 10);
    const [a = 0] = ids(subscriber);
    subscriber.acknowledge(PacketType.puback, 999);
    subscriber.acknowledge(PacketType.pubcomp, a);
    subscriber.acknowledge(PacketType.puback, a);
    assert.equal(ids(subscriber).length, 1);
    subscriber.acknowledge(PacketType.puback, a);
    assert.deepEqual(ids(subscriber), []);
  });

  test('[MQTT-3.3.4-10] [MQTT-4.9.0-3] everything else goes on at a quota of 0', () => {
    const { publisher, subscriber } = start(1, 10, 2);
    const [a = 0] = ids(subscriber);
    subscriber.ping();
    subscriber.subscribe('other');
    subscriber.unsubscribe('nothing');
    publisher.publish('other', 'x', { qos: 0 });
    assert.deepEqual(subscriber.takeTexts(), ['other x']);
    subscriber.publish('u', '', { qos: 1, packetId: 5 });
    subscriber.take(PacketType.puback);
    subscriber.publish('u', '', { qos: 2, packetId: 6 });
    subscriber.take(PacketType.pubrec);
    subscriber.acknowledge(PacketType.pubrel, 6);
    subscriber.take(PacketType.pubcomp);
    subscriber.acknowledge(PacketType.pubrec, a);
    subscriber.take(PacketType.pubrel);
  });

  test('a new connection begins with a full quota of its own', () => {
    const { broker, subscriber, fields } = start(5, 30);
    assert.equal(ids(subscriber).length, 5);
    subscriber.lose();
    const small = { ...fields, properties: { ...fields.properties, receiveMaximum: 2 } };
    const back = connected(broker, small);
    const [a = 0, ...more] = ids(back);
    assert.equal(more.length, 1);
    back.acknowledge(PacketType.puback, a);
    assert.equal(ids(back).length, 1);
    back.lose();
    const large = { ...fields, properties: { ...fields.properties, receiveMaximum: 50 } };
    assert.equal(ids(connected(broker, large)).length, 29);
  });
});

describe('from the client', () => {
  function sender(mode: 'strict' | 'warn', version: MqttVersion = 5) {
    const broker = new TestBroker({
      policy: { receiveMaximumMode: mode },
      settings: { limits: { inflightMessagesMax: 3 } },
    });
    const client = broker.open();
    const connack = client.connect({ clientId: 'c', protocolVersion: version });
    if (version === 5) assert.equal(connack.properties?.receiveMaximum, 3);
    return { broker, client };
  }

  test("[MQTT-3.3.4-7] more than the broker's Receive Maximum ends the connection with 0x93", () => {
    const { client } = sender('strict');
    for (let packetId = 1; packetId <= 3; packetId++) client.publish('t', '', { qos: 2, packetId });
    assert.equal(client.state, 'open');
    client.publish('t', '', { qos: 2, packetId: 4 });
    assertClosed(client, ReasonCode.receiveMaximumExceeded);
  });

  test('[MQTT-3.3.4-7] a finished flow makes room: PUBACK, PUBCOMP, a PUBREC of 0x80', () => {
    const { client } = sender('strict');
    for (let i = 0; i < 100; i++) {
      client.publish('t', '', { qos: 1, packetId: 1 });
      client.publish('t', '', { qos: 2, packetId: 2 });
      client.publish('$SYS/no', '', { qos: 2, packetId: 3 });
      client.publish('t', '', { qos: 2, packetId: 4 });
      client.acknowledge(PacketType.pubrel, 2);
      client.acknowledge(PacketType.pubrel, 4);
    }
    assert.equal(client.state, 'open');
  });

  test('[MQTT-3.3.4-7] a repetition of the same QoS 2 message does not count', () => {
    const { client } = sender('strict');
    for (let packetId = 1; packetId <= 3; packetId++) client.publish('t', '', { qos: 2, packetId });
    for (let i = 0; i < 10; i++) client.publish('t', '', { qos: 2, packetId: 2, dup: true });
    assert.equal(client.state, 'open');
  });

  test('a listener that only warns takes them, and counts', () => {
    const { broker, client } = sender('warn');
    for (let packetId = 1; packetId <= 10; packetId++)
      client.publish('t', '', { qos: 2, packetId });
    assert.equal(client.inbox.filter(({ type }) => type === PacketType.pubrec).length, 10);
    assert.equal(broker.broker.counters.receiveMaximumExceeded, 7);
  });

  forV3('3.x knows no Receive Maximum: nobody is disconnected for it', (version) => {
    const { client } = sender('strict', version);
    for (let packetId = 1; packetId <= 10; packetId++)
      client.publish('t', '', { qos: 2, packetId });
    assert.equal(client.state, 'open');
  });

  test('a client that must wait for an asynchronous hook is not blamed for it', async () => {
    const broker = new TestBroker({
      settings: { limits: { inflightMessagesMax: 3 } },
      plugins: [
        { name: 'slow', authorizePublish: () => Promise.resolve({ allow: true } as const) },
      ],
    });
    const client = connected(broker, { clientId: 'c' });
    const acknowledged = () => client.inbox.filter(({ type }) => type === PacketType.puback).length;
    for (const count of [3, 6]) {
      for (let packetId = 1; packetId <= 3; packetId++) {
        client.publish('t', '', { qos: 1, packetId });
      }
      await settled(broker, () => acknowledged() === count);
    }
    assert.equal(client.state, 'open');
  });
});
