/** What the micro-benchmarks of memory and of whole brokers share: the figures, and how they are printed. */

/** Bytes in use by JavaScript after collection: objects and the buffers that they hold. */
export function bytesInUse(): number {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
  // More than once: what one round only unlinks goes in the next.
  for (let round = 0; round < 3; round++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Processor time of this thread so far, which other processes do not change; precise to a microsecond. */
export function cpuNs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}

export function line(what: string, value: number, unit: string): void {
  const digits = Math.abs(value) < 10 && unit !== 'B' ? 1 : 0;
  console.log(`${what.padEnd(66)} ${value.toFixed(digits).padStart(9)} ${unit}`);
}
