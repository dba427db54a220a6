import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../packet/index.ts';
import { connected } from './connected-client.test-kit.ts';
import { ClientError, ConnectRefusedError, connect, MqttClient } from './index.ts';
import { connack, ScriptedServer } from './scripted-server.test-kit.ts';

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

test('a first packet that is not a CONNACK is an error', async () => {
  await using server = await ScriptedServer.start();
  const connecting = connect({ url: server.url });
  const peer = await server.accept();
  await peer.receive(PacketType.connect);
  peer.send({ type: PacketType.pingresp });
  await assert.rejects(connecting, { code: 'protocol' });
});

test('a URL that is none is refused with examples', () => {
  for (const url of ['localhost', 'http://x', 'mqtt://', 'unix:', 'mqtt://u:p@']) {
    assert.throws(() => new MqttClient({ url }), { code: 'address' });
  }
});
