import {
  close,
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  read,
  readdirSync,
  readSync,
  renameSync,
  statfs,
  statSync,
  unlink,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type DirectoryEntry, errorCode, type Io, type IoFile, type Scheduler } from './io.ts';

/** Messages are nobody else's business. */
const fileMode = 0o600;
const directoryMode = 0o700;

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** A call of node:fs as a promise: one for each group of messages, so its cost does not matter. */
function promised<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}

const openFile = (path: string, flags: string): Promise<number> =>
  promised((done) => open(path, flags, fileMode, done));

class NodeFile implements IoFile {
  private readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    return promised((done) => write(this.descriptor, bytes, 0, bytes.length, position, done));
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const count = await promised<number>((done) =>
        read(this.descriptor, bytes, filled, length - filled, position + filled, done),
      );
      if (count === 0) break;
      filled += count;
    }
    return filled === length ? bytes : bytes.subarray(0, filled);
  }

  sync(): Promise<void> {
    return promised((done) => fdatasync(this.descriptor, done as (error: Error | null) => void));
  }

  close(): Promise<void> {
    return promised((done) => close(this.descriptor, done as (error?: Error | null) => void));
  }
}

function withFile<T>(path: string, flags: string, work: (descriptor: number) => T): T {
  const descriptor = openSync(path, flags, fileMode);
  try {
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Windows has no way to sync a directory: there a name is as safe as the file system makes it. */
function isUnsupported(error: unknown): boolean {
  return ['EISDIR', 'EPERM', 'EINVAL'].includes(errorCode(error));
}

/** The real disk, through libuv's thread pool where the event loop must go on. */
export const nodeIo: Io = {
  async create(path: string): Promise<IoFile> {
    return new NodeFile(await openFile(path, 'w+'));
  },

  async open(path: string): Promise<IoFile> {
    return new NodeFile(await openFile(path, 'r'));
  },

  unlink: (path: string) =>
    promised<void>((done) => unlink(path, done as (error: Error | null) => void)),

  async syncDirectory(path: string): Promise<void> {
    let descriptor: number | undefined;
    try {
      descriptor = await openFile(path, 'r');
      const opened = descriptor;
      await promised<void>((done) => fsync(opened, done as (error: Error | null) => void));
    } catch (error) {
      if (!isUnsupported(error)) throw error;
    } finally {
      if (descriptor !== undefined) await new NodeFile(descriptor).close();
    }
  },

  async freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await promised<{ bavail: number; bsize: number }>((done) =>
      statfs(path, done),
    );
    return bavail * bsize;
  },

  makeDirectorySync(path: string): void {
    // Not `recursive`: where "no such file" is the answer for what is there (/proc), that never ends.
    if (!existsSync(dirname(path))) this.makeDirectorySync(dirname(path));
    if (!existsSync(path)) mkdirSync(path, { mode: directoryMode });
  },

  listSync(path: string): DirectoryEntry[] {
    const files = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map(({ name }) => ({ name, sizeBytes: statSync(join(path, name)).size }));
  },

  readSync(path: string, position: number, target: Uint8Array): number {
    return withFile(path, 'r', (descriptor) => {
      let filled = 0;
      while (filled < target.length) {
        const rest = target.length - filled;
        const count = readSync(descriptor, target, filled, rest, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    });
  },

  writeFileSync(path: string, bytes: Uint8Array): void {
    withFile(path, 'w', (descriptor) => {
      let written = 0;
      while (written < bytes.length) written += writeSync(descriptor, bytes, written);
      fdatasyncSync(descriptor);
    });
  },

  truncateSync(path: string, sizeBytes: number): void {
    withFile(path, 'r+', (descriptor) => {
      ftruncateSync(descriptor, sizeBytes);
      fsyncSync(descriptor);
    });
  },

  syncSync(path: string): void {
    withFile(path, 'r+', fdatasyncSync);
  },

  renameSync,
  unlinkSync,

  syncDirectorySync(path: string): void {
    try {
      withFile(path, 'r', fsyncSync);
    } catch (error) {
      if (!isUnsupported(error)) throw error;
    }
  },
};

/** The process's own clock and event loop. */
export const nodeScheduler: Scheduler = {
  nowMs: () => Date.now(),
  afterTurn: (callback) => {
    setImmediate(callback);
  },
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
