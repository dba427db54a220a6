import { readFileSync } from 'node:fs';

/** For a test's `skip`. */
export const needsProc: string | false =
  process.platform === 'linux' ? false : 'needs Linux, where /proc tells the memory of a process';

/** Memory of a process that is in RAM. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`the system tells no VmRSS of process ${pid}`);
  return Number(kibibytes) * 1024;
}

export const mebibyte: number = 1024 * 1024;
