/** Which WebSocket requests a real listener accepts, and who it takes the client for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import test from 'node:test';
import { handshakeTimeoutMs } from './handshake-deadlines.ts';
import {
  CertificateMaker,
  dial,
  echoHost,
  listen,
  needsOpenssl,
  portOf,
  RecordingHost,
  temporaryFolder,
} from './recording-host.test-kit.ts';
import { browse } from './websocket-peer.test-kit.ts';

const ws = { type: 'ws' } as const;

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
