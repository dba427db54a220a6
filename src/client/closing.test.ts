import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '../packet/index.ts';
import { connected, publication } from './connected-client.test-kit.ts';
import { ServerDisconnectError } from './index.ts';
import { ScriptedServer } from './scripted-server.test-kit.ts';

const none = undefined;

test('DISCONNECT goes out after everything sent before it', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  await client.publish({ topicName: 'a', payload: 'last' });
  const disconnecting = client.disconnect({
    reasonCode: ReasonCode.disconnectWithWillMessage,
    properties: { userProperties: [['k', 'v']] },
  });
  await peer.receive(PacketType.publish);
  const { reasonCode, properties } = await peer.receive(PacketType.disconnect);
  assert.equal(reasonCode, ReasonCode.disconnectWithWillMessage);
  assert.deepEqual(properties?.userProperties, [['k', 'v']]);
  peer.socket.end();
  await disconnecting;
  assert.equal(await client.closed, none);
});

test('a message handled while the client disconnects is still acknowledged, the next one is not', async (t) => {
  await using server = await ScriptedServer.start();
  const received: string[] = [];
  const { client, peer } = await connected(t, server);
  client.onMessage = ({ topicName }) => {
    received.push(topicName);
    void client.disconnect();
  };
  peer.send(
    publication({ topicName: 'seen', qos: 1, packetId: 1 }),
    publication({ topicName: 'unseen', qos: 1, packetId: 2 }),
  );
  assert.equal((await peer.receive(PacketType.puback)).packetId, 1);
  await peer.receive(PacketType.disconnect);
  peer.socket.end();
  await client.closed;
  assert.deepEqual(received, ['seen']);
  assert.deepEqual(peer.unread, []);
});

test('a DISCONNECT of the server arrives with reason code and reason string', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  const publishing = client.publish({ topicName: 'a', payload: '', qos: 1 });
  await peer.receive(PacketType.publish);
  peer.send({
    type: PacketType.disconnect,
    reasonCode: ReasonCode.serverShuttingDown,
    properties: { reasonString: 'night', serverReference: 'other:1883' },
  });
  peer.socket.end();
  await assert.rejects(publishing, ServerDisconnectError);
  const error = await client.closed;
  assert.ok(error instanceof ServerDisconnectError);
  assert.equal(error.reasonCode, ReasonCode.serverShuttingDown);
  assert.equal(
    error.message,
    'The server ended the connection: Server shutting down (0x8B): night (use other:1883)',
  );
});

test('requests on a closed client fail at once', async (t) => {
  await using server = await ScriptedServer.start();
  const { client } = await connected(t, server);
  client.destroy();
  await client.closed;
  await assert.rejects(client.publish({ topicName: 'a', payload: '' }), { code: 'closed' });
  await assert.rejects(client.subscribe([{ topicFilter: 'a' }]), { code: 'closed' });
  await assert.rejects(client.whenWritable(), { code: 'closed' });
  await client.disconnect();
});

test('a PINGREQ goes out after an interval of silence, and the Server Keep Alive counts', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(
    t,
    server,
    { keepAlive: 600 },
    { properties: { serverKeepAlive: 1 } },
  );
  await peer.receive(PacketType.pingreq);
  peer.send({ type: PacketType.pingresp });
  await peer.receive(PacketType.pingreq);
  // This one stays unanswered.
  assert.equal((await client.closed)?.code, 'keep-alive');
});
