/** TLS, WebSocket, Unix sockets and pre-shared keys of `linnet pub` and `linnet sub`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type MosquittoSurroundings,
  makeCertificates,
  needs,
  startLinnet,
  startMosquitto,
} from './brokers.test-kit.ts';
import { CommandRun, completed } from './command-run.test-kit.ts';
import { runPub } from './pub.ts';
import { runSub } from './sub.ts';

const skip = needs('mosquitto', 'mosquitto') || needs('openssl', 'openssl');

/** A message goes from pub to sub with these flags. */
async function roundTrip(...flags: readonly string[]): Promise<void> {
  const sub = new CommandRun(runSub, [...flags, '-t', 'a', '-C', '1', '-W', '10', '-d']);
  await Promise.race([sub.stderr.until(/received SUBACK/), sub.exitCode]);
  const pub = await completed(runPub, [...flags, '-t', 'a', '-m', 'through']);
  assert.deepEqual(pub, { exitCode: 0, stdout: '', stderr: '' });
  assert.equal(await sub.exitCode, 0, sub.stderr.text);
  assert.equal(sub.stdout.text, 'through\n');
}

function tlsListeners({ directory, ports }: MosquittoSurroundings): string {
  makeCertificates(directory);
  const file = (name: string): string => join(directory, name);
  const files = `cafile ${file('ca.crt')}\ncertfile ${file('server.crt')}\nkeyfile ${file('server.key')}\n`;
  return (
    `listener ${ports[0]} 127.0.0.1\n${files}` +
    `listener ${ports[1]} 127.0.0.1\n${files}require_certificate true\n` +
    `listener ${ports[2]} 127.0.0.1\nprotocol websockets\n${files}`
  );
}

test('TLS with a CA file, a CA directory and a client certificate', { skip }, async () => {
  await using broker = await startMosquitto(tlsListeners);
  const { directory, ports } = broker;
  const ca = ['--cafile', join(directory, 'ca.crt')];
  const server = ['-h', 'localhost', '-p', String(ports[0])];
  await roundTrip(...server, ...ca);
  await roundTrip(...server, ...ca, '--tls-version', 'tlsv1.2');

  const authorities = join(directory, 'authorities');
  await mkdir(authorities);
  await copyFile(join(directory, 'ca.crt'), join(authorities, 'ca.crt'));
  await roundTrip(...server, '--capath', authorities);

  const own = ['--cert', join(directory, 'client.crt'), '--key', join(directory, 'client.key')];
  await roundTrip('-h', 'localhost', '-p', String(ports[1]), ...ca, ...own);
  await roundTrip('-h', 'localhost', '-p', String(ports[2]), ...ca, '--ws');
});

test('TLS errors say what is wrong', { skip }, async () => {
  await using broker = await startMosquitto(tlsListeners);
  const { directory, ports, port } = broker;
  const ca = ['--cafile', join(directory, 'ca.crt')];
  const message = ['-t', 'a', '-m', 'x'];
  const secure = ['-p', String(ports[0]), ...message];
  for (const [argv, sentence] of [
    [['-h', '127.0.0.1', ...secure, ...ca], /does not match certificate's altnames/],
    [
      ['-h', 'localhost', ...secure, '--tls-use-os-certs'],
      /authority is not trusted\. Name its CA file/,
    ],
    [
      ['-h', 'localhost', ...secure, '--cafile', '/nonexistent'],
      /cannot read the CA file \/nonexistent/,
    ],
    [['-h', '127.0.0.1', '-p', String(port), ...message, ...ca], /Cannot connect to mqtts:/],
  ] as const) {
    const { exitCode, stderr } = await completed(runPub, argv);
    assert.equal(exitCode, 1);
    assert.match(stderr, sentence);
  }
  await roundTrip('-h', '127.0.0.1', '-p', String(ports[0]), ...ca, '--insecure');
});

test('a pre-shared key', { skip }, async () => {
  await using broker = await startMosquitto(({ directory, ports }) => {
    execFileSync('sh', ['-c', 'echo "me:00ff10" > psk'], { cwd: directory });
    return `listener ${ports[0]} 127.0.0.1\npsk_hint hint\npsk_file ${join(directory, 'psk')}\n`;
  });
  const server = ['-h', '127.0.0.1', '-p', String(broker.ports[0])];
  await roundTrip(...server, '--psk', '00FF10', '--psk-identity', 'me');
  const argv = [...server, '--psk', '00ff11', '--psk-identity', 'me', '-t', 'a', '-m', 'x'];
  assert.equal((await completed(runPub, argv)).exitCode, 1);
});

test('WebSocket, and a Unix socket', { skip: needs('mosquitto', 'mosquitto') }, async () => {
  await using broker = await startMosquitto(
    ({ directory, ports }) =>
      `listener ${ports[0]} 127.0.0.1\nprotocol websockets\nlistener 0 ${directory}/mqtt.sock\n`,
  );
  await roundTrip('-h', '127.0.0.1', '-p', String(broker.ports[0]), '--ws');
  await roundTrip('--unix', join(broker.directory, 'mqtt.sock'));
  await roundTrip('-A', '127.0.0.1', '-h', '127.0.0.1', '-p', String(broker.port), '--nodelay');
});

test('a large message over WebSocket arrives whole', async () => {
  await using broker = await startLinnet();
  const server = ['-h', '127.0.0.1', '-p', String(broker.webSocketPort), '--ws', '-t', 'big'];
  const payload = Buffer.alloc(1_000_000, 'x');
  const sub = new CommandRun(runSub, [...server, '-C', '1', '-W', '10', '-N', '-d']);
  await sub.stderr.until(/received SUBACK/);
  const pub = await completed(runPub, [...server, '-s', '-q', '1'], payload);
  assert.equal(pub.exitCode, 0, pub.stderr);
  assert.equal(await sub.exitCode, 0);
  assert.equal(sub.stdout.bytes.equals(payload), true);
});
