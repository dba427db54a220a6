/** The clock of a thread's processor time steps by milliseconds on some systems. */
const roundMs = 30;

/**
 * Nanoseconds of processor time for each call, which other processes change less than the time of day: the best
 * of some rounds, each long enough for the clock; a first run warms up.
 *
 * @param calls how many one `run` makes
 */
export function nsPerCall(calls: number, run: () => void, rounds = 5): number {
  run();
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.threadCpuUsage();
    let usedMs = 0;
    let runs = 0;
    while (usedMs < roundMs) {
      run();
      runs++;
      const { user, system } = process.threadCpuUsage(before);
      usedMs = (user + system) / 1000;
    }
    best = Math.min(best, (usedMs * 1e6) / (runs * calls));
  }
  return best;
}
