/** Which addresses and paths a listener takes, and what it says when it cannot. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ListenError } from './listen-error.ts';
import {
  afterwards,
  dial,
  echoHost,
  listen,
  optionsOf,
  Peer,
  portOf,
  RecordingHost,
  temporaryFolder,
} from './recording-host.test-kit.ts';
import { startListener, startListeners } from './start-listeners.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const needsIpv6 = hasIpv6 ? false : 'needs an IPv6 loopback address';
const needsUnix = process.platform === 'win32' ? 'needs Unix sockets' : false;
const needsProc = existsSync('/proc/net/tcp') ? false : 'needs /proc (Linux)';

async function codeOf(opening: Promise<unknown>): Promise<string> {
  const error: unknown = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ListenError, String(error));
  return error.code;
}

test('both wildcards can have the same port', { skip: needsIpv6 }, async (t) => {
  const port = await freePort();
  const wildcards = [`[::]:${port}`, `0.0.0.0:${port}`];
  const list = wildcards.map((bind) => optionsOf({ type: 'tcp', bind }));
  const listeners = await startListeners(list, new RecordingHost());
  afterwards(t, () => Promise.all(listeners.map((listener) => listener.close())));
  assert.deepEqual(
    listeners.map(({ address }) => address.host),
    ['::', '0.0.0.0'],
  );
});

test('a port in use is an error that names its holder and another port', {
  skip: needsProc,
}, async (t) => {
  const first = await listen(t, new RecordingHost());
  const port = portOf(first);
  const options = optionsOf({ type: 'tcp', bind: `127.0.0.1:${port}` });
  await assert.rejects(startListener(options, new RecordingHost()), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, 'port-in-use');
    assert.equal(error.exitCode, 69);
    const { details } = error;
    assert.equal(details.address, `127.0.0.1:${port}`);
    assert.equal(details.holder?.pid, process.pid);
    assert.ok(details.freePort !== undefined && details.freePort > port);
    assert.match(error.message, new RegExp(`already in use by \\S.* \\(pid ${process.pid}, user `));
    return true;
  });
});

test('an address of another machine is an error that lists our own', async () => {
  const options = optionsOf({ type: 'tcp', bind: '192.0.2.1:0' });
  await assert.rejects(startListener(options, new RecordingHost()), {
    code: 'address-not-available',
    message:
      /^cannot listen on 192\.0\.2\.1:0 — this machine has no such address; it has .*127\.0\.0\.1/,
  });
});

test('when one listener cannot open, the ones before it are closed again', async (t) => {
  const taken = await listen(t, new RecordingHost());
  const host = new RecordingHost();
  const binds = ['127.0.0.1:0', `127.0.0.1:${portOf(taken)}`, '127.0.0.1:0'];
  const list = binds.map((bind) => optionsOf({ type: 'tcp', bind }));
  assert.equal(await codeOf(startListeners(list, host)), 'port-in-use');
  const events = host.lines.map(({ event }) => event);
  assert.deepEqual(events, ['listener.opened', 'listener.closed']);
  const address = String(host.lines[0]?.fields['address']);
  const client = new Peer(connect(Number(address.split(':')[1]), '127.0.0.1'));
  await client.untilClosed();
  assert.equal(client.error?.code, 'ECONNREFUSED');
});

test('a Unix socket has its permissions, counts as loopback and goes away', {
  skip: needsUnix,
}, async (t) => {
  const path = join(temporaryFolder(t), 'linnet.sock');
  const host = echoHost();
  const listener = await listen(t, host, { type: 'unix', bind: path, mode: '0600' });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(listener.urls, [`unix:${path}`]);
  const client = dial(t, listener);
  client.socket.write('hello');
  await client.untilReceived('hello');
  const { origin } = (await host.untilLink()).link;
  assert.equal(origin.transport, 'unix');
  assert.equal(origin.remoteAddress, '');
  assert.equal(origin.reach, 'loopback');
  await listener.close();
  assert.equal(existsSync(path), false);
});

test('a Unix socket that a killed process left behind is replaced', {
  skip: needsUnix,
}, async (t) => {
  const path = join(temporaryFolder(t), 'linnet.sock');
  const program = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program, path]);
  assert.ok(statSync(path).isSocket());
  const listener = await listen(t, echoHost(), { type: 'unix', bind: path });
  const client = dial(t, listener);
  client.socket.write('hello');
  await client.untilReceived('hello');
  assert.equal(statSync(path).mode & 0o777, 0o660);
});

test('a Unix socket that somebody answers on, and a file that is none, are left alone', {
  skip: needsUnix,
}, async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'linnet.sock');
  const first = await listen(t, echoHost(), { type: 'unix', bind: path });
  const again = optionsOf({ type: 'unix', bind: path });
  assert.equal(await codeOf(startListener(again, new RecordingHost())), 'port-in-use');
  const client = dial(t, first);
  client.socket.write('hello');
  await client.untilReceived('hello');

  const file = join(folder, 'notes.txt');
  writeFileSync(file, 'keep me');
  const onFile = optionsOf({ type: 'unix', bind: file });
  assert.equal(await codeOf(startListener(onFile, new RecordingHost())), 'socket-path');
  assert.equal(statSync(file).size, 'keep me'.length);
});

test('a Unix socket path that cannot be is an error', { skip: needsUnix }, async (t) => {
  const folder = temporaryFolder(t);
  for (const path of [join(folder, 'missing', 'a.sock'), join(folder, 'x'.repeat(200))]) {
    const options = optionsOf({ type: 'unix', bind: path });
    assert.equal(await codeOf(startListener(options, new RecordingHost())), 'socket-path');
  }
});

async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
