/** WebSockets through a real listener: frames, back-pressure, and every way out. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { lowWaterBytes } from './outbound-queue.ts';
import { dial, echoHost, listen, portOf, RecordingHost } from './recording-host.test-kit.ts';
import { lingerMs } from './socket-link.ts';
import { firstMessageBytesMax } from './websocket-link.ts';
import { browse, browseRaw, frame, opcode } from './websocket-peer.test-kit.ts';

const ws = { type: 'ws' } as const;

test('a WebSocket client and its handler exchange bytes in binary frames', async (t) => {
  const host = echoHost();
  const listener = await listen(t, host, ws);
  const client = browse(t, listener);
  await client.untilOpen();
  client.webSocket.send(Buffer.from('hello'));
  await client.untilReceived('hello');
  assert.equal(client.hasText, false);
  assert.equal(client.webSocket.extensions, '');
  const { origin } = (await host.untilLink()).link;
  assert.equal(origin.transport, 'ws');
  assert.equal(origin.remoteAddress, '127.0.0.1');
  assert.equal(origin.reach, 'loopback');
  assert.ok(origin.remotePort > 0);
  assert.equal(listener.connections, 1);
  assert.deepEqual(listener.urls, [`ws://127.0.0.1:${portOf(listener)}/mqtt`]);
});

test('[MQTT-6.0.0-1] a text frame closes the connection', async (t) => {
  const host = new RecordingHost();
  const client = browse(t, await listen(t, host, ws));
  await client.untilOpen();
  client.webSocket.send(Buffer.from('fine '));
  client.webSocket.send('not fine');
  client.webSocket.send(Buffer.from('too late'));
  const recorded = await host.untilLink();
  await recorded.untilClosed();
  assert.match(recorded.closedError?.message ?? '', /text frame/);
  assert.equal(recorded.text, 'fine ');
  await client.untilClosed();
  assert.equal(client.closeCode, 1003);
  assert.equal(recorded.closedCount, 1);
});

test('[MQTT-6.0.0-2] packets may be split over frames, share one, and come in fragments', async (t) => {
  const host = new RecordingHost();
  const client = browse(t, await listen(t, host, ws));
  await client.untilOpen();
  const { webSocket } = client;
  for (const byte of 'one byte each;') webSocket.send(Buffer.from(byte));
  webSocket.send(Buffer.from('many packets in one;'.repeat(5000)));
  webSocket.send(Buffer.from('frag'), { fin: false });
  webSocket.ping();
  webSocket.send(Buffer.from('men'), { fin: false });
  webSocket.send(Buffer.from('ted;'), { fin: true });
  webSocket.send(Buffer.alloc(0));
  webSocket.send(Buffer.from('end'));
  const recorded = await host.untilLink();
  const expected = `one byte each;${'many packets in one;'.repeat(5000)}fragmented;end`;
  await recorded.untilReceivedBytes(expected.length);
  assert.equal(recorded.text, expected);
});

test('what is written while a frame is on its way shares the next one while it is small', async (t) => {
  const host = new RecordingHost();
  const client = browse(t, await listen(t, host, ws));
  const frames: number[] = [];
  client.webSocket.on('message', (data: Buffer) => frames.push(data.length));
  await client.untilOpen();
  const { link } = await host.untilLink();
  for (let index = 0; index < 100; index += 1) link.write(Buffer.alloc(10));
  await client.untilReceivedBytes(1000);
  assert.deepEqual(frames, [10, 990]);
  link.write(Buffer.alloc(60_000));
  link.write(Buffer.alloc(60_000));
  await client.untilReceivedBytes(121_000);
  assert.deepEqual(frames, [10, 990, 60_000, 60_000]);
});

test('a large message arrives whole', async (t) => {
  const host = new RecordingHost();
  const client = browse(t, await listen(t, host, ws));
  await client.untilOpen();
  client.webSocket.send(Buffer.from('CONNECT'));
  const recorded = await host.untilLink();
  await recorded.untilReceived('CONNECT');
  client.webSocket.send(Buffer.alloc(firstMessageBytesMax + 1));
  await recorded.untilReceivedBytes(firstMessageBytesMax + 8);
});

test('before its first message a client may not fill the memory', async (t) => {
  const host = new RecordingHost();
  const client = browse(t, await listen(t, host, ws));
  await client.untilOpen();
  client.webSocket.send(Buffer.alloc(firstMessageBytesMax + 1));
  const recorded = await host.untilLink();
  await recorded.untilClosed();
  assert.match(recorded.closedError?.message ?? '', /first WebSocket message exceeds/);
  assert.equal(recorded.receivedBytes, 0);
  await client.untilClosed();
});

test('a WebSocket peer that does not read fills pendingBytes, and drained says when it took them', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host, ws);
  const client = browse(t, listener);
  await client.untilOpen();
  client.webSocket.pause();
  const recorded = await host.untilLink();
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let index = 0; index < 1024; index += 1) recorded.link.write(chunk);
  await browse(t, listener).untilOpen();
  assert.ok(recorded.link.pendingBytes > lowWaterBytes);
  recorded.link.requestDrained();
  assert.equal(recorded.drainedCount, 0);
  client.webSocket.resume();
  await recorded.untilDrained();
  await client.untilReceivedBytes(1024 * chunk.length);
  assert.equal(recorded.drainedCount, 1);
});

test('frames that arrived together wait while the link is paused, and the close behind them too', async (t) => {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.onReceived = () => recorded.link.pause();
    return true;
  };
  const listener = await listen(t, host, ws);
  const client = await browseRaw(t, listener);
  const words = ['CONNECT ', 'PUBLISH ', 'DISCONNECT'];
  const frames = words.map((word) => frame(opcode.binary, word));
  client.socket.write(Buffer.concat([...frames, frame(opcode.close, '')]));
  const recorded = await host.untilLink();
  await recorded.untilReceived('CONNECT ');
  await client.untilClosed();
  assert.equal(recorded.text, 'CONNECT ');
  assert.equal(recorded.closedCount, 0);
  assert.equal(listener.connections, 1);
  recorded.link.resume();
  assert.equal(recorded.text, 'CONNECT ');
  await recorded.untilReceived('PUBLISH ');
  assert.equal(recorded.text, 'CONNECT PUBLISH ');
  recorded.onReceived = () => {};
  recorded.link.resume();
  await recorded.untilClosed();
  assert.equal(recorded.text, words.join(''));
  assert.equal(recorded.closedCount, 1);
  assert.equal(listener.connections, 0);
});

test('a link that is destroyed or ended while it holds frames is closed once', async (t) => {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.onReceived = () => recorded.link.pause();
    return true;
  };
  const listener = await listen(t, host, ws);
  for (const [index, way] of (['destroy', 'end'] as const).entries()) {
    const client = await browseRaw(t, listener);
    const frames = ['a', 'b'].map((word) => frame(opcode.binary, word));
    client.socket.write(Buffer.concat([...frames, frame(opcode.close, '')]));
    const recorded = await host.untilLink(index);
    await client.untilClosed();
    recorded.link[way]();
    recorded.link[way]();
    await recorded.untilClosed();
    assert.equal(recorded.text, 'a');
    assert.equal(recorded.closedCount, 1);
  }
  assert.equal(listener.connections, 0);
});

test('a paused WebSocket reads on when it is resumed', async (t) => {
  const host = new RecordingHost();
  host.onConnect = ({ link }) => {
    link.pause();
    return true;
  };
  const listener = await listen(t, host, ws);
  const client = browse(t, listener);
  await client.untilOpen();
  client.webSocket.send(Buffer.from('early'));
  await browse(t, listener).untilOpen();
  const recorded = await host.untilLink();
  assert.equal(recorded.text, '');
  recorded.link.resume();
  await recorded.untilReceived('early');
  client.webSocket.send(Buffer.from('later'));
  await recorded.untilReceived('later');
});

test('the last packet and a close frame arrive although the client had more to say', async (t) => {
  const host = new RecordingHost();
  host.onConnect = ({ link }) => {
    link.pause();
    return true;
  };
  const client = browse(t, await listen(t, host, ws));
  await client.untilOpen();
  for (let index = 0; index < 16; index += 1) client.webSocket.send(Buffer.alloc(1024 * 1024));
  const recorded = await host.untilLink();
  recorded.link.write(Buffer.alloc(8 * 1024 * 1024));
  recorded.link.write(Buffer.from('last packet'));
  recorded.link.end();
  recorded.link.end();
  recorded.link.write(Buffer.from('too late'));
  await client.untilClosed();
  assert.equal(client.closeCode, 1000);
  assert.equal(client.receivedBytes, 8 * 1024 * 1024 + 'last packet'.length);
  assert.ok(client.text.endsWith('last packet'));
  await recorded.untilClosed();
  assert.equal(recorded.closedError, undefined);
  assert.equal(recorded.closedCount, 1);
  assert.equal(recorded.receivedBytes, 0);
});

test('a client that does not answer the close frame has two seconds', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host, ws);
  const client = await browseRaw(t, listener);
  const recorded = await host.untilLink();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  recorded.link.end();
  await client.untilReceived('\x88\x02\x03\xe8');
  t.mock.timers.tick(lingerMs - 1);
  await browse(t, listener).untilOpen();
  assert.equal(recorded.closedCount, 0);
  t.mock.timers.tick(1);
  await recorded.untilClosed();
  await client.untilClosed();
});

test('a client that closes properly, or just goes, is closed once', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host, ws);
  const proper = browse(t, listener);
  await proper.untilOpen();
  proper.webSocket.send(Buffer.from('bye'));
  proper.webSocket.close(1000);
  const first = await host.untilLink(0);
  await first.untilClosed();
  assert.equal(first.text, 'bye');
  assert.equal(first.closedError, undefined);

  const going = await browseRaw(t, listener);
  going.socket.end(frame(opcode.binary, 'gone'));
  const second = await host.untilLink(1);
  await second.untilClosed();
  assert.equal(second.text, 'gone');

  const resetting = await browseRaw(t, listener);
  const third = await host.untilLink(2);
  resetting.socket.resetAndDestroy();
  await third.untilClosed();

  const destroyed = browse(t, listener);
  const fourth = await host.untilLink(3);
  fourth.link.write(Buffer.alloc(1024));
  fourth.link.destroy();
  assert.equal(fourth.link.pendingBytes, 0);
  await fourth.untilClosed();
  await destroyed.untilClosed();
  for (const recorded of host.links) assert.equal(recorded.closedCount, 1);
  assert.equal(listener.connections, 0);
});

test('a frame that breaks the WebSocket protocol closes the connection', async (t) => {
  const host = new RecordingHost();
  const client = await browseRaw(t, await listen(t, host, ws));
  client.socket.write(frame(opcode.binary, 'fine'));
  client.socket.write(Buffer.from([0x82, 0x01, 0x00])); // not masked
  const recorded = await host.untilLink();
  await recorded.untilClosed();
  assert.equal(recorded.text, 'fine');
  assert.match(recorded.closedError?.message ?? '', /MASK/);
  await client.untilReceived('\x88\x02\x03\xea');
  assert.equal(recorded.closedCount, 1);
});

test('of many pings the latest is answered, without a pile of answers', async (t) => {
  const host = new RecordingHost();
  const client = await browseRaw(t, await listen(t, host, ws));
  const pings = Array.from({ length: 1000 }, (_, index) => frame(opcode.ping, `ping ${index}`));
  client.socket.write(Buffer.concat([...pings, frame(opcode.binary, 'MQTT')]));
  const recorded = await host.untilLink();
  await recorded.untilReceived('MQTT');
  await client.untilReceived('ping 999');
  const answers = client.text.match(/ping \d+/g) ?? [];
  assert.ok(answers.length < 100, `${answers.length} answers`);
  const polite = browse(t, await listen(t, new RecordingHost(), ws));
  await polite.untilOpen();
  polite.webSocket.ping('are you there');
  await polite.facts.until('the pong is there', () => polite.pongs.includes('are you there'));
});

test('a WebSocket the host has no room for is dropped at once', async (t) => {
  const host = new RecordingHost();
  host.onConnect = () => false;
  const listener = await listen(t, host, ws);
  const client = browse(t, listener);
  await client.untilClosed();
  assert.equal(client.closeCode, 1006);
  assert.equal(listener.connections, 0);
});

test('closing the listener ends WebSockets properly and drops requests', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host, ws);
  const waiting = dial(t, listener);
  await waiting.untilConnected();
  const client = browse(t, listener);
  await client.untilOpen();
  (await host.untilLink()).link.write(Buffer.from('bye'));
  await listener.close();
  await client.untilClosed();
  assert.equal(client.text, 'bye');
  assert.equal(client.closeCode, 1000);
  await waiting.untilClosed();
});
