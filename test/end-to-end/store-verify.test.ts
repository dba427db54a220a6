/** `linnet verify-durability`: it kills a real broker, finds what it kept, and sees a broker that keeps nothing. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { DurabilityReport } from '../../src/cli/verify-durability-report.ts';
import { runCommand } from '../server.test-kit.ts';

const short = ['--kills', '2', '--rate', '1000', '--seed', '3', '--dir', '.'];

for (const mode of ['os', 'disk']) {
  test(`mode ${mode}: two kills in QoS 1 and QoS 2 traffic lose nothing that was acknowledged`, async () => {
    const args = ['verify-durability', ...short, '--mode', mode, '--json'];
    await using command = await runCommand(args);
    assert.equal((await command.exited).code, 0, command.stdout.text + command.stderr.text);
    const report = JSON.parse(command.stdout.text) as DurabilityReport;
    const { figures, syncMs } = report;
    assert.equal(figures.kills, 2);
    for (const { acknowledged, delivered, lost, outOfOrder, damaged } of figures.streams) {
      assert.ok(acknowledged > 100, command.stderr.text);
      assert.deepEqual([delivered, lost, outOfOrder, damaged], [2 * acknowledged, 0, 0, 0]);
    }
    const { retained, subscriptions, sessionsLost } = figures;
    assert.deepEqual([retained.lost, retained.risen, sessionsLost], [0, 0, 0]);
    assert.deepEqual([subscriptions.lost, subscriptions.risen], [0, 0]);
    assert.ok(retained.changes > 0 && subscriptions.changes > 0);
    assert.ok(syncMs.count > 0 && syncMs.p99Ms >= syncMs.p50Ms);
    assert.match(command.stderr.text, /^kill 1 of 2 .* all there/m);
  });
}

test('the loss of a broker that keeps nothing is found: exit 1, and the folder stays', async () => {
  const args = ['verify-durability', ...short, '--kills', '1', '--qos', '1', '--mode', 'none'];
  await using command = await runCommand(args);
  assert.deepEqual(await command.exited, { code: 1, signal: null });
  assert.match(command.stdout.text, /^FAILED: in 1 kills .* things were lost/m);
  assert.match(command.stdout.text, /^What a kill does not show: a power cut/m);
  const [folder] = readdirSync(command.directory).filter((name) => name.startsWith('verify-'));
  assert.match(command.stderr.text, new RegExp(`kept .*${folder}`));
});

test('what verify-durability cannot do is said before anything is started', async () => {
  for (const [args, expected] of [
    [['--kills', '0'], /--kills: expected a count/],
    [['--mode', 'safe'], /--mode: expected os, disk or none/],
    [['--qos', '0'], /--qos: expected 1, 2 or both/],
  ] as const) {
    await using command = await runCommand(['verify-durability', ...args]);
    assert.equal((await command.exited).code, 64);
    assert.match(command.stderr.text, expected);
    assert.deepEqual(readdirSync(command.directory), []);
  }
});
