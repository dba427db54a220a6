/**
 * Files that were damaged while no broker ran: it starts, goes on with everything that can be read, and says what
 * it could not (storage-cluster tests 7 to 10, on the level of the whole broker).
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { spawnServer } from '../server.test-kit.ts';
import { argsIn, dataDirectory, fill, find, startIn, upTo } from './stored-broker.test-kit.ts';

const count = 50;

/** The path of the newest segment of a broker that was killed with `count` messages of each kind stored. */
async function killed(dataDir: string): Promise<string> {
  await using server = await startIn(dataDir);
  await fill(server, count);
  server.send('SIGKILL');
  await server.exited;
  const names = readdirSync(join(dataDir, 'journal')).filter((name) => name.endsWith('.log'));
  return join(dataDir, 'journal', names.sort().at(-1) ?? '');
}

const tailDamages: readonly [string, (path: string, t: TestContext) => void][] = [
  ['a kibibyte of garbage behind it', (path) => appendFileSync(path, Buffer.alloc(1024, 0xa5))],
  ['a page of zeros behind it', (path) => appendFileSync(path, Buffer.alloc(4096))],
];

for (const [what, damage] of tailDamages) {
  test(`a journal with ${what} loses nothing that was acknowledged`, async (t) => {
    const dataDir = dataDirectory(t);
    damage(await killed(dataDir), t);
    await using server = await startIn(dataDir);
    const { sessionPresent, queued, retained } = await find(server);
    assert.equal(sessionPresent, true);
    assert.deepEqual([queued, retained], [upTo(count), upTo(count)]);
    assert.match(JSON.stringify(server.logged('storage.damaged')), /at the end of .* were cut off/);
  });
}

test('a journal whose end is missing lacks its last records and nothing else', async (t) => {
  for (const bytes of [1, 30, 300]) {
    const dataDir = dataDirectory(t);
    const path = await killed(dataDir);
    truncateSync(path, readFileSync(path).length - bytes);
    await using server = await startIn(dataDir);
    const { sessionPresent, queued, retained } = await find(server);
    assert.equal(sessionPresent, true);
    assert.deepEqual(queued, upTo(queued.length), 'a beginning of what was there');
    assert.deepEqual(retained, upTo(retained.length));
    const lost = 2 * count - queued.length - retained.length;
    assert.ok(lost <= 3, `${bytes} bytes less, ${lost} messages less`);
  }
});

test('a flipped bit in the middle costs the message that was hit, and the log says where', async (t) => {
  const dataDir = dataDirectory(t);
  // A clean end after the kill: everything is on the disk, so what is missing in the middle is damage.
  await killed(dataDir);
  {
    await using server = await startIn(dataDir);
    assert.equal((await server.stop()).code, 0);
  }
  const journal = join(dataDir, 'journal');
  const [oldest = ''] = readdirSync(journal)
    .filter((name) => name.endsWith('.log'))
    .sort();
  const path = join(journal, oldest);
  const bytes = readFileSync(path);
  let at = bytes.indexOf('25'.padEnd(100));
  // A "5" behind a byte that happens to be a "2" looks the same, but for the blank that follows.
  while (bytes[at + 100] === 0x20) at = bytes.indexOf('25'.padEnd(100), at + 1);
  assert.ok(at > 0);
  bytes[at + 50] = (bytes[at + 50] as number) ^ 1;
  writeFileSync(path, bytes);
  await using server = await startIn(dataDir);
  const { sessionPresent, queued, retained } = await find(server);
  assert.equal(sessionPresent, true);
  const lost = upTo(count).filter((number) => !queued.includes(number));
  const lostRetained = upTo(count).filter((number) => !retained.includes(number));
  assert.deepEqual([...lost, ...lostRetained], [25]);
  const [damaged] = server.logged('storage.damaged');
  assert.match(
    JSON.stringify(damaged),
    /1 records \(LSN \d+\) are damaged or missing at byte \d+ of/,
  );
});

test('a lost or damaged SQLite file costs its rows, and nothing of what clients are owed', async (t) => {
  const dataDir = dataDirectory(t);
  await killed(dataDir);
  const file = join(dataDir, 'clients.db');
  for (const damage of [
    () => rmSync(file),
    () => writeFileSync(file, 'no database'.repeat(1000)),
  ]) {
    for (const name of ['clients.db-wal', 'clients.db-shm']) {
      rmSync(join(dataDir, name), { force: true });
    }
    damage();
    await using server = await startIn(dataDir);
    const { sessionPresent, retained } = await find(server);
    assert.equal(sessionPresent, true);
    assert.deepEqual(retained, upTo(count));
    assert.equal((await server.stop()).code, 0);
  }
});

test('without the journal a broker starts with nothing', async (t) => {
  const dataDir = dataDirectory(t);
  await killed(dataDir);
  rmSync(join(dataDir, 'journal'), { recursive: true });
  await using server = await startIn(dataDir);
  const { body } = { body: server.logged('storage.opened')[0] };
  assert.deepEqual([body?.['sessions'], body?.['retained']], [0, 0]);
});

test('a second broker on the same directory is refused with what to do', async (t) => {
  const dataDir = dataDirectory(t);
  await using server = await startIn(dataDir);
  await using second = await spawnServer({ args: argsIn(dataDir) });
  assert.equal((await second.exited).code, 73);
  assert.match(second.stderr.text, /is in use by another linnet\n +fix +linnet start --data-dir/);
  assert.equal(server.logged('storage.opened').length, 1);
});
