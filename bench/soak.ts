/**
 * Mixed load for minutes against a broker of its own: does its memory stay flat, and does everything arrive?
 * `node bench/soak.ts [--minutes 10] [--rate 1000]`. Every minute one line: messages a second at the readers
 * that keep up, their latency, the broker's memory. At the end a verdict, and exit code 1 when memory grew or
 * when a message of QoS 1 or 2 did not reach such a reader. Less than five minutes say nothing about memory.
 */
import { parseArgs } from 'node:util';
import { LatencyHistogram } from '../src/workload/latency-histogram.ts';
import { readProcessUsage } from '../src/workload/process-usage.ts';
import { startServer } from '../test/server.test-kit.ts';
import { SoakClient } from './soak-client.ts';
import { SoakLoad } from './soak-load.ts';

/** Memory counts from the end of this minute on: by then every buffer has had its largest use. */
const warmMinutes = 3;
/** The slope that still counts as flat, of the regression line through the samples of each second. */
const flatMebibytesPerMinute = 2;

interface Sample {
  readonly atMs: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '1000' },
  },
});
const totalMs = Number(values.minutes) * 60_000;
if (!(totalMs > 0) || !(Number(values.rate) > 0))
  throw new Error('--minutes and --rate are numbers');

await using server = await startServer({
  args: ['--ephemeral', '--mqtt-host', '127.0.0.1', '-p', '0'],
  environment: {
    BROKER_WEBSOCKET_ENABLED: 'false',
    BROKER_SYS_INTERVAL: '1',
    BROKER_MAX_INFLIGHT_MESSAGES: '200',
    BROKER_MAX_QUEUED_MESSAGES: '5000',
  },
});
const port = server.port();
let heapBytes = 0;
const watcher = await SoakClient.open({
  port,
  clientId: 'watcher',
  onMessage: ({ payload }) => {
    heapBytes = Number(Buffer.from(payload).toString());
  },
});
await watcher.subscribe('$SYS/broker/heap/current', 0);

const load = new SoakLoad({ port, ratePerSecond: Number(values.rate) });
const samples: Sample[] = [];
const startedMs = performance.now();
let receivedBefore = 0;
let minuteMs = startedMs;

function sample(): void {
  const residentBytes = readProcessUsage(server.pid)?.memoryBytes ?? 0;
  samples.push({ atMs: performance.now() - startedMs, residentBytes, heapBytes });
}

function report(): void {
  const nowMs = performance.now();
  const { latencies } = load;
  load.latencies = new LatencyHistogram();
  const rate = (load.received - receivedBefore) / ((nowMs - minuteMs) / 1000);
  receivedBefore = load.received;
  minuteMs = nowMs;
  const last = samples.at(-1);
  const cells = [
    `${((nowMs - startedMs) / 60_000).toFixed(1)} min`,
    `${rate.toFixed(0)}/s`,
    ...[0.5, 0.99, 0.999].map((share) => `${latencies.percentileMs(share).toFixed(2)} ms`),
    mebibytes(last?.residentBytes ?? 0),
    mebibytes(last?.heapBytes ?? 0),
  ];
  console.log(cells.map((cell) => cell.padStart(11)).join(''));
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Slope of the regression line, in MiB a minute. */
function slope(points: readonly Sample[]): number {
  const mean = (of: (point: Sample) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const meanMs = mean(({ atMs }) => atMs);
  const meanBytes = mean(({ residentBytes }) => residentBytes);
  const covariance = mean((point) => (point.atMs - meanMs) * (point.residentBytes - meanBytes));
  const variance = mean(({ atMs }) => (atMs - meanMs) ** 2);
  return (covariance / variance) * (60_000 / 2 ** 20);
}

function isFlat(): boolean {
  const counted = samples.filter(({ atMs }) => atMs >= warmMinutes * 60_000);
  if (totalMs < (warmMinutes + 2) * 60_000) {
    console.log('memory: too short for a verdict');
    return true;
  }
  const perMinute = slope(counted);
  const isGood = perMinute <= flatMebibytesPerMinute;
  const verdict = isGood ? 'flat' : 'NOT FLAT';
  const bound = `at most ${flatMebibytesPerMinute} MiB a minute`;
  console.log(`memory: ${verdict} after minute ${warmMinutes}: ${perMinute.toFixed(2)} (${bound})`);
  return isGood;
}

const names = ['time', 'delivered', 'p50', 'p99', 'p99.9', 'memory', 'heap'];
console.log(names.map((name) => name.padStart(11)).join(''));
await load.start();
const sampler = setInterval(sample, 1000);
const reporter = setInterval(report, 60_000);
await new Promise((resolve) => setTimeout(resolve, totalMs));
clearInterval(reporter);
clearInterval(sampler);
sample();
if (performance.now() - minuteMs > 1000) report();
await load.stop();
watcher.leave();

const { lost, duplicated, lostConnections } = load;
console.log(
  `published ${load.published} by ${load.publishersSoFar} publishers, received ${load.received}; ` +
    `Sessions left and returned ${load.returns} times`,
);
console.log(`QoS 1 and 2 at readers that keep up: ${lost} lost, ${duplicated} came twice`);
if (lostConnections.length > 0) console.log(`connections lost: ${lostConnections.join(' ')}`);
const flat = isFlat();
process.exitCode = flat && lost === 0 && duplicated === 0 && lostConnections.length === 0 ? 0 : 1;
