/**
 * The machine's monotonic clock: the same for every thread and process of it, and never set back. So a
 * message may be stamped in one process and measured in another.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function nowMs(): number {
  return offsetMs + performance.now();
}

/** One byte that differs, most of the time, between machines and between two boots of one. */
export const machineTag: number = tagOf(machineName());

function machineName(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  } catch {
    // Only Linux has it.
    return hostname();
  }
}

function tagOf(name: string): number {
  let tag = 0;
  for (const character of name) tag = (tag * 31 + (character.codePointAt(0) ?? 0)) & 0xff;
  return tag;
}
