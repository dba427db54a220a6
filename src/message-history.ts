import { setTimeout as pause } from 'node:timers/promises';
import {
  type BrokerRuntime,
  History,
  type HistoryPage,
  type HistoryQuery,
  type HistoryStatus,
} from './broker/index.ts';
import type { Config } from './config/index.ts';
import { HistoryLog, type HistoryLogStatus } from './storage/index.ts';
import type { Log } from './telemetry/index.ts';

/** What is kept of messages, in memory and on the disk; both 0 while nothing is. */
export type MessageHistoryStatus = HistoryStatus & Partial<HistoryLogStatus>;

/** Whoever waits for room tries twice a second. */
const makeRoomEveryMs = 1000;

const events = {
  warning: 'storage.history.damaged',
  error: 'storage.history.fault',
  info: 'storage.history.fault.over',
} as const;

/** The history that a configuration asks for: its memory from the beginning, its files from `open` on. */
export class MessageHistory {
  /** undefined: nothing is kept. */
  readonly history: History | undefined;
  private readonly archive: Config['history']['archive'];
  private readonly log: Log | undefined;
  private files: HistoryLog | undefined;
  private isDiskFull = false;

  constructor({ history }: Config, runtime: BrokerRuntime, log: Log | undefined) {
    const { memoryBytes, archive } = history;
    const isKept = memoryBytes > 0 || archive !== undefined;
    const afterTurn = (callback: () => void): void => runtime.afterTurn(callback);
    this.history = isKept ? new History({ memoryBytes, afterTurn }) : undefined;
    this.archive = archive;
    this.log = log;
  }

  /** @throws {StorageError} when its directory cannot be used, or holds a newer format */
  open(): void {
    if (this.archive === undefined) return;
    const log = this.log?.module('storage');
    this.files = new HistoryLog({
      ...this.archive,
      report: (level, text) => log?.[level](events[level], {}, text),
    });
    this.history?.attach(this.files);
  }

  async *query(query: HistoryQuery): AsyncGenerator<HistoryPage, void, undefined> {
    if (this.history !== undefined) yield* this.history.query(query);
  }

  /** While the disk is full for others the past gives way to the present. */
  async setDiskFull(isFull: boolean): Promise<void> {
    const wasFull = this.isDiskFull;
    this.isDiskFull = isFull;
    if (!isFull || wasFull) return;
    while (this.isDiskFull && (await this.files?.makeRoom()) === true) {
      await pause(makeRoomEveryMs, undefined, { ref: false });
    }
  }

  status(): MessageHistoryStatus {
    return {
      memoryMessages: 0,
      memoryBytes: 0,
      ...this.history?.status(),
      ...this.files?.status(),
    };
  }

  async close(): Promise<void> {
    this.isDiskFull = false;
    await this.files?.close();
  }
}
