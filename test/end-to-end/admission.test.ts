/** Who is let in, how the others are told, and how one connection follows another of the same client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import {
  type ConnectPacket,
  MqttVersion,
  PacketType,
  QoS,
  ReasonCode,
} from '../../src/packet/index.ts';
import { startServer } from '../server.test-kit.ts';
import { connectPacket, SocketPeer } from './socket-peer.test-kit.ts';

const { v31, v311, v5 } = MqttVersion;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The code of the CONNACK, which every refusal here sends before it closes. */
async function connackCode(port: number, fields: Partial<ConnectPacket>): Promise<number> {
  using peer = await SocketPeer.open(port, fields.protocolVersion);
  const { reasonCode } = await peer.handshake(fields);
  if (reasonCode !== 0) assert.equal(await peer.ended, 'fin');
  return reasonCode;
}

test('above max_connections a client is told 0x97 or return code 3, and the others go on', async () => {
  await using server = await startServer({ environment: { BROKER_MQTT_MAX_CONNECTIONS: '5' } });
  const port = server.port();
  const inside: SocketPeer[] = [];
  for (let index = 0; index < 5; index++) {
    inside.push(await SocketPeer.connected(port, { clientId: `inside-${index}` }));
  }
  const refusals = [
    [v5, ReasonCode.quotaExceeded],
    [v311, ReasonCode.serverUnavailable],
    [v31, ReasonCode.serverUnavailable],
  ] as const;
  for (const [protocolVersion, code] of refusals) {
    assert.equal(await connackCode(port, { clientId: 'sixth', protocolVersion }), code);
  }
  for (const peer of inside) await peer.ping();

  const [leaving, replaced] = inside as [SocketPeer, SocketPeer];
  assert.equal(await connackCode(port, { clientId: 'inside-1' }), 0, 'it takes its own place');
  assert.equal(await replaced.ended, 'fin');
  leaving.send({ type: PacketType.disconnect, reasonCode: 0, properties: undefined });
  assert.equal(await leaving.ended, 'fin');
  assert.equal(await connackCode(port, { clientId: 'sixth' }), 0, 'a place became free');
  for (const peer of inside) peer[Symbol.dispose]();
});

test('beyond a hundred that wait to be refused, connections are closed at once', async () => {
  await using server = await startServer({ environment: { BROKER_MQTT_MAX_CONNECTIONS: '1' } });
  const port = server.port();
  using inside = await SocketPeer.connected(port, { clientId: 'inside' });
  const waiting: SocketPeer[] = [];
  for (let index = 0; index < 100; index++) waiting.push(await SocketPeer.open(port));
  using late = await SocketPeer.open(port);
  await late.ended;
  assert.equal(late.receivedBytes, 0);
  await inside.ping();
  for (const peer of waiting) {
    const { reasonCode } = await peer.handshake({ clientId: 'late' });
    assert.equal(reasonCode, ReasonCode.quotaExceeded);
    peer[Symbol.dispose]();
  }
  await inside.ping();
});

test('with nothing set, the loopback needs no login, and what a proxy forwards counts as public', async () => {
  await using server = await startServer();
  assert.equal(await connackCode(server.port(), {}), 0);
  const login = { username: 'anybody', password: text('anything') };
  assert.equal(await connackCode(server.port(), login), 0);

  const forwarded = mqtt.connect(`ws://127.0.0.1:${server.port('websocket')}/mqtt`, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    wsOptions: { headers: { 'X-Forwarded-For': '203.0.113.9' } },
  });
  const error = await new Promise<Error>((resolve) => forwarded.once('error', resolve));
  assert.equal('code' in error && error.code, ReasonCode.notAuthorized);
  await forwarded.endAsync(true);
  await server.stderr.until(/"event":"connection.refused".*BROKER_ALLOW_ANONYMOUS/);
});

test('with --enable-auth a wrong login is told 0x86 or 4, none 0x87 or 5', async () => {
  await using server = await startServer({
    args: ['--enable-auth', '-p', '0', '--ws-port', '0'],
    environment: { BROKER_USERNAME: 'ana', BROKER_PASSWORD: 'secret' },
  });
  const logins: readonly (readonly [Partial<ConnectPacket>, number])[] = [
    [{ username: 'ana', password: text('secret') }, ReasonCode.success],
    [{ username: 'ana', password: text('Secret') }, ReasonCode.badUserNameOrPassword],
    [{ username: 'bob', password: text('secret') }, ReasonCode.badUserNameOrPassword],
    [{ username: 'ana' }, ReasonCode.badUserNameOrPassword],
    [{}, ReasonCode.notAuthorized],
  ];
  for (const protocolVersion of [v31, v311, v5]) {
    for (const [login, code] of logins) {
      const told = await connackCode(server.port(), { ...login, protocolVersion });
      assert.equal(told, code, `${login.username} with ${protocolVersion}`);
    }
  }
});

test('[MQTT-3.1.4-3] [MQTT3-3.1.4-2] the same client again: the first connection ends, with 0x8E in 5.0', async () => {
  await using server = await startServer();
  const port = server.port();
  const fields = {
    clientId: 'twin',
    cleanStart: false,
    properties: { sessionExpiryInterval: 60 },
  };
  using first = await SocketPeer.connected(port, fields);
  await first.subscribe('news', QoS.atLeastOnce);
  using second = await SocketPeer.open(port);
  assert.equal((await second.handshake(fields)).sessionPresent, true);
  const { reasonCode } = await first.receive(PacketType.disconnect);
  assert.equal(reasonCode, ReasonCode.sessionTakenOver);
  assert.equal(await first.ended, 'fin');
  second.publish({ topicName: 'news', payload: 'still subscribed', qos: 1, packetId: 7 });
  await second.receive(PacketType.publish);

  using old = await SocketPeer.connected(port, { clientId: 'old', protocolVersion: v311 });
  using newer = await SocketPeer.connected(port, { clientId: 'old', protocolVersion: v311 });
  assert.equal(await old.ended, 'fin');
  assert.deepEqual(old.unread, []);
  await newer.ping();
});

test('a client that ends its side first still gets every answer', async () => {
  await using server = await startServer();
  using peer = await SocketPeer.open(server.port());
  peer.send(connectPacket(), { type: PacketType.pingreq }, { type: PacketType.pingreq });
  peer.socket.end();
  await peer.receive(PacketType.connack);
  await peer.receive(PacketType.pingresp);
  await peer.receive(PacketType.pingresp);
  assert.equal(await peer.ended, 'fin');
});

test('[MQTT-3.1.2-22] [MQTT3-3.1.2-24] a client that falls silent is gone after 1.5 times its Keep Alive, told 0x8D', async () => {
  await using server = await startServer();
  const port = server.port();
  using observer = await SocketPeer.connected(port, { clientId: 'observer' });
  await observer.subscribe('gone');
  using silent = await SocketPeer.connected(port, {
    clientId: 'silent',
    keepAlive: 1,
    will: { topicName: 'gone', payload: text(''), qos: 0, retain: false, properties: undefined },
  });
  const beganMs = performance.now();
  await observer.receive(PacketType.publish);
  const tookMs = performance.now() - beganMs;
  // Never early; the upper bound is generous because this machine may be busy.
  assert.ok(tookMs > 1400 && tookMs < 4000, `after ${Math.round(tookMs)} ms`);
  const { reasonCode } = await silent.receive(PacketType.disconnect);
  assert.equal(reasonCode, ReasonCode.keepAliveTimeout);
});
