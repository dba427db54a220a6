import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { errorCode } from './io.ts';
import { StorageError } from './storage-error.ts';

/**
 * Keeps a second process on this machine away from a directory: a file with the process's number and the time of
 * its start, since numbers are used again. A killed process leaves the file, and the next one sees that it
 * is gone. Only Linux tells when a process started; elsewhere nothing is refused. Rejected: a lock of the
 * operating system on the file, which Node does not offer.
 */
export class DirectoryLock {
  private readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws StorageError LOCKED when a living process has it */
  static take(path: string): DirectoryLock | undefined {
    const own = identityOf(process.pid);
    if (own === undefined) return undefined;
    for (let attempt = 0; attempt < 3; attempt++) {
      if (create(path, own)) return new DirectoryLock(path);
      const owner = read(path);
      const [pid] = owner.split(' ');
      if (owner !== '' && identityOf(Number(pid)) === owner) {
        const message = `${path} belongs to process ${pid}, which is running: stop it, or choose another data directory`;
        throw new StorageError('LOCKED', message);
      }
      remove(path);
    }
    return undefined;
  }

  release(): void {
    remove(this.path);
  }
}

/** @returns false when the file is there already */
function create(path: string, text: string): boolean {
  try {
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      writeSync(descriptor, text);
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (error) {
    // A full or read-only disk is no reason not to start.
    return errorCode(error) !== 'EEXIST';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It is gone since: the next attempt makes it.
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else removed it, which is as good.
  }
}

/** Number and start of a living process, or undefined. */
function identityOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in the second field may contain anything, parentheses too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' ? undefined : `${pid} ${startTime}`;
  } catch {
    return undefined;
  }
}
