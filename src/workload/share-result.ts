/** What one thread counted, and how the counts of several become one. */
import { type HistogramState, LatencyHistogram } from './latency-histogram.ts';

/** Since the beginning of the run. */
export interface LoadCounts {
  /** Connections that became ready. */
  readonly opened: number;
  /** Connections that never became ready. */
  readonly failed: number;
  /** Connections that were ready and ended. */
  readonly dropped: number;
  readonly published: number;
  /** QoS 1 and 2: completed by the broker. */
  readonly acknowledged: number;
  readonly unacknowledged: number;
  /** Acknowledged with a Reason Code that says no. */
  readonly refused: number;
  /** Of an open loop: due, and never sent because the windows were full. */
  readonly unsent: number;
  /** PUBLISH packets of the load that came, duplicates included. */
  readonly received: number;
  readonly receivedBytes: number;
  /** Different messages that came, for each receiver. */
  readonly unique: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly corrupt: number;
  readonly misrouted: number;
  /** `sub`: messages that are not of a load generator. */
  readonly foreign: number;
  /** `sub`: messages whose latency nobody can know. */
  readonly ofOtherMachines: number;
  /** Acknowledgements that nothing waited for. */
  readonly unexpected: number;
}

/** Within the measured time. */
export interface Measured {
  readonly seconds: number;
  readonly published: number;
  readonly received: number;
  readonly receivedBytes: number;
  /** CPU time of the threads. */
  readonly cpuMs: number;
  /** Time that the threads wanted to run and had no core. */
  readonly waitMs: number;
  /** The part of the CPU time that only waited for the next message of an open loop. */
  readonly idleMs: number;
}

export interface ShareResult {
  readonly counts: LoadCounts;
  /** Messages that should have come and did not. */
  readonly lost: number;
  readonly measured: Measured;
  /** From sending (of an open loop: its time) to arrival; of `pub`: to acknowledgement. */
  readonly latency: HistogramState;
  /** From opening (of an open loop: its time) to CONNACK, and SUBACK where it subscribes. */
  readonly connectLatency: HistogramState;
  readonly connectMs: number;
  /** How often windows were opened again because nothing came any more. */
  readonly stalls: number;
  readonly lateMaxMs: number;
  readonly lateCount: number;
  /** The busiest thread: its share of one core. */
  readonly busy: number;
  /** The thread that waited most for a core: the share of the time that it did. */
  readonly starved: number;
  readonly errors: readonly LoadError[];
}

/** An error, and how often it came. */
export interface LoadError {
  readonly text: string;
  readonly count: number;
}

/** The sum of the counts. */
export function addCounts(all: readonly LoadCounts[]): LoadCounts {
  const sum: Record<keyof LoadCounts, number> = { ...noCounts };
  for (const counts of all) {
    for (const name of countNames) sum[name] += counts[name];
  }
  return sum;
}

export const noCounts: LoadCounts = {
  opened: 0,
  failed: 0,
  dropped: 0,
  published: 0,
  acknowledged: 0,
  unacknowledged: 0,
  refused: 0,
  unsent: 0,
  received: 0,
  receivedBytes: 0,
  unique: 0,
  duplicated: 0,
  outOfOrder: 0,
  corrupt: 0,
  misrouted: 0,
  foreign: 0,
  ofOtherMachines: 0,
  unexpected: 0,
};

const countNames = Object.keys(noCounts) as readonly (keyof LoadCounts)[];

/** One result for all threads. @param results at least one */
export function mergeResults(results: readonly ShareResult[]): ShareResult {
  const sum = (pick: (result: ShareResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const most = (pick: (result: ShareResult) => number): number => Math.max(...results.map(pick));
  return {
    counts: addCounts(results.map(({ counts }) => counts)),
    lost: sum(({ lost }) => lost),
    measured: {
      // They differ by microseconds: threads start and stop by the same clock.
      seconds: most(({ measured }) => measured.seconds),
      published: sum(({ measured }) => measured.published),
      received: sum(({ measured }) => measured.received),
      receivedBytes: sum(({ measured }) => measured.receivedBytes),
      cpuMs: sum(({ measured }) => measured.cpuMs),
      waitMs: sum(({ measured }) => measured.waitMs),
      idleMs: sum(({ measured }) => measured.idleMs),
    },
    latency: mergeHistograms(results.map(({ latency }) => latency)),
    connectLatency: mergeHistograms(results.map(({ connectLatency }) => connectLatency)),
    connectMs: most(({ connectMs }) => connectMs),
    stalls: sum(({ stalls }) => stalls),
    lateMaxMs: most(({ lateMaxMs }) => lateMaxMs),
    lateCount: sum(({ lateCount }) => lateCount),
    busy: most(({ busy }) => busy),
    starved: most(({ starved }) => starved),
    errors: mergeErrors(results.flatMap(({ errors }) => errors)),
  };
}

function mergeHistograms(states: readonly HistogramState[]): HistogramState {
  const histogram = new LatencyHistogram();
  for (const state of states) histogram.add(state);
  return histogram.state;
}

/** The most frequent first. */
function mergeErrors(errors: readonly LoadError[]): LoadError[] {
  const counts = new Map<string, number>();
  for (const { text, count } of errors) counts.set(text, (counts.get(text) ?? 0) + count);
  return [...counts].map(([text, count]) => ({ text, count })).sort((a, b) => b.count - a.count);
}
