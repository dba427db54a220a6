/** `linnet history` against a server with its control channel. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfigObject } from '../config/index.ts';
import { Server } from '../server.ts';
import { completed } from './command-run.test-kit.ts';
import { runHistory } from './history.ts';
import { parseTime } from './history-time.ts';
import { historyText } from './history-view.ts';

const folder = mkdtempSync(join(tmpdir(), 'linnet-history-command-'));
after(() => rmSync(folder, { recursive: true }));

async function start(name: string, history: Record<string, unknown> = {}): Promise<Server> {
  const config = parseConfigObject({
    data_dir: join(folder, name),
    mqtt: { enabled: false },
    websocket: { enabled: false },
    sql: { connections: { enabled: false } },
    history,
  });
  const server = new Server({ config, hasControlChannel: true });
  await server.start();
  return server;
}

async function publish(
  server: Server,
  topicName: string,
  payload: string | Uint8Array,
): Promise<void> {
  const client = server.localClient({ clientId: 'me', username: 'user' });
  await client.publish({ topicName, payload, qos: 1 });
}

function run(name: string, line: string): ReturnType<typeof completed> {
  return completed(runHistory, [
    '--data-dir',
    join(folder, name),
    ...line.split(' ').filter(Boolean),
  ]);
}

/** Without the times, which no test knows. */
function untimed(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^[\d-]{10} [\d:.]{12} {2}/, ''));
}

test('messages are shown oldest first, by filter, count and order', async () => {
  await using server = await start('show');
  for (let i = 1; i <= 5; i++) await publish(server, `a/${i % 2}`, `message ${i}`);
  await publish(server, 'b', new Uint8Array([0xff, 0x00]));
  const all = await run('show', '');
  assert.deepEqual([all.exitCode, all.stderr], [0, '']);
  assert.deepEqual(untimed(all.stdout), [
    'a/1  message 1',
    'a/0  message 2',
    'a/1  message 3',
    'a/0  message 4',
    'a/1  message 5',
    'b  base64:/wA=',
  ]);
  const two = await run('show', '-t a/1 --last 2');
  assert.deepEqual(untimed(two.stdout), ['a/1  message 3', 'a/1  message 5']);
  const turned = await run('show', '-t a/# --newest-first --last 2 --since 1h');
  assert.deepEqual(untimed(turned.stdout), ['a/1  message 5', 'a/0  message 4']);
});

test('--json prints a line of JSON for each message', async () => {
  await using server = await start('json');
  await publish(server, 'a', 'text');
  const { stdout } = await run('json', '--json --since 1h');
  const { time, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(rest, {
    topic: 'a',
    payload: 'text',
    qos: 1,
    retain: false,
    client_id: 'me',
    username: 'user',
  });
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
});

test('what is on the disk is there after a restart, and what was only in memory is not', async () => {
  const history = { filter: ['kept/#'] };
  {
    await using server = await start('disk', history);
    for (let i = 0; i < 1000; i++) await publish(server, `kept/${i % 10}`, `${i}`);
    await publish(server, 'forgotten', 'x');
    assert.equal(server.status().history.messages, 1000);
  }
  await using server = await start('disk', history);
  await publish(server, 'kept/1', 'new');
  const { stdout } = await run('disk', '-t # --since 1h');
  const lines = untimed(stdout);
  assert.equal(lines.length, 1001);
  assert.deepEqual(
    [lines[0], lines[999], lines[1000]],
    ['kept/0  0', 'kept/9  999', 'kept/1  new'],
  );
});

test('nothing found, nobody there and wrong options are told apart by exit code and text', async () => {
  await using server = await start('errors');
  assert.equal(server.status().history.memoryMessages, 0);
  const none = await run('errors', '-t none');
  assert.deepEqual(none, { exitCode: 0, stdout: '', stderr: 'no message is kept that matches\n' });
  const since = await run('errors', '--since yesterday');
  assert.equal(since.exitCode, 64);
  assert.match(since.stderr, /^error {2}--since yesterday: expected a duration or a time\n {7}fix/);
  const count = await run('errors', '--last 0');
  assert.deepEqual([count.exitCode, /--last 0: expected a count/.test(count.stderr)], [64, true]);
  const filter = await run('errors', '-t a/#/b');
  assert.equal(filter.exitCode, 64);
  assert.match(filter.stderr, /^error {2}filter: The wildcard '#' must be the last/);
  const nobody = await run('nobody', '');
  assert.equal(nobody.exitCode, 69);
});

test('the library asks page by page and goes on with the cursor', async () => {
  await using server = await start('library');
  for (let i = 0; i < 1000; i++) await publish(server, 'a', `${i}`);
  const texts: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const before = texts.length;
    for await (const page of server.queryHistory({ topicFilter: 'a', limit: 300, cursor })) {
      for (const { message } of page.messages)
        texts.push(new TextDecoder().decode(message.payload));
      cursor = page.cursor;
    }
    if (texts.length === before) break;
    assert.equal(texts.length - before, texts.length === 1000 ? 100 : 300);
  }
  assert.deepEqual(
    texts,
    Array.from({ length: 1000 }, (_, i) => `${i}`),
  );
});

test('a time without zone is local, and nothing that is printed moves the cursor', () => {
  const local = new Date(2026, 4, 6, 20, 0).getTime();
  assert.equal(parseTime('2026-05-06T20:00', 0), local);
  assert.equal(parseTime('2026-05-06 20:00:00', 0), local);
  assert.equal(parseTime('24h', 86_400_000), 0);
  assert.equal(parseTime('soon', 0), undefined);
  const line = {
    time: new Date(local).toISOString(),
    topic: 'a\u0007',
    payload: 'x\u001b[2J\ny',
    qos: 0,
    retain: false,
    client_id: 'c',
  };
  assert.equal(historyText(line), '2026-05-06 20:00:00.000  a\\u0007  x\\u001b[2J\\ny\n');
});
