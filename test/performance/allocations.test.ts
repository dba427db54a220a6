import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { excesses, today } from './limits.ts';
import { type Figures, scenarios } from './scenarios.ts';

const program = join(import.meta.dirname, 'allocations.ts');
const runProgram = promisify(execFile);

async function measure(...args: readonly string[]): Promise<Record<string, Figures>> {
  const { stdout } = await runProgram(process.execPath, [program, ...args]);
  return JSON.parse(stdout) as Record<string, Figures>;
}

test('a message allocates, copies and writes no more than it did', async (t) => {
  const all = await measure();
  for (const [name, figures] of Object.entries(all)) {
    t.diagnostic(`${name}: ${JSON.stringify(figures)}`);
  }
  assert.deepEqual(excesses(all), [], 'see test/performance/limits.ts');
});

test('half a kilobyte of garbage for each message is found out', async () => {
  const found = excesses(await measure('--garbage', 'pairs, QoS 0', 'pairs, QoS 1'));
  for (const name of ['pairs, QoS 0', 'pairs, QoS 1']) {
    assert.ok(
      found.some((excess) => excess.startsWith(`${name}: heapBytes`)),
      found.join('\n'),
    );
  }
});

test('every scenario has its limits', () => {
  assert.deepEqual(Object.keys(today), Object.keys(scenarios));
});
