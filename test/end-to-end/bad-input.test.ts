/** Wrong bytes end the one connection they came on, and nothing else: a client beside it goes on throughout. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import {
  type DisconnectPacket,
  encodePacket,
  MqttVersion,
  PacketType,
  ReasonCode,
} from '../../src/packet/index.ts';
import { type ServerProcess, startServer } from '../server.test-kit.ts';
import { mebibyte, needsProc, residentBytes } from './process-memory.test-kit.ts';
import { connectPacket, publishPacket, SocketPeer } from './socket-peer.test-kit.ts';

let server: ServerProcess;
let port = 0;
let neighbour: SocketPeer;

before(async () => {
  server = await startServer();
  port = server.port();
  neighbour = await SocketPeer.connected(port, { clientId: 'neighbour' });
});

/** Whatever the test before did: the neighbour is still served. */
beforeEach(async () => {
  await neighbour.ping();
});

after(async () => {
  await neighbour.ping();
  neighbour[Symbol.dispose]();
  const internalErrors = server.logged('broker.internal.error');
  await server[Symbol.asyncDispose]();
  assert.deepEqual(internalErrors, []);
});

const connect = encodePacket(connectPacket({ clientId: 'sender' }), MqttVersion.v5);

/** Bytes that are no MQTT, or none that begins with a CONNECT: closed, and nothing is said. */
const strangers: readonly (readonly [string, Uint8Array])[] = [
  ['random bytes', Buffer.concat([Buffer.of(0x00), randomBytes(2000)])],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a TLS handshake', Buffer.from('16030100c4010000c00303', 'hex')],
  ['a PUBLISH as the first packet', encodePacket(publishPacket({ topicName: 'a' }), 5)],
  ['a PINGREQ as the first packet', Buffer.of(0xc0, 0x00)],
  ['a CONNECT of another protocol', Buffer.from('100c0004414d5150050200000000', 'hex')],
];
for (const [what, bytes] of strangers) {
  test(`[MQTT-3.1.0-1] [MQTT3-3.1.0-1] ${what}: closed, nothing said`, async () => {
    using peer = await SocketPeer.open(port);
    peer.socket.write(bytes);
    assert.equal(await peer.ended, 'fin');
    assert.equal(peer.receivedBytes, 0);
  });
}

test('an HTTP client on the MQTT port is not kept waiting', async () => {
  const call = request({ host: '127.0.0.1', port, path: '/' });
  call.end();
  const [error] = (await once(call, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});

test('a connection that breaks off inside its CONNECT leaves nothing behind', async () => {
  for (const length of [1, 2, 7, connect.length - 1]) {
    using peer = await SocketPeer.open(port);
    peer.socket.write(connect.subarray(0, length));
    peer.socket.end();
    assert.equal(await peer.ended, 'fin');
    assert.equal(peer.receivedBytes, 0);
  }
});

test('a CONNECT is understood one byte at a time', async () => {
  using peer = await SocketPeer.open(port);
  for (const byte of connect) {
    await new Promise<void>((resolve) => peer.socket.write(Buffer.of(byte), () => resolve()));
  }
  const { reasonCode } = await peer.receive(PacketType.connack);
  assert.equal(reasonCode, ReasonCode.success);
  await peer.ping();
});

test('a thousand packets in one write are all answered, in order', async () => {
  using peer = await SocketPeer.connected(port, { clientId: 'burst' });
  await peer.subscribe('burst', 1);
  const packets = Array.from({ length: 1000 }, (_, index) =>
    encodePacket(publishPacket({ topicName: 'burst', payload: `${index}` }), 5),
  );
  peer.socket.write(Buffer.concat(packets));
  for (let index = 0; index < 1000; index++) {
    const { payload } = await peer.receive(PacketType.publish);
    assert.equal(Buffer.from(payload).toString(), `${index}`);
  }
});

/** What a connected client must not send, and the reason code that a 5.0 client is told. */
const wrongPackets: readonly (readonly [string, string, ReasonCode])[] = [
  ['[MQTT-3.1.0-2] a second CONNECT', Buffer.from(connect).toString('hex'), 0x82],
  ['[MQTT-4.13.1-1] a packet that only servers send', '20030000 00', 0x82],
  ['[MQTT-2.1.3-1] wrong reserved flags', 'c100', 0x81],
  ['[MQTT-3.3.1-4] a PUBLISH of QoS 3', '3605000161 00 00', 0x81],
  ['[MQTT-1.5.4-1] text that is no UTF-8', '3004 0001 ff 00', 0x81],
  ['[MQTT-3.8.3-2] a SUBSCRIBE without a filter', '8203 0001 00', 0x82],
  ['[MQTT-4.13.1-1] a Remaining Length of five bytes', '30ffffffff7f', 0x81],
];
for (const [what, hex, reasonCode] of wrongPackets) {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  test(`${what}: a 5.0 client is told 0x${reasonCode.toString(16)}`, async () => {
    using peer = await SocketPeer.connected(port, { clientId: 'sender' });
    peer.socket.write(bytes);
    const { reasonCode: told } = await peer.receive(PacketType.disconnect);
    assert.equal(told, reasonCode);
    assert.equal(await peer.ended, 'fin');
  });
}

test('[MQTT3-4.8.0-1] a 3.1.1 client that sends a wrong packet is closed without a DISCONNECT', async () => {
  for (const protocolVersion of [MqttVersion.v31, MqttVersion.v311]) {
    using peer = await SocketPeer.connected(port, { clientId: 'sender', protocolVersion });
    peer.socket.write(Buffer.from('20020000', 'hex'));
    assert.equal(await peer.ended, 'fin');
    assert.deepEqual(peer.unread, []);
  }
});

test('the reason reaches a client that has megabytes on their way to us', async () => {
  using peer = await SocketPeer.connected(port, { clientId: 'pushing' });
  peer.socket.pause();
  peer.socket.write(Buffer.of(0xc1, 0x00));
  // More than the socket buffers of both sides hold: some of it is always unread when we end.
  peer.socket.write(Buffer.alloc(16 * mebibyte, 0x30));
  await server.stderr.until(
    /"client":"pushing".*"cause":"protocol-error"|"cause":"protocol-error".*"client":"pushing"/,
  );
  peer.socket.resume();
  const packet: DisconnectPacket = await peer.receive(PacketType.disconnect);
  assert.equal(packet.reasonCode, ReasonCode.malformedPacket);
});

test('an announced length costs nothing before its bytes are there', {
  skip: needsProc,
}, async () => {
  const before = residentBytes(server.pid);
  const peers: SocketPeer[] = [];
  for (let index = 0; index < 20; index++) {
    const peer = await SocketPeer.connected(port, { clientId: `announcing-${index}` });
    peers.push(peer);
    // PUBLISH with a Remaining Length of 256 MiB - 1, its topic, and the first bytes of a payload.
    peer.socket.write(Buffer.from('30ffffff7f 0001 61 00 68656c6c6f'.replaceAll(' ', ''), 'hex'));
    const early = await SocketPeer.open(port);
    peers.push(early);
    early.socket.write(Buffer.from('10ffffff7f 0004 4d515454'.replaceAll(' ', ''), 'hex'));
  }
  await neighbour.ping();
  const grown = residentBytes(server.pid) - before;
  assert.ok(grown < 50 * mebibyte, `grew by ${Math.round(grown / mebibyte)} MiB`);
  for (const peer of peers) peer[Symbol.dispose]();
});

test('a packet above max_message_size is refused by its header: 0x95', async () => {
  await using small = await startServer({ environment: { BROKER_MAX_MESSAGE_SIZE: '1024' } });
  using peer = await SocketPeer.open(small.port());
  const connack = await peer.handshake();
  assert.equal(connack.properties?.maximumPacketSize, 1024);
  peer.socket.write(Buffer.from('30ff07', 'hex'));
  const { reasonCode } = await peer.receive(PacketType.disconnect);
  assert.equal(reasonCode, ReasonCode.packetTooLarge);
});
