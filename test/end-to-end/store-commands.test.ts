/** `linnet store`, `backup` and `restore` as their users run them, beside a broker and without one. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataDirectory, fill, find, startIn, upTo } from '../durability/stored-broker.test-kit.ts';
import { type CommandProcess, runCommand } from '../server.test-kit.ts';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function linnet(...args: readonly string[]): Promise<Ran> {
  await using command: CommandProcess = await runCommand(args);
  const { code } = await command.exited;
  return { code, stdout: command.stdout.text, stderr: command.stderr.text };
}

test('what a killed broker left is counted, exported, and imported into another directory', async (t) => {
  const dataDir = dataDirectory(t);
  const of = ['--data-dir', dataDir];
  const file = join(dataDir, 'export.ndjson');
  {
    await using server = await startIn(dataDir);
    await fill(server, 30);
    const check = await linnet('store', 'check', ...of);
    assert.equal(check.code, 0, check.stdout);
    assert.match(check.stdout, /^holds +1 session, 1 subscription, 30 retained, 30 queued/m);
    assert.match(check.stdout, /^sqlite .*clients.db +whole$/m);
    assert.match(check.stdout, new RegExp(`a broker \\(process ${server.pid}\\) is writing`));
    for (const args of [
      ['export', file],
      ['import', file],
    ]) {
      const refused = await linnet('store', ...args, ...of);
      assert.equal(refused.code, 73);
      assert.match(refused.stderr, /a broker \(process \d+\) is at work .*\n +fix +linnet stop/);
    }
    server.send('SIGKILL');
    await server.exited;
  }
  const stats = JSON.parse((await linnet('store', 'stats', '--json', ...of)).stdout);
  assert.deepEqual([stats.sessions, stats.retainedMessages, stats.queued], [1, 30, 30]);
  assert.deepEqual(stats.longestQueues, [{ clientId: 'away', queued: 30, inflight: 0 }]);

  const exported = await linnet('store', 'export', file, ...of);
  assert.equal(exported.code, 0, exported.stderr);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
  assert.deepEqual(kinds.slice(0, 4), ['store', 'session', 'subscription', 'message']);
  assert.equal(kinds.filter((kind) => kind === 'message').length, 60);
  assert.equal((await linnet('store', 'export', file, ...of)).code, 1, 'no file is replaced');

  const other = dataDirectory(t);
  const imported = await linnet('store', 'import', file, '--data-dir', other);
  assert.equal(imported.code, 0, imported.stderr);
  assert.match(imported.stderr, /imported 1 sessions, 1 subscriptions, 60 messages/);
  assert.equal((await linnet('store', 'import', file, '--data-dir', other)).code, 73);
  await using server = await startIn(other);
  assert.deepEqual(await find(server), {
    sessionPresent: true,
    queued: upTo(30),
    retained: upTo(30),
  });
});

test('a backup taken while the broker runs makes a directory that a broker goes on from', async (t) => {
  const dataDir = dataDirectory(t);
  const archive = join(dataDirectory(t), 'backup.tar');
  await using server = await startIn(dataDir);
  await fill(server, 30);
  const backup = await linnet('backup', archive, '--data-dir', dataDir);
  assert.equal(backup.code, 0, backup.stderr);
  assert.match(backup.stdout, /^wrote +\S+backup.tar +\S+ \w+ in 2 files/);
  assert.equal((await linnet('backup', archive, '--data-dir', dataDir)).code, 1);
  assert.equal((await linnet('backup', archive, '--force', '--data-dir', dataDir)).code, 0);

  const running = await linnet('restore', archive, '--dir', dataDir, '--force');
  assert.equal(running.code, 73);
  assert.match(running.stderr, /a broker \(process \d+\) is at work/);

  const restored = join(dataDirectory(t), 'restored');
  const made = await linnet('restore', archive, '--dir', restored);
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await linnet('restore', archive, '--dir', restored)).code, 73);
  assert.equal((await linnet('store', 'check', '--data-dir', restored)).code, 0);
  await using second = await startIn(restored);
  assert.deepEqual(await find(second), {
    sessionPresent: true,
    queued: upTo(30),
    retained: upTo(30),
  });
});

test('damage is found by a check, and what cannot be used is said with a reason', async (t) => {
  const dataDir = dataDirectory(t);
  {
    await using server = await startIn(dataDir);
    await fill(server, 5);
    assert.equal((await server.stop()).code, 0);
  }
  writeFileSync(join(dataDir, 'clients.db'), 'no database'.repeat(100));
  const check = await linnet('store', 'check', '--data-dir', dataDir);
  assert.equal(check.code, 1);
  assert.match(check.stdout, /^damaged .*clients.db: .*not a database/m);

  const empty = join(dataDir, 'empty');
  mkdirSync(empty);
  for (const args of [
    ['store', 'check'],
    ['store', 'stats'],
    ['backup', join(dataDir, 'b.tar')],
  ]) {
    const none = await linnet(...args, '--data-dir', empty);
    assert.equal(none.code, 66);
    assert.match(none.stderr, /there is no store in .*empty/);
  }
  const foreign = join(dataDir, 'foreign.tar');
  writeFileSync(foreign, 'x'.repeat(5000));
  const refused = await linnet('restore', foreign, '--dir', join(dataDir, 'new'));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /it is no tar file.*\n +nothing was changed/);
  assert.equal(existsSync(join(dataDir, 'new', 'journal')), false);
});
