/** Plans of short runs for the tests. */
import type { LoadKind, LoadPlan } from './load-plan.ts';
import { type LoadProgress, type LoadReport, runLoad } from './load-run.ts';

/** A run against 127.0.0.1 of a tenth of a second, four clients; without warm-up, so every count is measured. */
export function planOf(kind: LoadKind, port: number, changes: Partial<LoadPlan> = {}): LoadPlan {
  const isPublishing = kind === 'pub' || kind === 'e2e';
  const isSubscribing = kind === 'sub' || kind === 'e2e' || kind === 'fanout';
  const topics = kind === 'fanout' ? 'load/all' : 'load/%i';
  return {
    kind,
    target: {
      url: `mqtt://127.0.0.1:${port}`,
      protocolVersion: 4,
      keepAlive: 60,
      connectTimeoutMs: 10_000,
      username: undefined,
      password: undefined,
      tls: {},
    },
    runId: 'test01',
    publisherBase: 4_000,
    publisherCount: isPublishing ? 4 : kind === 'fanout' ? 1 : 0,
    subscriberCount: isSubscribing ? 4 : 0,
    idleCount: kind === 'conn' ? 4 : 0,
    topicName: topics,
    topicFilter: kind === 'sub' ? 'load/#' : topics,
    qos: 0,
    sizeBytes: 64,
    ratePerSecond: 0,
    window: 16,
    connectingMax: 64,
    warmupMs: 0,
    durationMs: 100,
    quietMs: 2_000,
    isSpinning: false,
    workerCount: 1,
    ...changes,
  };
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly brokerPid?: number;
  readonly onProgress?: (progress: LoadProgress) => void;
}

export async function run(plan: LoadPlan, options: RunOptions = {}): Promise<LoadReport> {
  return await runLoad(plan, {
    signal: options.signal ?? new AbortController().signal,
    brokerPid: options.brokerPid,
    progressEveryMs: 20,
    onProgress: options.onProgress ?? (() => undefined),
  });
}
