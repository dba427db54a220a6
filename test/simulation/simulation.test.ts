/**
 * The simulation in several variants. By the environment: `LINNET_SIM_SEED` runs one seed (to replay what
 * failed, with the clients and steps that the failure names), `LINNET_SIM_SEEDS` that many seeds,
 * `LINNET_SIM_CLIENTS` and `LINNET_SIM_STEPS` larger or smaller runs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerPlugin, SharedStrategy } from '../../src/broker/index.ts';
import { SimulationFailure } from './failure.ts';
import { overridesFrom, plainOptions, type SimulationOptions } from './options.ts';
import { simulate } from './simulation.ts';

const overrides = overridesFrom(process.env);

interface Variant extends Partial<SimulationOptions> {
  readonly variant: string;
  /** The first seed, and how many. */
  readonly seed: number;
  readonly seeds: number;
}

const variants: readonly Variant[] = [
  { variant: 'nothing is lost', seed: 1, seeds: 3, clients: 600, steps: 7000 },
  { variant: 'late decisions', seed: 11, seeds: 2, lateDecisions: true },
  { variant: 'a store that lags behind', seed: 21, seeds: 2, laggingStore: true },
  { variant: 'QoS 0 waits', seed: 31, seeds: 1, queueQoS0Offline: true },
  { variant: 'short queues', seed: 41, seeds: 1, queuedMessagesMax: 10 },
  {
    variant: 'shared to the least busy',
    seed: 51,
    seeds: 1,
    sharedStrategy: SharedStrategy.leastInflight,
  },
  { variant: 'shared and sticky', seed: 61, seeds: 1, sharedStrategy: SharedStrategy.sticky },
  {
    variant: 'everything at once',
    seed: 71,
    seeds: 2,
    lateDecisions: true,
    laggingStore: true,
    queueQoS0Offline: true,
    queuedMessagesMax: 20,
    sharedStrategy: SharedStrategy.random,
  },
];

for (const { seeds, ...variant } of variants) {
  const first = overrides.seed ?? variant.seed;
  const count = overrides.seeds ?? (overrides.seed === undefined ? seeds : 1);
  for (let seed = first; seed < first + count; seed++) {
    const options = optionsOf({ ...variant, seed });
    test(`${variant.variant}: ${options.clients} clients and the model agree, seed ${seed}`, async (t) => {
      const report = await simulate(options);
      t.diagnostic(JSON.stringify(report));
      assert.ok(report.connections > 0);
    });
  }
}

test('a run with the same seed does exactly the same', async () => {
  const options = optionsOf({ seed: 5, clients: 60, steps: 1500 });
  const first = await simulate(options);
  assert.deepEqual(await simulate(options), first);
  assert.ok(first.published > 100 && first.delivered > 100);
  assert.notDeepEqual(await simulate({ ...options, seed: 6 }), { ...first, seed: 6 });
});

test('a broker that keeps back one copy in two thousand does not pass', async () => {
  let copies = 0;
  const lossy: BrokerPlugin = {
    name: 'lossy',
    authorizeDelivery: () =>
      ++copies % 2000 === 0 ? { allow: false, reasonCode: 0x87, rule: 'lost' } : { allow: true },
  };
  const run = simulate(optionsOf({ seed: 7, clients: 150, steps: 3000, plugins: [lossy] }));
  await assert.rejects(run, (error: unknown) => {
    assert.ok(error instanceof SimulationFailure);
    assert.match(error.message, /seed 7, step \d+ of \d+/);
    return true;
  });
});

function optionsOf(changes: Partial<SimulationOptions> & { seed: number }): SimulationOptions {
  const { clients = plainOptions.clients, steps = plainOptions.steps } = {
    ...changes,
    ...(overrides.clients === undefined ? {} : { clients: overrides.clients }),
    ...(overrides.steps === undefined ? {} : { steps: overrides.steps }),
  };
  return { ...plainOptions, ...changes, clients, steps };
}
