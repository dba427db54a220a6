/** Messages of the past as people ask for them: with mosquitto_sub and with the command line. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { createBroker, type EmbeddedBroker } from '../../src/index.ts';
import { runCommand, type ServerProcess, startServer } from '../server.test-kit.ts';

const run = promisify(execFile);
const skip =
  spawnSync('mosquitto_sub', ['--help']).error === undefined
    ? false
    : 'needs mosquitto_sub (apt install mosquitto-clients)';

const folder = mkdtempSync(join(tmpdir(), 'linnet-history-test-'));
after(() => rmSync(folder, { recursive: true }));

function at(port: number, ...more: readonly string[]): string[] {
  return ['-h', '127.0.0.1', '-p', String(port), '-q', '1', ...more];
}

async function publish(server: ServerProcess, topic: string, text: string): Promise<void> {
  await run('mosquitto_pub', at(server.port(), '-t', topic, '-m', text));
}

async function received(port: number, ...more: readonly string[]): Promise<string[]> {
  const { stdout } = await run('mosquitto_sub', at(port, '-W', '15', ...more));
  return stdout.trimEnd().split('\n');
}

test('mosquitto_sub gets what was published before it came, in each version', {
  skip,
}, async () => {
  await using server = await startServer();
  for (const text of ['one', 'two', 'three']) await publish(server, 'room/1', text);
  const port = server.port();
  const sinceProperty = ['-V', '5', '-D', 'subscribe', 'user-property', 'since', '1h'];
  assert.deepEqual(await received(port, ...sinceProperty, '-t', 'room/+', '-C', '3'), [
    'one',
    'two',
    'three',
  ]);
  const lastProperty = ['-V', '5', '-D', 'subscribe', 'user-property', 'last', '2'];
  assert.deepEqual(await received(port, ...lastProperty, '-t', '#', '-C', '2'), ['two', 'three']);
  for (const version of ['31', '311']) {
    const lines = await received(
      port,
      '-V',
      version,
      '-v',
      '-t',
      '$replay/last=2/room/#',
      '-C',
      '2',
    );
    assert.deepEqual(lines, ['room/1 two', 'room/1 three'], version);
  }
});

test('what cannot be understood is refused, and mosquitto_sub says so', { skip }, async () => {
  await using server = await startServer();
  const wrong = at(server.port(), '-W', '5', '-t', '$replay/since=soon/a');
  const { stderr } = await run('mosquitto_sub', wrong);
  assert.match(stderr, /All subscription requests were denied/);
  const [fact] = server.logged('acl.subscribe.denied');
  assert.match(JSON.stringify(fact), /since=soon: expected a duration such as 90s/);
});

test('the history on the disk survives a kill -9, and linnet history shows it', {
  skip,
}, async () => {
  const dataDir = join(folder, 'killed');
  const environment = { BROKER_HISTORY_FILTER: 'kept/#', BROKER_DATA_DIR: dataDir };
  {
    await using server = await startServer({ environment });
    for (const text of ['a', 'b', 'c']) await publish(server, 'kept/1', text);
    await publish(server, 'other', 'x');
    server.send('SIGKILL');
    await server.exited;
  }
  await using server = await startServer({ environment });
  const sinceHour = ['-t', '$replay/since=1h/#', '-C', '3'];
  assert.deepEqual(await received(server.port(), ...sinceHour), ['a', 'b', 'c']);
  await using command = await runCommand([
    'history',
    '--data-dir',
    dataDir,
    '--json',
    '--since',
    '1h',
  ]);
  assert.equal((await command.exited).code, 0);
  const lines = command.stdout.text.trimEnd().split('\n');
  const texts = lines.map((line) => (JSON.parse(line) as { payload: string }).payload);
  assert.deepEqual(texts, ['a', 'b', 'c']);
});

/** Publishes numbers from `first` on, a few in each turn, until told to stop. @returns how many there are */
async function publishNumbers(
  broker: EmbeddedBroker,
  first: number,
  goesOn: () => boolean,
): Promise<number> {
  let number = first;
  while (goesOn()) {
    for (let i = 0; i < 20; i++)
      await broker.publish(`t/${number % 7}`, String(number++), { qos: 1 });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return number;
}

for (const memory of ['0', '100kB', '8MB']) {
  test(`from the disk through the memory (${memory}) to what is live: no gap, no duplicate, in order`, {
    skip,
  }, async () => {
    await using broker = await createBroker({
      data_dir: join(folder, `live-${memory}`),
      mqtt: { host: '127.0.0.1', port: 0 },
      history: { memory, filter: ['t/#'], max_size: '50MB' },
      limits: { max_queued: 0, queued_bytes_max: 0 },
    });
    const port = Number(new URL(broker.urls[0] ?? '').port);
    let before = 0;
    const first = await publishNumbers(broker, 0, () => before++ < 500);
    const count = first + 5000;
    const options = ['-V', '5', '-D', 'subscribe', 'user-property', 'since', '1h', '-t', 't/#'];
    const child = spawn('mosquitto_sub', at(port, ...options, '-C', String(count), '-W', '30'));
    let output = '';
    let isOver = false;
    child.stdout.on('data', (piece: Buffer) => {
      output += piece.toString();
    });
    const closed = new Promise<void>((resolve) => {
      child.on('close', () => {
        isOver = true;
        resolve();
      });
    });
    const published = await publishNumbers(broker, first, () => !isOver);
    await closed;
    assert.ok(published >= count);
    const numbers = output.trimEnd().split('\n').map(Number);
    assert.deepEqual(
      numbers,
      Array.from({ length: count }, (_, i) => i),
    );
  });
}
