/** TLS through a real listener, with certificates made for the test. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls';
import { handshakeTimeoutMs } from './handshake-deadlines.ts';
import type { Listener } from './listener.ts';
import type { ListenerSettingsInput } from './options.ts';
import { lowWaterBytes } from './outbound-queue.ts';
import {
  afterwards,
  CertificateMaker,
  dial,
  echoHost,
  listen,
  needsOpenssl,
  Peer,
  portOf,
  RecordingHost,
} from './recording-host.test-kit.ts';

const skip = needsOpenssl;
const folder = mkdtempSync(join(tmpdir(), 'linnet-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const certificates = new CertificateMaker(folder);
const file = (name: string): string => certificates.path(name);
if (skip === false) {
  certificates.authority('authority');
  certificates.authority('stranger');
  certificates.issue('server', 'authority');
  certificates.issue('renewed', 'authority');
  certificates.issue('brief', 'authority', 9);
  certificates.issue('sensor', 'authority');
  certificates.issue('impostor', 'stranger');
}

const serverFiles = { cert_file: file('server.crt'), key_file: file('server.key') };

function listenTls(
  t: test.TestContext,
  host: RecordingHost,
  settings: Partial<ListenerSettingsInput> = {},
): Promise<Listener> {
  return listen(t, host, { type: 'tls', ...serverFiles, ...settings });
}

function dialTls(t: test.TestContext, listener: Listener, options: ConnectionOptions = {}): Peer {
  const ca = readFileSync(file('authority.crt'));
  const port = portOf(listener);
  const peer = new Peer(
    connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...options }),
  );
  afterwards(t, () => peer.socket.destroy());
  return peer;
}

function identity(name: string): ConnectionOptions {
  return { cert: readFileSync(file(`${name}.crt`)), key: readFileSync(file(`${name}.key`)) };
}

function tlsOf(peer: Peer): TLSSocket {
  assert.ok(peer.socket instanceof TLSSocket);
  return peer.socket;
}

test('a TLS client is served, and the handler knows version and cipher', { skip }, async (t) => {
  const host = echoHost();
  const listener = await listenTls(t, host);
  const client = dialTls(t, listener);
  client.socket.write('hello');
  await client.untilReceived('hello');
  assert.equal(tlsOf(client).authorized, true);
  const { origin } = (await host.untilLink()).link;
  assert.equal(origin.transport, 'tls');
  assert.equal(origin.reach, 'loopback');
  assert.equal(origin.certificate, undefined);
  assert.match(origin.encryption ?? '', /^TLSv1\.3 TLS_[A-Z0-9_]+$/);
  assert.deepEqual(listener.urls, [`mqtts://127.0.0.1:${portOf(listener)}`]);
});

test('TLS 1.2 is accepted, and refused where 1.3 is asked for', { skip }, async (t) => {
  const host = echoHost();
  const client = dialTls(t, await listenTls(t, host), { maxVersion: 'TLSv1.2' });
  client.socket.write('hello');
  await client.untilReceived('hello');
  assert.match((await host.untilLink()).link.origin.encryption ?? '', /^TLSv1\.2 /);

  const modern = new RecordingHost();
  const listener = await listenTls(t, modern, { min_tls_version: '1.3' });
  await dialTls(t, listener, { maxVersion: 'TLSv1.2' }).untilClosed();
  await modern.untilLogged('listener.tls.failed');
  assert.equal(modern.links.length, 0);
});

test('TLS 1.1 is refused', { skip }, async (t) => {
  const host = new RecordingHost();
  const client = dialTls(t, await listenTls(t, host), {
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  await client.untilClosed();
  assert.equal(client.isConnected, false);
  await host.untilLogged('listener.tls.failed');
  assert.equal(host.links.length, 0);
});

test('the application protocol "mqtt" is chosen, and an unknown one refused', {
  skip,
}, async (t) => {
  const host = echoHost();
  const listener = await listenTls(t, host);
  const client = dialTls(t, listener, { ALPNProtocols: ['mqtt'] });
  await client.untilConnected();
  assert.equal(tlsOf(client).alpnProtocol, 'mqtt');
  const other = dialTls(t, listener, { ALPNProtocols: ['h2'] });
  await other.untilClosed();
  assert.equal(other.isConnected, false);
});

test('the last packet arrives over TLS although the client had more to say', {
  skip,
}, async (t) => {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.link.pause();
    return true;
  };
  const client = dialTls(t, await listenTls(t, host));
  client.socket.write(Buffer.alloc(16 * 1024 * 1024));
  const recorded = await host.untilLink();
  recorded.link.write(Buffer.from('last packet'));
  recorded.link.end();
  await client.untilEnded();
  assert.equal(client.text, 'last packet');
  await client.untilClosed();
  assert.equal(client.error, undefined);
  await recorded.untilClosed();
  assert.equal(recorded.closedCount, 1);
});

test('a TLS peer that does not read fills pendingBytes, and drained says when it took them', {
  skip,
}, async (t) => {
  const host = new RecordingHost();
  const listener = await listenTls(t, host);
  const client = dialTls(t, listener);
  await client.untilConnected();
  client.socket.pause();
  const recorded = await host.untilLink();
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let index = 0; index < 512; index += 1) recorded.link.write(chunk);
  const second = dialTls(t, listener);
  await second.untilConnected();
  assert.ok(recorded.link.pendingBytes > lowWaterBytes);
  recorded.link.requestDrained();
  assert.equal(recorded.drainedCount, 0);
  client.socket.resume();
  await recorded.untilDrained();
  await client.untilReceivedBytes(512 * chunk.length);
});

test('a TLS peer that closes its side is delivered, then closed, and still gets its answers', {
  skip,
}, async (t) => {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.onReceived = () => recorded.link.write(Buffer.from('answer'));
    return true;
  };
  const client = dialTls(t, await listenTls(t, host));
  client.socket.end('last words');
  const recorded = await host.untilLink();
  await recorded.untilClosed();
  assert.equal(recorded.text, 'last words');
  await client.untilClosed();
  assert.equal(client.text, 'answer');
  assert.equal(recorded.closedCount, 1);
});

test('a new certificate serves new clients while old ones stay', { skip }, async (t) => {
  const [cert, key] = [file('live.crt'), file('live.key')];
  const install = (name: string): void => {
    copyFileSync(file(`${name}.crt`), cert);
    copyFileSync(file(`${name}.key`), key);
  };
  install('server');
  const host = echoHost();
  const listener = await listenTls(t, host, { cert_file: cert, key_file: key });
  const old = dialTls(t, listener);
  await old.untilConnected();
  assert.equal(tlsOf(old).getPeerCertificate().subject.CN, 'server');

  install('renewed');
  await listener.reloadTls();
  const fresh = dialTls(t, listener, { ...sessionOf(old) });
  await fresh.untilConnected();
  assert.equal(tlsOf(fresh).getPeerCertificate().subject.CN, 'renewed');
  old.socket.write('still here');
  await old.untilReceived('still here');
  assert.equal(listener.connections, 2);

  copyFileSync(file('server.key'), key);
  await assert.rejects(listener.reloadTls(), { code: 'tls-key-mismatch' });
  const third = dialTls(t, listener);
  await third.untilConnected();
  assert.equal(tlsOf(third).getPeerCertificate().subject.CN, 'renewed');
});

function sessionOf(peer: Peer): ConnectionOptions {
  const session = tlsOf(peer).getSession();
  return session === undefined ? {} : { session };
}

test('reload can name other files, but not begin to ask for client certificates', {
  skip,
}, async (t) => {
  const listener = await listenTls(t, echoHost());
  const tls = {
    certFile: file('renewed.crt'),
    keyFile: file('renewed.key'),
    caFile: undefined,
    requireClientCert: false,
    minVersion: '1.2',
  } as const;
  await listener.reloadTls(tls);
  const client = dialTls(t, listener);
  await client.untilConnected();
  assert.equal(tlsOf(client).getPeerCertificate().subject.CN, 'renewed');
  const asking = { ...tls, caFile: file('authority.crt') };
  await assert.rejects(listener.reloadTls(asking), { code: 'tls-restart-needed' });
});

test('a listener without TLS has nothing to reload', async (t) => {
  const host = new RecordingHost();
  const listener = await listen(t, host);
  await listener.reloadTls();
  assert.deepEqual(
    host.lines.map(({ event }) => event),
    ['listener.opened'],
  );
});

test('an optional client certificate is verified when it is given', { skip }, async (t) => {
  const host = echoHost();
  const listener = await listenTls(t, host, { ca_file: file('authority.crt') });

  const anonymous = dialTls(t, listener);
  anonymous.socket.write('hello');
  await anonymous.untilReceived('hello');
  assert.equal(host.links[0]?.link.origin.certificate, undefined);

  const sensor = dialTls(t, listener, identity('sensor'));
  sensor.socket.write('hello');
  await sensor.untilReceived('hello');
  const certificate = host.links[1]?.link.origin.certificate;
  assert.equal(certificate?.commonName, 'sensor');
  assert.equal(certificate?.subject, 'CN=sensor, O=linnet');
  assert.equal(certificate?.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1');
  assert.match(certificate?.fingerprint256 ?? '', /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.ok(Date.parse(certificate?.validTo ?? '') > Date.now());

  const impostor = dialTls(t, listener, identity('impostor'));
  impostor.socket.write('hello');
  await impostor.untilClosed();
  assert.equal(impostor.text, '');
  const { fields } = await host.untilLogged('listener.certificate.refused');
  assert.match(String(fields['reason']), /is refused \([A-Z_]+\)/);
  assert.equal(host.links.length, 2);
});

test('a required client certificate is required', { skip }, async (t) => {
  const host = echoHost();
  const listener = await listenTls(t, host, {
    ca_file: file('authority.crt'),
    require_client_cert: true,
  });
  const anonymous = dialTls(t, listener);
  anonymous.socket.write('hello');
  await anonymous.untilClosed();
  assert.equal(anonymous.text, '');
  const { fields } = await host.untilLogged('listener.certificate.refused');
  assert.equal(fields['reason'], 'the client sent no certificate');

  const sensor = dialTls(t, listener, identity('sensor'));
  sensor.socket.write('hello');
  await sensor.untilReceived('hello');
  const again = dialTls(t, listener, { ...identity('sensor'), ...sessionOf(sensor) });
  again.socket.write('hello');
  await again.untilReceived('hello');
  assert.equal(host.links[1]?.link.origin.certificate?.commonName, 'sensor');
});

test('a client that speaks no TLS, resets or leaves harms nobody', { skip }, async (t) => {
  const host = echoHost();
  const listener = await listenTls(t, host);
  const plain = dial(t, listener);
  plain.socket.write('\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0');
  await plain.untilClosed();
  const failed = await host.untilLogged('listener.tls.failed');
  assert.equal(failed.level, 'warning');
  const resetting = dial(t, listener);
  await resetting.untilConnected();
  resetting.socket.resetAndDestroy();
  const leaving = dial(t, listener);
  leaving.socket.end();
  await leaving.untilClosed();
  const client = dialTls(t, listener);
  client.socket.write('hello');
  await client.untilReceived('hello');
  assert.equal(host.links.length, 1);
});

test('a TLS handshake has ten seconds, however busy it looks', { skip }, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const host = echoHost();
  const listener = await listenTls(t, host);
  const silent = new Peer(connectTcp(portOf(listener), '127.0.0.1'));
  afterwards(t, () => silent.socket.destroy());
  await silent.untilConnected();
  // Connections are accepted in order: when this one is served, the silent one is known.
  const served = dialTls(t, listener);
  served.socket.write('hello');
  await served.untilReceived('hello');
  t.mock.timers.tick(handshakeTimeoutMs - 1);
  silent.socket.write('\x16\x03');
  served.socket.write('once more');
  await served.untilReceived('once more');
  assert.equal(silent.hasClosed, false);
  t.mock.timers.tick(1);
  await silent.untilClosed();
  const { fields } = await host.untilLogged('listener.handshake.timeout');
  assert.equal(fields['step'], 'TLS');
  served.socket.write('and again');
  await served.untilReceived('and again');
});

test('the warning of a certificate that expires soon is logged at start', { skip }, async (t) => {
  const host = new RecordingHost();
  await listenTls(t, host, { cert_file: file('brief.crt'), key_file: file('brief.key') });
  const { level, fields } = await host.untilLogged('listener.tls.certificate');
  assert.equal(level, 'warning');
  assert.match(String(fields['reason']), /expires in 8 days/);
});
