/**
 * The same load on several brokers, in turns: A, B, A, B. They run already; a file names them, a line each:
 *
 *     # name | host:port | process id, to see what the broker uses (may be left out)
 *     linnet    | 127.0.0.1:1883 | 4711
 *     mosquitto | 127.0.0.1:1884
 *
 * The load is `linnet bench`. Printed are medians, and behind them how many times the figure of the first
 * broker that is. Rates differ between hours of one machine: only ratios of one run say something.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface PeerBenchOptions {
  readonly file: string;
  readonly repeats: number;
  /** As `--for` of `linnet bench`. */
  readonly duration: string;
  /** Scenarios whose name begins so. */
  readonly only: string;
}

interface Peer {
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly pid: string | undefined;
}

/** What of the generator's report is compared. */
interface Report {
  readonly received: { readonly perSecond: number; readonly lost: number | null } | null;
  readonly connect: { readonly perSecond: number };
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
  readonly broker: {
    readonly cpuMicrosecondsPerMessage: number | null;
    readonly memoryBytes: number;
  } | null;
  readonly notes: readonly string[];
}

const scenarios: readonly { readonly name: string; readonly args: string }[] = [
  { name: 'pairs-10 QoS 0', args: 'e2e --clients 10' },
  { name: 'pairs-10 QoS 1', args: 'e2e --clients 10 -q 1' },
  { name: 'pairs-10 QoS 2', args: 'e2e --clients 10 -q 2' },
  { name: 'pairs-1 QoS 0 16 B', args: 'e2e --clients 1 -s 16' },
  { name: 'pairs-100 QoS 1 16 B', args: 'e2e --clients 100 -q 1 -s 16' },
  { name: 'pairs-10 QoS 0 16 KiB', args: 'e2e --clients 10 -s 16384' },
  { name: 'pairs-10 QoS 1 MQTT 5', args: 'e2e --clients 10 -q 1 -V 5' },
  { name: 'fanout-100 QoS 0', args: 'fanout --clients 100' },
  { name: 'fanout-100 QoS 1', args: 'fanout --clients 100 -q 1' },
  { name: 'rate-5000 QoS 1', args: 'e2e --clients 50 -q 1 --rate 5000' },
  { name: 'connect-1000', args: 'conn --clients 1000' },
];

interface Figure {
  readonly name: string;
  readonly digits: number;
  readonly of: (report: Report) => number | undefined;
}

const figures: readonly Figure[] = [
  {
    name: 'per second',
    digits: 0,
    of: ({ received, connect }) => received?.perSecond ?? connect.perSecond,
  },
  { name: 'p50 ms', digits: 3, of: ({ latencyMs }) => latencyMs?.p50 },
  { name: 'p99 ms', digits: 3, of: ({ latencyMs }) => latencyMs?.p99 },
  { name: 'CPU µs', digits: 2, of: ({ broker }) => broker?.cpuMicrosecondsPerMessage ?? undefined },
  {
    name: 'MiB',
    digits: 0,
    of: ({ broker }) => (broker && broker.memoryBytes / 2 ** 20) || undefined,
  },
  { name: 'lost', digits: 0, of: ({ received }) => received?.lost ?? undefined },
];

const mainFile = join(import.meta.dirname, '../src/cli/main.ts');
const runFile = promisify(execFile);

export async function benchPeers(options: PeerBenchOptions): Promise<void> {
  const peers = readPeers(options.file);
  for (const scenario of scenarios.filter(({ name }) => name.startsWith(options.only))) {
    const reports = new Map<Peer, Report[]>(peers.map((peer) => [peer, []]));
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      for (const peer of peers) {
        reports.get(peer)?.push(await load(peer, scenario.args, options.duration));
      }
    }
    printScenario(scenario.name, reports);
  }
}

/** @throws when a line of the file does not name a broker */
function readPeers(file: string): Peer[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const peers = lines.flatMap((line, index): Peer[] => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const [name = '', address = '', pid] = line.split('|').map((part) => part.trim());
    const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
    if (name === '' || host === undefined || port === undefined) {
      throw new Error(`${file}:${index + 1}: expected name | host:port, found "${line}"`);
    }
    return [{ name, host, port, pid }];
  });
  if (peers.length === 0) throw new Error(`${file} names no broker`);
  return peers;
}

async function load(peer: Peer, args: string, duration: string): Promise<Report> {
  const pid = peer.pid === undefined ? [] : ['--pid', peer.pid];
  const times = ['--for', args.startsWith('conn') ? '1s' : duration];
  const target = ['-h', peer.host, '-p', peer.port, ...pid];
  const all = [mainFile, 'bench', ...args.split(' '), ...times, ...target, '--json', '--quiet'];
  try {
    const { stdout } = await runFile(process.execPath, all);
    return JSON.parse(stdout) as Report;
  } catch (error) {
    // A run with losses ends with 1 and has its report all the same.
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    if (stdout === '') throw new Error(`${peer.name}, ${args}: ${stderr}`, { cause: error });
    return JSON.parse(stdout) as Report;
  }
}

function printScenario(name: string, reports: ReadonlyMap<Peer, readonly Report[]>): void {
  console.log(name);
  let baseline: readonly (number | undefined)[] | undefined;
  for (const [peer, runs] of reports) {
    const medians = figures.map((figure) => median(runs.map(figure.of)));
    const cells = figures.map((figure, index) =>
      cellOf(figure, medians[index], baseline?.[index]).padEnd(30),
    );
    baseline ??= medians;
    console.log(`  ${peer.name.padEnd(14)}${cells.join('').trimEnd()}`);
    const notes = new Set(runs.flatMap((run) => run.notes));
    for (const note of notes) console.log(`    note: ${note}`);
  }
  console.log('');
}

function cellOf(figure: Figure, value: number | undefined, first: number | undefined): string {
  if (value === undefined) return '';
  const ratio = first === undefined || first === 0 ? '' : ` (${(value / first).toFixed(2)}x)`;
  return `${value.toFixed(figure.digits)} ${figure.name}${ratio}`;
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
