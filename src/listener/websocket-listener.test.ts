/** WebSockets through a real listener: the handshake, the frames, and every way out. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import test from 'node:test';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import { handshakeTimeoutMs } from './handshake-deadlines.ts';
import type { Listener } from './listener.ts';
import { highWaterBytes } from './outbound-queue.ts';
import {
  afterwards,
  CertificateMaker,
  dial,
  echoHost,
  Facts,
  listen,
  needsOpenssl,
  type Peer,
  portOf,
  RecordingHost,
  temporaryFolder,
} from './recording-host.test-kit.ts';
import { lingerMs } from './socket-link.ts';
import { firstMessageBytesMax } from './websocket-link.ts';

/** A browser's side of a connection. */
class WebSocketPeer {
  readonly webSocket: WebSocket;
  readonly facts: Facts = new Facts();
  readonly #chunks: Buffer[] = [];
  readonly pongs: string[] = [];
  receivedBytes = 0;
  hasText = false;
  isOpen = false;
  closeCode: number | undefined;
  status: number | undefined;

  constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket
      .on('open', () => this.#note(() => (this.isOpen = true)))
      .on('message', (data: RawData, isBinary) => {
        assert.ok(Buffer.isBuffer(data));
        this.#chunks.push(data);
        this.hasText ||= !isBinary;
        this.#note(() => (this.receivedBytes += data.length));
      })
      .on('pong', (data) => this.#note(() => this.pongs.push(data.toString())))
      .on('unexpected-response', (request, { statusCode }) => {
        request.destroy();
        this.#note(() => (this.status = statusCode));
      })
      .on('error', () => {}) // `close` follows.
      .on('close', (code) => this.#note(() => (this.closeCode = code)));
  }

  #note(change: () => void): void {
    change();
    this.facts.changed();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  untilOpen(): Promise<void> {
    return this.facts.until('the WebSocket is open', () => this.isOpen);
  }

  untilReceived(text: string): Promise<void> {
    return this.facts.until(`the client got "${text}"`, () => this.text.includes(text));
  }

  untilReceivedBytes(count: number): Promise<void> {
    return this.facts.until(`the client got ${count} bytes`, () => this.receivedBytes >= count);
  }

  untilClosed(): Promise<void> {
    return this.facts.until('the WebSocket is closed', () => this.closeCode !== undefined);
  }

  async untilRefused(): Promise<number | undefined> {
    await this.facts.until('the request is refused', () => this.status !== undefined);
    return this.status;
  }
}

function browse(
  t: test.TestContext,
  listener: Listener,
  options: ClientOptions = {},
  { path = '/mqtt', protocols = ['mqtt'] }: { path?: string; protocols?: string[] } = {},
): WebSocketPeer {
  const scheme = listener.options.type;
  const url = `${scheme}://127.0.0.1:${portOf(listener)}${path}`;
  const peer = new WebSocketPeer(new WebSocket(url, protocols, options));
  afterwards(t, () => peer.webSocket.terminate());
  return peer;
}

/** A frame as a client sends it, with a mask of zeros. */
function frame(opcode: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  assert.ok(bytes.length < 126);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

const opcode = { text: 1, binary: 2, close: 8, ping: 9 } as const;

/** A client that writes frames itself. */
async function browseRaw(t: test.TestContext, listener: Listener, with_ = ''): Promise<Peer> {
  const peer = dial(t, listener);
  peer.socket.write(
    'GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n' +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${with_}\r\n`,
  );
  await peer.untilReceived('\r\n\r\n');
  return peer;
}

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

test('[MQTT-6.0.0-4] the subprotocol chosen is "mqtt", or "mqttv3.1" where that is offered', async (t) => {
  const listener = await listen(t, echoHost(), ws);
  const table: [string[], string][] = [
    [['mqtt'], 'mqtt'],
    [['mqttv3.1'], 'mqttv3.1'],
    [['chat', 'mqtt'], 'mqtt'],
    [['mqttv3.1', 'mqtt'], 'mqttv3.1'],
    [['mqtt', 'mqttv3.1'], 'mqtt'],
  ];
  for (const [protocols, chosen] of table) {
    const client = browse(t, listener, {}, { protocols });
    await client.untilOpen();
    assert.equal(client.webSocket.protocol, chosen);
  }
});

test('[MQTT-6.0.0-3] a client that offers no MQTT subprotocol is refused', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host, ws);
  assert.equal(await browse(t, listener, {}, { protocols: [] }).untilRefused(), 400);
  assert.equal(await browse(t, listener, {}, { protocols: ['chat'] }).untilRefused(), 400);
  const { fields } = await host.untilLogged('listener.websocket.refused');
  assert.match(
    String(fields['reason']),
    /must offer the WebSocket subprotocol "mqtt" .*offered none/,
  );
  assert.equal(fields['address'], '127.0.0.1');
  assert.equal(host.links.length, 0);
});

test('only the listed paths answer', async (t) => {
  const listener = await listen(t, echoHost(), ws);
  for (const path of ['/mqtt', '/', '/mqtt?token=1']) {
    await browse(t, listener, {}, { path }).untilOpen();
  }
  for (const path of ['/mqtt/', '/MQTT', '/other', '//']) {
    assert.equal(await browse(t, listener, {}, { path }).untilRefused(), 404, path);
  }
  const own = await listen(t, echoHost(), { ...ws, path: ['/live'] });
  await browse(t, own, {}, { path: '/live' }).untilOpen();
  assert.equal(await browse(t, own).untilRefused(), 404);
});

test('a web page may connect from the same address or when it is listed', async (t) => {
  const listener = await listen(t, echoHost(), {
    ...ws,
    allowed_origins: ['https://dash.example.com'],
  });
  for (const origin of ['http://127.0.0.1:18830', 'https://dash.example.com']) {
    await browse(t, listener, { origin }).untilOpen();
  }
  for (const origin of ['http://evil.example', 'http://localhost', 'null']) {
    assert.equal(await browse(t, listener, { origin }).untilRefused(), 403, origin);
  }
  const rebound = { origin: 'http://evil.example', headers: { Host: 'evil.example' } };
  assert.equal(await browse(t, listener, rebound).untilRefused(), 403);
  const old = { headers: { 'Sec-WebSocket-Origin': 'http://evil.example' }, protocolVersion: 8 };
  assert.equal(await browse(t, listener, old).untilRefused(), 403);
});

test('a browser that opens the address as a page is told what it is', async (t) => {
  const listener = await listen(t, new RecordingHost(), ws);
  const ask = (path: string): Promise<[number | undefined, string]> =>
    new Promise((resolve, reject) => {
      const url = `http://127.0.0.1:${portOf(listener)}${path}`;
      get(url, (response: IncomingMessage) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve([response.statusCode, body]));
      }).on('error', reject);
    });
  assert.deepEqual(await ask('/mqtt'), [
    426,
    'this address speaks MQTT over WebSocket, not plain HTTP\n',
  ]);
  assert.deepEqual(await ask('/x'), [404, 'nothing at /x; MQTT is at /mqtt and /\n']);
});

test('a client that speaks plain MQTT, resets or leaves harms nobody', async (t) => {
  const host = echoHost();
  const listener = await listen(t, host, ws);
  const plain = dial(t, listener);
  plain.socket.write('\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0');
  await plain.untilClosed();
  assert.match(plain.text, /^HTTP\/1\.1 400 Bad Request/);
  const resetting = dial(t, listener);
  resetting.socket.write('GET /mqtt HTTP/1.1\r\n');
  await resetting.untilConnected();
  resetting.socket.resetAndDestroy();
  const leaving = dial(t, listener);
  leaving.socket.end('GET /mqtt HT');
  await leaving.untilClosed();
  const unfit = dial(t, listener);
  unfit.socket.write(
    'GET /mqtt HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await unfit.untilClosed();
  assert.match(unfit.text, /^HTTP\/1\.1 400 [\s\S]*Sec-WebSocket-Key/);
  const refusedAndReset = dial(t, listener);
  refusedAndReset.socket.write(
    'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  );
  await refusedAndReset.untilReceived('404');
  refusedAndReset.socket.resetAndDestroy();
  const client = browse(t, listener);
  await client.untilOpen();
  client.webSocket.send(Buffer.from('hello'));
  await client.untilReceived('hello');
  assert.equal(host.links.length, 1);
});

test('a WebSocket request has ten seconds, however busy it looks', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const host = echoHost();
  const listener = await listen(t, host, ws);
  const slow = dial(t, listener);
  slow.socket.write('GET /mqtt HTTP/1.1\r\n');
  await slow.untilConnected();
  const served = browse(t, listener);
  await served.untilOpen();
  t.mock.timers.tick(handshakeTimeoutMs - 1);
  slow.socket.write('Host: a\r\n');
  served.webSocket.send(Buffer.from('hello'));
  await served.untilReceived('hello');
  assert.equal(slow.hasClosed, false);
  t.mock.timers.tick(1);
  await slow.untilClosed();
  const { fields } = await host.untilLogged('listener.handshake.timeout');
  assert.equal(fields['step'], 'WebSocket');
  served.webSocket.send(Buffer.from('again'));
  await served.untilReceived('again');
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

test('the writes of one turn share a frame while they are small', async (t) => {
  const host = new RecordingHost();
  const client = browse(t, await listen(t, host, ws));
  const frames: number[] = [];
  client.webSocket.on('message', (data: Buffer) => frames.push(data.length));
  await client.untilOpen();
  const { link } = await host.untilLink();
  for (let index = 0; index < 100; index += 1) link.write(Buffer.alloc(10));
  await client.untilReceivedBytes(1000);
  assert.deepEqual(frames, [1000]);
  link.write(Buffer.alloc(60_000));
  link.write(Buffer.alloc(60_000));
  await client.untilReceivedBytes(121_000);
  assert.deepEqual(frames, [1000, 60_000, 60_000]);
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
  assert.ok(recorded.link.pendingBytes > highWaterBytes);
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

test('a request through a proxy that is not listed counts as public', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host, ws);
  browse(t, listener, { headers: { 'X-Forwarded-For': '192.168.1.5' } });
  const { origin } = (await host.untilLink()).link;
  assert.equal(origin.reach, 'public');
  assert.equal(origin.remoteAddress, '127.0.0.1');
  const { fields } = await host.untilLogged('listener.proxy.unclear');
  assert.equal(fields['proxy'], '127.0.0.1');
});

test('a listed proxy speaks for its clients', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host, { ...ws, trusted_proxies: ['127.0.0.0/8'] });
  const table = [
    ['203.0.113.7', 'public'],
    ['10.1.2.3', 'private'],
    ['::1', 'loopback'],
  ] as const;
  for (const [index, [address, reach]] of table.entries()) {
    browse(t, listener, { headers: { 'X-Forwarded-For': address } });
    const { origin } = (await host.untilLink(index)).link;
    assert.deepEqual([origin.remoteAddress, origin.reach, origin.remotePort], [address, reach, 0]);
  }
  browse(t, listener);
  assert.equal((await host.untilLink(table.length)).link.origin.reach, 'public');
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

test('a secure WebSocket is a WebSocket inside TLS', { skip: needsOpenssl }, async (t) => {
  const maker = new CertificateMaker(temporaryFolder(t));
  maker.authority('authority');
  maker.issue('server', 'authority');
  maker.issue('sensor', 'authority');
  const host = echoHost();
  const listener = await listen(t, host, {
    type: 'wss',
    cert_file: maker.path('server.crt'),
    key_file: maker.path('server.key'),
    ca_file: maker.path('authority.crt'),
  });
  const client = browse(t, listener, {
    ca: readFileSync(maker.path('authority.crt')),
    cert: readFileSync(maker.path('sensor.crt')),
    key: readFileSync(maker.path('sensor.key')),
  });
  await client.untilOpen();
  client.webSocket.send(Buffer.from('hello'));
  await client.untilReceived('hello');
  const recorded = await host.untilLink();
  const { origin } = recorded.link;
  assert.equal(origin.transport, 'wss');
  assert.equal(origin.certificate?.commonName, 'sensor');
  assert.match(origin.encryption ?? '', /^TLSv1\.3 /);
  assert.deepEqual(listener.urls, [`wss://127.0.0.1:${portOf(listener)}/mqtt`]);
  recorded.link.write(Buffer.from('last packet'));
  recorded.link.end();
  await client.untilClosed();
  assert.ok(client.text.endsWith('last packet'));
  assert.equal(client.closeCode, 1000);
});
