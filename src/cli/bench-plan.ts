/** From the options of `linnet bench` to the plan of a run. */
import { randomInt } from 'node:crypto';
import { cpus } from 'node:os';
import { parseServerUrl } from '../client/index.ts';
import { type LoadKind, type LoadPlan, type LoadTarget, stampBytes } from '../workload/index.ts';
import type { BenchOptions } from './bench-options.ts';
import { connectOptions } from './client-options-connect.ts';
import { defaultSettings } from './client-options-settings.ts';
import { topicFilter, topicName } from './client-options-topic.ts';
import { UsageError } from './client-options-value.ts';

const sizeBytesMax = 64 * 1024 * 1024;
const connectTimeoutMs = 30_000;
const quietMs = 2_000;

/**
 * @throws {UsageError} when options contradict each other
 * @throws {ClientError} `address`, when the URL is none
 */
export async function benchPlan(kind: LoadKind, options: BenchOptions): Promise<LoadPlan> {
  const { clients, size = 256, rate = 0 } = options;
  checkSize(size);
  if (options.json === true && options.csv === true) {
    throw new UsageError('--json and --csv: choose one of them.');
  }
  if (options.workers > clients) {
    throw new UsageError(`--workers ${options.workers}: there are only ${clients} clients.`);
  }
  const runId = randomInt(2 ** 24)
    .toString(16)
    .padStart(6, '0');
  const publisherCount = publishersOf(kind, options);
  const target = await targetOf(options);
  return {
    kind,
    target,
    runId,
    publisherBase: randomInt(2 ** 30 - 2_000_000),
    publisherCount,
    subscriberCount: kind === 'pub' || kind === 'conn' ? 0 : clients,
    idleCount: kind === 'conn' ? clients : 0,
    ...topicsOf(kind, options, runId),
    qos: options.qos ?? 0,
    sizeBytes: size,
    ratePerSecond: rate,
    window: options.window ?? defaultWindow(kind, publisherCount, rate, size),
    connectingMax: options.inProgress ?? defaultConnecting(target),
    warmupMs: options.warmup ?? defaultWarmupMs(kind, rate),
    durationMs: options.for === 0 ? Number.POSITIVE_INFINITY : options.for,
    quietMs,
    // On a single core, turning without sleeping would take from the broker. All cores of the machine
    // count, not only those that this process may use: it may be pinned beside a pinned broker.
    isSpinning: options.spin !== false && cpus().length > 1,
    workerCount: options.workers,
  };
}

/**
 * Of a closed loop the first second shows it all. An open one is too slow for that: the compiler of this
 * process is at work for some 20,000 messages, and stops it for milliseconds now and then.
 */
function defaultWarmupMs(kind: LoadKind, ratePerSecond: number): number {
  if (kind === 'conn') return 0;
  return ratePerSecond > 0 ? 5_000 : 1_000;
}

function checkSize(size: number): void {
  if (size < stampBytes) {
    throw new UsageError(
      `--size ${size}: each payload carries the time, the publisher and the number of its message, ` +
        `so it has at least ${stampBytes} bytes.`,
    );
  }
  if (size > sizeBytesMax) throw new UsageError(`--size ${size}: at most 64MiB.`);
}

function publishersOf(kind: LoadKind, { clients, pubs = 1 }: BenchOptions): number {
  switch (kind) {
    case 'pub':
    case 'e2e':
      return clients;
    case 'fanout':
      return pubs;
    default:
      return 0;
  }
}

/**
 * Without a rate: enough for many pairs to share about a thousand messages under way, which a broker's
 * default queue of a receiver holds, and no more than 1 MiB for one. With a rate three seconds of it: an
 * open loop does not wait for the broker.
 */
function defaultWindow(kind: LoadKind, publishers: number, rate: number, size: number): number {
  if (publishers === 0) return 1;
  if (rate > 0) return Math.min(65_535, Math.max(256, Math.ceil((3 * rate) / publishers)));
  const byCount = kind === 'fanout' ? 32 / publishers : 1000 / publishers;
  const bySize = 1_048_576 / size;
  return Math.max(4, Math.floor(Math.min(byCount, bySize)));
}

/** Below the backlogs of common brokers: beyond them, a connection is refused or waits for a second. */
function defaultConnecting({ url }: LoadTarget): number {
  return url.startsWith('unix:') ? 8 : 64;
}

type Topics = Pick<LoadPlan, 'topicName' | 'topicFilter'>;

function topicsOf(kind: LoadKind, options: BenchOptions, runId: string): Topics {
  const { topic, prefix = '', clients } = options;
  switch (kind) {
    case 'conn':
      return { topicName: '', topicFilter: '' };
    case 'sub':
      return { topicName: '', topicFilter: filterOf(topic ?? `${prefix}/#`) };
    case 'pub':
      return { topicName: nameOf(topic ?? `${prefix}/%i`), topicFilter: '' };
    case 'fanout':
      return same(topic ?? `${prefix}/${runId}/all`);
    default:
      if (topic !== undefined && clients > 1 && !nameOf(topic).includes('%i')) {
        throw new UsageError(
          `--topic ${topic}: every subscriber would get the messages of all ${clients} pairs. ` +
            `Put %i in it, which is the number of the pair: --topic ${topic}/%i`,
        );
      }
      return same(topic ?? `${prefix}/${runId}/%i`);
  }
}

function same(topic: string): Topics {
  return { topicName: nameOf(topic), topicFilter: topic };
}

function nameOf(topic: string): string {
  return topicName(topic, '--topic', 'topic');
}

function filterOf(topic: string): string {
  return topicFilter(topic, '--topic', 'topic filter');
}

async function targetOf(options: BenchOptions): Promise<LoadTarget> {
  const settings = defaultSettings('pub');
  if (options.host !== undefined) settings.host = options.host;
  settings.port = options.port;
  settings.isWebSocket = options.ws === true;
  settings.caFile = options.cafile;
  settings.isInsecure = options.insecure === true;
  const { url, tls } = await connectOptions(settings);
  return {
    url: options.url === undefined ? url : checkedUrl(options, options.url),
    protocolVersion: options.protocolVersion,
    keepAlive: options.keepalive,
    connectTimeoutMs,
    username: options.username,
    password: options.pw,
    tls: tls ?? {},
  };
}

function checkedUrl({ host, port, ws }: BenchOptions, url: string): string {
  if (host !== undefined || port !== undefined || ws === true) {
    throw new UsageError('--url says where the server is: leave out -h, -p and --ws.');
  }
  parseServerUrl(url);
  return url;
}
