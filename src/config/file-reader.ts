/** The few things the loader asks of the file system, so that tests can answer them from memory. */
import { readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';

export type FileContent =
  | { readonly kind: 'text'; readonly text: string }
  /** `reason` continues a sentence: "does not exist". */
  | { readonly kind: 'missing' | 'unreadable'; readonly reason: string };

/** Reads files named relative to the working directory. */
export class FileReader {
  readonly #cwd: string;
  readonly #read: (path: string) => string;

  /** @param read answers the text of an absolute path, or throws as `fs.readFileSync` does */
  constructor(cwd: string, read: (path: string) => string = (path) => readFileSync(path, 'utf8')) {
    this.#cwd = cwd;
    this.#read = read;
  }

  read(path: string): FileContent {
    try {
      return { kind: 'text', text: this.#read(this.absolute(path)) };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT') return { kind: 'missing', reason: 'does not exist' };
      if (code === 'EACCES' || code === 'EPERM') {
        return { kind: 'unreadable', reason: 'cannot be read: permission denied' };
      }
      if (code === 'EISDIR') return { kind: 'unreadable', reason: 'is a folder, not a file' };
      return { kind: 'unreadable', reason: `cannot be read: ${String(code ?? error)}` };
    }
  }

  absolute(path: string): string {
    return resolve(this.#cwd, path);
  }

  /** As written where that is right for this process, else absolute. */
  usable(path: string): string {
    const absolute = this.absolute(path);
    return resolve(path) === absolute ? path : absolute;
  }

  /** As short as it is clear: relative where the file lies below the working directory. */
  shown(path: string): string {
    const short = relative(this.#cwd, this.absolute(path));
    return short === '' || short.startsWith('..') ? this.absolute(path) : short;
  }

  /** Every user of this machine may read it. Always false on Windows, which has no such bit. */
  isWorldReadable(path: string): boolean {
    if (process.platform === 'win32') return false;
    const stats = statSync(this.absolute(path), { throwIfNoEntry: false });
    return stats !== undefined && (stats.mode & 0o004) !== 0;
  }
}
