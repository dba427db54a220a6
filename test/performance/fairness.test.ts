/**
 * What a flood costs the others, without a clock: how many messages of it the broker handles between the moment
 * that another client's PINGREQ is in the system's hands and its PINGRESP. Client and broker share a thread, so
 * the PINGREQ is sent between two steps of the broker, and nothing depends on how fast anything is.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createBroker } from '../../src/index.ts';
import { encodePacket, MqttVersion, PacketType, QoS } from '../../src/packet/index.ts';
import { publishPacket, SocketPeer } from '../end-to-end/socket-peer.test-kit.ts';

const pingCount = 20;
const floodBytes = 16 * 1024 * 1024;
const flooderCount = 2;
const version: MqttVersion = MqttVersion.v311;

/**
 * Measured are up to 18,000 messages of both floods together. Without a share for each turn it were 600,000: the
 * system brings 2 MiB of each flood at a time.
 */
const floodedMessagesMax = 40_000;
/** Measured are up to 391,000 to all of the receivers together. Without a share it were 14,000,000. */
const fannedOutMax = 700_000;

class Arena implements AsyncDisposable {
  private readonly broker: Awaited<ReturnType<typeof createBroker>>;
  private readonly peers: SocketPeer[] = [];

  constructor(broker: Awaited<ReturnType<typeof createBroker>>) {
    this.broker = broker;
  }

  static async open(): Promise<Arena> {
    const mqtt = { host: '127.0.0.1', port: 0, max_connections: 2000 };
    return new Arena(await createBroker({ mqtt, limits: { max_inflight: 65_535 } }));
  }

  async client(clientId: string): Promise<SocketPeer> {
    const port = this.broker.server.listeners[0]?.address.port ?? 0;
    const peer = await SocketPeer.connected(port, { clientId, protocolVersion: version });
    this.peers.push(peer);
    return peer;
  }

  /** Messages that came in and went out while each ping waited for its answer, the most first. */
  async messagesDuringPings(pinger: SocketPeer): Promise<number[]> {
    const { counters } = this.broker.server.broker;
    const counts: number[] = [];
    for (let i = 0; i < pingCount; i++) {
      const before = counters.publishReceived + counters.publishSent;
      await pinger.ping();
      counts.push(counters.publishReceived + counters.publishSent - before);
    }
    return counts.sort((a, b) => b - a);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.peers) peer[Symbol.dispose]();
    await this.broker[Symbol.asyncDispose]();
  }
}

/** Small messages, as many as go into the bytes; at QoS 1 a PINGREQ behind each of them. */
function flood(qos: QoS): Buffer {
  const packets = Array.from({ length: 1000 }, (_, index) => {
    const packetId = qos === QoS.atMostOnce ? 0 : index + 1;
    const publish = publishPacket({ topicName: 'flood', payload: 'small', qos, packetId });
    const pings = qos === QoS.atMostOnce ? [] : [{ type: PacketType.pingreq } as const];
    return Buffer.concat([publish, ...pings].map((packet) => encodePacket(packet, version)));
  });
  const unit = Buffer.concat(packets);
  return Buffer.alloc(Math.floor(floodBytes / unit.length) * unit.length, unit);
}

function checkCounts(t: TestContext, counts: readonly number[], max: number): void {
  t.diagnostic(`messages during a ping: ${counts.join(' ')}`);
  const [most = 0] = counts;
  assert.ok(most > 0, 'the flood was over before the pings began');
  assert.ok(most <= max, `${most} messages during a ping, at most ${max} are fair`);
}

test('floods of QoS 0 from clients that read nothing leave a ping its turn', async (t) => {
  await using arena = await Arena.open();
  const pinger = await arena.client('pinger');
  for (let i = 0; i < flooderCount; i++) {
    const { socket } = await arena.client(`flooder-${i}`);
    socket.pause();
    socket.write(flood(QoS.atMostOnce));
  }
  checkCounts(t, await arena.messagesDuringPings(pinger), floodedMessagesMax);
});

test('floods of QoS 1 and PINGREQ leave a ping its turn', async (t) => {
  await using arena = await Arena.open();
  const pinger = await arena.client('pinger');
  for (let i = 0; i < flooderCount; i++) {
    const { socket } = await arena.client(`flooder-${i}`);
    socket.removeAllListeners('data').resume();
    socket.write(flood(QoS.atLeastOnce));
  }
  checkCounts(t, await arena.messagesDuringPings(pinger), floodedMessagesMax);
});

test('a flood to 1,000 receivers leaves a ping its turn', async (t) => {
  await using arena = await Arena.open();
  const pinger = await arena.client('pinger');
  for (let i = 0; i < 1000; i++) {
    const receiver = await arena.client(`receiver-${i}`);
    await receiver.subscribe('flood');
    receiver.socket.removeAllListeners('data').resume();
  }
  const flooder = await arena.client('flooder');
  flooder.socket.write(flood(QoS.atMostOnce).subarray(0, 200_000));
  checkCounts(t, await arena.messagesDuringPings(pinger), fannedOutMax);
});
