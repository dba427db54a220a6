/** What a process has used so far, read from /proc: CPU time of all its threads, and memory. Linux only. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  readonly cpuMs: number;
  /** Resident now, and at most so far. */
  readonly memoryBytes: number;
  readonly memoryPeakBytes: number;
}

/** The kernel's unit for CPU times, 100 a second on every Linux that Node runs on. */
const tickMs = 10;

/** undefined when there is no such process, or no /proc. */
export function readProcessUsage(pid: number): ProcessUsage | undefined {
  const directory = `/proc/${pid}`;
  if (!existsSync(directory)) return undefined;
  try {
    const status = readFileSync(`${directory}/status`, 'latin1');
    return {
      cpuMs: cpuMs(directory),
      memoryBytes: kilobytes(status, 'VmRSS') * 1024,
      memoryPeakBytes: kilobytes(status, 'VmHWM') * 1024,
    };
  } catch {
    // It ended in between.
    return undefined;
  }
}

function cpuMs(directory: string): number {
  const ticksMs = cpuTicks(readFileSync(`${directory}/stat`, 'latin1')) * tickMs;
  const exactMs = scheduledMs(directory);
  // Nanoseconds, but only of the threads there are now: one that has ended is missing in them.
  return exactMs > ticksMs - 50 ? exactMs : ticksMs;
}

/** utime and stime: the 14th and 15th field, counted from the program's name, which may contain anything. */
function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function scheduledMs(directory: string): number {
  let ns = 0;
  for (const thread of readdirSync(`${directory}/task`)) {
    try {
      ns += Number.parseInt(readFileSync(`${directory}/task/${thread}/schedstat`, 'latin1'), 10);
    } catch {
      // A thread that ended in between, or a kernel without these counts: the ticks decide.
    }
  }
  return ns / 1e6;
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}
