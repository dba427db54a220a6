import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MqttVersion, PacketType, type PublishPacket, ReasonCode } from '../packet/index.ts';
import {
  ClientError,
  type ConnectOptions,
  ConnectRefusedError,
  connect,
  MqttClient,
  ServerDisconnectError,
} from './index.ts';
import { connack, type ScriptedPeer, ScriptedServer } from './scripted-server.test-kit.ts';

const none = undefined;

/** A client and the server's end of its connection, CONNACK already sent. */
async function connected(
  t: TestContext,
  server: ScriptedServer,
  options: Partial<ConnectOptions> = {},
  connackChanges: Parameters<ScriptedServer['welcome']>[0] = {},
): Promise<{ client: MqttClient; peer: ScriptedPeer }> {
  const [client, { peer }] = await Promise.all([
    connect({ url: server.url, ...options }),
    server.welcome(connackChanges),
  ]);
  t.after(() => client.destroy());
  return { client, peer };
}

function publication(changes: Partial<PublishPacket>): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: 'a',
    payload: new Uint8Array(0),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: none,
    ...changes,
  };
}

const acknowledgement = { reasonCode: ReasonCode.success, properties: none };

for (const version of [MqttVersion.v31, MqttVersion.v311, MqttVersion.v5]) {
  test(`CONNECT of version ${version} carries all that was asked for`, async () => {
    await using server = await ScriptedServer.start();
    const connecting = connect({
      url: server.url.replace('//', '//ann:p%40ss@'),
      protocolVersion: version,
      clientId: 'c1',
      cleanStart: false,
      keepAlive: 7,
      will: { topicName: 'gone', payload: 'bye', qos: 1, retain: true },
      properties: { sessionExpiryInterval: 9, receiveMaximum: 3 },
    });
    const { connect: packet } = await server.welcome();
    const client = await connecting;
    assert.equal(packet.protocolVersion, version);
    assert.equal(packet.clientId, 'c1');
    assert.equal(packet.cleanStart, false);
    assert.equal(packet.keepAlive, 7);
    assert.equal(packet.username, 'ann');
    assert.equal(Buffer.from(packet.password ?? []).toString(), 'p@ss');
    assert.equal(packet.will?.topicName, 'gone');
    assert.equal(Buffer.from(packet.will?.payload ?? []).toString(), 'bye');
    assert.equal(packet.will?.qos, 1);
    assert.equal(packet.will?.retain, true);
    if (version === MqttVersion.v5) {
      assert.equal(packet.properties?.sessionExpiryInterval, 9);
      assert.equal(packet.properties?.receiveMaximum, 3);
    }
    client.destroy();
  });
}

test('a client of 3.1, which knows no assigned identifiers, brings its own', async () => {
  await using server = await ScriptedServer.start();
  const connecting = connect({ url: server.url, protocolVersion: MqttVersion.v31 });
  const { connect: packet } = await server.welcome();
  assert.match(packet.clientId, /^linnet-[0-9a-f]{16}$/);
  (await connecting).destroy();
});

test('the identifier that the server assigned is the one in use', async (t) => {
  await using server = await ScriptedServer.start();
  const properties = { assignedClientIdentifier: 'given' };
  const { client } = await connected(t, server, {}, { properties });
  assert.equal(client.clientId, 'given');
  client.destroy();
});

test('a Unix socket carries MQTT too', async () => {
  const path = join(tmpdir(), `linnet-client-${process.pid}.sock`);
  await rm(path, { force: true });
  await using server = await ScriptedServer.start(path);
  const connecting = connect({ url: `unix:${path}` });
  await server.welcome();
  (await connecting).destroy();
});

test('a refusal of 5.0 is an error with its reason code and reason string', async () => {
  await using server = await ScriptedServer.start();
  const connecting = connect({ url: server.url });
  await server.welcome(connack(ReasonCode.notAuthorized, { reasonString: 'not you' }));
  await assert.rejects(connecting, (error: unknown) => {
    assert.ok(error instanceof ConnectRefusedError);
    assert.equal(error.code, 'refused');
    assert.equal(error.reasonCode, ReasonCode.notAuthorized);
    assert.equal(error.returnCode, 0x87);
    assert.match(error.message, /Not authorized \(0x87\): not you/);
    return true;
  });
});

for (const [returnCode, reasonCode] of [
  [1, ReasonCode.unsupportedProtocolVersion],
  [2, ReasonCode.clientIdentifierNotValid],
  [3, ReasonCode.serverUnavailable],
  [4, ReasonCode.badUserNameOrPassword],
  [5, ReasonCode.notAuthorized],
] as const) {
  test(`return code ${returnCode} of 3.1.1 keeps its number in the error`, async () => {
    await using server = await ScriptedServer.start();
    const connecting = connect({ url: server.url, protocolVersion: MqttVersion.v311 });
    const peer = await server.accept();
    await peer.receive(PacketType.connect);
    peer.sendBytes(0x20, 2, 0, returnCode);
    await assert.rejects(connecting, { name: 'ConnectRefusedError', returnCode, reasonCode });
  });
}

test('a server that knows only 3.x refuses 5.0 in its own form and is understood', async () => {
  await using server = await ScriptedServer.start();
  const connecting = connect({ url: server.url });
  const peer = await server.accept();
  await peer.receive(PacketType.connect);
  peer.sendBytes(0x20, 2, 0, 1);
  await assert.rejects(connecting, { reasonCode: ReasonCode.unsupportedProtocolVersion });
});

test('nobody listening is an error that names the address', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  const address = free.address();
  assert.ok(address !== null && typeof address === 'object');
  await new Promise((resolve) => free.close(resolve));
  const url = `mqtt://127.0.0.1:${address.port}`;
  await assert.rejects(connect({ url }), (error: unknown) => {
    assert.ok(error instanceof ClientError);
    assert.equal(error.code, 'connect');
    assert.equal(
      error.message,
      `Cannot connect to ${url}: connection refused. Is a broker running there?`,
    );
    return true;
  });
});

test('a server that never answers CONNECT is given up after the time limit', async () => {
  await using server = await ScriptedServer.start();
  const connecting = connect({ url: server.url, connectTimeoutMs: 50 });
  const peer = await server.accept();
  await assert.rejects(connecting, { code: 'timeout' });
  await peer.closed;
});

test('a server that closes instead of answering CONNECT is an error', async () => {
  await using server = await ScriptedServer.start();
  const connecting = connect({ url: server.url });
  (await server.accept()).drop();
  await assert.rejects(connecting, { name: 'ClientError' });
});

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

test('[MQTT-4.3.2-1] QoS 1 is complete with its PUBACK and answers its reason code', async (t) => {
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

test('[MQTT-4.3.3-1] QoS 2 is complete with its PUBCOMP', async (t) => {
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

test('[MQTT-4.3.3-4] a PUBREC that refuses ends the message without PUBREL', async (t) => {
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

test('[MQTT-4.9.0-1] no more messages are on their way than the Receive Maximum allows', async (t) => {
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

test('[MQTT-3.3.2-12] a Topic Alias stands for the name it was given last', async (t) => {
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
  test(`[MQTT-3.1.2-26] a Topic Alias ${what} ends the connection with 0x94`, async (t) => {
    await using server = await ScriptedServer.start();
    const { client, peer } = await connected(t, server, { properties: { topicAliasMaximum: 2 } });
    peer.send(publication({ topicName, properties: { topicAlias: alias } }));
    const { reasonCode } = await peer.receive(PacketType.disconnect);
    assert.equal(reasonCode, ReasonCode.topicAliasInvalid);
    peer.socket.end();
    assert.equal((await client.closed)?.code, 'protocol');
  });
}

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

test('a first packet that is not a CONNACK is an error', async () => {
  await using server = await ScriptedServer.start();
  const connecting = connect({ url: server.url });
  const peer = await server.accept();
  await peer.receive(PacketType.connect);
  peer.send({ type: PacketType.pingresp });
  await assert.rejects(connecting, { code: 'protocol' });
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

test('[MQTT-3.1.2-20] a PINGREQ goes out after an interval of silence, and the Server Keep Alive counts', async (t) => {
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

test('a URL that is none is refused with examples', () => {
  for (const url of ['localhost', 'http://x', 'mqtt://', 'unix:', 'mqtt://u:p@']) {
    assert.throws(() => new MqttClient({ url }), { code: 'address' });
  }
});
