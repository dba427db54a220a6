/**
 * What a message costs today, as `node test/performance/allocations.ts --print` counts it: paste its output
 * here when it became less, or when more was decided to be worth it (the commit says why). The figures are the
 * same in each run of one version of Node; another version's compiler may move them a little.
 */
import type { Figures } from './scenarios.ts';

/** A figure that exceeds today's by more than this fails the test. */
export const margin = 1.25;
/** Allowed on top of the margin: the smallest figures are less than one object for each message. */
export const slack: Readonly<Figures> = {
  heapBytes: 16,
  bufferBytes: 16,
  copiedBytes: 0,
  writes: 10,
};

export const today: Readonly<Record<string, Figures>> = {
  'pairs, QoS 0': { heapBytes: 439, bufferBytes: 0, copiedBytes: 298, writes: 922 },
  'pairs, QoS 1': { heapBytes: 689, bufferBytes: 0, copiedBytes: 554, writes: 1389 },
  'pairs, QoS 2': { heapBytes: 913, bufferBytes: 0, copiedBytes: 630, writes: 2315 },
  'pairs, QoS 0, 5.0': { heapBytes: 558, bufferBytes: 0, copiedBytes: 298, writes: 922 },
  'pairs, QoS 1, 5.0 with four properties': {
    heapBytes: 1657,
    bufferBytes: 0,
    copiedBytes: 554,
    writes: 1563,
  },
  'pairs, QoS 0, 16 KiB': { heapBytes: 836, bufferBytes: 3299, copiedBytes: 19713, writes: 33333 },
  'pairs, QoS 1, 16 KiB': {
    heapBytes: 1176,
    bufferBytes: 19683,
    copiedBytes: 36097,
    writes: 40000,
  },
  '1 to 100, QoS 0': { heapBytes: 16, bufferBytes: 3, copiedBytes: 307, writes: 922 },
  '1 to 100, QoS 1': { heapBytes: 142, bufferBytes: 3, copiedBytes: 311, writes: 931 },
};

/** What is above its limit, in sentences. */
export function excesses(all: Readonly<Record<string, Figures>>): string[] {
  return Object.entries(today).flatMap(([name, before]) => {
    const now = all[name];
    if (now === undefined) return [`${name}: not measured`];
    return figureNames
      .filter((figure) => now[figure] > before[figure] * margin + slack[figure])
      .map((figure) => `${name}: ${figure} was ${before[figure]}, is ${Math.round(now[figure])}`);
  });
}

const figureNames = ['heapBytes', 'bufferBytes', 'copiedBytes', 'writes'] as const;
