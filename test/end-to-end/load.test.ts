/**
 * Clients that read slowly, or not at all, or come all at once: what they cost is bounded, and the others
 * hardly notice. Times are measured and printed; what is asserted of them is what even a busy machine keeps.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { MqttVersion, PacketType, QoS, ReasonCode } from '../../src/packet/index.ts';
import { startServer } from '../server.test-kit.ts';
import { mebibyte, needsProc, residentBytes } from './process-memory.test-kit.ts';
import { SocketPeer } from './socket-peer.test-kit.ts';

/** Far above what is measured (a few ms), far below what somebody would call stuck. */
const tolerableMs = 2000;

/** Pings one after the other until told to stop, and says how long the answers took. */
class Pulse {
  readonly #peer: SocketPeer;
  readonly #tookMs: number[] = [];
  readonly #whenOver: Promise<void>;
  #isOver = false;

  static async start(port: number): Promise<Pulse> {
    return new Pulse(await SocketPeer.connected(port, { clientId: 'pulse' }));
  }

  constructor(peer: SocketPeer) {
    this.#peer = peer;
    this.#whenOver = this.#beat();
  }

  get count(): number {
    return this.#tookMs.length;
  }

  async #beat(): Promise<void> {
    while (!this.#isOver) {
      const beganMs = performance.now();
      await this.#peer.ping();
      this.#tookMs.push(performance.now() - beganMs);
    }
  }

  /** Resolves when so many more answers came. */
  async more(count: number): Promise<void> {
    const enough = this.count + count;
    while (this.count < enough) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Prints the 99th percentile, which must be tolerable. */
  async stop(context: TestContext, meanwhile: string): Promise<void> {
    this.#isOver = true;
    await this.#whenOver;
    this.#peer[Symbol.dispose]();
    const sorted = this.#tookMs.sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
    const text = `${meanwhile}: PINGRESP p99 ${p99.toFixed(1)} ms of ${sorted.length}`;
    context.diagnostic(text);
    assert.ok(p99 < tolerableMs, text);
  }
}

test('20,000 messages at QoS 1, as fast as they go, arrive complete and in order', async (context) => {
  // Nothing holds the sender back when the receiver is slower, so the queue may grow.
  await using server = await startServer({ environment: { BROKER_MAX_QUEUED_MESSAGES: '0' } });
  const port = server.port();
  using receiver = await SocketPeer.connected(port, { clientId: 'receiver' });
  await receiver.subscribe('stream', QoS.atLeastOnce);
  using sender = await SocketPeer.connected(port, { clientId: 'sender' });
  const pulse = await Pulse.start(port);
  const messages = 20_000;
  const window = 20; // Our Receive Maximum.

  const send = async (): Promise<void> => {
    for (let index = 0; index < messages; index++) {
      if (index >= window) await sender.receive(PacketType.puback);
      const packetId = 1 + (index % window);
      sender.publish({ topicName: 'stream', payload: `${index}`, qos: 1, packetId });
    }
  };
  const receive = async (): Promise<void> => {
    for (let index = 0; index < messages; index++) {
      const { payload, packetId } = await receiver.receive(PacketType.publish);
      assert.equal(Buffer.from(payload).toString(), `${index}`);
      const reasonCode = ReasonCode.success;
      receiver.send({ type: PacketType.puback, packetId, reasonCode, properties: undefined });
    }
  };
  const beganMs = performance.now();
  await Promise.all([send(), receive()]);
  const perSecond = Math.round((messages * 1000) / (performance.now() - beganMs));
  context.diagnostic(`${perSecond} messages a second, sender and receiver in one process`);
  await pulse.stop(context, 'in a stream of QoS 1');
});

test('a reader that stops costs what outbound_bytes_max allows, and the others miss nothing', {
  skip: needsProc,
}, async (context) => {
  await using server = await startServer();
  const port = server.port();
  using stuck = await SocketPeer.connected(port, { clientId: 'stuck' });
  using quick = await SocketPeer.connected(port, { clientId: 'quick' });
  using sender = await SocketPeer.connected(port, { clientId: 'sender' });
  await stuck.subscribe('flood');
  await quick.subscribe('flood');
  const pulse = await Pulse.start(port);
  const before = residentBytes(server.pid);

  stuck.socket.pause();
  const messages = 500;
  const payload = new Uint8Array(64 * 1024);
  let highest = 0;
  for (let index = 0; index < messages; index++) {
    sender.publish({ topicName: 'flood', payload });
    const received = await quick.receive(PacketType.publish);
    assert.equal(received.payload.length, payload.length);
    if (index % 50 === 0) highest = Math.max(highest, residentBytes(server.pid));
  }
  const grown = Math.round((highest - before) / mebibyte);
  context.diagnostic(`${messages * 64} KiB to a client that does not read: ${grown} MiB more`);
  assert.ok(grown < 150, `grew by ${grown} MiB`);
  await pulse.stop(context, 'beside a reader that stopped');

  const [line] = await server.stderr.until(/.*"event":"message.dropped".*"client":"stuck".*/);
  assert.match(line, /"cause":"slow-consumer"/);
  stuck.socket.resume();
  await stuck.receive(PacketType.publish);
  stuck.send({ type: PacketType.disconnect, reasonCode: 0, properties: undefined });
  assert.equal(await stuck.ended, 'fin');
});

test('a client that sends PINGREQ without end and reads nothing is not answered without end', {
  skip: needsProc,
}, async (context) => {
  await using server = await startServer();
  const port = server.port();
  const pulse = await Pulse.start(port);
  using flooder = await SocketPeer.connected(port, { clientId: 'flooder' });
  flooder.socket.pause();
  const before = residentBytes(server.pid);
  const pings = Buffer.alloc(mebibyte);
  for (let index = 0; index < pings.length; index += 2) pings[index] = 0xc0;

  // Until 64 MiB are through, or until the server takes no more while it answers the other client.
  let sentBytes = 0;
  let isTaken = true;
  while (isTaken && sentBytes < 64 * mebibyte) {
    flooder.socket.write(pings);
    sentBytes += pings.length;
    const drained = once(flooder.socket, 'drain').then(() => true);
    isTaken = await Promise.race([drained, pulse.more(500).then(() => false)]);
  }
  const grown = Math.round((residentBytes(server.pid) - before) / mebibyte);
  const taken = (sentBytes - flooder.socket.writableLength) / mebibyte;
  context.diagnostic(`${taken.toFixed(1)} MiB of PINGREQ taken: ${grown} MiB more`);
  assert.ok(grown < 100, `grew by ${grown} MiB`);
  await pulse.stop(context, 'beside a flood of PINGREQ');

  flooder.socket.resume();
  await flooder.receive(PacketType.pingresp);
});

test('a storm of a thousand clients that come back at once: everybody gets the Session back', async (context) => {
  await using server = await startServer({ environment: { BROKER_MQTT_MAX_CONNECTIONS: '1100' } });
  const port = server.port();
  const clients = 1000;
  const pulse = await Pulse.start(port);

  const join = async (index: number): Promise<{ peer: SocketPeer; sessionPresent: boolean }> => {
    const peer = await SocketPeer.open(port, MqttVersion.v311);
    const clientId = `storm-${index}`;
    const { reasonCode, sessionPresent } = await peer.handshake({ clientId, cleanStart: false });
    assert.equal(reasonCode, 0);
    return { peer, sessionPresent };
  };
  const everybody = () => Promise.all(Array.from({ length: clients }, (_, index) => join(index)));

  const first = await everybody();
  await Promise.all(first.map(({ peer }) => peer.subscribe('all', QoS.atLeastOnce)));
  for (const { peer } of first) peer[Symbol.dispose]();

  const beganMs = performance.now();
  const again = await everybody();
  context.diagnostic(`${clients} clients back in ${Math.round(performance.now() - beganMs)} ms`);
  assert.equal(again.filter(({ sessionPresent }) => sessionPresent).length, clients);

  again[0]?.peer.publish({
    topicName: 'all',
    payload: 'welcome',
    qos: QoS.atLeastOnce,
    packetId: 1,
  });
  await Promise.all(again.slice(1).map(({ peer }) => peer.receive(PacketType.publish)));
  await pulse.stop(context, 'in the storm');
  for (const { peer } of again) peer[Symbol.dispose]();
});
