/**
 * Names of log files. With `auto` every start has its own file, `logs/broker_YYYYMMDD_HHMMSS.log`; a file
 * with a name of its own keeps it, and its older parts carry the time in front of the extension:
 * `broker.20261120_064100.log`. So a finished file is never renamed again (numbered parts `.1`, `.2` were
 * rejected: whoever reads along loses its place at every rotation), and the names sort by age.
 */
import { basename, dirname, extname, join, resolve } from 'node:path';

/** `YYYYMMDD_HHMMSS`, local time. */
export function fileStamp(timeMs: number): string {
  const t = new Date(timeMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${t.getFullYear()}${two(t.getMonth() + 1)}${two(t.getDate())}`;
  return `${day}_${two(t.getHours())}${two(t.getMinutes())}${two(t.getSeconds())}`;
}

export class LogFileName {
  readonly directory: string;
  readonly #prefix: string;
  readonly #extension: string;
  /** True for `auto`: each part has a stamped name, also the one being written. */
  readonly isStamped: boolean;
  readonly #plainPath: string;

  /** @param file a path, or `auto` for `logs/broker_….log` under `baseDirectory` */
  constructor(file: string, baseDirectory: string) {
    this.isStamped = file === 'auto';
    this.#plainPath = resolve(baseDirectory, file);
    this.directory = this.isStamped ? join(baseDirectory, 'logs') : dirname(this.#plainPath);
    this.#extension = this.isStamped ? '.log' : extname(this.#plainPath);
    this.#prefix = this.isStamped ? 'broker_' : `${basename(this.#plainPath, this.#extension)}.`;
  }

  /** The file to write from now on. `isTaken` says which names exist. */
  current(timeMs: number, isTaken: (path: string) => boolean): string {
    return this.isStamped ? this.stamped(timeMs, isTaken) : this.#plainPath;
  }

  /** A name of this time that is free: a second one in the same second gets `_2`. */
  stamped(timeMs: number, isTaken: (path: string) => boolean): string {
    for (let n = 1; ; n++) {
      const number = n === 1 ? '' : `_${n}`;
      const name = `${this.#prefix}${fileStamp(timeMs)}${number}${this.#extension}`;
      const path = join(this.directory, name);
      if (!isTaken(path)) return path;
    }
  }

  /** The stamped files among `names`, oldest first. */
  parts(names: readonly string[]): string[] {
    return names
      .map((name) => ({ name, key: this.#sortKey(name) }))
      .filter((part) => part.key !== undefined)
      .sort((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
      .map((part) => join(this.directory, part.name));
  }

  #sortKey(name: string): string | undefined {
    if (!name.startsWith(this.#prefix) || !name.endsWith(this.#extension)) return undefined;
    const middle = name.slice(this.#prefix.length, name.length - this.#extension.length);
    const match = /^(\d{8}_\d{6})(?:_(\d+))?$/.exec(middle);
    return match === null ? undefined : `${match[1]}_${(match[2] ?? '1').padStart(8, '0')}`;
  }
}
