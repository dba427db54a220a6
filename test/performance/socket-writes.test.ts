/**
 * The same over real sockets, where the system decides how much is read at a time: what is written for
 * 100,000 messages that arrive as fast as they go. Each write is a system call, which costs as much as the
 * broker's work for several messages.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createBroker } from '../../src/index.ts';
import { encodePacket, MqttVersion, QoS } from '../../src/packet/index.ts';
import { publishPacket, SocketPeer } from '../end-to-end/socket-peer.test-kit.ts';

/** Some 60 are what it takes; with one for each message it would be 100,000. */
const writesMax = 500;
const pairs = 10;
const messagesPerPair = 10_000;
const payload = new Uint8Array(64);
const version: MqttVersion = MqttVersion.v311;

interface StreamWrites {
  _write(chunk: unknown, encoding: string, callback: unknown): void;
  _writev(chunks: readonly unknown[], callback: unknown): void;
}

/** Counts what streams hand to the system on sockets with this local port, until the test is over. */
function countWrites(t: TestContext, localPort: number): { readonly count: number } {
  const prototype = Socket.prototype as Socket & StreamWrites;
  const { _write, _writev } = prototype;
  const counter = { count: 0 };
  prototype._write = function (this: Socket, ...args): void {
    if (this.localPort === localPort) counter.count++;
    _write.apply(this, args);
  };
  prototype._writev = function (this: Socket, ...args): void {
    if (this.localPort === localPort) counter.count++;
    _writev.apply(this, args);
  };
  t.after(() => Object.assign(prototype, { _write, _writev }));
  return counter;
}

function streamOf(topicName: string, qos: QoS): Buffer {
  return Buffer.concat(
    Array.from({ length: messagesPerPair }, (_, index) => {
      const packetId = qos === QoS.atMostOnce ? 0 : index + 1;
      return encodePacket(publishPacket({ topicName, payload, qos, packetId }), version);
    }),
  );
}

for (const qos of [QoS.atMostOnce, QoS.atLeastOnce]) {
  test(`100,000 messages at QoS ${qos} take at most ${writesMax} writes`, async (t) => {
    await using broker = await createBroker({
      mqtt: { host: '127.0.0.1', port: 0 },
      limits: { max_inflight: 65_535 },
    });
    const port = broker.server.listeners[0]?.address.port ?? 0;
    const receivers: Promise<void>[] = [];
    const senders: { readonly peer: SocketPeer; readonly stream: Buffer }[] = [];
    for (let i = 0; i < pairs; i++) {
      const topicName = `writes/${i}`;
      const fields = { protocolVersion: version };
      const receiver = await SocketPeer.connected(port, { ...fields, clientId: `receiver-${i}` });
      t.after(() => receiver[Symbol.dispose]());
      await receiver.subscribe(topicName, qos);
      const stream = streamOf(topicName, qos);
      receivers.push(untilBytes(receiver.socket, stream.length));
      const peer = await SocketPeer.connected(port, { ...fields, clientId: `sender-${i}` });
      t.after(() => peer[Symbol.dispose]());
      senders.push({ peer, stream });
    }
    const writes = countWrites(t, port);
    for (const { peer, stream } of senders) peer.socket.write(stream);
    await Promise.all(receivers);
    t.diagnostic(`${writes.count} writes`);
    assert.ok(writes.count <= writesMax, `${writes.count} writes`);
  });
}

async function untilBytes(socket: Socket, length: number): Promise<void> {
  const complete = Promise.withResolvers<void>();
  let received = 0;
  socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received >= length) complete.resolve();
  });
  await Promise.race([complete.promise, once(socket, 'close')]);
  assert.equal(received, length);
}
