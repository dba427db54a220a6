/** A graceful stop, as clients and whoever started the broker see it. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { MqttVersion, PacketType, QoS, ReasonCode } from '../../src/packet/index.ts';
import { startServer } from '../server.test-kit.ts';
import { SocketPeer } from './socket-peer.test-kit.ts';

const will = (text: string) => ({
  topicName: `will/${text}`,
  payload: new TextEncoder().encode(text),
  qos: QoS.atMostOnce,
  retain: false,
  properties: undefined,
});

test('a stop publishes the Wills, tells 5.0 clients 0x8B, closes for the others and exits with 0', async () => {
  await using server = await startServer();
  const port = server.port();
  using observer = await SocketPeer.connected(port, { clientId: 'observer' });
  await observer.subscribe('will/#');
  using modern = await SocketPeer.connected(port, { clientId: 'modern', will: will('modern') });
  using old = await SocketPeer.connected(port, {
    protocolVersion: MqttVersion.v311,
    clientId: 'old',
    will: will('old'),
  });
  server.send('SIGTERM');

  const topics = [
    (await observer.receive(PacketType.publish)).topicName,
    (await observer.receive(PacketType.publish)).topicName,
  ];
  assert.deepEqual(topics.sort(), ['will/modern', 'will/old']);
  for (const peer of [observer, modern]) {
    const { reasonCode } = await peer.receive(PacketType.disconnect);
    assert.equal(reasonCode, ReasonCode.serverShuttingDown);
    assert.equal(await peer.ended, 'fin');
  }
  assert.equal(await old.ended, 'fin');
  assert.deepEqual(old.unread, [], 'MQTT 3.1.1 has no DISCONNECT from the server');
  for (const peer of [observer, modern, old]) peer.socket.end();

  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.equal(server.logged('broker.stopped')[0]?.['clients'], 3);
  const kept = await readdir(server.dataDir);
  assert.deepEqual(kept, ['clients.db', 'journal'], 'what is kept, and nothing else');
});

test('SIGINT stops as gracefully as SIGTERM', async () => {
  await using server = await startServer();
  using peer = await SocketPeer.connected(server.port());
  server.send('SIGINT');
  const { reasonCode } = await peer.receive(PacketType.disconnect);
  assert.equal(reasonCode, ReasonCode.serverShuttingDown);
  peer.socket.end();
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`a second ${signal} does not wait for a client that will not leave: exit ${code}`, async () => {
    await using server = await startServer();
    using peer = await SocketPeer.connected(server.port());
    server.send(signal);
    await peer.receive(PacketType.disconnect);
    server.send(signal);
    assert.deepEqual(await server.exited, { code, signal: null });
  });
}

test('a client that will not leave delays a stop by two seconds, not for ever', async () => {
  await using server = await startServer();
  using peer = await SocketPeer.connected(server.port());
  const beganMs = performance.now();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(performance.now() - beganMs < 10_000);
  await peer.receive(PacketType.disconnect);
});

test('nobody is let in while the broker stops', async () => {
  await using server = await startServer();
  const port = server.port();
  using early = await SocketPeer.open(port);
  using peer = await SocketPeer.connected(port);
  server.send('SIGTERM');
  await peer.receive(PacketType.disconnect);
  assert.equal(await early.ended, 'fin');
  assert.deepEqual(early.unread, []);
  await assert.rejects(SocketPeer.open(port), { code: 'ECONNREFUSED' });
  for (const { socket } of [early, peer]) socket.end();
  assert.equal((await server.exited).code, 0);
});
