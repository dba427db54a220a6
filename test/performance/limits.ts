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
  'pairs, QoS 0': { heapBytes: 735, bufferBytes: 301, copiedBytes: 256, writes: 461 },
  'pairs, QoS 1': { heapBytes: 1047, bufferBytes: 563, copiedBytes: 512, writes: 926 },
  'pairs, QoS 2': { heapBytes: 1355, bufferBytes: 870, copiedBytes: 811, writes: 1852 },
  'pairs, QoS 0, 5.0': { heapBytes: 734, bufferBytes: 302, copiedBytes: 256, writes: 461 },
  'pairs, QoS 1, 5.0 with four properties': {
    heapBytes: 2152,
    bufferBytes: 587,
    copiedBytes: 512,
    writes: 1042,
  },
  'pairs, QoS 0, 16 KiB': { heapBytes: 1271, bufferBytes: 16489, copiedBytes: 3287, writes: 6667 },
  'pairs, QoS 1, 16 KiB': {
    heapBytes: 1720,
    bufferBytes: 19739,
    copiedBytes: 19672,
    writes: 13333,
  },
  '1 to 100, QoS 0': { heapBytes: 17, bufferBytes: 254, copiedBytes: 304, writes: 461 },
  '1 to 100, QoS 1': { heapBytes: 161, bufferBytes: 258, copiedBytes: 308, writes: 468 },
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
