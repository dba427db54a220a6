/**
 * Brings groups of records to the disk, one at a time, and moves the watermark. There is no waiting for more:
 * while one group is being written (and synced) the next one fills, so the group is as large as the disk is
 * slow. What a mode promises when its watermark moves:
 *
 * - `os`: `write` returned, so the bytes survive the end of the process; a sync follows every
 *   `fsyncIntervalMs` beside it, which bounds what a power cut takes.
 * - `disk`: the sync returned too.
 *
 * A full disk is waited out. Any other failure is final: after a failed sync nobody knows what the disk
 * has, and a second sync would answer "yes" for pages that were dropped. So nothing is acknowledged after it.
 */
import type { Lsn } from '../../session/index.ts';
import { errorCode, type Io, type Scheduler } from '../io.ts';
import { FullDisk } from './full-disk.ts';
import type { Group } from './group.ts';
import type { Segment } from './segment.ts';

export interface LogFault {
  readonly code: string;
  /** Nothing that comes after it becomes durable in this process. */
  readonly fatal: boolean;
  /** The end of a fault reported before. */
  readonly isOver: boolean;
  readonly message: string;
}

export interface GroupWriterOptions {
  readonly io: Io;
  readonly scheduler: Scheduler;
  readonly directory: string;
  readonly mode: 'os' | 'disk';
  readonly fsyncIntervalMs: number;
  readonly ballastBytes: number;
}

export interface GroupWriterHost {
  /** What was appended since the last time, sealed, or undefined. */
  nextGroup(): Group | undefined;
  /** Everything up to there is as safe as the mode promises. */
  becameDurable(lsn: Lsn): void;
  failed(fault: LogFault): void;
}

export class GroupWriter {
  /** As safe as the mode promises. */
  durableLsn: Lsn;
  /** On the disk. */
  syncedLsn: Lsn;
  isFailed = false;
  readonly fullDisk: FullDisk;
  /** The group that is on its way. */
  current: Group | undefined;
  private readonly options: GroupWriterOptions;
  private readonly host: GroupWriterHost;
  private readonly unsynced = new Set<Segment>();
  private isWorking = false;
  private working: Promise<void> = Promise.resolve();
  /** What the background sync of mode `os` has to bring to the disk. */
  private writtenLsn: Lsn = 0;
  private syncing: Promise<void> | undefined;
  private cancelSync: (() => void) | undefined;

  constructor(options: GroupWriterOptions, host: GroupWriterHost, lastLsn: Lsn, syncedLsn: Lsn) {
    this.options = options;
    this.host = host;
    this.durableLsn = lastLsn;
    this.syncedLsn = syncedLsn;
    const { io, scheduler, directory, ballastBytes } = options;
    this.fullDisk = new FullDisk(io, scheduler, directory, ballastBytes, (isFull, code) =>
      this.reportFullDisk(isFull, code),
    );
  }

  /** Writes until there is nothing more to write. @returns when that is so */
  run(): Promise<void> {
    if (this.isFailed) return Promise.resolve();
    if (!this.isWorking) {
      this.isWorking = true;
      this.working = this.writeAll();
    }
    return this.working;
  }

  /** @returns when everything written before the call is on the disk, or the log has failed */
  async sync(): Promise<void> {
    await this.syncing;
    this.syncing ??= this.syncAll().finally(() => {
      this.syncing = undefined;
    });
    await this.syncing;
  }

  stop(): void {
    this.cancelSync?.();
    this.cancelSync = undefined;
  }

  private async writeAll(): Promise<void> {
    let group = this.host.nextGroup();
    while (group !== undefined) {
      const { lastLsn } = group;
      this.current = group;
      const isWritten = await this.guard('write', this.write(group));
      this.current = undefined;
      group.reset();
      // A sync beside it may have failed: what was written then is safe no more than the rest.
      if (!isWritten || this.isFailed) break;
      this.durableLsn = lastLsn;
      this.host.becameDurable(lastLsn);
      group = this.host.nextGroup();
    }
    this.isWorking = false;
  }

  private async write(group: Group): Promise<void> {
    const { io, mode } = this.options;
    const { segment, position, length } = group;
    if (position === 0) await this.start(segment);
    const file = await segment.file(io);
    const bytes = group.bytes.subarray(0, length);
    for (let done = 0; done < length; ) {
      const rest = bytes.subarray(done);
      done += await this.fullDisk.untilThereIsRoom(() => file.write(rest, position + done));
    }
    this.unsynced.add(segment);
    if (mode === 'disk') await this.syncFiles(group.lastLsn);
    else this.syncLater(group.lastLsn);
  }

  /**
   * A segment is there only when all before it is on the disk: a power cut then takes the end of the log and
   * never a part in the middle, and the oldest file that is found is the oldest there was.
   */
  private async start(segment: Segment): Promise<void> {
    const { io, directory } = this.options;
    await this.sync();
    if (this.isFailed) throw new Error('the segment before it could not be synced');
    await this.fullDisk.untilThereIsRoom(() => segment.create(io));
    await io.syncDirectory(directory);
  }

  private syncLater(writtenLsn: Lsn): void {
    this.writtenLsn = writtenLsn;
    this.cancelSync ??= this.options.scheduler.after(this.options.fsyncIntervalMs, () => {
      this.cancelSync = undefined;
      void this.sync();
    });
  }

  private async syncAll(): Promise<void> {
    if (this.isFailed || this.unsynced.size === 0) return;
    const upTo = this.writtenLsn;
    await this.guard('sync', this.syncFiles(upTo));
    // Written while the disk was busy: due after another interval.
    if (!this.isFailed && this.writtenLsn > upTo) this.syncLater(this.writtenLsn);
  }

  private async syncFiles(upTo: Lsn): Promise<void> {
    const segments = [...this.unsynced];
    this.unsynced.clear();
    for (const segment of segments) await (await segment.file(this.options.io)).sync();
    this.syncedLsn = Math.max(this.syncedLsn, upTo);
  }

  private async guard(what: string, work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      if (this.isFailed) return false;
      this.isFailed = true;
      this.stop();
      const reason = error instanceof Error ? error.message : String(error);
      const message =
        `the journal could not ${what} (${reason}): nothing more is acknowledged that needs the disk; ` +
        'check the disk, then restart';
      this.host.failed({ code: errorCode(error), fatal: true, isOver: false, message });
      return false;
    }
  }

  private reportFullDisk(isFull: boolean, code: string): void {
    const message = isFull
      ? `the disk of ${this.options.directory} is full (${code}): acknowledgements wait until there is room`
      : `there is room on the disk of ${this.options.directory} again: the journal goes on`;
    this.host.failed({ code: code || 'ENOSPC', fatal: false, isOver: !isFull, message });
  }
}
