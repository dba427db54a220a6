import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../packet/index.ts';
import { TestBroker } from '../testing/index.ts';

test('[MQTT-4.3.2-1] a message to many is the same for each, but for its Packet Identifier', () => {
  const broker = new TestBroker();
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  const receivers = ([3, 4, 5, 3, 4, 5] as const).map((protocolVersion, index) => {
    const client = broker.open();
    client.connect({ clientId: `r${index}`, protocolVersion });
    client.subscribe([{ topicFilter: 't/ü/#', qos: index % 2 === 0 ? 1 : 2 }]);
    // Not all are at the same Packet Identifier.
    for (let i = 0; i < index; i++) publisher.publish(`t/ü/only`, '', { qos: 1 });
    return client;
  });
  for (const client of receivers) client.takePublishes();
  const properties = { contentType: 'text/plain', userProperties: [['a', 'ä'] as const] };
  for (const qos of [0, 1, 2] as const) {
    publisher.publish('t/ü/x', 'payload', { qos, properties });
    for (const [index, client] of receivers.entries()) {
      const [packet, ...more] = client.takePublishes();
      assert.ok(packet !== undefined && more.length === 0);
      assert.equal(packet.topicName, 't/ü/x');
      assert.equal(new TextDecoder().decode(packet.payload), 'payload');
      assert.equal(packet.qos, Math.min(qos, index % 2 === 0 ? 1 : 2));
      assert.equal(packet.properties?.contentType, client.version === 5 ? 'text/plain' : undefined);
      assert.equal(packet.packetId > 0, packet.qos > 0);
      if (packet.qos === 1) client.acknowledge(PacketType.puback, packet.packetId);
    }
  }
  const ids = receivers.map((client) => {
    publisher.publish('t/ü/y', '', { qos: 1 });
    return client.takePublishes()[0]?.packetId;
  });
  assert.ok(new Set(ids).size > 1, 'the receivers are at different identifiers');
  assert.deepEqual(broker.internalErrors, []);
});
