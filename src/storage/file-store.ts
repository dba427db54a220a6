/**
 * A store that outlives the process: the operations in a segment log, an image of what follows from them in
 * memory, and a compactor that keeps the log short. Every append updates the image at once, so that the
 * log knows of each record whether it is still needed.
 *
 * Modes: `os` and `disk` promise what `GroupWriter` says. With `none` nothing is written while the store runs;
 * `close` writes the state once, and the next start reads and removes it.
 */
import { join } from 'node:path';
import type {
  BodyStore,
  Journal,
  Op,
  RecoveryReport,
  StateSink,
  Store,
  StoreFault,
} from '../broker/index.ts';
import type { Lsn } from '../session/index.ts';
import { readBodies } from './body-reader.ts';
import { Compactor } from './compactor.ts';
import { type CopiedLog, copyLog } from './copy-log.ts';
import { DirectoryLock } from './directory-lock.ts';
import type { Io, Scheduler } from './io.ts';
import type { ReadLog } from './log/read-log.ts';
import { type LogPosition, SegmentLog } from './log/segment-log.ts';
import { nodeIo, nodeScheduler } from './node-io.ts';
import { writeOp } from './op-codec.ts';
import { journalDirectory, recover } from './recover.ts';
import { StateImage } from './state-image.ts';
import { inDirectory } from './storage-error.ts';

/** When an acknowledgement may leave: see docs/decisions/0016-the-log-is-its-own-checkpoint.md. */
export type Durability = 'none' | 'os' | 'disk';

export interface FileStoreOptions {
  /** The log goes into its folder `journal`. One process at a time. */
  readonly directory: string;
  readonly mode: Durability;
  /** Size at which a new segment begins; default 64 MiB. */
  readonly segmentBytes?: number;
  /** Mode `os`: most time between a write and its sync; default 200. */
  readonly fsyncIntervalMs?: number;
  /** A file to give up when the disk is full; 0 = none, default 16 MiB. */
  readonly ballastBytes?: number;
  /** A log shorter than this is not compacted; default 256 MiB. */
  readonly compactFromBytes?: number;
  readonly io?: Io;
  readonly scheduler?: Scheduler;
}

export interface LogUsage {
  readonly segments: number;
  readonly logBytes: number;
  /** Of records that a start would still need. */
  readonly neededBytes: number;
}

const mebibyte = 1024 * 1024;

export class FileStore implements Store, BodyStore {
  readonly isDurable = true;
  readonly journal: Journal;
  private readonly fileJournal = new FileJournal();
  private readonly options: FileStoreOptions;
  private readonly io: Io;
  private readonly scheduler: Scheduler;
  private readonly directory: string;
  private compactor: Compactor | undefined;
  private lock: DirectoryLock | undefined;

  constructor(options: FileStoreOptions) {
    this.journal = this.fileJournal;
    this.options = options;
    this.io = options.io ?? nodeIo;
    this.scheduler = options.scheduler ?? nodeScheduler;
    this.directory = journalDirectory(options.directory);
  }

  /**
   * Reads what is there, in this call and without giving way to anything else.
   * @throws StorageError for a newer format, a directory that cannot be used, or one that is in use (LOCKED)
   */
  open(sink?: StateSink): Promise<RecoveryReport> {
    try {
      return Promise.resolve(inDirectory(this.directory, () => this.openNow(sink)));
    } catch (error) {
      this.lock?.release();
      return Promise.reject(error);
    }
  }

  async close(writeState?: () => void): Promise<void> {
    const { fileJournal: journal } = this;
    if (this.options.mode === 'none' && writeState !== undefined) {
      this.start({
        segments: [],
        lastLsn: journal.lastLsn,
        syncedLsn: journal.lastLsn,
        isClosed: true,
      });
      writeState();
    }
    const stopped = this.compactor?.stop();
    await journal.log?.close();
    await stopped;
    this.lock?.release();
    this.lock = undefined;
  }

  /**
   * Copies the log into a directory that is empty or not there, while everything goes on: what was appended before
   * the call is in the copy, and it is a data directory from which a store can be opened.
   */
  async backup(directory: string): Promise<CopiedLog> {
    const { log } = this.fileJournal;
    if (log === undefined || this.compactor === undefined) {
      throw new Error('a store that writes nothing while it runs (mode none) has nothing to copy');
    }
    return this.compactor.hold(() => copyLog(log, this.io, journalDirectory(directory)));
  }

  /** How large the log is, and how much of it is needed. */
  usage(): LogUsage {
    const { log, image } = this.fileJournal;
    const segments = log?.segments.length ?? 0;
    return { segments, logBytes: log?.sizeBytes ?? 0, neededBytes: image.liveBytes };
  }

  async readBodies(messages: readonly Lsn[]): Promise<(Uint8Array | undefined)[]> {
    const { log, image } = this.fileJournal;
    if (log === undefined) return messages.map(() => undefined);
    return readBodies(log, image, messages);
  }

  private openNow(sink: StateSink | undefined): RecoveryReport {
    this.io.makeDirectorySync(this.directory);
    // A disk that is not the machine's own needs no lock of the machine.
    if (this.io === nodeIo) this.lock = DirectoryLock.take(join(this.directory, 'lock'));
    const { log, image, report, lostSessions } = recover(this.io, this.directory, sink);
    this.fileJournal.image = image;
    this.begin(log);
    for (const session of lostSessions) {
      this.journal.append({ kind: 'session', session, record: undefined });
    }
    return report;
  }

  private begin(found: ReadLog): void {
    if (this.options.mode !== 'none') {
      this.start(found);
      return;
    }
    // What is not kept up to date must not come back after a crash.
    for (const { path } of found.segments) this.io.unlinkSync(path);
    this.io.syncDirectorySync(this.directory);
    this.fileJournal.skip(found.lastLsn);
  }

  private start(position: LogPosition): void {
    const { io, scheduler, directory, options, fileJournal: journal } = this;
    const log = new SegmentLog(
      {
        io,
        scheduler,
        directory,
        mode: options.mode === 'disk' ? 'disk' : 'os',
        segmentBytes: options.segmentBytes ?? 64 * mebibyte,
        fsyncIntervalMs: options.fsyncIntervalMs ?? 200,
        ballastBytes: options.ballastBytes ?? 16 * mebibyte,
      },
      position,
    );
    journal.attach(log);
    const compactor = new Compactor(log, journal.image, {
      scheduler,
      compactFromBytes: options.compactFromBytes ?? 256 * mebibyte,
      failed: (fault) => journal.tellFault(fault),
    });
    this.compactor = compactor;
    log.onDurable(() => compactor.check());
  }
}

/** The journal of a `FileStore`. Before `open` it takes nothing. */
class FileJournal implements Journal {
  image: StateImage = new StateImage();
  log: SegmentLog | undefined;
  lastLsn: Lsn = 0;
  private isSkipping = false;
  private readonly durableCallbacks: ((upTo: Lsn) => void)[] = [];
  private readonly faultCallbacks: ((fault: StoreFault) => void)[] = [];

  get durable(): Lsn {
    return this.log?.durable ?? this.lastLsn;
  }

  append(op: Op): Lsn {
    const { log } = this;
    if (log === undefined) {
      if (!this.isSkipping)
        throw new Error('the store has to be opened before anything is appended');
      return ++this.lastLsn;
    }
    const lsn = writeOp(log, op);
    if (!log.isFailed) this.image.apply(op, lsn, log.lastSegment, log.lastOffset, log.lastBytes);
    return lsn;
  }

  onDurable(callback: (upTo: Lsn) => void): void {
    this.durableCallbacks.push(callback);
  }

  onFault(callback: (fault: StoreFault) => void): void {
    this.faultCallbacks.push(callback);
  }

  pressure(): { readonly pendingBytes: number; readonly oldestMs: number } {
    return this.log?.pressure() ?? { pendingBytes: 0, oldestMs: 0 };
  }

  attach(log: SegmentLog): void {
    this.log = log;
    log.onDurable((upTo) => {
      for (const callback of this.durableCallbacks) callback(upTo);
    });
    log.onFault((fault) => this.tellFault(fault));
  }

  /** Numbers operations and forgets them. */
  skip(lastLsn: Lsn): void {
    this.isSkipping = true;
    this.lastLsn = lastLsn;
    this.image = new StateImage();
  }

  tellFault(fault: StoreFault): void {
    for (const callback of this.faultCallbacks) callback(fault);
  }
}
