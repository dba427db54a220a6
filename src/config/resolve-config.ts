/**
 * From checked sections to the configuration that the server is built from, and the checks that need more
 * than one section.
 */
import { resolveSerialOptions } from '../gateway/serial/index.ts';
import { shippedPassword } from './access-sections.ts';
import type { Config } from './config.ts';
import { type ConfigIssue, issue } from './config-error.ts';
import type { FileReader } from './file-reader.ts';
import { resolveHistory, uselessHistorySettings } from './history-section.ts';
import { type RawMap, rawAt } from './raw.ts';
import { resolveListeners } from './resolve-listeners.ts';
import type { CheckedSections, SectionName } from './schema.ts';
import { pathParts } from './settings.ts';
import { resolveSql, uselessSqlSettings } from './sql-section.ts';
import type { Validation } from './validate.ts';

const listenerSections: readonly SectionName[] = ['mqtt', 'websocket', 'tls', 'listeners'];

export interface Resolution {
  readonly config: Config;
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

export function resolveConfig(
  { sections, failed }: Validation,
  root: RawMap,
  files: FileReader,
): Resolution {
  const issues: ConfigIssue[] = [];
  const isSound = listenerSections.every((name) => !failed.has(name));
  const listeners = isSound ? resolveListeners(sections, root, files, issues) : [];
  const { mqtt, auth, topic_check, queue, log, log_messages, persistence, shutdown } = sections;
  const config: Config = {
    listeners,
    maxConnections: mqtt.max_connections,
    keepAlive: mqtt.keepalive,
    auth: {
      enabled: auth.enabled,
      allowAnonymous: auth.allow_anonymous,
      username: auth.username,
      password: auth.password,
      usesShippedPassword: auth.password === shippedPassword,
    },
    topicCheck: topic_check,
    plugins: sections.plugins,
    limits: sections.limits,
    queue: { overflow: queue.overflow, topics: queue.topics, qos0Offline: queue.qos0_offline },
    sharedSubscriptions: sections.shared_subscriptions,
    serial: resolveSerialOptions(sections.serial),
    ros: sections.ros,
    log: {
      level: log.level,
      levels: log.levels,
      consoleLevel: log.console_level,
      fileLevel: log.file_level,
      format: log.format,
      file: logFile(log.file, files),
      rotation: { sizeBytes: log.rotation.size, keep: log.rotation.keep },
    },
    logMessages: { format: log_messages.format, topicFilters: log_messages.filter },
    sysIntervalMs: sections.sys_interval,
    shutdown: { timeoutMs: shutdown.timeout },
    dataDir: files.usable(sections.data_dir),
    ephemeral: sections.ephemeral,
    persistence: {
      mode: persistence.mode,
      fsyncIntervalMs: persistence.sync_interval,
      segmentBytes: persistence.segment_size,
      ballastBytes: persistence.ballast,
    },
    sql: resolveSql(sections.sql, files.usable(sections.data_dir), sections.ephemeral),
    history: resolveHistory(sections.history, files.usable(sections.data_dir), sections.ephemeral),
  };
  const isUsable = failed.size === 0 && issues.length === 0;
  return { config, issues, warnings: isUsable ? uselessSettings(config, sections, root) : [] };
}

/** `auto` is left to the log, which names the file by its start. */
function logFile(file: string, files: FileReader): string | undefined {
  if (file === '') return undefined;
  return file === 'auto' ? file : files.usable(file);
}

/** Settings that were made and do nothing: silence about them costs people hours. */
function uselessSettings(
  config: Config,
  sections: CheckedSections,
  root: RawMap,
): readonly ConfigIssue[] {
  const warnings: ConfigIssue[] = [];
  const warn = (path: string, problem: string): void => {
    const node = rawAt(root, pathParts(path));
    if (node !== undefined && node.origin.source !== 'default') {
      warnings.push(issue({ code: 'useless', path, origin: node.origin, problem }));
    }
  };
  const { auth, listeners } = config;
  if (!auth.enabled) {
    const problem = 'has no effect while auth.enabled is false (BROKER_ENABLE_AUTH, --enable-auth)';
    warn('auth.password', problem);
    if (auth.allowAnonymous === false) {
      const text = 'nobody can log in while auth.enabled is false and no plugin authenticates';
      warn('auth.allow_anonymous', text);
    }
  }
  if (!listeners.some((listener) => listener.tls !== undefined)) {
    const problem = 'has no effect while tls.enabled is false (BROKER_ENABLE_TLS, --enable-tls)';
    for (const key of ['cert_file', 'key_file', 'ca_file', 'port']) warn(`tls.${key}`, problem);
  }
  for (const [path, problem] of uselessSqlSettings(config)) warn(path, problem);
  for (const [path, problem] of uselessHistorySettings(config, sections.history)) {
    warn(path, problem);
  }
  if (listeners.length === 0) {
    const path = sections.listeners === undefined ? 'mqtt.enabled' : 'listeners';
    warn(path, 'no listener is left: no client can connect');
  }
  return warnings;
}
