/**
 * The composition root: a configuration in, a running server out. The only file that knows every part; it
 * wires them and decides nothing else. The order of the start is the order in which things can fail
 * without leaving anything half-started: control channel (it guards the data directory), the store, listeners, then
 * what only observes or publishes and never fails: the SQLite files, `$SYS`.
 */
import { ControlChannel, type ControlHost, controlSocketPath } from './admin/index.ts';
import { createDefaultAccess } from './auth/index.ts';
import {
  Broker,
  type BrokerPlugin,
  type BrokerSettings,
  type HistoryPage,
  type HistoryQuery,
  type ListenerPolicy,
  type LocalClient,
  MemoryStore,
  type QueueOverflow,
  type RecoveryReport,
  type Store,
} from './broker/index.ts';
import type { Config } from './config/index.ts';
import {
  type PortStatus,
  type SerialGateway,
  type SerialHost,
  startSerialGateway,
} from './gateway/serial/index.ts';
import { type Listener, type ListenerHost, startListeners } from './listener/index.ts';
import { MessageHistory, type MessageHistoryStatus } from './message-history.ts';
import { FileStore, type SqlStatus, SqlStore } from './storage/index.ts';
import { SystemRuntime } from './system-runtime.ts';
import {
  createLogObserver,
  createMessageTrace,
  type Log,
  type LogObserver,
  processHeapBytes,
  type Statistics,
  SysTopics,
  statistics,
} from './telemetry/index.ts';
import { matches } from './topic/index.ts';
import { version } from './version.ts';

export interface ServerOptions {
  readonly config: Config;
  /** Asked and told before the server's own plugins. */
  readonly plugins?: readonly BrokerPlugin[];
  /** undefined: nothing is logged. */
  readonly log?: Log | undefined;
  /** Opens the control channel. */
  readonly hasControlChannel?: boolean;
  /** Called when the control channel is asked to stop the server. */
  readonly onStopRequested?: () => void;
}

/** What `linnet status` shows. */
export interface ServerStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly uptimeMs: number;
  readonly dataDir: string | undefined;
  readonly listeners: readonly {
    readonly name: string;
    readonly type: string;
    readonly urls: readonly string[];
    readonly connections: number;
  }[];
  readonly serial: readonly PortStatus[];
  /** The tables in SQLite files that are kept. */
  readonly sql: SqlStatus;
  /** Messages that can still be asked for. */
  readonly history: MessageHistoryStatus;
  readonly statistics: Statistics;
}

/** How long a graceful stop took and whom it told. */
export interface StopReport {
  readonly clients: number;
  readonly durationMs: number;
}

const tickMs = 100;
const encoder = new TextEncoder();

export class Server {
  readonly config: Config;
  readonly broker: Broker;
  listeners: readonly Listener[] = [];
  private readonly options: ServerOptions;
  private readonly runtime: SystemRuntime;
  private readonly store: Store;
  private readonly sql: SqlStore;
  private readonly history: MessageHistory;
  private readonly policies: ReadonlyMap<string, ListenerPolicy>;
  private readonly logObserver: LogObserver | undefined;
  private control: ControlChannel | undefined;
  private sysTopics: SysTopics | undefined;
  private serial: SerialGateway | undefined;
  private detachTrace: (() => void) | undefined;
  private ticker: NodeJS.Timeout | undefined;
  private startedAtMs = 0;
  private stopping: Promise<StopReport> | undefined;

  constructor(options: ServerOptions) {
    const { config, log } = options;
    this.options = options;
    this.config = config;
    this.runtime = new SystemRuntime((error) => this.reportError('end of turn', error));
    this.logObserver =
      log === undefined ? undefined : createLogObserver({ log, now: () => this.runtime.nowMs() });
    this.policies = new Map(
      config.listeners.map((listener) => [listener.name, policyOf(listener)]),
    );
    this.store = config.ephemeral
      ? new MemoryStore()
      : new FileStore({ directory: config.dataDir, ...config.persistence });
    this.sql = new SqlStore({
      ...config.sql,
      now: () => Date.now(),
      report: (level, event, fields, message) =>
        log?.module('storage')[level](event, fields, message),
    });
    this.history = new MessageHistory(config, this.runtime, log);
    this.store.journal.onFault(({ fatal, isOver }) => {
      if (!fatal) void this.history.setDiskFull(!isOver);
    });
    this.broker = new Broker({
      settings: brokerSettings(config),
      runtime: this.runtime,
      store: this.store,
      history: this.history.history,
      plugins: [
        ...(options.plugins ?? []),
        createDefaultAccess(config.auth),
        ...(this.logObserver === undefined ? [] : [this.logObserver]),
        ...this.sql.plugins,
      ],
    });
  }

  /**
   * @throws {ListenError} when an address cannot be taken or a certificate is not fit
   * @throws {ControlError} when the data directory cannot be used
   * @throws {StorageError} when what it holds cannot be read by this version
   * @throws {SerialPortError} when two serial ports are one device
   */
  async start(): Promise<void> {
    const { config } = this;
    this.startedAtMs = this.runtime.nowMs();
    let recovered: RecoveryReport;
    try {
      if (this.options.hasControlChannel === true) await this.openControlChannel();
      this.history.open();
      recovered = await this.broker.open();
      this.listeners = await startListeners(config.listeners, this.listenerHost());
      if (config.serial.isEnabled)
        this.serial = startSerialGateway(config.serial, this.serialHost());
    } catch (error) {
      await Promise.all(this.listeners.map((listener) => listener.close()));
      await this.store.close();
      await this.history.close();
      await this.control?.close();
      throw error;
    }
    this.reportRecovery(recovered);
    await this.sql.open();
    this.traceMessages();
    this.sysTopics = new SysTopics({
      intervalMs: config.sysIntervalMs,
      counters: this.broker.counters,
      gauges: () => this.broker.gauges(),
      heapBytes: processHeapBytes,
      version,
      startedAtMs: this.startedAtMs,
      publish: (topicName, payload) => this.publishSystem(topicName, payload, true),
    });
    this.ticker = setInterval(() => this.tick(), tickMs);
    this.options.log?.module('broker').info('broker.started', { version });
  }

  /** Ends gracefully within the configured time; repeated calls wait for the first. */
  stop(): Promise<StopReport> {
    this.stopping ??= this.stopNow();
    return this.stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Reads certificates and keys again, for new connections; what is not fit is logged and not taken. */
  async reloadCertificates(): Promise<void> {
    const log = this.options.log?.module('listener');
    for (const listener of this.listeners) {
      try {
        await listener.reloadTls();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log?.error('listener.tls.reload.failed', { listener: listener.name, reason });
      }
    }
  }

  /** A client inside the process, under this identity. */
  localClient(identity: { clientId: string; username: string | undefined }): LocalClient {
    return this.broker.localClient(identity);
  }

  /**
   * What was published, page by page: the most recent messages, and those that `history.filter` keeps. For
   * whoever runs the server: no access rule is asked.
   */
  queryHistory(query: HistoryQuery): AsyncGenerator<HistoryPage, void, undefined> {
    return this.history.query(query);
  }

  getStatistics(): Statistics {
    const isRunning = this.ticker !== undefined;
    return statistics(this.broker.counters, this.broker.gauges(), {
      running: isRunning,
      mqttServerActive: this.listeners.length > 0,
      version,
      uptimeMs: isRunning ? this.runtime.nowMs() - this.startedAtMs : 0,
    });
  }

  status(): ServerStatus {
    const { config } = this;
    return {
      version,
      pid: process.pid,
      startedAt: new Date(this.startedAtMs).toISOString(),
      uptimeMs: Math.round(this.runtime.nowMs() - this.startedAtMs),
      dataDir: config.ephemeral ? undefined : config.dataDir,
      listeners: this.listeners.map(({ name, options, urls, connections }) => ({
        name,
        type: options.type,
        urls,
        connections,
      })),
      serial: this.serial?.ports() ?? [],
      sql: this.sql.status(),
      history: this.history.status(),
      statistics: this.getStatistics(),
    };
  }

  private publishSystem(topicName: string, payload: string, retain: boolean): void {
    this.broker.publishSystem(topicName, encoder.encode(payload), retain);
  }

  private listenerHost(): ListenerHost {
    const log = this.options.log?.module('listener');
    return {
      connect: (link) => this.broker.connect(link, this.policies.get(link.origin.listenerName)),
      log: (level, event, fields) => log?.[level](event, fields),
    };
  }

  private serialHost(): SerialHost {
    const log = this.options.log?.module('serial');
    return {
      localClient: (identity) => this.broker.localClient(identity),
      systemPublish: (topicName, payload, retain) => this.publishSystem(topicName, payload, retain),
      log: (level, event, message, fields) => log?.[level](event, fields, message),
    };
  }

  /** Lines about single messages cost time for each of them: only while somebody wants them. */
  private traceMessages(): void {
    const { log } = this.options;
    if (log === undefined) return;
    const isWanted = log.module('message').isEnabled('DEBUG');
    if (isWanted && this.detachTrace === undefined) {
      this.detachTrace = this.broker.attachPlugin(createMessageTrace(log));
    } else if (!isWanted && this.detachTrace !== undefined) {
      this.detachTrace();
      this.detachTrace = undefined;
    }
  }

  private async openControlChannel(): Promise<void> {
    const { log } = this.options;
    const host: ControlHost = {
      status: () => ({ ...this.status(), logLevels: log?.levels() }),
      setLogLevel: (level, module) => {
        log?.setLevel(level, module);
        this.traceMessages();
        return log?.levels();
      },
      stop: () => this.options.onStopRequested?.(),
      history: (query) => this.history.query(query),
    };
    const path = controlSocketPath(this.config.dataDir, this.config.ephemeral);
    this.control = await ControlChannel.open(path, host);
  }

  private tick(): void {
    this.broker.tick();
    const nowMs = this.runtime.nowMs();
    this.logObserver?.tick(nowMs);
    this.sysTopics?.tick(nowMs);
  }

  private async stopNow(): Promise<StopReport> {
    const beganMs = this.runtime.nowMs();
    const clients = this.broker.gauges().clientsConnected;
    const log = this.options.log?.module('broker');
    log?.info('broker.stopping', { clients });
    await Promise.all([
      this.serial?.stop(),
      ...this.listeners.map((listener) => listener.stopAccepting()),
    ]);
    this.broker.stop();
    await withinMs(
      Promise.all(this.listeners.map((listener) => listener.close())),
      this.config.shutdown.timeoutMs,
    );
    clearInterval(this.ticker);
    this.ticker = undefined;
    this.listeners = [];
    await this.broker.close();
    await this.history.close();
    await this.sql.close();
    await this.control?.close();
    const durationMs = Math.round(this.runtime.nowMs() - beganMs);
    this.logObserver?.drain(this.runtime.nowMs());
    log?.info('broker.stopped', { clients, stopMs: durationMs });
    return { clients, durationMs };
  }

  private reportRecovery(report: RecoveryReport): void {
    const log = this.options.log?.module('storage');
    for (const problem of report.problems) log?.error('storage.damaged', {}, problem);
    const { sessions, retainedMessages, queuedMessages } = report;
    if (!this.store.isDurable) return;
    log?.info('storage.opened', {
      sessions,
      retained: retainedMessages,
      queued: queuedMessages,
      mode: this.config.persistence.mode,
    });
  }

  private reportError(where: string, error: unknown): void {
    this.logObserver?.internalError?.(where, error);
  }
}

/** Waits for the work, but no longer than that. */
async function withinMs(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}

function policyOf(listener: Config['listeners'][number]): ListenerPolicy {
  return {
    connectionsMax: listener.maxConnections,
    receiveMaximumMode: listener.receiveMaximum,
    checksPayloadFormat: listener.payloadFormatCheck,
  };
}

function brokerSettings(config: Config): BrokerSettings {
  return {
    limits: config.limits,
    connectionsMax: config.maxConnections,
    serverKeepAlive: config.keepAlive,
    queueQoS0Offline: config.queue.qos0Offline,
    overflowFor: overflowPolicy(config.queue),
    sharedStrategy: config.sharedSubscriptions.strategy,
    refusedPublish3x: 'drop',
  };
}

function overflowPolicy(queue: Config['queue']): (topicName: string) => QueueOverflow {
  const { overflow, topics } = queue;
  if (topics.length === 0) return () => overflow;
  return (topicName) =>
    topics.find(({ filter }) => matches(filter, topicName))?.overflow ?? overflow;
}
