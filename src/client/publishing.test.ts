import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '../packet/index.ts';
import { connected } from './connected-client.test-kit.ts';
import type { ClientError } from './index.ts';
import { ScriptedServer } from './scripted-server.test-kit.ts';

const none = undefined;
const acknowledgement = { reasonCode: ReasonCode.success, properties: none };

test('QoS 0 is complete when sent, and messages of one turn leave in order', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  await Promise.all([
    client.publish({ topicName: 'a', payload: '1', retain: true }),
    client.publish({ topicName: 'b', payload: new Uint8Array([0, 255]) }),
  ]);
  const first = await peer.receive(PacketType.publish);
  const second = await peer.receive(PacketType.publish);
  assert.equal(first.topicName, 'a');
  assert.equal(first.retain, true);
  assert.deepEqual([...second.payload], [0, 255]);
  client.destroy();
});

test('QoS 1 is complete with its PUBACK and answers its reason code', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  const publishing = client.publish({ topicName: 'a', payload: 'x', qos: 1 });
  const { packetId, dup } = await peer.receive(PacketType.publish);
  assert.equal(dup, false);
  assert.equal(client.unacknowledgedCount, 1);
  const reasonCode = ReasonCode.noMatchingSubscribers;
  peer.send({ type: PacketType.puback, packetId, reasonCode, properties: none });
  assert.deepEqual(await publishing, { packetId, reasonCode, properties: none });
  assert.equal(client.unacknowledgedCount, 0);
  client.destroy();
});

test('QoS 2 is complete with its PUBCOMP', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  const publishing = client.publish({ topicName: 'a', payload: 'x', qos: 2 });
  const { packetId } = await peer.receive(PacketType.publish);
  peer.send({ type: PacketType.pubrec, packetId, ...acknowledgement });
  assert.equal((await peer.receive(PacketType.pubrel)).packetId, packetId);
  peer.send({ type: PacketType.pubcomp, packetId, ...acknowledgement });
  assert.equal((await publishing).reasonCode, ReasonCode.success);
  client.destroy();
});

test('a PUBREC that refuses ends the message without PUBREL', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  const publishing = client.publish({ topicName: 'a', payload: 'x', qos: 2 });
  const { packetId } = await peer.receive(PacketType.publish);
  const reasonCode = ReasonCode.quotaExceeded;
  peer.send({ type: PacketType.pubrec, packetId, reasonCode, properties: none });
  assert.equal((await publishing).reasonCode, reasonCode);
  await client.disconnect();
  await peer.receive(PacketType.disconnect);
});

test('a PUBREC for an identifier that is not in use is answered with 0x92', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  peer.send({ type: PacketType.pubrec, packetId: 77, ...acknowledgement });
  const { packetId, reasonCode } = await peer.receive(PacketType.pubrel);
  assert.equal(packetId, 77);
  assert.equal(reasonCode, ReasonCode.packetIdentifierNotFound);
  client.destroy();
});

test('no more messages are on their way than the Receive Maximum allows', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server, {}, { properties: { receiveMaximum: 2 } });
  const done: string[] = [];
  const publishings = ['1', '2', '3', '4'].map(async (payload) => {
    await client.publish({ topicName: 'a', payload, qos: 1 });
    done.push(payload);
  });
  const first = await peer.receive(PacketType.publish);
  const second = await peer.receive(PacketType.publish);
  assert.equal(client.isWritable, false);
  assert.equal(peer.unread.length, 0);
  peer.send({ type: PacketType.puback, packetId: second.packetId, ...acknowledgement });
  const third = await peer.receive(PacketType.publish);
  assert.equal(Buffer.from(third.payload).toString(), '3');
  peer.send({ type: PacketType.puback, packetId: first.packetId, ...acknowledgement });
  const fourth = await peer.receive(PacketType.publish);
  for (const { packetId } of [third, fourth]) {
    peer.send({ type: PacketType.puback, packetId, ...acknowledgement });
  }
  await Promise.all(publishings);
  assert.deepEqual(done, ['2', '1', '3', '4']);
  client.destroy();
});

test('what CONNACK said no to is refused here and never sent', async (t) => {
  await using server = await ScriptedServer.start();
  const properties = { maximumQoS: 1, retainAvailable: false, maximumPacketSize: 40 } as const;
  const { client, peer } = await connected(t, server, {}, { properties });
  const message = { topicName: 'a', payload: 'x' };
  await assert.rejects(client.publish({ ...message, qos: 2 }), { code: 'not-supported' });
  await assert.rejects(client.publish({ ...message, retain: true }), { code: 'not-supported' });
  await assert.rejects(client.publish({ ...message, payload: 'x'.repeat(40) }), {
    code: 'not-supported',
  });
  await assert.rejects(client.publish({ ...message, properties: { topicAlias: 1 } }), {
    code: 'not-supported',
  });
  await assert.rejects(client.publish({ ...message, topicName: 'a/#' }), { code: 'invalid' });
  await assert.rejects(client.publish({ ...message, topicName: 'x'.repeat(70_000) }), {
    code: 'invalid',
  });
  await client.disconnect();
  await peer.receive(PacketType.disconnect);
});

test('a slow server slows the sender down, and everything arrives in order', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  peer.socket.pause();
  const payload = Buffer.alloc(64 * 1024, 1);
  let sent = 0;
  const done = (error: ClientError | undefined): void => assert.equal(error, none);
  while (client.send({ topicName: String(sent++), payload }, done)) {
    assert.ok(sent < 10_000, 'the client never asked to wait');
    await Promise.resolve();
  }
  const writable = client.whenWritable();
  peer.socket.resume();
  await writable;
  client.send({ topicName: String(sent++), payload }, done);
  for (let index = 0; index < sent; index++) {
    assert.equal((await peer.receive(PacketType.publish)).topicName, String(index));
  }
  client.destroy();
});
