/**
 * Everything the log asks of a disk and of time, small enough to be played by a test. The message path is
 * asynchronous (a write and a sync of a group run beside the event loop); recovery is synchronous, because
 * nothing else may happen before it is done. Rejected: the whole of `node:fs` behind an adapter; a test
 * could not say what each call promises about a power cut.
 *
 * What counts as on the disk: bytes of a file after `sync` of that file, names after `syncDirectory` of their
 * directory. Everything else a power cut may undo, in any order.
 */

/** An open file. */
export interface IoFile {
  /** Writes at `position`; the bytes stay untouched until it is done. @returns how many were written, at least 1. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Reads up to `length` bytes; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Returns when all written bytes and the size are on the disk (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/** Failures are errors with a `code` such as ENOSPC or EIO. */
export interface Io {
  /** Opens an empty file for writing and reading, in place of one with this name. */
  create(path: string): Promise<IoFile>;
  /** Opens a file that is there, for reading. */
  open(path: string): Promise<IoFile>;
  unlink(path: string): Promise<void>;
  /** Puts the names of a directory on the disk. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that this process may still write there. */
  freeBytes(path: string): Promise<number>;

  /** Makes the directory and those above it. */
  makeDirectorySync(path: string): void;
  /** The files in a directory, in no order. */
  listSync(path: string): DirectoryEntry[];
  /** Fills `target` from `position`. @returns how many bytes there were. */
  readSync(path: string, position: number, target: Uint8Array): number;
  /** Writes a whole file, in place of one with this name, and puts its bytes on the disk. */
  writeFileSync(path: string, bytes: Uint8Array): void;
  /** Cuts the file and puts that on the disk. */
  truncateSync(path: string, sizeBytes: number): void;
  /** Puts a file's bytes on the disk. */
  syncSync(path: string): void;
  renameSync(from: string, to: string): void;
  unlinkSync(path: string): void;
  syncDirectorySync(path: string): void;
}

/** Time, as the log needs it. */
export interface Scheduler {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Once, after the current turn of the event loop. */
  afterTurn(callback: () => void): void;
  /** Once, after that time; it does not keep the process alive. @returns what calls it off. */
  after(ms: number, callback: () => void): () => void;
}

/** The code of a failed operation, for people and for decisions. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? 'UNKNOWN';
}

/** There is no room: unlike any other failure it ends when somebody makes some. */
export function isDiskFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
