/** The command as it is typed: against our broker, mosquitto and a server that does everything wrong. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ReasonCode } from '../packet/index.ts';
import { FaultyServer } from '../workload/faulty-server.test-kit.ts';
import {
  brokerKinds,
  makeCertificates,
  needs,
  startLinnet,
  startMosquitto,
} from './brokers.test-kit.ts';
import type { CommandIo } from './command-io.ts';
import { CommandRun, completed } from './command-run.test-kit.ts';
import { runCommand } from './commands.ts';

async function runBench(argv: readonly string[], io: CommandIo): Promise<number> {
  return await runCommand(['bench', ...argv], io);
}

const short = ['--warmup', '0', '--for', '100ms', '--no-spin'];

function at(port: number): readonly string[] {
  return ['-h', '127.0.0.1', '-p', String(port)];
}

for (const { name, skip, start } of brokerKinds) {
  test(`${name}: e2e prints one JSON object, progress goes to stderr`, { skip }, async () => {
    await using broker = await start();
    const argv = ['e2e', ...at(broker.port), ...short, '-q', '1', '--rate', '2k', '--json'];
    const { exitCode, stdout, stderr } = await completed(runBench, argv);
    const figures = JSON.parse(stdout);
    assert.equal(exitCode, 0);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
    assert.deepEqual([figures.published.count, figures.received.count], [200, 200]);
    assert.deepEqual([figures.received.lost, figures.received.duplicated], [0, 0]);
    assert.equal(figures.published.acknowledged, 200);
    assert.equal(figures.ok, true);
    assert.match(stderr, /^ +\d+ % {3}published \d+ {3}received \d+$/m);
    const percents = [...stderr.matchAll(/(\d+) %/g)].map(([, percent]) => Number(percent));
    assert.deepEqual(
      percents,
      [...new Set(percents)].sort((a, b) => a - b),
    );
    assert.ok(percents.length <= 10 && percents.every((percent) => percent % 10 === 0));
  });
}

test('fanout, pub and conn print a summary', async () => {
  await using broker = await startLinnet();
  const server = [...at(broker.port), '--quiet'];
  const fanout = await completed(runBench, ['fanout', ...server, ...short, '--clients', '3']);
  assert.deepEqual([fanout.exitCode, fanout.stderr], [0, '']);
  assert.match(fanout.stdout, /1 publisher, 3 subscribers/);
  assert.match(fanout.stdout, /lost 0 {3}duplicated 0/);
  const pub = await completed(runBench, ['pub', ...server, ...short, '-q', '2', '-V', '5']);
  assert.match(pub.stdout, /MQTT 5\.0 {3}QoS 2/);
  assert.match(pub.stdout, /from sending to acknowledgement/);
  const conn = await completed(runBench, ['conn', ...server, '--clients', '20', '--for', '10ms']);
  assert.deepEqual([conn.exitCode, conn.stderr], [0, '']);
  assert.match(conn.stdout, /connected {4}20 in/);
});

test('--csv, --workers and a topic of its own', async () => {
  await using broker = await startLinnet();
  const load = ['e2e', ...at(broker.port), ...short, '--clients', '2', '--workers', '2', '--quiet'];
  const argv = [...load, '--csv', '-t', 'my/%i/topic', '--rate', '100'];
  const { exitCode, stdout } = await completed(runBench, argv);
  assert.equal(exitCode, 0);
  const [names = '', values = ''] = stdout.split('\n');
  assert.equal(values.split(',')[names.split(',').indexOf('received.count')], '10');
});

test('on a terminal there is a line each second', async () => {
  await using broker = await startLinnet();
  const argv = ['e2e', ...at(broker.port), '--warmup', '0', '--for', '1300ms', '--rate', '500'];
  const command = new CommandRun(runBench, [...argv, '--no-spin'], { isTty: true });
  assert.equal(await command.exitCode, 0);
  assert.match(
    command.stderr.text,
    /^ +1 s {3}measuring {5}published [\d,]+\/s {3}received [\d,]+\/s$/m,
  );
});

test('Ctrl-C ends a run without end with its summary', async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = await FaultyServer.start({
    deliver: (packet, n) => {
      if (n === 100) arrived.resolve();
      return [packet];
    },
  });
  const argv = ['e2e', ...at(server.port), '-q', '1', '--for', '0', '--warmup', '0', '--json'];
  const command = new CommandRun(runBench, argv);
  await arrived.promise;
  command.interrupt();
  assert.equal(await command.exitCode, 0);
  const figures = JSON.parse(command.stdout.text);
  assert.equal(figures.interrupted, true);
  assert.ok(figures.received.count > 100);
  assert.deepEqual([figures.received.lost, figures.published.unacknowledged], [0, 0]);
  assert.doesNotMatch(command.stderr.text, /%/, 'nobody knows how far an endless run is');
});

test('Ctrl-C while it connects is no error either', async () => {
  const connected = Promise.withResolvers<void>();
  await using server = await FaultyServer.start({
    accept: (n) => {
      if (n === 5) connected.resolve();
      return ReasonCode.success;
    },
  });
  const argv = ['conn', ...at(server.port), '--clients', '1000', '--rate', '50', '--no-spin'];
  const command = new CommandRun(runBench, argv);
  await connected.promise;
  command.interrupt();
  assert.equal(await command.exitCode, 0);
  assert.match(command.stdout.text, /^ {2}connected {4}\d+ in/m);
});

test('loss above QoS 0 is exit code 1, and the summary says how much', async () => {
  await using server = await FaultyServer.start({
    deliver: (packet, n) => (n === 4 ? [] : [packet]),
  });
  const load = ['e2e', ...at(server.port), ...short, '--rate', '500', '--clients', '1', '--quiet'];
  const lossy = await completed(runBench, [...load, '-q', '1']);
  assert.equal(lossy.exitCode, 1);
  assert.match(lossy.stdout, /lost 1 {3}duplicated 0/);
});

test('connections that fail are exit code 1, and say why', async () => {
  const server = await FaultyServer.start();
  const { port } = server;
  await server[Symbol.asyncDispose]();
  const { exitCode, stdout } = await completed(runBench, ['e2e', ...at(port)]);
  assert.equal(exitCode, 1);
  assert.match(stdout, /error {8}1 × Cannot connect to .*: connection refused/);
  assert.doesNotMatch(stdout, /published/);
});

test('what cannot work is said before anything starts, with exit code 64', async () => {
  for (const [argv, sentence] of [
    [['e2e', '--size', '8'], /--size 8: each payload carries .* at least 16 bytes/],
    [['e2e', '--size', '1GB'], /such as 256 or 16KiB/],
    [['pub', '--size', '65MiB'], /at most 64MiB/],
    [['e2e', '-t', 'a', '--clients', '2'], /Put %i in it/],
    [['e2e', '-t', 'a/#'], /Invalid topic/],
    [['sub', '-t', 'a/#/b'], /Invalid topic filter/],
    [['e2e', '--rate', 'fast'], /such as 5000 or 20k/],
    [['e2e', '--for', 'ever'], /such as 10s/],
    [['e2e', '-q', '3'], /Expected 0, 1 or 2/],
    [['e2e', '-V', '4'], /Expected 5, 311 or 31/],
    [['e2e', '--clients', '0'], /from 1 to/],
    [['e2e', '--workers', '3', '--clients', '2'], /only 2 clients/],
    [['e2e', '--json', '--csv'], /choose one/],
    [['e2e', '--url', 'http://here'], /not a server address/],
    [['e2e', '--url', 'mqtt://here', '-p', '1'], /leave out -h, -p and --ws/],
    [['e2e', '--cafile', '/nonexistent'], /cannot read the CA file/],
    [['conn', '--pid', '1073741824'], /no such process/],
    [['conn', '--qos', '1'], /unknown option '--qos'/],
    [['e2e', '--cleints', '1'], /Did you mean --clients/],
    [['flood'], /unknown command 'flood'/],
  ] as const) {
    const { exitCode, stdout, stderr } = await completed(runBench, argv);
    assert.deepEqual([exitCode, stdout], [64, ''], argv.join(' '));
    assert.match(stderr, sentence);
  }
});

test('-h alone is help, -h with a host is the host', async () => {
  for (const argv of [['e2e', '-h'], ['e2e', '--help'], []]) {
    const { exitCode, stdout } = await completed(runBench, argv);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^Usage: linnet bench/);
  }
});

const tls = needs('mosquitto', 'mosquitto') || needs('openssl', 'openssl');

test('over TLS, over WebSocket and over a Unix socket', { skip: tls }, async () => {
  await using broker = await startMosquitto(({ directory, ports }) => {
    makeCertificates(directory);
    const file = (name: string): string => join(directory, name);
    return (
      `listener ${ports[0]} 127.0.0.1\ncafile ${file('ca.crt')}\ncertfile ${file('server.crt')}\n` +
      `keyfile ${file('server.key')}\nlistener ${ports[1]} 127.0.0.1\nprotocol websockets\n` +
      `listener 0 ${file('mqtt.sock')}\n`
    );
  });
  const { directory, ports } = broker;
  const ca = ['--cafile', join(directory, 'ca.crt')];
  for (const server of [
    ['-h', 'localhost', '-p', String(ports[0]), ...ca],
    ['--url', `mqtts://127.0.0.1:${ports[0]}`, ...ca, '--insecure'],
    ['-h', '127.0.0.1', '-p', String(ports[1]), '--ws'],
    ['--url', `unix:${join(directory, 'mqtt.sock')}`],
  ]) {
    const argv = ['e2e', ...server, ...short, '-q', '1', '--rate', '1000', '--json', '--quiet'];
    const { exitCode, stdout } = await completed(runBench, argv);
    const figures = JSON.parse(stdout);
    assert.deepEqual([exitCode, figures.received.count, figures.errors], [0, 100, []]);
  }
});
