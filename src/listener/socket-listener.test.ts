/** TCP through a real listener: bytes, back-pressure, and every way out. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import test from 'node:test';
import { lowWaterBytes } from './outbound-queue.ts';
import {
  afterwards,
  dial,
  echoHost,
  listen,
  Peer,
  portOf,
  RecordingHost,
} from './recording-host.test-kit.ts';
import { lingerMs } from './socket-link.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const needsIpv6 = hasIpv6 ? false : 'needs an IPv6 loopback address';

test('a TCP client and its handler exchange bytes, and the handler knows who it is', async (t) => {
  const host = echoHost();
  const listener = await listen(t, host);
  const client = dial(t, listener);
  client.socket.write('hello');
  await client.untilReceived('hello');
  const { link } = await host.untilLink();
  assert.deepEqual(link.origin, {
    transport: 'tcp',
    listenerName: 'test',
    remoteAddress: '127.0.0.1',
    remotePort: client.socket.localPort,
    reach: 'loopback',
    certificate: undefined,
    encryption: undefined,
  });
  assert.equal(listener.connections, 1);
  assert.deepEqual(listener.urls, [`mqtt://127.0.0.1:${portOf(listener)}`]);
});

test('an IPv6 client is served', { skip: needsIpv6 }, async (t) => {
  const host = echoHost();
  const listener = await listen(t, host, { bind: '[::1]:0' });
  const client = dial(t, listener);
  client.socket.write('hello');
  await client.untilReceived('hello');
  assert.equal((await host.untilLink()).link.origin.remoteAddress, '::1');
  assert.deepEqual(listener.urls, [`mqtt://[::1]:${portOf(listener)}`]);
});

test('an IPv4 client of an IPv6 wildcard has its IPv4 address', { skip: needsIpv6 }, async (t) => {
  const host = echoHost();
  const listener = await listen(t, host, { bind: '[::]:0' });
  const client = new Peer(connect(portOf(listener), '127.0.0.1'));
  afterwards(t, () => client.socket.destroy());
  const { link } = await host.untilLink();
  assert.equal(link.origin.remoteAddress, '127.0.0.1');
  assert.equal(link.origin.reach, 'loopback');
  assert.ok(listener.urls.includes(`mqtt://localhost:${portOf(listener)}`));
});

test('a peer that does not read fills pendingBytes, and drained says when it took them', async (t) => {
  const host = new RecordingHost();
  const client = dial(t, await listen(t, host));
  client.socket.pause();
  const recorded = await host.untilLink();
  const { link } = recorded;
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const chunkCount = 1024;
  for (let index = 0; index < chunkCount; index += 1) link.write(chunk);
  // A second client's answer shows that the loop has turned and the kernel took what it would.
  await echoOnce(t);
  assert.ok(link.pendingBytes > lowWaterBytes);
  assert.ok(link.pendingBytes < chunkCount * chunk.length);
  link.requestDrained();
  assert.equal(recorded.drainedCount, 0);
  client.socket.resume();
  await recorded.untilDrained();
  assert.ok(link.pendingBytes < lowWaterBytes);
  await client.untilReceivedBytes(chunkCount * chunk.length);
  assert.equal(recorded.drainedCount, 1);
});

test('a paused link delivers nothing until it is resumed', async (t) => {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.link.pause();
    return true;
  };
  const client = dial(t, await listen(t, host));
  const recorded = await host.untilLink();
  client.socket.write('early');
  await echoOnce(t);
  assert.equal(recorded.text, '');
  recorded.link.pause();
  recorded.link.resume();
  recorded.link.resume();
  await recorded.untilReceived('early');
});

test('the last packet arrives although the client had more to say', async (t) => {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.link.pause();
    return true;
  };
  const client = dial(t, await listen(t, host));
  client.socket.write(Buffer.alloc(16 * 1024 * 1024));
  const recorded = await host.untilLink();
  recorded.link.write(Buffer.from('last packet'));
  recorded.link.end();
  await client.untilEnded();
  assert.equal(client.text, 'last packet');
  await client.untilClosed();
  assert.equal(client.error, undefined);
  await recorded.untilClosed();
  assert.equal(recorded.closedError, undefined);
  assert.equal(recorded.receivedBytes, 0);
});

test('end sends all that is pending, also to a peer that was not reading', async (t) => {
  const host = new RecordingHost();
  const client = dial(t, await listen(t, host));
  client.socket.pause();
  client.socket.write(Buffer.alloc(16 * 1024 * 1024));
  const recorded = await host.untilLink();
  recorded.link.pause();
  const pending = Buffer.alloc(24 * 1024 * 1024);
  recorded.link.write(pending);
  recorded.link.write(Buffer.from('last packet'));
  recorded.link.end();
  recorded.link.end();
  recorded.link.write(Buffer.from('too late'));
  client.socket.resume();
  await client.untilEnded();
  assert.equal(client.receivedBytes, pending.length + 'last packet'.length);
  assert.ok(client.text.endsWith('last packet'));
  await recorded.untilClosed();
  assert.equal(recorded.closedCount, 1);
});

test('after end a peer has two seconds to close', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host);
  const socket = connect({ port: portOf(listener), host: '127.0.0.1', allowHalfOpen: true });
  const client = new Peer(socket);
  afterwards(t, () => socket.destroy());
  const recorded = await host.untilLink();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  recorded.link.end();
  await client.untilEnded();
  t.mock.timers.tick(lingerMs - 1);
  await echoOnce(t);
  assert.equal(recorded.closedCount, 0);
  assert.equal(listener.connections, 1);
  t.mock.timers.tick(1);
  await recorded.untilClosed();
  assert.equal(listener.connections, 0);
});

test('a peer that closes its side is delivered, then closed, and still gets its answers', async (t) => {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.onReceived = () => recorded.link.write(Buffer.from('answer'));
    return true;
  };
  const client = dial(t, await listen(t, host));
  client.socket.end('last words');
  const recorded = await host.untilLink();
  await recorded.untilClosed();
  assert.equal(recorded.text, 'last words');
  assert.equal(recorded.closedError, undefined);
  await client.untilEnded();
  assert.equal(client.text, 'answer');
  await client.untilClosed();
  assert.equal(recorded.closedCount, 1);
});

test('a reset connection is closed once, with the error', async (t) => {
  const host = new RecordingHost();
  const client = dial(t, await listen(t, host));
  const recorded = await host.untilLink();
  await client.untilConnected();
  client.socket.resetAndDestroy();
  await recorded.untilClosed();
  assert.match(recorded.closedError?.message ?? '', /ECONNRESET/);
  recorded.link.write(Buffer.from('into the void'));
  recorded.link.pause();
  recorded.link.resume();
  recorded.link.end();
  recorded.link.destroy();
  await echoOnce(t);
  assert.equal(recorded.closedCount, 1);
  assert.equal(recorded.link.pendingBytes, 0);
});

test('destroy drops what is pending and closes once', async (t) => {
  const host = new RecordingHost();
  const client = dial(t, await listen(t, host));
  client.socket.pause();
  const recorded = await host.untilLink();
  recorded.link.write(Buffer.alloc(64 * 1024 * 1024));
  recorded.link.destroy();
  recorded.link.destroy();
  assert.equal(recorded.link.pendingBytes, 0);
  assert.equal(recorded.closedCount, 0);
  await recorded.untilClosed();
  client.socket.resume();
  await client.untilClosed();
  assert.equal(recorded.closedCount, 1);
});

test('a link may be ended or destroyed while it is being connected', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host);
  host.onConnect = ({ link }) => {
    link.write(Buffer.from('no'));
    link.end();
    return true;
  };
  const ended = dial(t, listener);
  await ended.untilClosed();
  assert.equal(ended.text, 'no');
  host.onConnect = ({ link }) => {
    link.destroy();
    return true;
  };
  const destroyed = dial(t, listener);
  await destroyed.untilClosed();
  for (const index of [0, 1]) {
    const recorded = await host.untilLink(index);
    await recorded.untilClosed();
  }
  assert.equal(listener.connections, 0);
});

test('a connection the host has no room for is dropped at once', async (t) => {
  const host = new RecordingHost();
  host.onConnect = () => false;
  const listener = await listen(t, host);
  const client = dial(t, listener);
  await client.untilClosed();
  assert.equal(client.text, '');
  assert.equal(listener.connections, 0);
});

test('a thousand clients connect at once and are all served', async (t) => {
  const host = echoHost();
  const listener = await listen(t, host);
  const clients = Array.from({ length: 1000 }, () => dial(t, listener));
  for (const client of clients) client.socket.write('hello');
  await Promise.all(clients.map((client) => client.untilReceived('hello')));
  assert.equal(listener.connections, 1000);
  for (const client of clients) client.socket.end();
  await Promise.all(host.links.map((recorded) => recorded.untilClosed()));
  assert.equal(listener.connections, 0);
});

test('stopAccepting frees the address and leaves connections alone', async (t) => {
  const host = echoHost();
  const listener = await listen(t, host);
  const client = dial(t, listener);
  await host.untilLink();
  await listener.stopAccepting();
  await listener.stopAccepting();
  const late = dial(t, listener);
  await late.untilClosed();
  assert.equal(late.error?.code, 'ECONNREFUSED');
  client.socket.write('still here');
  await client.untilReceived('still here');
  const successor = await listen(t, echoHost(), { bind: `127.0.0.1:${portOf(listener)}` });
  assert.equal(portOf(successor), portOf(listener));
});

test('close ends all connections properly', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host);
  const client = dial(t, listener);
  const recorded = await host.untilLink();
  recorded.link.write(Buffer.from('bye'));
  await listener.close();
  await client.untilClosed();
  assert.equal(client.text, 'bye');
  assert.equal(client.error, undefined);
  assert.equal(recorded.closedCount, 1);
  await listener.close();
});

/** A round trip on a listener of its own: whatever the loop had to do before is done afterwards. */
async function echoOnce(t: test.TestContext): Promise<void> {
  const client = dial(t, await listen(t, echoHost()));
  client.socket.write('ping');
  await client.untilReceived('ping');
  client.socket.destroy();
}
