/**
 * A limit of pending output far below what one write of the carrier takes. Who reached it goes on as soon
 * as the client has read, without any packet from the client. At both ends real sockets.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import {
  type ClientPacket,
  encodePacket,
  MqttVersion,
  PacketReader,
  PacketType,
  QoS,
  type ServerPacket,
} from '../../src/packet/index.ts';
import { startServer } from '../server.test-kit.ts';
import { connectPacket, publishPacket, SocketPeer } from './socket-peer.test-kit.ts';

const outputBytes = 16 * 1024;
const environment = {
  BROKER_LIMITS_OUTBOUND_BYTES_MAX: String(outputBytes),
  BROKER_MAX_INFLIGHT_MESSAGES: '1000',
  BROKER_MAX_QUEUED_MESSAGES: '1000',
};
const patienceMs = 15_000;
const payload = new Uint8Array(1024);
const messageCount = 500;

const subscribe: ClientPacket = {
  type: PacketType.subscribe,
  packetId: 1,
  subscriptions: [
    {
      topicFilter: 'burst',
      qos: QoS.atLeastOnce,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    },
  ],
  properties: undefined,
};

/** All messages in one write, so that they reach the broker in few turns. */
async function publishBurst(port: number): Promise<void> {
  using sender = await SocketPeer.connected(port, { clientId: 'sender' });
  const packets = Array.from({ length: messageCount }, (_, index) =>
    encodePacket(
      publishPacket({ topicName: 'burst', payload, qos: QoS.atLeastOnce, packetId: index + 1 }),
      MqttVersion.v5,
    ),
  );
  sender.socket.write(Buffer.concat(packets));
  for (let index = 0; index < messageCount; index++) await sender.receive(PacketType.puback);
}

test('QoS 1 messages that the limit held back follow when the client has read, unacknowledged', async () => {
  await using server = await startServer({ environment });
  const port = server.port();
  using receiver = await SocketPeer.connected(port, { clientId: 'receiver' });
  await receiver.subscribe('burst', QoS.atLeastOnce);
  await publishBurst(port);
  for (let index = 0; index < messageCount; index++) await receiver.receive(PacketType.publish);
});

test('the same over a WebSocket', async (t: TestContext) => {
  await using server = await startServer({ environment });
  const receiver = new WebSocket(`ws://127.0.0.1:${server.port('websocket')}/mqtt`, 'mqtt');
  t.after(() => receiver.terminate());
  const reader = new PacketReader({ role: 'client', version: MqttVersion.v5 });
  const counts = new Map<ServerPacket['type'], number>();
  let changed = Promise.withResolvers<void>();
  receiver.on('message', (chunk: Buffer) => {
    reader.push(chunk);
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
      counts.set(packet.type, (counts.get(packet.type) ?? 0) + 1);
    }
    changed.resolve();
    changed = Promise.withResolvers();
  });
  const late = once(AbortSignal.timeout(patienceMs), 'abort');
  const came = async (type: ServerPacket['type'], count: number): Promise<void> => {
    while ((counts.get(type) ?? 0) < count) {
      const isLate = await Promise.race([changed.promise, late]);
      assert.ok(isLate === undefined, `${counts.get(type) ?? 0} of ${count} came`);
    }
  };
  await once(receiver, 'open');
  receiver.send(encodePacket(connectPacket({ clientId: 'receiver' }), MqttVersion.v5));
  receiver.send(encodePacket(subscribe, MqttVersion.v5));
  await came(PacketType.suback, 1);
  await publishBurst(server.port());
  await came(PacketType.publish, messageCount);
});

test('a client that is not read from while it takes no answers is read from when it took them', async () => {
  await using server = await startServer({ environment });
  using client = await SocketPeer.connected(server.port(), { clientId: 'client' });
  using other = await SocketPeer.connected(server.port(), { clientId: 'other' });
  client.socket.pause();
  const pings = Buffer.alloc(64 * 1024, encodePacket({ type: PacketType.pingreq }, 5));
  const writeCount = 192;
  for (let index = 0; index < writeCount; index++) client.socket.write(pings);
  // Turns of the broker in which it took nothing more: it has stopped reading.
  let leftBytes = client.socket.writableLength;
  for (let idleTurns = 0; idleTurns < 20; idleTurns++) {
    await other.ping();
    if (client.socket.writableLength !== leftBytes) idleTurns = 0;
    leftBytes = client.socket.writableLength;
  }
  assert.ok(leftBytes > 0);

  const all = Promise.withResolvers<void>();
  const allBytes = writeCount * pings.length;
  let answeredBytes = 0;
  client.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    answeredBytes += chunk.length;
    if (answeredBytes === allBytes) all.resolve();
  });
  client.socket.resume();
  const late = once(AbortSignal.timeout(patienceMs), 'abort');
  await Promise.race([all.promise, late]);
  assert.equal(answeredBytes, allBytes);
});
