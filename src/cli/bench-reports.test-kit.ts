/** Reports of runs that never were. */
import { LatencyHistogram, type LoadPlan, type LoadReport } from '../workload/index.ts';

type Result = LoadReport['result'];

/** What is different from a run without a flaw. */
export interface ReportChanges {
  readonly plan?: Partial<LoadPlan>;
  readonly counts?: Partial<Result['counts']>;
  readonly measured?: Partial<Result['measured']>;
  readonly result?: Partial<Result>;
  readonly report?: Partial<LoadReport>;
}

/** Ten seconds of 5,000 messages a second, of 50 pairs at QoS 1. */
export function reportOf(changes: ReportChanges = {}): LoadReport {
  const latency = new LatencyHistogram();
  for (let ms = 1; ms <= 1_000; ms++) latency.record(ms / 1_000);
  return {
    plan: { ...plan, ...changes.plan },
    result: {
      counts: { ...counts, ...changes.counts },
      lost: 0,
      measured: { ...measured, ...changes.measured },
      latency: latency.state,
      connectLatency: latency.state,
      connectMs: 50,
      stalls: 0,
      lateMaxMs: 0.25,
      lateCount: 0,
      busy: 0.2,
      starved: 0,
      errors: [],
      ...changes.result,
    },
    isInterrupted: false,
    wantsBroker: true,
    broker: {
      pid: 812,
      cpuMs: 1_200,
      memoryBytes: 31_000_000,
      memoryPeakBytes: 32_000_000,
      memoryBeforeBytes: 30_000_000,
    },
    ownCpuMs: 9_900,
    ...changes.report,
  };
}

const plan: LoadPlan = {
  kind: 'e2e',
  target: {
    url: 'mqtt://me:secret@127.0.0.1:1883',
    protocolVersion: 4,
    keepAlive: 60,
    connectTimeoutMs: 30_000,
    username: undefined,
    password: undefined,
    tls: {},
  },
  runId: 'abcdef',
  publisherBase: 0,
  publisherCount: 50,
  subscriberCount: 50,
  idleCount: 0,
  topicName: 'load/%i',
  topicFilter: 'load/%i',
  qos: 1,
  sizeBytes: 256,
  ratePerSecond: 5_000,
  window: 300,
  connectingMax: 64,
  warmupMs: 1_000,
  durationMs: 10_000,
  quietMs: 2_000,
  isSpinning: true,
  workerCount: 1,
};

const counts: Result['counts'] = {
  opened: 100,
  failed: 0,
  dropped: 0,
  published: 55_000,
  acknowledged: 55_000,
  unacknowledged: 0,
  refused: 0,
  unsent: 0,
  received: 55_000,
  receivedBytes: 14_080_000,
  unique: 55_000,
  duplicated: 0,
  outOfOrder: 0,
  corrupt: 0,
  misrouted: 0,
  foreign: 0,
  ofOtherMachines: 0,
  unexpected: 0,
};

const measured: Result['measured'] = {
  seconds: 10,
  published: 50_000,
  received: 50_000,
  receivedBytes: 12_800_000,
  cpuMs: 9_800,
  waitMs: 0,
  idleMs: 7_800,
};
