/** What observes: log, `$SYS` tree, statistics, message logger. All of it reads only facts and counters. */
export type { EventRow } from './event-row.ts';
export { events } from './events.ts';
export { defaultFoldOptions, Fold, type FoldOptions, type FoldSummary } from './fold.ts';
export {
  createLog,
  type Log,
  type LogFormat,
  type LogLevels,
  type LogOptions,
  type LogSinkName,
} from './log.ts';
export type { LogFields } from './log-fields.ts';
export { type LogLevel, LogLevelError, logLevels, parseLogLevel } from './log-level.ts';
export {
  createLogObserver,
  createMessageTrace,
  type LogObserver,
  type LogObserverOptions,
} from './log-observer.ts';
export { makeDirectory } from './make-directory.ts';
export {
  createMessageLogger,
  type MessageFormat,
  type MessageLogger,
  type MessageLoggerOptions,
  seedLines,
} from './message-logger.ts';
export type { ModuleLog } from './module-log.ts';
export {
  renderEventsPage,
  renderStatisticsPage,
  renderSysTopicsPage,
  telemetryPages,
} from './reference-pages.ts';
export {
  type RunningState,
  type Statistics,
  statistics,
  statisticsFields,
} from './statistics.ts';
export { processHeapBytes, SysTopics, type SysTopicsOptions } from './sys-topics.ts';
export { type TextOutput, TextQueue, type TextQueueOptions } from './text-queue.ts';
