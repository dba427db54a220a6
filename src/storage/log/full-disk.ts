import { join } from 'node:path';
import { errorCode, type Io, isDiskFull, type Scheduler } from '../io.ts';

const retryMs = 500;
const pieceBytes = 1024 * 1024;

/**
 * Waits out a full disk. A ballast file, kept for this, is given up first: with its room the log can go on
 * while somebody clears up. Only when that is used too, the fault is reported, once; then what failed is
 * tried again until there is room, and the ballast is put back when there is plenty.
 */
export class FullDisk {
  private readonly io: Io;
  private readonly scheduler: Scheduler;
  private readonly directory: string;
  private readonly ballastBytes: number;
  private readonly changed: (isFull: boolean, code: string) => void;
  private hasBallast = false;
  private isFull = false;
  private isGivingUp = false;
  private wake: () => void = () => undefined;

  /** @param changed told when the disk is full and when it no longer is */
  constructor(
    io: Io,
    scheduler: Scheduler,
    directory: string,
    ballastBytes: number,
    changed: (isFull: boolean, code: string) => void,
  ) {
    this.io = io;
    this.scheduler = scheduler;
    this.directory = directory;
    this.ballastBytes = ballastBytes;
    this.changed = changed;
  }

  /** Does it, however long the disk stays full. @throws what is not about room, or everything after `giveUp` */
  async untilThereIsRoom<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await action();
        this.report(false, '');
        return result;
      } catch (error) {
        if (!isDiskFull(error) || this.isGivingUp) throw error;
        if (await this.dropBallast()) continue;
        this.report(true, errorCode(error));
        await this.pause();
      }
    }
  }

  /** Something was deleted: tries at once. */
  retryNow(): void {
    this.wake();
  }

  /** Nobody waits any longer: the log is being closed. */
  giveUp(): void {
    this.isGivingUp = true;
    this.wake();
  }

  /** Writes the ballast file if it is not there and the disk has room for it four times. */
  async keepBallast(): Promise<void> {
    if (this.hasBallast || this.ballastBytes === 0 || this.isFull) return;
    const { io, directory, ballastBytes } = this;
    this.hasBallast = await this.isThere();
    if (this.hasBallast) return;
    try {
      if ((await io.freeBytes(directory)) < 4 * ballastBytes) return;
      const file = await io.create(this.path);
      this.hasBallast = true;
      const piece = new Uint8Array(pieceBytes).fill(0xba);
      for (let at = 0; at < ballastBytes; ) {
        at += await file.write(piece.subarray(0, Math.min(pieceBytes, ballastBytes - at)), at);
      }
      await file.close();
    } catch {
      // No ballast then: it is a comfort, and the log itself reports what fails.
      await this.dropBallast();
    }
  }

  private get path(): string {
    return join(this.directory, 'ballast');
  }

  /** Left by the process before. */
  private async isThere(): Promise<boolean> {
    try {
      const file = await this.io.open(this.path);
      const last = await file.read(this.ballastBytes - 1, 1);
      await file.close();
      return last.length === 1;
    } catch {
      return false;
    }
  }

  private async dropBallast(): Promise<boolean> {
    if (!this.hasBallast) return false;
    this.hasBallast = false;
    try {
      await this.io.unlink(this.path);
      return true;
    } catch {
      return false; // Somebody else took it away: there is nothing to gain.
    }
  }

  private report(isFull: boolean, code: string): void {
    if (this.isFull === isFull) return;
    this.isFull = isFull;
    this.changed(isFull, code);
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.scheduler.after(retryMs, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
