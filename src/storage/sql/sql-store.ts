/**
 * What people ask with SQL: who was connected when, and the messages of chosen topics, in SQLite files that
 * any tool reads while the broker runs.
 *
 * SQLite blocks whoever calls it, so all of it happens in one worker thread; the event loop hands over rows
 * in batches and never waits. Nothing here is a promise to a client: a file that cannot be written is
 * reported and tried again, the broker goes on, and what waits is bounded.
 *
 * Rejected: a native add-on (nothing to compile, nothing bound to a version of Node), a write for each fact
 * (a transaction each), and answering queries from here (a long one would keep rows from being written;
 * every SQLite tool can ask the files itself).
 */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BrokerObserver } from '../../broker/index.ts';
import { createConnectionAudit } from './connection-audit.ts';
import { ConnectionRows } from './connection-rows.ts';
import { createMessageRecorder } from './message-recorder.ts';
import { MessageRows } from './message-rows.ts';
import type { SqlOptions, TableName } from './sql-options.ts';
import { versionWarning } from './sqlite-version.ts';
import { TableFeed, type TableStatus } from './table-feed.ts';
import type { Failure, FromWorker, ToWorker, WorkerSetup } from './thread-messages.ts';

/** A line for the log. */
export type SqlReport = (
  level: 'debug' | 'info' | 'warning' | 'error',
  event: string,
  fields: Readonly<Record<string, string | number>>,
  message: string,
) => void;

export interface SqlStoreOptions extends SqlOptions {
  readonly report: SqlReport;
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number;
}

export type SqlStatus = Readonly<Partial<Record<TableName, TableStatus>>>;

/** How long a start waits for the files; after that they are opened while the broker runs. */
const openPatienceMs = 2000;
const closePatienceMs = 5000;
const restartPauseMs = 1000;
const checkIntervalMs = 10_000;

export class SqlStore {
  /** To be attached to the broker before the first client comes. */
  readonly plugins: readonly BrokerObserver[];
  private readonly options: SqlStoreOptions;
  private readonly files: Omit<WorkerSetup, 'isAgain'>;
  private isAgain = false;
  private readonly feeds: readonly TableFeed[];
  private readonly reportedDrops = new Map<TableFeed, number>();
  private worker: Worker | undefined;
  private restart: NodeJS.Timeout | undefined;
  private checks: NodeJS.Timeout | undefined;
  private isVersionTold = false;
  private closing: Promise<void> | undefined;

  constructor(options: SqlStoreOptions) {
    this.options = options;
    const { connections, messages, now } = options;
    const pathOf = ({ file }: { readonly file: string }): string =>
      resolve(options.directory, file);
    this.files = {
      connections: connections && { ...connections, path: pathOf(connections) },
      messages: messages && {
        maxAgeMs: messages.maxAgeMs,
        bytesMax: messages.bytesMax,
        path: pathOf(messages),
      },
    };
    const feeds: TableFeed[] = [];
    const plugins: BrokerObserver[] = [];
    if (connections !== undefined) {
      const rows = new ConnectionRows();
      const feed = new TableFeed('connections', pathOf(connections), rows, this);
      feeds.push(feed);
      plugins.push(createConnectionAudit(rows, now, () => feed.wake()));
    }
    if (messages !== undefined) {
      const rows = new MessageRows();
      const feed = new TableFeed('messages', pathOf(messages), rows, this);
      feeds.push(feed);
      plugins.push(createMessageRecorder(rows, messages.topicFilters, now, () => feed.wake()));
    }
    this.feeds = feeds;
    this.plugins = plugins;
  }

  /**
   * Starts the thread and opens the files. Never rejects: what goes wrong is reported and tried again.
   * Resolves when each file was opened or could not be, or after two seconds.
   */
  async open(): Promise<void> {
    if (this.feeds.length === 0) return;
    this.start();
    this.checks = setInterval(() => this.check(), checkIntervalMs).unref();
    await withinMs(Promise.all(this.feeds.map(({ tried }) => tried)), openPatienceMs);
  }

  /** Writes what is pending, closes the files and ends the thread, in at most five seconds. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  status(): SqlStatus {
    return Object.fromEntries(this.feeds.map((feed) => [feed.table, feed.status()]));
  }

  // ---- TableFeedHost -----------------------------------------------------------------------------------

  post(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  failed({ table, file }: TableFeed, { code, reason }: Failure): void {
    const text = `${file}: rows of ${table} wait or are dropped: ${reason}${remedy(code)}`;
    this.options.report('error', 'storage.sql.failed', { table, file, code, reason }, text);
  }

  resumed({ table, file }: TableFeed): void {
    const text = `${file}: rows of ${table} are written again`;
    this.options.report('info', 'storage.sql.resumed', { table, file }, text);
  }

  private start(): void {
    this.restart = undefined;
    const worker = new Worker(workerFile(), {
      name: 'linnet-sql',
      workerData: { ...this.files, isAgain: this.isAgain } satisfies WorkerSetup,
      // Of the program's own arguments, some forbid a thread from a file.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.worker = worker;
    this.isAgain = true;
    let reason = 'the thread ended';
    worker.on('message', (message: FromWorker) => this.told(message));
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      if (this.worker === worker) this.lost(reason);
    });
    for (const feed of this.feeds) feed.open();
  }

  private lost(reason: string): void {
    this.worker = undefined;
    for (const feed of this.feeds) feed.lost({ code: 'THREAD', reason });
    if (this.closing !== undefined) return;
    this.restart = setTimeout(() => this.start(), restartPauseMs).unref();
  }

  private told(message: FromWorker): void {
    if (message.kind === 'closed') return;
    const feed = this.feeds.find(({ table }) => table === message.table);
    if (feed === undefined) return;
    const { table, file } = feed;
    const { report } = this.options;
    if (message.kind === 'opened') {
      this.tellVersion(message.sqliteVersion);
      const rows = message.closedRows;
      const text = `${file}: ${rows} connections were found open and are closed now`;
      if (rows > 0) report('warning', 'storage.sql.recovered', { table, file, rows }, text);
    } else if (message.kind === 'replaced') {
      const { reason, setAside = 'nothing' } = message;
      const kept = message.setAside === undefined ? '' : `; it is kept as ${setAside}`;
      const text = `${file}: ${reason}. A new file is begun${kept}`;
      report('error', 'storage.sql.replaced', { table, file, reason, setAside }, text);
    } else if (message.kind === 'trouble') {
      const { code, reason } = message.failure;
      const text = `${file}: old rows could not be deleted: ${reason}${remedy(code)}`;
      report('warning', 'storage.sql.retention', { table, file, code, reason }, text);
    }
    feed.told(message);
  }

  private tellVersion(version: string): void {
    if (this.isVersionTold) return;
    this.isVersionTold = true;
    const warning = versionWarning(version);
    if (warning !== undefined) {
      this.options.report('warning', 'storage.sql.version', { version }, warning);
    }
  }

  private check(): void {
    for (const feed of this.feeds) feed.check();
    this.reportDrops();
  }

  private reportDrops(): void {
    for (const feed of this.feeds) {
      const { table, file } = feed;
      const { dropped: total } = feed.status();
      const rows = total - (this.reportedDrops.get(feed) ?? 0);
      if (rows === 0) continue;
      this.reportedDrops.set(feed, total);
      const text = `${file}: ${rows} rows of ${table} were dropped, the file cannot follow`;
      this.options.report('warning', 'storage.sql.dropped', { table, file, rows, total }, text);
    }
  }

  private async closeNow(): Promise<void> {
    clearTimeout(this.restart);
    clearInterval(this.checks);
    const { worker } = this;
    if (worker !== undefined) {
      const exited = once(worker, 'exit');
      const work = async (): Promise<void> => {
        await Promise.all(this.feeds.map((feed) => feed.end()));
        this.post({ kind: 'close' });
        this.worker = undefined;
        await exited;
      };
      await withinMs(work(), closePatienceMs);
      this.worker = undefined;
      await worker.terminate();
    }
    this.reportDrops();
    this.reportUnwritten();
  }

  private reportUnwritten(): void {
    for (const feed of this.feeds) {
      const { table, file } = feed;
      const { pending: rows } = feed.status();
      if (rows === 0) continue;
      const text = `${file}: ${rows} rows of ${table} could not be written before the end`;
      this.options.report('warning', 'storage.sql.unwritten', { table, file, rows }, text);
    }
  }
}

/** Beside this file, as source or compiled. */
function workerFile(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./sql-worker.${extension}`, import.meta.url);
}

/** What to do about it, where that is known. */
function remedy(code: string): string {
  switch (code) {
    case 'SQLITE_FULL':
    case 'ENOSPC':
      return '. Free space on the disk; it goes on by itself';
    case 'SQLITE_BUSY':
      return '. Another program holds the file locked; it goes on when that one lets go';
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_READONLY':
    case 'SQLITE_PERM':
    case 'EACCES':
    case 'EROFS':
      return '. Make the file and its folder writable, or name another file; it is tried again';
    default:
      return '';
  }
}

/** Waits for the work, but no longer than that. */
async function withinMs(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve: timeout } = Promise.withResolvers<void>();
  const timer = setTimeout(timeout, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
