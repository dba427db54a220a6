/**
 * The SQLite files of a running broker, asked with the `sqlite3` program of the system as their users do:
 * another process, and another version of SQLite than the one that writes.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { codeBlocks } from '../docs/code-blocks.ts';
import { type ServerProcess, type ServerSetup, startServer } from '../server.test-kit.ts';
import { SocketPeer } from './socket-peer.test-kit.ts';

const run = promisify(execFile);
const patienceMs = 20_000;
const skip =
  spawnSync('sqlite3', ['-version']).status === 0 ? false : 'needs sqlite3 (apt install sqlite3)';

/** The monitoring query of the seed (S2-23). */
const seedCount = 'SELECT COUNT(*) FROM connections WHERE disconnect_time IS NULL;';

async function ask(file: string, sql: string): Promise<string[]> {
  const { stdout } = await run('sqlite3', [file, sql]);
  return stdout.trimEnd().split('\n');
}

/** Asks again until the answer is this one. @returns how long that took */
async function answers(file: string, sql: string, expected: string): Promise<number> {
  const beganMs = performance.now();
  let answer = '';
  while (performance.now() - beganMs < patienceMs) {
    answer = existsSync(file) ? (await ask(file, sql)).join('\n') : 'no file';
    if (answer === expected) return performance.now() - beganMs;
    await pause(5);
  }
  assert.fail(`${sql} says ${answer}, not ${expected}`);
}

/** A data directory that outlives a broker. */
function dataDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'linnet-sql-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const ports = ['--mqtt-host', '127.0.0.1', '-p', '0', '--ws-host', '127.0.0.1', '--ws-port', '0'];
const startIn = (dataDir: string, setup: ServerSetup = {}): Promise<ServerProcess> =>
  startServer({ ...setup, args: [...ports, '--data-dir', dataDir] });

test('the query of the seed says how many clients are connected, at any time (S2-21 to S2-23)', {
  skip,
}, async () => {
  await using server = await startServer({
    environment: {
      BROKER_ENABLE_AUTH: 'true',
      BROKER_USERNAME: 'ana',
      BROKER_PASSWORD: 'secret',
      BROKER_ALLOW_ANONYMOUS: 'true',
    },
  });
  const file = join(server.dataDir, 'clients.db');
  assert.deepEqual(await ask(file, seedCount), ['0']);
  const port = server.port();
  using first = await SocketPeer.connected(port, { clientId: 'first', keepAlive: 30 });
  using old = await SocketPeer.connected(port, {
    clientId: 'old',
    protocolVersion: MqttVersion.v311,
    cleanStart: false,
    username: 'ana',
    password: new TextEncoder().encode('secret'),
  });
  using taken = await SocketPeer.connected(port, { clientId: 'taken' });
  using wrong = await SocketPeer.connected(port, { clientId: 'wrong' });
  await answers(file, seedCount, '4');
  assert.deepEqual(
    await ask(
      file,
      'SELECT id, client_id, username, ip_address, protocol, clean, listener, transport, keep_alive FROM connections ORDER BY id LIMIT 2',
    ),
    ['1|first|anonymous|127.0.0.1|5.0|1|mqtt|tcp|30', '2|old|ana|127.0.0.1|3.1.1|0|mqtt|tcp|0'],
  );
  const age =
    "SELECT julianday('now') - julianday(connect_time) BETWEEN 0 AND 1.0 / 1440 FROM connections LIMIT 1";
  assert.deepEqual(await ask(file, age), ['1'], 'times are UTC, as those of SQLite');

  first.send({
    type: PacketType.disconnect,
    reasonCode: ReasonCode.normalDisconnection,
    properties: undefined,
  });
  old.socket.destroy();
  using _again = await SocketPeer.connected(port, { clientId: 'taken' });
  wrong.send({
    type: PacketType.auth,
    reasonCode: ReasonCode.continueAuthentication,
    properties: undefined,
  });
  assert.ok(await taken.ended);
  await answers(file, seedCount, '1');
  assert.deepEqual(await ask(file, 'SELECT client_id, reason FROM connections ORDER BY id'), [
    'first|client-disconnect',
    'old|connection-lost',
    'taken|session-taken-over',
    'wrong|protocol-error',
    'taken|',
  ]);
  await server.stop();
  assert.deepEqual(await ask(file, seedCount), ['0']);
  assert.deepEqual(await ask(file, 'SELECT reason FROM connections WHERE id = 5'), [
    'server-shutdown',
  ]);
  assert.deepEqual(readdirSync(server.dataDir), ['clients.db', 'journal']);
});

test('after kill -9 the files are whole; the next start closes what was open, with a reason (S2-24)', {
  skip,
}, async (t) => {
  const dataDir = dataDirectory(t);
  const file = join(dataDir, 'clients.db');
  {
    await using server = await startIn(dataDir);
    const port = server.port();
    using ended = await SocketPeer.connected(port, { clientId: 'ended' });
    ended.socket.destroy();
    using _a = await SocketPeer.connected(port, { clientId: 'a' });
    using _b = await SocketPeer.connected(port, { clientId: 'b' });
    await answers(file, seedCount, '2');
    server.send('SIGKILL');
    assert.equal((await server.exited).signal, 'SIGKILL');
  }
  // What the program reads after the crash is not what the broker finds: it would fold the log into the file.
  const copy = join(dataDir, 'copy.db');
  for (const suffix of ['', '-wal']) copyFileSync(file + suffix, copy + suffix);
  assert.deepEqual(await ask(copy, 'PRAGMA integrity_check'), ['ok']);
  assert.deepEqual(await ask(copy, seedCount), ['2']);

  await using server = await startIn(dataDir);
  assert.deepEqual(await ask(file, seedCount), ['0'], 'as soon as the broker is ready');
  assert.deepEqual(
    await ask(
      file,
      'SELECT client_id, reason, disconnect_time >= connect_time FROM connections ORDER BY id',
    ),
    ['ended|connection-lost|1', 'a|broker-crashed|1', 'b|broker-crashed|1'],
  );
  assert.equal(server.logged('storage.sql.recovered')[0]?.['rows'], 2);
  using _a = await SocketPeer.connected(server.port(), { clientId: 'a' });
  await answers(file, seedCount, '1');
  assert.deepEqual(await ask(file, 'SELECT max(id) FROM connections'), ['4']);
});

test('messages of chosen topics are rows: time, topic and payload first, byte by byte (S1-19)', {
  skip,
}, async (t) => {
  const dataDir = dataDirectory(t);
  const file = join(dataDir, 'mqtt_data.db');
  const setup = { environment: { BROKER_SQL_MESSAGES_FILTER: 'iot/#,+/state' } };
  const bytes = Uint8Array.from({ length: 256 }, (_none, i) => i);
  {
    await using server = await startIn(dataDir, setup);
    using peer = await SocketPeer.connected(server.port(), { clientId: 'sensor_001' });
    peer.publish({ topicName: 'iot/sensors/temperature', payload: '{"temperature": 25.5}' });
    peer.publish({ topicName: 'elsewhere', payload: 'no' });
    peer.publish({ topicName: 'iot/binary', payload: bytes, retain: true });
    peer.publish({ topicName: 'door/state', payload: 'Grüße' });
    await answers(file, 'SELECT COUNT(*) FROM messages', '3');
    server.send('SIGKILL');
    await server.exited;
  }
  await using server = await startIn(dataDir, setup);
  using peer = await SocketPeer.connected(server.port(), { clientId: 'later' });
  peer.publish({ topicName: 'iot/later', payload: 'x' });
  await answers(file, 'SELECT COUNT(*) FROM messages', '4');
  assert.deepEqual(
    await ask(
      file,
      "SELECT topic, payload, qos, retain, client_id FROM messages WHERE topic <> 'iot/binary' ORDER BY time, topic DESC",
    ),
    [
      'iot/sensors/temperature|{"temperature": 25.5}|0|0|sensor_001',
      'door/state|Grüße|0|0|sensor_001',
      'iot/later|x|0|0|later',
    ],
  );
  assert.deepEqual(
    await ask(file, "SELECT hex(payload), retain FROM messages WHERE topic = 'iot/binary'"),
    [`${Buffer.from(bytes).toString('hex').toUpperCase()}|1`],
  );
  const columns = (await run('sqlite3', ['-header', file, 'SELECT * FROM messages LIMIT 1']))
    .stdout;
  assert.match(columns, /^time\|topic\|payload\|/);
});

test('every query of the page about SQL works on the files of a running broker', {
  skip,
}, async () => {
  await using server = await startServer({
    environment: { BROKER_SQL_MESSAGES_FILTER: 'iot/#' },
  });
  using peer = await SocketPeer.connected(server.port(), { clientId: 'sensor_001' });
  const topicName = 'iot/sensors/temperature';
  for (const value of [20, 30]) peer.publish({ topicName, payload: `{"temperature": ${value}}` });
  peer.publish({ topicName, payload: Uint8Array.of(0xff, 0x00) });
  const messages = join(server.dataDir, 'mqtt_data.db');
  const connections = join(server.dataDir, 'clients.db');
  await answers(messages, 'SELECT COUNT(*) FROM messages', '3');
  await answers(connections, seedCount, '1');

  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/sql.md'), 'utf8');
  const queries = codeBlocks(page).filter(({ language }) => language === 'sql');
  const results = new Map<string, string[]>();
  for (const { text } of queries) {
    const file = /FROM messages/.test(text) ? messages : connections;
    results.set(text, await ask(file, text));
  }
  assert.ok(queries.length >= 7);
  const resultOf = (part: string): string =>
    [...results].find(([text]) => text.includes(part))?.[1].join('\n') ?? 'no such query';
  assert.match(resultOf('username, ip_address'), /^sensor_001\|anonymous\|127\.0\.0\.1\|2/);
  assert.match(resultOf("= 'sensor_001'"), /^2[^|]+\|\d+\.0\|$/);
  assert.match(resultOf('json_extract'), /^2[^|]+\|25\.0$/);
  assert.match(resultOf('LIMIT 100'), /"temperature": 20/);
  assert.match(resultOf('sum(length'), /^sensor_001\|3\|/);
});

test('a damaged file keeps nobody from connecting: it is set aside, and the log says so', {
  skip,
}, async (t) => {
  const dataDir = dataDirectory(t);
  const file = join(dataDir, 'clients.db');
  writeFileSync(file, 'this is a shopping list '.repeat(1000));
  await using server = await startIn(dataDir);
  using _peer = await SocketPeer.connected(server.port());
  await answers(file, seedCount, '1');
  const [line] = server.logged('storage.sql.replaced');
  assert.match(String(line?.['setAside']), /clients\.db\.damaged-\d{8}T\d{6}Z$/);
  assert.ok(readdirSync(dataDir).some((name) => name.startsWith('clients.db.damaged-')));
});

test('files can have the names and the place that one likes', { skip }, async (t) => {
  const elsewhere = dataDirectory(t);
  await using server = await startServer({
    environment: {
      BROKER_SQL_CONNECTIONS_FILE: 'who.sqlite',
      BROKER_SQL_MESSAGES_FILTER: '#',
      BROKER_SQL_MESSAGES_FILE: join(elsewhere, 'what.sqlite'),
    },
  });
  using peer = await SocketPeer.connected(server.port());
  peer.publish({ topicName: 'a', payload: 'b' });
  await answers(join(server.dataDir, 'who.sqlite'), seedCount, '1');
  await answers(join(elsewhere, 'what.sqlite'), 'SELECT topic, payload FROM messages', 'a|b');
});

test('--ephemeral writes no file', async () => {
  await using server = await startServer({ args: [...ports, '--ephemeral'] });
  using peer = await SocketPeer.connected(server.port());
  await peer.ping();
  assert.equal((await server.stop()).code, 0);
  const files = readdirSync(server.directory, { recursive: true }).map(String);
  assert.deepEqual(
    files.filter((name) => /\.db|data/.test(name)),
    [],
  );
});
