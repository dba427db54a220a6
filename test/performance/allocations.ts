/**
 * What a message costs, counted and not timed: `node test/performance/allocations.ts --print [scenario ...]`.
 * Without `--print` the figures are one line of JSON; `--garbage` adds an observer that makes garbage of each
 * message. Starts itself again with the flags of Node that it needs.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { BrokerPlugin } from '../../src/broker/index.ts';
import { MeasuredBroker, nodeFlags } from './measured-broker.ts';
import { type Figures, scenarios } from './scenarios.ts';

const messageCount = 100_000;

/** 512 bytes for each message that was published. */
function garbageMaker(): BrokerPlugin {
  let last: unknown;
  return {
    name: 'garbage-maker',
    messagePublished: () => {
      last = new Array(64).fill(last === undefined ? 1 : 2);
    },
  };
}

function measureAll(
  chosen: readonly string[],
  plugins: readonly BrokerPlugin[],
): Record<string, Figures> {
  const measured = Object.entries(scenarios)
    .filter(([name]) => chosen.length === 0 || chosen.includes(name))
    .map(([name, scenario]) => [name, new MeasuredBroker(scenario, plugins).measure(messageCount)]);
  return Object.fromEntries(measured);
}

function print(all: Readonly<Record<string, Figures>>): void {
  for (const [name, figures] of Object.entries(all)) {
    const fields = Object.entries(figures).map(
      ([field, value]) => `${field}: ${Math.round(value)}`,
    );
    console.log(`  '${name}': { ${fields.join(', ')} },`);
  }
}

if (globalThis.gc === undefined) {
  const { execPath, argv } = process;
  const args = [...nodeFlags, ...argv.slice(1)];
  process.exitCode = spawnSync(execPath, args, { stdio: 'inherit' }).status ?? 1;
} else {
  const { values, positionals } = parseArgs({
    options: { print: { type: 'boolean' }, garbage: { type: 'boolean' } },
    allowPositionals: true,
  });
  const all = measureAll(positionals, values.garbage === true ? [garbageMaker()] : []);
  if (values.print === true) print(all);
  else console.log(JSON.stringify(all));
}
