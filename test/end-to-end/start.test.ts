/** Starts that work, and starts that fail: one readable error, the exit code, and nothing half-started. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { ReasonCode } from '../../src/packet/index.ts';
import {
  type CommandProcess,
  runCommand,
  type ServerSetup,
  spawnServer,
  startServer,
} from '../server.test-kit.ts';
import { SocketPeer } from './socket-peer.test-kit.ts';

const onLinux = process.platform === 'linux' ? false : 'needs Linux, which tells who holds a port';

/** A port that is taken as long as this is not disposed. */
async function takenPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  return {
    port: (holder.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await once(holder.close(), 'close');
    },
  };
}

/** What a start that fails says and leaves behind. */
async function failedStart(setup: ServerSetup): Promise<{
  readonly code: number | null;
  readonly text: string;
  readonly left: readonly string[];
}> {
  await using server = await spawnServer(setup);
  const { code } = await server.exited;
  assert.equal(server.stdout.text, '');
  const left = existsSync(server.dataDir) ? readdirSync(server.dataDir) : [];
  return { code, text: server.stderr.text, left };
}

test('a port in use: who holds it, two ways out, exit 69', { skip: onLinux }, async () => {
  await using taken = await takenPort();
  const { port } = taken;
  const { code, text, left } = await failedStart({
    args: ['--mqtt-host', '127.0.0.1', '-p', `${port}`, '--ws-port', '0'],
  });
  assert.equal(code, 69);
  const [other = ''] = /(?<=--mqtt-port )\d+/.exec(text) ?? [];
  assert.ok(Number(other) > port);
  const holder = /(?<=already in use by )\S+/.exec(text)?.[0];
  const user = userInfo().username;
  assert.equal(
    text,
    `error  cannot listen on 127.0.0.1:${port} — already in use by ${holder} (pid ${process.pid}, user ${user})\n` +
      `       fix   kill ${process.pid}      or   linnet start --mqtt-port ${other}   (BROKER_MQTT_PORT)\n` +
      '       exit 69\n',
  );
  assert.deepEqual(left, ['journal']);
});

test('a second listener that cannot open closes the first again', async () => {
  await using taken = await takenPort();
  const { code, text, left } = await failedStart({
    args: ['-p', '0', '--ws-host', '127.0.0.1', '--ws-port', `${taken.port}`],
  });
  assert.equal(code, 69);
  assert.match(text, /"listener\.opened","listener":"mqtt"/);
  assert.match(text, /"listener\.closed","listener":"mqtt"/);
  assert.match(text, new RegExp(`^error  cannot listen on 127\\.0\\.0\\.1:${taken.port} — `, 'm'));
  assert.deepEqual(left, ['journal']);
});

const plainPorts = ['-p', '0', '--ws-port', '0'];
const failures: readonly {
  readonly what: string;
  readonly setup: ServerSetup;
  readonly code: number;
  readonly text: string;
  /** In the data directory; default nothing. */
  readonly left?: readonly string[];
}[] = [
  {
    what: 'a certificate that is not there: exit 66',
    setup: {
      args: [...plainPorts, '--enable-tls', '--tls-cert-file', 'a.crt', '--tls-key-file', 'a.key'],
    },
    code: 66,
    text:
      'error  TLS: a.crt does not exist (tls.cert_file, from --tls-cert-file)\n' +
      '       exit 66\n',
    left: ['journal'],
  },
  {
    what: 'an unknown key and a wrong value, both at once: exit 78',
    setup: {
      args: plainPorts,
      files: { 'linnet.yaml': 'mqtt:\n  prot: 1884\nlog: { level: verbose }\n' },
    },
    code: 78,
    text:
      'error  linnet.yaml:2:3  mqtt.prot — unknown key. Did you mean "port"?\n' +
      '         1 │ mqtt:\n' +
      '         2 │   prot: 1884\n' +
      '           │   ^^^^\n' +
      'error  log.level "verbose" (linnet.yaml:3:15) — expected debug | info | warning | error\n' +
      '       2 problems, nothing was started or changed.                                                   exit 78\n',
  },
  {
    what: 'a configuration file that is not there: exit 66',
    setup: { args: ['--config', 'other.yaml'] },
    code: 66,
    text:
      'error  other.yaml (--config) — does not exist\n' +
      '       1 problem, nothing was started or changed.                                                    exit 66\n',
  },
];
for (const { what, setup, code, text, left = [] } of failures) {
  test(what, async () => {
    assert.deepEqual(await failedStart(setup), { code, text, left });
  });
}

test('a wrong flag: what was probably meant, exit 64', async () => {
  const { code, text } = await failedStart({ args: ['--mqtt-prot', '1884'] });
  assert.equal(code, 64);
  assert.match(text, /^error {2}unknown option '--mqtt-prot'.*Did you mean --mqtt-port\?/s);
});

test('an unknown variable is a warning with a suggestion, and the broker starts', async () => {
  await using server = await startServer({ environment: { BROKER_MQTT_PROT: '1884' } });
  assert.match(server.stderr.text, /BROKER_MQTT_PROT.*Did you mean BROKER_MQTT_PORT\?/s);
  using peer = await SocketPeer.connected(server.port());
  await peer.ping();
});

test('.env in the working directory configures, and the environment wins over it', async () => {
  const dotEnv = 'BROKER_ENABLE_AUTH=true\nBROKER_USERNAME=ana\nBROKER_PASSWORD=from-file\n';
  await using server = await startServer({
    files: { '.env': dotEnv },
    environment: { BROKER_PASSWORD: 'from-environment' },
  });
  const login = async (password: string): Promise<ReasonCode> => {
    using peer = await SocketPeer.open(server.port());
    const { reasonCode } = await peer.handshake({
      username: 'ana',
      password: new TextEncoder().encode(password),
    });
    return reasonCode;
  };
  assert.equal(await login('from-environment'), ReasonCode.success);
  assert.equal(await login('from-file'), ReasonCode.badUserNameOrPassword);
});

async function completed(command: CommandProcess) {
  const { code } = await command.exited;
  return { code, stdout: command.stdout.text, stderr: command.stderr.text };
}

test('status, log level and stop reach the broker of a data directory', async () => {
  await using server = await startServer();
  const told = ['--data-dir', server.dataDir];
  using peer = await SocketPeer.connected(server.port(), { clientId: 'somebody' });

  await using status = await runCommand(['status', '--json', ...told]);
  const shown = JSON.parse((await completed(status)).stdout) as {
    pid: number;
    statistics: { session: { connected_clients: number } };
  };
  assert.equal(shown.pid, server.pid);
  assert.equal(shown.statistics.session.connected_clients, 1);

  assert.equal(server.logged('client.subscribed').length, 0);
  await using level = await runCommand(['log', 'level', 'DEBUG', ...told]);
  assert.equal((await completed(level)).code, 0);
  await peer.subscribe('a/#');
  await server.stderr.until(/"level":"DEBUG".*a\/#/);

  await using stop = await runCommand(['stop', ...told]);
  assert.deepEqual(await completed(stop), { code: 0, stdout: '', stderr: 'stopping\n' });
  const { reasonCode } = await peer.receive(14);
  assert.equal(reasonCode, ReasonCode.serverShuttingDown);
  peer.socket.end();
  assert.deepEqual(await server.exited, { code: 0, signal: null });

  await using late = await runCommand(['status', ...told]);
  const { code, stderr } = await completed(late);
  assert.equal(code, 69);
  assert.match(stderr, /^error {2}no linnet runs with the data directory /);
});

test('a second broker with the same data directory does not start, and harms nothing: exit 73', async () => {
  await using server = await startServer();
  await using second = await spawnServer({
    args: [...plainPorts, '--data-dir', server.dataDir],
  });
  assert.equal((await second.exited).code, 73);
  assert.match(second.stderr.text, new RegExp(`^error .*${server.dataDir}`));
  await using status = await runCommand(['status', '--data-dir', server.dataDir]);
  assert.equal((await completed(status)).code, 0);
});
