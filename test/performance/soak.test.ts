import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, '../../bench/soak.ts');
const runProgram = promisify(execFile);

test('mixed load for seconds: nothing is lost, and the soak says so', async (t) => {
  // So few that no queue of the broker can be full, however slow the machine is.
  const args = [program, '--minutes', '0.15', '--rate', '500'];
  const { stdout } = await runProgram(process.execPath, args);
  t.diagnostic(stdout);
  assert.match(stdout, /QoS 1 and 2 at readers that keep up: 0 lost, 0 came twice/);
  assert.match(stdout, /published [1-9]\d+ by \d\d/);
});
