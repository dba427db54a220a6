/**
 * `npm run bench`: every micro-benchmark, one after another, each in a process of its own, and one table of
 * what they printed. `npm run bench -- router` runs those whose name begins so. `npm run bench -- --peers FILE`
 * puts the same load on several brokers instead, see peers.ts.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchPeers } from './peers.ts';

/** In the order of the path of a PUBLISH, then what is held. serial-load.ts takes long and is left out. */
const benchmarks = [
  'packet-publish',
  'publish-object',
  'topic-match',
  'router',
  'subscriptions',
  'retained',
  'body-arena',
  'outbound-flow',
  'connection-output',
  'packet-writer',
  'outbound-queue',
  'memory',
];

function printMachine(): void {
  const [first, ...others] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${first?.model ?? 'unknown processor'}, ${others.length + 1} cores`);
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}, ${date}\n`);
}

/** @returns whether it ended well */
function runBenchmark(name: string): boolean {
  const file = join(import.meta.dirname, `${name}.ts`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', file], {
    encoding: 'utf8',
  });
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    console.log(`${name.padEnd(18)} ${line}`);
  }
  if (status !== 0) console.error(`${name} failed:\n${stderr}`);
  return status === 0;
}

const { values, positionals } = parseArgs({
  options: {
    peers: { type: 'string' },
    repeats: { type: 'string', default: '3' },
    for: { type: 'string', default: '3s' },
    only: { type: 'string', default: '' },
  },
  allowPositionals: true,
});

printMachine();
if (values.peers === undefined) {
  const chosen = benchmarks.filter(
    (name) => positionals.length === 0 || positionals.some((start) => name.startsWith(start)),
  );
  const results = chosen.map((name) => runBenchmark(name));
  if (results.includes(false) || results.length === 0) process.exitCode = 1;
} else {
  await benchPeers({
    file: values.peers,
    repeats: Number(values.repeats),
    duration: values.for,
    only: values.only,
  });
}
