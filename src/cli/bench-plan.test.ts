import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttVersion } from '../packet/index.ts';
import type { LoadKind } from '../workload/index.ts';
import type { BenchOptions } from './bench-options.ts';
import { benchPlan } from './bench-plan.ts';

async function warmupOf(kind: LoadKind, options: Partial<BenchOptions> = {}): Promise<number> {
  const plan = await benchPlan(kind, {
    protocolVersion: MqttVersion.v311,
    keepalive: 60,
    clients: 2,
    for: 1000,
    workers: 1,
    ...options,
  });
  return plan.warmupMs;
}

test('an open loop warms up for longer, a connection has nothing to warm up, and who says so decides', async () => {
  assert.equal(await warmupOf('e2e'), 1000);
  assert.equal(await warmupOf('e2e', { rate: 500 }), 5000);
  assert.equal(await warmupOf('e2e', { rate: 500, warmup: 0 }), 0);
  assert.equal(await warmupOf('sub'), 1000);
  assert.equal(await warmupOf('conn', { rate: 500 }), 0);
});
