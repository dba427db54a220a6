/** A log on a simulated disk, in simulated time; its records are plain bytes. */
import type { Lsn } from '../../session/index.ts';
import type { Scheduler } from '../io.ts';
import type { SimulatedDisk } from '../simulated-disk.test-kit.ts';
import { type ReadLog, readLog } from './read-log.ts';
import { SegmentLog, type SegmentLogOptions } from './segment-log.ts';

export const logDirectory = '/data/journal';
export const testRecordType = 20;

/** Time and turns that pass when the test says so. */
export class SimulatedScheduler implements Scheduler {
  private now = 1_000_000;
  private turn: (() => void)[] = [];
  private timers: { atMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  afterTurn(callback: () => void): void {
    this.turn.push(callback);
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.now + ms, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** @returns whether there was something to run */
  endTurn(): boolean {
    const callbacks = this.turn.splice(0);
    for (const callback of callbacks) callback();
    return callbacks.length > 0;
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.timers.filter(({ atMs }) => atMs <= this.now);
    this.timers = this.timers.filter(({ atMs }) => atMs > this.now);
    for (const { callback } of due) callback();
  }
}

/** Lets promises that can go on do so. */
export function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface TestRecord {
  readonly lsn: Lsn;
  readonly payload: string;
}

/** A process that has the log open. */
export class LogProcess {
  readonly disk: SimulatedDisk;
  readonly scheduler: SimulatedScheduler = new SimulatedScheduler();
  readonly log: SegmentLog;
  readonly recovery: ReadLog;
  /** What the log held when it was opened. */
  readonly found: TestRecord[] = [];
  readonly faults: string[] = [];
  /** The watermark as it was told. */
  durable: Lsn = 0;

  constructor(disk: SimulatedDisk, options: Partial<SegmentLogOptions> = {}) {
    this.disk = disk;
    this.recovery = readLog(disk, logDirectory, (record) => {
      const { bytes, payloadStart, end, lsn } = record;
      this.found.push({
        lsn,
        payload: Buffer.from(bytes.subarray(payloadStart, end)).toString('latin1'),
      });
    });
    this.log = new SegmentLog(
      {
        io: disk,
        scheduler: this.scheduler,
        directory: logDirectory,
        mode: 'disk',
        segmentBytes: 64 * 1024 * 1024,
        fsyncIntervalMs: 200,
        ballastBytes: 0,
        ...options,
      },
      this.recovery,
    );
    this.log.onDurable((upTo) => {
      this.durable = upTo;
    });
    this.log.onFault(({ code, fatal, isOver }) => {
      this.faults.push(`${code}${fatal ? ' fatal' : ''}${isOver ? ' over' : ''}`);
    });
  }

  append(payload: string): Lsn {
    this.log.begin(testRecordType, 0).raw(Buffer.from(payload, 'latin1'));
    return this.log.end();
  }

  /** Until nothing more happens by itself; the disk works through what is asked of it. */
  async settle(): Promise<void> {
    do {
      await promisesSettled();
    } while (this.scheduler.endTurn() || this.disk.step());
  }

  async close(): Promise<void> {
    const closing = this.log.close();
    await this.settle();
    await closing;
  }
}
