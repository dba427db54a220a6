import { closeSync, fdatasync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LatencyHistogram } from '../workload/index.ts';

/** How long the disk takes to say that something is on it. */
export interface SyncLatency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const writeBytes = 4096;
const countMax = 200;
const timeMsMax = 3000;

/** Writes a block at the end of a file in `directory` and waits for fdatasync, again and again. */
export async function measureSync(directory: string): Promise<SyncLatency> {
  const path = join(directory, 'sync-latency');
  const descriptor = openSync(path, 'w', 0o600);
  const histogram = new LatencyHistogram();
  try {
    const block = Buffer.alloc(writeBytes, '.');
    const beganMs = performance.now();
    while (histogram.count < countMax && performance.now() - beganMs < timeMsMax) {
      writeSync(descriptor, block);
      const startMs = performance.now();
      await synced(descriptor);
      histogram.record(performance.now() - startMs);
    }
  } finally {
    closeSync(descriptor);
    rmSync(path);
  }
  return {
    count: histogram.count,
    p50Ms: histogram.percentileMs(0.5),
    p99Ms: histogram.percentileMs(0.99),
  };
}

function synced(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
