/**
 * Loaded into the broker of the soak before its own code (`--expose-gc --import`): at SIGUSR2 it collects garbage
 * and says what is left, which is what the broker holds on to.
 */
let collections = 0;

process.on('SIGUSR2', () => {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  collections++;
  process.stderr.write(`{"collection":${collections},"liveBytes":${heapUsed + external}}\n`);
});
