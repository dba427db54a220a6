import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProcessUsage } from './process-usage.ts';

const skip = process.platform === 'linux' ? false : 'needs /proc (Linux)';

test('a process shows its CPU time and its memory', { skip }, () => {
  const before = readProcessUsage(process.pid);
  assert.ok(before !== undefined);
  const { user, system } = process.cpuUsage();
  const ownMs = (user + system) / 1000;
  assert.ok(Math.abs(before.cpuMs - ownMs) < 250, `${before.cpuMs} and ${ownMs} ms`);
  const { rss } = process.memoryUsage();
  assert.ok(before.memoryBytes > rss / 2 && before.memoryBytes < rss * 2);
  assert.ok(before.memoryPeakBytes >= before.memoryBytes / 2);
});

test('a process that is not there shows nothing', () => {
  assert.equal(readProcessUsage(2 ** 30), undefined);
});
