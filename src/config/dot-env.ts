/**
 * Reads a `.env` file. The values are those of the `dotenv` package, so that quotes, escapes and comments
 * mean what people know from elsewhere; the line numbers, which it does not give, are found here, and lines
 * that it skips in silence are named.
 */
import dotenv from 'dotenv';

export interface DotEnvEntry {
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface DotEnvFile {
  readonly entries: ReadonlyMap<string, DotEnvEntry>;
  /** Lines that set nothing and are no comment, counted from 1. */
  readonly strayLines: readonly number[];
}

/** NAME=value with a value in quotes (which may span lines) or without. */
const assignment =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)(?:[ \t]*=|:[ \t]+)(?:[ \t]*(?:'(?:\\'|[^'])*'|"(?:\\"|[^"])*"|`(?:\\`|[^`])*`))?.*$/gm;

export function parseDotEnv(text: string): DotEnvFile {
  const plain = text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  const lines = new Map<string, number>();
  const covered = new Set<number>();
  for (const match of plain.matchAll(assignment)) {
    const first = lineOf(plain, match.index);
    const last = lineOf(plain, match.index + match[0].length);
    for (let line = first; line <= last; line++) covered.add(line);
    if (match[1] !== undefined) lines.set(match[1], first);
  }
  const entries = new Map<string, DotEnvEntry>();
  for (const [name, value] of Object.entries(dotenv.parse(plain))) {
    entries.set(name, { value, line: lines.get(name) ?? 1 });
  }
  const strayLines = plain.split('\n').flatMap((line, index) => {
    const isStray = !/^\s*(#|$)/.test(line) && !covered.has(index + 1);
    return isStray ? [index + 1] : [];
  });
  return { entries, strayLines };
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
