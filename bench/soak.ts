/**
 * Mixed load for minutes against a broker of its own: does its memory stay flat, and does everything arrive?
 * `node bench/soak.ts [--minutes 10] [--rate 1000]`. Every minute one line: messages a second at the readers
 * that keep up, their latency, the broker's memory. At the end a verdict, and exit code 1 when memory grew or
 * when a message of QoS 1 or 2 did not reach such a reader. Less than five minutes say nothing about memory.
 *
 * Memory is judged twice. The process's memory, sampled every second, wanders with the collector and with what
 * the allocator keeps; its trend is a line through all samples. What is still held after a collection is exact,
 * so two of them, one when all is warm and one at the end, tell a small leak from wandering.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { LatencyHistogram } from '../src/workload/latency-histogram.ts';
import { readProcessUsage } from '../src/workload/process-usage.ts';
import { startServer } from '../test/server.test-kit.ts';
import { SoakClient } from './soak-client.ts';
import { SoakLoad } from './soak-load.ts';

/** Memory counts from the end of this minute on: by then every buffer has had its largest use. */
const warmMinutes = 3;
/** What still counts as flat, a minute: the trend of the process's memory, and what is held after collections. */
const flatMebibytes = { resident: 5, live: 1 };
/** Of each of the two looks at what is held. */
const collectionCount = 6;
const betweenCollectionsMs = 1000;

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

/** Enough for a verdict on memory. */
const isLong = totalMs >= (warmMinutes + 2) * 60_000;

await using server = await startServer({
  args: ['--ephemeral', '--mqtt-host', '127.0.0.1', '-p', '0'],
  environment: {
    BROKER_WEBSOCKET_ENABLED: 'false',
    BROKER_SYS_INTERVAL: '1',
    BROKER_MAX_INFLIGHT_MESSAGES: '200',
    BROKER_MAX_QUEUED_MESSAGES: '5000',
    NODE_OPTIONS: `--expose-gc --import ${pathToFileURL(join(import.meta.dirname, 'collect-on-signal.ts'))}`,
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

let collections = 0;

/** What the broker holds after a collection: the least of several, as the queues of clients come and go. */
async function liveBytes(): Promise<number> {
  let least = Infinity;
  const last = collections + collectionCount;
  while (collections < last) {
    collections++;
    server.send('SIGUSR2');
    const said = new RegExp(`"collection":${collections},"liveBytes":(\\d+)`);
    const [, bytes] = await server.stderr.until(said);
    least = Math.min(least, Number(bytes));
    await new Promise((resolve) => setTimeout(resolve, betweenCollectionsMs));
  }
  return least;
}

function isFlat(warmLiveBytes: number, lastLiveBytes: number): boolean {
  if (!isLong) {
    console.log('memory: too short for a verdict');
    return true;
  }
  const minutes = totalMs / 60_000 - warmMinutes;
  const growth = {
    resident: slope(samples.filter(({ atMs }) => atMs >= warmMinutes * 60_000)),
    live: (lastLiveBytes - warmLiveBytes) / 2 ** 20 / minutes,
  };
  const isGood = growth.resident <= flatMebibytes.resident && growth.live <= flatMebibytes.live;
  console.log(
    `memory after minute ${warmMinutes}: ${isGood ? 'flat' : 'NOT FLAT'}, in MiB a minute`,
  );
  console.log(`  process: ${growth.resident.toFixed(2)} (at most ${flatMebibytes.resident})`);
  console.log(
    `  held after a collection: ${growth.live.toFixed(2)} (at most ${flatMebibytes.live}), ` +
      `from ${mebibytes(warmLiveBytes)} to ${mebibytes(lastLiveBytes)}`,
  );
  return isGood;
}

const names = ['time', 'delivered', 'p50', 'p99', 'p99.9', 'memory', 'heap'];
console.log(names.map((name) => name.padStart(11)).join(''));
await load.start();
const sampler = setInterval(sample, 1000);
const reporter = setInterval(report, 60_000);
const warmMs = Math.min(totalMs, warmMinutes * 60_000);
await new Promise((resolve) => setTimeout(resolve, warmMs));
const warmLiveBytes = isLong ? await liveBytes() : 0;
await new Promise((resolve) => setTimeout(resolve, totalMs - warmMs));
clearInterval(reporter);
clearInterval(sampler);
sample();
if (performance.now() - minuteMs > 1000) report();
const lastLiveBytes = isLong ? await liveBytes() : 0;
await load.stop();
watcher.leave();

const { lost, duplicated, lostConnections } = load;
console.log(
  `published ${load.published} by ${load.publishersSoFar} publishers, received ${load.received}; ` +
    `Sessions left and returned ${load.returns} times`,
);
console.log(`QoS 1 and 2 at readers that keep up: ${lost} lost, ${duplicated} came twice`);
if (lostConnections.length > 0) console.log(`connections lost: ${lostConnections.join(' ')}`);
const flat = isFlat(warmLiveBytes, lastLiveBytes);
process.exitCode = flat && lost === 0 && duplicated === 0 && lostConnections.length === 0 ? 0 : 1;
