/** What the micro-benchmarks of memory and of whole brokers share: the figures, and how they are printed. */

/** Bytes in use by JavaScript after collection: objects and the buffers that they hold. */
export function bytesInUse(): number {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
  // More than once: what one round only unlinks goes in the next.
  for (let round = 0; round < 3; round++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function nsPerCall(calls: number, run: () => void, rounds = 5): number {
  run();
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const startedAt = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - startedAt) / calls);
  }
  return best;
}

export function line(what: string, value: number, unit: string): void {
  const digits = Math.abs(value) < 10 && unit !== 'B' ? 1 : 0;
  console.log(`${what.padEnd(66)} ${value.toFixed(digits).padStart(9)} ${unit}`);
}
