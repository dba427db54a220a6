import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '../packet/index.ts';
import { connected, publication } from './connected-client.test-kit.ts';
import { ScriptedServer } from './scripted-server.test-kit.ts';

const none = undefined;
const acknowledgement = { reasonCode: ReasonCode.success, properties: none };

test('messages of every QoS are handed out once and acknowledged', async (t) => {
  await using server = await ScriptedServer.start();
  const received: string[] = [];
  const { client, peer } = await connected(t, server, {
    onMessage: ({ topicName, qos, payload }) =>
      received.push(`${topicName} ${qos} ${Buffer.from(payload)}`),
  });
  const payload = Buffer.from('p');
  peer.send(
    publication({ topicName: 'zero', payload }),
    publication({ topicName: 'one', payload, qos: 1, packetId: 1 }),
    publication({ topicName: 'two', payload, qos: 2, packetId: 2 }),
  );
  assert.equal((await peer.receive(PacketType.puback)).packetId, 1);
  assert.equal((await peer.receive(PacketType.pubrec)).packetId, 2);
  peer.send(publication({ topicName: 'two', payload, qos: 2, packetId: 2, dup: true }));
  assert.equal((await peer.receive(PacketType.pubrec)).packetId, 2);
  peer.send({ type: PacketType.pubrel, packetId: 2, ...acknowledgement });
  assert.equal((await peer.receive(PacketType.pubcomp)).reasonCode, ReasonCode.success);
  peer.send({ type: PacketType.pubrel, packetId: 2, ...acknowledgement });
  const { reasonCode } = await peer.receive(PacketType.pubcomp);
  assert.equal(reasonCode, ReasonCode.packetIdentifierNotFound);
  assert.deepEqual(received, ['zero 0 p', 'one 1 p', 'two 2 p']);
  client.destroy();
});

test('a Topic Alias stands for the name it was given last', async (t) => {
  await using server = await ScriptedServer.start();
  const names: string[] = [];
  const { client, peer } = await connected(t, server, {
    properties: { topicAliasMaximum: 2 },
    onMessage: ({ topicName }) => names.push(topicName),
  });
  const properties = { topicAlias: 1 };
  peer.send(
    publication({ topicName: 'first', properties }),
    publication({ topicName: '', properties }),
    publication({ topicName: 'second', properties }),
    publication({ topicName: '', properties, qos: 1, packetId: 5 }),
  );
  await peer.receive(PacketType.puback);
  assert.deepEqual(names, ['first', 'first', 'second', 'second']);
  client.destroy();
});

for (const [what, alias, topicName] of [
  ['above the maximum', 3, 'a'],
  ['that was never set', 1, ''],
] as const) {
  test(`a Topic Alias ${what} ends the connection with 0x94`, async (t) => {
    await using server = await ScriptedServer.start();
    const { client, peer } = await connected(t, server, { properties: { topicAliasMaximum: 2 } });
    peer.send(publication({ topicName, properties: { topicAlias: alias } }));
    const { reasonCode } = await peer.receive(PacketType.disconnect);
    assert.equal(reasonCode, ReasonCode.topicAliasInvalid);
    peer.socket.end();
    assert.equal((await client.closed)?.code, 'protocol');
  });
}

test('malformed bytes end the connection with 0x81 and an error that says what was wrong', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  peer.sendBytes(0x90, 0x01, 0x00);
  const { reasonCode } = await peer.receive(PacketType.disconnect);
  assert.equal(reasonCode, ReasonCode.malformedPacket);
  peer.socket.end();
  const error = await client.closed;
  assert.equal(error?.code, 'protocol');
  assert.match(error.message, /^The server broke the protocol: /);
});

test('a handler that throws closes the client with that error', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server, {
    reconnect: {},
    onMessage: () => {
      throw new Error('handler bug');
    },
  });
  peer.send(publication({}));
  const error = await client.closed;
  assert.equal(error?.code, 'handler');
  assert.match(error.message, /handler bug/);
});

test('a paused client hands out nothing until it is resumed', async (t) => {
  await using server = await ScriptedServer.start();
  const received: string[] = [];
  const { client, peer } = await connected(t, server);
  const all = Promise.withResolvers<void>();
  client.onMessage = ({ topicName }) => {
    received.push(topicName);
    if (received.length === 1) {
      client.pause();
      setImmediate(() => {
        assert.deepEqual(received, ['1']);
        client.resume();
      });
    }
    if (received.length === 3) all.resolve();
  };
  peer.send(
    publication({ topicName: '1' }),
    publication({ topicName: '2' }),
    publication({ topicName: '3' }),
  );
  await all.promise;
  assert.deepEqual(received, ['1', '2', '3']);
  client.destroy();
});

test('bytes in any cut make the same packets', async (t) => {
  await using server = await ScriptedServer.start();
  const received = Promise.withResolvers<string>();
  const { client, peer } = await connected(t, server, {
    onMessage: ({ payload }) => received.resolve(Buffer.from(payload).toString()),
  });
  const bytes = [0x30, 0x07, 0x00, 0x01, 0x61, 0x00, 0x78, 0x79, 0x7a];
  for (const byte of bytes) {
    peer.sendBytes(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await received.promise, 'xyz');
  client.destroy();
});

test('subscribe and unsubscribe answer what the server granted', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  const subscribing = client.subscribe(
    [{ topicFilter: 'a/#', qos: 1, noLocal: true }, { topicFilter: 'b' }],
    { subscriptionIdentifier: 4 },
  );
  const request = await peer.receive(PacketType.subscribe);
  assert.equal(request.properties?.subscriptionIdentifier, 4);
  assert.deepEqual(request.subscriptions[0], {
    topicFilter: 'a/#',
    qos: 1,
    noLocal: true,
    retainAsPublished: false,
    retainHandling: 0,
  });
  const granted = [ReasonCode.grantedQoS1, ReasonCode.notAuthorized];
  const { packetId } = request;
  peer.send({ type: PacketType.suback, packetId, reasonCodes: granted, properties: none });
  assert.deepEqual((await subscribing).reasonCodes, granted);
  const unsubscribing = client.unsubscribe(['a/#']);
  const second = await peer.receive(PacketType.unsubscribe);
  assert.deepEqual(second.topicFilters, ['a/#']);
  peer.send({
    type: PacketType.unsuback,
    packetId: second.packetId,
    reasonCodes: [ReasonCode.success],
    properties: none,
  });
  assert.deepEqual((await unsubscribing).reasonCodes, [ReasonCode.success]);
  client.destroy();
});
