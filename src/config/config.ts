/**
 * The resolved configuration: what the server is built from. Every field is there, absent is spelled
 * `undefined`, durations are in milliseconds, sizes in bytes. Paths are as they were written, or absolute
 * where they do not start at the working directory of the process.
 */
import type { Limits, QueueOverflow, SharedStrategy } from '../broker/index.ts';
import type { SerialOptions } from '../gateway/serial/index.ts';
import type { ListenerOptions } from '../listener/index.ts';
import type { SqlOptions } from '../storage/index.ts';
import type { HistoryConfig } from './history-section.ts';
import type { LogFormat, LogLevel, MessageLogFormat, PersistenceMode } from './server-sections.ts';

/** A listener as the listeners take it, and where its address was set. */
export interface ResolvedListener extends ListenerOptions {
  /** The setting to change when the address is taken: `mqtt.port`, `listeners.default.bind`. */
  readonly addressSetting: string;
}

export interface AuthConfig {
  readonly enabled: boolean;
  /** `private`: from this machine and private networks while `enabled` is false. */
  readonly allowAnonymous: 'private' | boolean;
  readonly username: string;
  readonly password: string;
  /** The password is the one that everybody knows: to be accepted from this machine only. */
  readonly usesShippedPassword: boolean;
}

export interface QueueConfig {
  readonly overflow: QueueOverflow;
  /** The first filter that matches a topic decides. */
  readonly topics: readonly { readonly filter: string; readonly overflow: QueueOverflow }[];
  readonly qos0Offline: boolean;
}

export interface LogConfig {
  readonly level: LogLevel;
  /** By module; others have `level`. */
  readonly levels: Readonly<Record<string, LogLevel>>;
  /** For one sink instead of `level`; undefined = follows it. */
  readonly consoleLevel: LogLevel | undefined;
  readonly fileLevel: LogLevel | undefined;
  readonly format: LogFormat;
  /** A path, or `auto` for `logs/broker_YYYYMMDD_HHMMSS.log`; undefined = no file. */
  readonly file: string | undefined;
  /** 0 bytes = a new file only when the day changes. */
  readonly rotation: { readonly sizeBytes: number; readonly keep: number };
}

export interface Config {
  readonly listeners: readonly ResolvedListener[];
  /** All listeners together. */
  readonly maxConnections: number;
  /** Seconds, as on the wire; 0 = no limit. */
  readonly keepAlive: number;
  readonly auth: AuthConfig;
  readonly topicCheck: { readonly enabled: boolean; readonly plugins: readonly string[] };
  readonly plugins: readonly string[];
  readonly limits: Limits;
  readonly queue: QueueConfig;
  readonly sharedSubscriptions: { readonly strategy: SharedStrategy };
  readonly serial: SerialOptions;
  readonly ros: { readonly enabled: boolean; readonly prefix: string };
  readonly log: LogConfig;
  readonly logMessages: {
    readonly format: MessageLogFormat;
    readonly topicFilters: readonly string[];
  };
  /** 0 = no `$SYS` topics. */
  readonly sysIntervalMs: number;
  readonly shutdown: { readonly timeoutMs: number };
  readonly dataDir: string;
  readonly ephemeral: boolean;
  /** Of the log in the data directory; nothing is kept while `ephemeral` is true. */
  readonly persistence: {
    readonly mode: PersistenceMode;
    readonly fsyncIntervalMs: number;
    readonly segmentBytes: number;
    readonly ballastBytes: number;
  };
  /** Which tables to keep: none while `ephemeral` is true. */
  readonly sql: SqlOptions;
  readonly history: HistoryConfig;
}
