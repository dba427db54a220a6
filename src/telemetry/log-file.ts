/**
 * The log file: lines are collected, written one piece at a time in the thread pool, and the file is
 * changed for a new one when it is large enough or the day is over. Nothing here ever throws or waits: a
 * disk that is full or a folder that may not be written costs lines (counted), never the broker. After a
 * failure it is tried again every 30 s.
 *
 * Why not `pino-roll`: it stands on sonic-boom, whose flushSync repeats for ever when the disk is full;
 * it offers no day boundary that a test can move, and no reopening for logrotate. What is needed is these
 * lines.
 */

import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileStamp, LogFileName } from './log-file-name.ts';
import { makeDirectory } from './make-directory.ts';

export interface LogFileOptions {
  /** A path, or `auto`. */
  readonly file: string;
  /** What a relative path and `auto` stand under. */
  readonly directory: string;
  /** Size at which a new file is begun; 0 = only by day. */
  readonly sizeBytes: number;
  /** How many older files are kept beside the current one. */
  readonly keep: number;
  readonly now: () => number;
  /** It cannot be written. Told once for each outage. */
  readonly failed: (path: string, error: Error) => void;
  /** It can be written again; `lostLines` never reached it. */
  readonly recovered: (path: string, lostLines: number) => void;
}

const queuedBytesMax = 4 * 1024 * 1024;
const retryMs = 30_000;

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #name: LogFileName;
  #path: string;
  #fd: number | undefined;
  /** Given up while the thread pool was still writing to them. */
  #retiredFds: number[] = [];
  /** With what is under way. */
  #sizeBytes = 0;
  #day = '';
  #lines: string[] = [];
  #queuedBytes = 0;
  #isWriting = false;
  #isFlushing = false;
  /** The failed write may have left half a line. */
  #isTorn = false;
  #lostLines = 0;
  #retryAtMs = 0;
  #hasFailed = false;
  #reopenWanted = false;
  #isClosed = false;
  #idle: (() => void) | undefined;

  /** Opens the file at once, so that the operator learns at the start that it cannot be written. */
  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#name = new LogFileName(options.file, options.directory);
    this.#path = this.#name.current(options.now(), existsSync);
    this.#ensureOpen();
  }

  /** The file being written. */
  get path(): string {
    return this.#path;
  }

  /** Lines that did not reach the file since the last recovery. */
  get lostLines(): number {
    return this.#lostLines;
  }

  /** @param line with its line feed */
  write(line: string): void {
    if (this.#isClosed) return;
    const bytes = Buffer.byteLength(line);
    if (this.#queuedBytes + bytes > queuedBytesMax) {
      this.#lostLines++;
      return;
    }
    this.#lines.push(line);
    this.#queuedBytes += bytes;
    this.#pump();
  }

  /** Closes and opens the file of this name again: another program has moved it away. */
  reopen(): void {
    this.#retryAtMs = 0;
    if (this.#isWriting) {
      this.#reopenWanted = true;
      return;
    }
    this.#reopenWanted = false;
    this.#closeFd();
    this.#ensureOpen();
    this.#pump();
  }

  /**
   * Writes what waits without the event loop, for the end of the process. A piece that is under way in
   * the thread pool at that moment may come after these lines.
   */
  flush(): void {
    this.#isFlushing = true;
    while (this.#lines.length > 0 && this.#ensureOpen()) {
      const piece = this.#takePiece();
      try {
        this.#writeAllSync(piece.bytes);
      } catch (error) {
        this.#fail(error, piece.lines);
      }
    }
    this.#isFlushing = false;
  }

  /** Resolves when all lines are written or lost. */
  async close(): Promise<void> {
    if (this.#isWriting) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.flush();
    this.#isClosed = true;
    this.#closeFd();
  }

  #pump(): void {
    if (this.#isWriting || this.#isFlushing || this.#lines.length === 0) return;
    if (!this.#ensureOpen()) return;
    const fd = this.#fd;
    if (fd === undefined) return;
    const piece = this.#takePiece();
    this.#isWriting = true;
    this.#writeAll(fd, piece.bytes, (error) => {
      this.#isWriting = false;
      for (const retired of this.#retiredFds.splice(0)) closeQuietly(retired);
      if (error) this.#fail(error, piece.lines, fd);
      if (this.#reopenWanted) this.reopen();
      else this.#pump();
      if (!this.#isWriting) this.#idle?.();
    });
  }

  #writeAll(fd: number, bytes: Uint8Array, done: (error: Error | null) => void): void {
    write(fd, bytes, (error, count) => {
      if (error !== null) return done(error);
      this.#wrote(count, bytes.length);
      if (count === bytes.length) return done(null);
      this.#writeAll(fd, bytes.subarray(count), done);
    });
  }

  #writeAllSync(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0 && this.#fd !== undefined) {
      const count = writeSync(this.#fd, rest);
      this.#wrote(count, rest.length);
      rest = rest.subarray(count);
    }
  }

  #wrote(count: number, wanted: number): void {
    this.#isTorn = count < wanted;
    if (this.#isTorn || !this.#hasFailed) return;
    const lost = this.#lostLines;
    this.#hasFailed = false;
    this.#lostLines = 0;
    this.#options.recovered(this.#path, lost);
  }

  /** The lines that fit into the file, at least one. */
  #takePiece(): { readonly bytes: Uint8Array; readonly lines: number } {
    const limit = this.#options.sizeBytes;
    let size = this.#sizeBytes;
    let count = 0;
    while (count < this.#lines.length) {
      const sizeWithLine = size + Buffer.byteLength(this.#lines[count] ?? '');
      if (limit > 0 && sizeWithLine > limit && count > 0) break;
      size = sizeWithLine;
      count++;
    }
    this.#sizeBytes = size;
    const text = this.#lines.splice(0, count).join('');
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
    this.#queuedBytes -= Buffer.byteLength(text);
    return { bytes, lines: count };
  }

  /** False when the file cannot be written now; what waits is lost then. */
  #ensureOpen(): boolean {
    if (this.#isClosed) return false;
    const nowMs = this.#options.now();
    if (nowMs < this.#retryAtMs) {
      this.#loseWaiting();
      return false;
    }
    try {
      if (this.#fd === undefined) this.#open();
      else if (this.#isDue(nowMs)) this.#rotate(nowMs);
      return true;
    } catch (error) {
      this.#fail(error, 0);
      return false;
    }
  }

  #isDue(nowMs: number): boolean {
    if (this.#sizeBytes === 0) return false;
    const { sizeBytes } = this.#options;
    const next = Buffer.byteLength(this.#lines[0] ?? '');
    if (sizeBytes > 0 && this.#sizeBytes + next > sizeBytes) return true;
    return fileStamp(nowMs).slice(0, 8) !== this.#day;
  }

  #open(): void {
    makeDirectory(this.#name.directory);
    this.#fd = openSync(this.#path, 'a', 0o640);
    const facts = fstatSync(this.#fd);
    this.#sizeBytes = facts.size;
    const nowMs = this.#options.now();
    this.#day = fileStamp(facts.size > 0 ? facts.mtimeMs : nowMs).slice(0, 8);
    if (this.#isDue(nowMs)) this.#rotate(nowMs);
    else this.#settle();
  }

  #rotate(nowMs: number): void {
    this.#closeFd();
    if (this.#name.isStamped) this.#path = this.#name.stamped(nowMs, existsSync);
    else renameSync(this.#path, this.#name.stamped(nowMs, existsSync));
    this.#open();
  }

  /** After a file was opened: the link points to it, the oldest go. */
  #settle(): void {
    if (this.#name.isStamped) this.#link();
    const parts = this.#name.parts(readdirSync(this.#name.directory));
    const old = parts.filter((path) => path !== this.#path);
    for (const path of old.slice(0, Math.max(0, old.length - this.#options.keep))) {
      rmSync(path, { force: true });
    }
  }

  #link(): void {
    const link = join(this.#name.directory, 'current');
    const fresh = `${link}.${process.pid}`;
    try {
      rmSync(fresh, { force: true });
      symlinkSync(basename(this.#path), fresh);
      renameSync(fresh, link);
    } catch {
      // File systems without symbolic links (FAT, Windows without the right): the file itself is there.
    }
  }

  /** @param fd where it failed; when another file is open by now, only the lines are lost */
  #fail(error: unknown, lostLines: number, fd = this.#fd): void {
    this.#lostLines += lostLines;
    if (fd !== this.#fd) return;
    this.#closeFd();
    this.#loseWaiting();
    this.#retryAtMs = this.#options.now() + retryMs;
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.failed(this.#path, error instanceof Error ? error : new Error(String(error)));
  }

  #loseWaiting(): void {
    this.#lostLines += this.#lines.length;
    this.#lines = [];
    this.#queuedBytes = 0;
  }

  #closeFd(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    this.#sizeBytes = 0;
    if (fd === undefined) return;
    if (this.#isWriting) this.#retiredFds.push(fd);
    else closeQuietly(fd);
  }
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Some file systems report a failed write only here; the descriptor is gone all the same.
  }
}
