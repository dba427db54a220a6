/**
 * The figures of a run, as `linnet bench --json` prints them: the one place where counts become rates and
 * a verdict. The summary for people and the CSV are made of them.
 */
import { formatServerAddress, parseServerUrl } from '../client/index.ts';
import { LatencyHistogram, type LoadReport } from '../workload/index.ts';
import { benchNotes, isFlawless } from './bench-verdict.ts';

export interface LatencyFigures {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface BenchFigures {
  readonly kind: string;
  readonly url: string;
  readonly mqttVersion: string;
  readonly qos: number;
  readonly sizeBytes: number;
  readonly publishers: number;
  readonly subscribers: number;
  readonly connections: number;
  readonly workers: number;
  /** What was asked for; null: as fast as the windows allowed. */
  readonly ratePerSecond: number | null;
  readonly window: number;
  readonly warmupSeconds: number;
  /** Measured. */
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly connect: {
    readonly opened: number;
    readonly failed: number;
    readonly dropped: number;
    readonly seconds: number;
    readonly perSecond: number;
    readonly latencyMs: LatencyFigures | null;
  };
  /** Counts are of the whole run, rates of the measured time. null: nobody published. */
  readonly published: {
    readonly count: number;
    readonly perSecond: number;
    readonly acknowledged: number;
    readonly unacknowledged: number;
    readonly refused: number;
    readonly unexpected: number;
    readonly unsent: number;
  } | null;
  /** null: nobody subscribed. */
  readonly received: {
    readonly count: number;
    readonly perSecond: number;
    readonly bytesPerSecond: number;
    /** null: with a Shared Subscription nobody can know. */
    readonly lost: number | null;
    readonly duplicated: number;
    readonly outOfOrder: number;
    readonly corrupt: number;
    readonly misrouted: number;
    readonly foreign: number;
  } | null;
  readonly latencyMs: LatencyFigures | null;
  readonly broker: {
    readonly pid: number;
    /** Cores in use, 1 is one core. */
    readonly cores: number;
    readonly cpuMicrosecondsPerMessage: number | null;
    readonly memoryBytes: number;
    readonly memoryPeakBytes: number;
    readonly memoryBeforeBytes: number;
  } | null;
  readonly generator: {
    readonly cores: number;
    /** The busiest thread at work, 1 is all the time; waiting for the next message is not work. */
    readonly busy: number;
    /** The thread that waited most for a core: the share of the time that it did. Linux only. */
    readonly starved: number;
    readonly cpuMicrosecondsPerMessage: number | null;
    /** Of a rate: messages noticed more than 1 ms after their time, and the furthest. */
    readonly lateCount: number;
    readonly lateMaxMs: number;
  };
  readonly stalls: number;
  readonly errors: readonly { readonly text: string; readonly count: number }[];
  readonly notes: readonly string[];
  readonly ok: boolean;
}

const versionNames = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

export function benchFigures(report: LoadReport): BenchFigures {
  const { plan, result, broker } = report;
  const { measured } = result;
  const messages = plan.idleCount > 0 ? result.counts.opened : handled(report);
  const perMessage = (cpuMs: number): number | null =>
    messages === 0 ? null : rounded((cpuMs * 1000) / messages);
  const perSecond = (count: number): number => ratio(count, measured.seconds);
  return {
    kind: plan.kind,
    url: formatServerAddress(parseServerUrl(plan.target.url)),
    mqttVersion: versionNames[plan.target.protocolVersion],
    qos: plan.qos,
    sizeBytes: plan.sizeBytes,
    publishers: plan.publisherCount,
    subscribers: plan.subscriberCount,
    connections: plan.publisherCount + plan.subscriberCount + plan.idleCount,
    workers: plan.workerCount,
    ratePerSecond: plan.ratePerSecond === 0 ? null : plan.ratePerSecond,
    window: plan.window,
    warmupSeconds: plan.warmupMs / 1000,
    seconds: rounded(measured.seconds),
    interrupted: report.isInterrupted,
    connect: connectFigures(report),
    published: plan.publisherCount === 0 ? null : publishedFigures(report, perSecond),
    received: plan.subscriberCount === 0 ? null : receivedFigures(report, perSecond),
    latencyMs: latencyFigures(result.latency),
    broker:
      broker === undefined
        ? null
        : {
            pid: broker.pid,
            cores: ratio(broker.cpuMs / 1000, measured.seconds),
            cpuMicrosecondsPerMessage: perMessage(broker.cpuMs),
            memoryBytes: broker.memoryBytes,
            memoryPeakBytes: broker.memoryPeakBytes,
            memoryBeforeBytes: broker.memoryBeforeBytes,
          },
    generator: {
      cores: ratio(report.ownCpuMs / 1000, measured.seconds),
      busy: rounded(result.busy),
      starved: rounded(result.starved),
      cpuMicrosecondsPerMessage: perMessage(measured.cpuMs - measured.idleMs),
      lateCount: result.lateCount,
      lateMaxMs: rounded(result.lateMaxMs),
    },
    stalls: result.stalls,
    errors: result.errors,
    notes: benchNotes(report),
    ok: isFlawless(report),
  };
}

/** Messages that the measured CPU time was spent on: deliveries, or where there are none, publishes. */
function handled({ plan, result: { measured } }: LoadReport): number {
  return plan.subscriberCount > 0 ? measured.received : measured.published;
}

function connectFigures({ result }: LoadReport): BenchFigures['connect'] {
  const { opened, failed, dropped } = result.counts;
  const seconds = result.connectMs / 1000;
  return {
    opened,
    failed,
    dropped,
    seconds: rounded(seconds),
    perSecond: ratio(opened, seconds),
    latencyMs: latencyFigures(result.connectLatency),
  };
}

function publishedFigures(
  { result: { counts, measured } }: LoadReport,
  perSecond: (count: number) => number,
): BenchFigures['published'] {
  return {
    count: counts.published,
    perSecond: perSecond(measured.published),
    acknowledged: counts.acknowledged,
    unacknowledged: counts.unacknowledged,
    refused: counts.refused,
    unexpected: counts.unexpected,
    unsent: counts.unsent,
  };
}

function receivedFigures(
  { plan, result: { counts, measured, lost } }: LoadReport,
  perSecond: (count: number) => number,
): BenchFigures['received'] {
  return {
    count: counts.received + counts.foreign,
    perSecond: perSecond(measured.received),
    bytesPerSecond: perSecond(measured.receivedBytes),
    lost: plan.topicFilter.startsWith('$share/') ? null : lost,
    duplicated: counts.duplicated,
    outOfOrder: counts.outOfOrder,
    corrupt: counts.corrupt,
    misrouted: counts.misrouted,
    foreign: counts.foreign,
  };
}

function latencyFigures(state: LoadReport['result']['latency']): LatencyFigures | null {
  const histogram = LatencyHistogram.of(state);
  if (histogram.count === 0) return null;
  const percentile = (share: number): number => rounded(histogram.percentileMs(share));
  return {
    count: histogram.count,
    mean: rounded(histogram.meanMs),
    min: rounded(histogram.minMs),
    p50: percentile(0.5),
    p90: percentile(0.9),
    p99: percentile(0.99),
    p999: percentile(0.999),
    max: rounded(histogram.maxMs),
  };
}

function ratio(count: number, seconds: number): number {
  return seconds === 0 ? 0 : rounded(count / seconds);
}

/** To four digits behind the point: a tenth of a microsecond, where it is milliseconds. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
