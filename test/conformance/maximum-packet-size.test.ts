/** Maximum Packet Size in both directions, and what is left out of packets that would exceed it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker } from '../../src/testing/index.ts';
import { assertClosed, connected, forEachVersion, lasting, takeBytes } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

describe("the broker's Maximum Packet Size", () => {
  forEachVersion(
    '[MQTT-3.2.2-15] is kept: a larger packet ends the connection with 0x95 before it is all there',
    (version) => {
      const broker = new TestBroker({ settings: { limits: { packetBytesMax: 1000 } } });
      const client = broker.open();
      const connack = client.connect({ clientId: 'c', protocolVersion: version });
      if (version === 5) assert.equal(connack.properties?.maximumPacketSize, 1000);
      client.subscribe('t');
      const overhead = 3 + 3 + (version === 5 ? 1 : 0);
      client.publish('t', new Uint8Array(1000 - overhead));
      assert.equal(client.takePublishes().length, 1);
      // The fixed header alone announces 1001 bytes.
      client.sendBytes(Uint8Array.of(0x30, 0xe6, 0x07));
      assertClosed(client, ReasonCode.packetTooLarge);
    },
  );

  forEachVersion('counts for CONNECT too', (version) => {
    const broker = new TestBroker({ settings: { limits: { packetBytesMax: 100 } } });
    const client = broker.open();
    client.sendConnect({ clientId: 'c', protocolVersion: version, username: 'u'.repeat(100) });
    assert.equal(client.state, 'ended');
    assert.deepEqual(client.inbox, []);
  });
});

describe("a client's Maximum Packet Size", () => {
  test('[MQTT-3.1.2-24] [MQTT-3.1.2-25] a larger message is dropped for it alone, and counts as delivered', () => {
    const facts = new FactRecorder();
    const broker = new TestBroker({ plugins: [facts] });
    const publisher = connected(broker, { clientId: 'p' });
    const small = connected(broker, { clientId: 's', properties: { maximumPacketSize: 100 } });
    const large = connected(broker, { clientId: 'l' });
    small.subscribe('t');
    large.subscribe('t');
    for (const qos of [0, 1, 2] as const) {
      const overhead = 2 + 3 + (qos === 0 ? 0 : 2) + 1;
      publisher.publish('t', new Uint8Array(100 - overhead + 1), { qos });
      assert.deepEqual(small.takePublishes(), []);
      assert.equal(large.takePublishes().length, 1);
      publisher.publish('t', new Uint8Array(100 - overhead), { qos });
      assert.equal(small.takePublishes().length, 1);
      assert.equal(large.takePublishes().length, 1);
    }
    assert.deepEqual(
      facts.drops.map((drop) => [drop.cause, drop.clientId, drop.topicName, drop.qos]),
      [0, 1, 2].map((qos) => ['packet-too-large', 's', 't', qos]),
    );
    assert.equal(broker.broker.gauges().inflightMessages, 2 + 4);
  });

  test('[MQTT-3.1.2-25] messages that are too large do not hold up those behind them', () => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    const properties = { maximumPacketSize: 100, receiveMaximum: 1 };
    const client = connected(broker, { clientId: 's', properties });
    client.subscribe('t');
    publisher.publish('t', '1', { qos: 1 });
    for (let i = 0; i < 5; i++) publisher.publish('t', new Uint8Array(200), { qos: 1 });
    publisher.publish('t', '2', { qos: 1 });
    const [first] = client.takePublishes();
    client.acknowledge(PacketType.puback, first?.packetId ?? 0);
    assert.deepEqual(client.takeTexts(), ['t 2']);
  });

  test('[MQTT-3.1.2-24] also counts for what is sent again on a new connection', () => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    const first = connected(broker, lasting(5, 'c'));
    first.subscribe('t');
    publisher.publish('t', new Uint8Array(200), { qos: 1 });
    publisher.publish('t', 'x', { qos: 1 });
    first.lose();
    const fields = lasting(5, 'c');
    const properties = { ...fields.properties, maximumPacketSize: 100, receiveMaximum: 1 };
    const second = connected(broker, { ...fields, properties });
    assert.deepEqual(second.takeTexts(), ['t x']);
    assert.equal(broker.broker.gauges().inflightMessages, 1);
  });

  test('[MQTT-3.1.2-24] that not even CONNACK fits in ends the connection with nothing sent', () => {
    const broker = new TestBroker();
    const client = broker.open();
    client.sendConnect({ clientId: '', properties: { maximumPacketSize: 20 } });
    const bytes = takeBytes(client);
    assert.ok(bytes.length <= 20, `${bytes.length} bytes were sent`);
    assert.notEqual(client.state, 'open');
    assert.equal(broker.broker.gauges().sessions, 0);
    assert.equal(broker.broker.gauges().clientsConnected, 0);
  });
});
