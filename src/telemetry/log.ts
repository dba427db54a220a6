/**
 * The log. pino makes each record, decides by level and hands it to its sinks (`pino.multistream`); a
 * sink shows it as a person or a program wants it and gives it to a queue that never waits.
 *
 * pino's transports in worker threads were rejected: lines written just before the process ends would be
 * lost.
 */
import { type Logger, multistream, pino } from 'pino';
import { escapeJsonLine } from './escape.ts';
import { type LogFields, safeFields } from './log-fields.ts';
import { LogFile } from './log-file.ts';
import { type LogLevel, levelOfPino, parseLogLevel } from './log-level.ts';
import { LevelTable, moduleKey } from './log-levels.ts';
import { type LineFormat, loggerName, prettyFormat, textFormat } from './log-line.ts';
import { LogSink } from './log-sink.ts';
import { type ModuleLog, PinoModuleLog } from './module-log.ts';
import { type TextOutput, TextQueue } from './text-queue.ts';

export type LogFormat = 'auto' | 'pretty' | 'text' | 'json';

export interface LogOptions {
  /** DEBUG, INFO, WARNING or ERROR, in any case; so everywhere below. */
  readonly level: string;
  /** Levels of modules that differ. */
  readonly levels: Readonly<Record<string, string>>;
  /** For one sink another one instead of `level`. */
  readonly consoleLevel?: string | undefined;
  readonly fileLevel?: string | undefined;
  /** `auto`: `pretty` on a terminal, else `text`. A file gets `text`, or `json` with `json`. */
  readonly format: LogFormat;
  /** undefined or empty = no file; `auto` = `logs/broker_YYYYMMDD_HHMMSS.log`; or a path. */
  readonly file: string | undefined;
  /** What a relative `file` and `auto` stand under. */
  readonly directory: string;
  readonly rotation: {
    /** Size at which a new file is begun; 0 = only when the day changes. */
    readonly sizeBytes: number;
    /** Older files that are kept. */
    readonly keep: number;
  };
  readonly isTty: boolean;
  /** Default: as `isTty`. */
  readonly colors?: boolean;
  /** Where the console's lines go, and the one line that says that the file cannot be written. */
  readonly console: TextOutput;
  readonly now: () => number;
}

export type LogSinkName = 'console' | 'file';

export interface LogLevels {
  readonly level: LogLevel;
  /** Every module known, with the level in force. */
  readonly modules: Readonly<Record<string, LogLevel>>;
  readonly clients: Readonly<Record<string, LogLevel>>;
  /** The level in force for each sink there is. */
  readonly sinks: Readonly<Partial<Record<LogSinkName, LogLevel>>>;
}

export interface Log {
  /** The log of `name`; the same object for the same name. `broker` is the broker itself. */
  module(name: string): ModuleLog;
  /** For a module, or for everything that has no level of its own. @throws {LogLevelError} */
  setLevel(level: string, module?: string): void;
  /** The module follows the general level again. */
  clearLevel(module: string): void;
  /** Lines about one client pass from this level on; undefined ends it. @throws {LogLevelError} */
  setClientLevel(clientId: string, level: string | undefined): void;
  /** Nothing happens when there is no such sink. @throws {LogLevelError} */
  setSinkLevel(sink: LogSinkName, level: string): void;
  levels(): LogLevels;
  /** The file being written. */
  readonly file: string | undefined;
  /** Opens the log file anew (SIGHUP): another program has moved it away. */
  reopen(): void;
  /** Writes what waits, at once. Happens by itself when the process ends. */
  flush(): void;
  /** Writes what waits and closes the file; the console stays open. Lines logged later are lost. */
  close(): Promise<void>;
}

/**
 * Opens the log. Also hooks into the end of the process, for a last `flush`. A file that cannot be written
 * is no error: it is said on the console and tried again later.
 *
 * @throws {LogLevelError}
 */
export function createLog(options: LogOptions): Log {
  return new PinoLog(options);
}

class PinoLog implements Log {
  readonly #levels: LevelTable;
  readonly #modules = new Map<string, PinoModuleLog>();
  readonly #root: Logger;
  readonly #console: TextQueue;
  readonly #file: LogFile | undefined;
  readonly #onExit = (): void => this.flush();

  constructor(options: LogOptions) {
    this.#levels = new LevelTable(options.level, options.levels);
    const format = consoleFormat(options);
    const { now } = options;
    this.#console = new TextQueue({
      output: options.console,
      skippedText: (lost) => ownLine(format, now(), 'WARNING', 'log.lines.skipped', { lost }),
    });
    const toConsole = (line: string): void => this.#console.write(line);
    const sink = new LogSink('console', this.#levels, format, toConsole);
    const streams = multistream([{ level: 'debug', stream: sink }]);
    this.#levels.sinks.set('console', levelOrNone(options.consoleLevel));
    if (options.file !== undefined && options.file !== '') {
      const file = this.#openFile(options, options.file, format);
      const fileFormat = options.format === 'json' ? undefined : textFormat;
      this.#file = file;
      const toFile = (line: string): void => file.write(line);
      const fileSink = new LogSink('file', this.#levels, fileFormat, toFile);
      streams.add({ level: 'debug', stream: fileSink });
      this.#levels.sinks.set('file', levelOrNone(options.fileLevel));
    }
    this.#root = pino(
      {
        level: 'debug',
        base: null,
        messageKey: 'message',
        timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
        formatters: { level: (_label, number) => ({ level: levelOfPino(number) }) },
      },
      streams,
    );
    process.on('exit', this.#onExit);
  }

  get file(): string | undefined {
    return this.#file?.path;
  }

  module(name: string): ModuleLog {
    const key = moduleKey(name);
    let module = this.#modules.get(key);
    if (module === undefined) {
      module = new PinoModuleLog(key, this.#root, this.#levels);
      this.#modules.set(key, module);
    }
    return module;
  }

  setLevel(level: string, module?: string): void {
    const parsed = parseLogLevel(level);
    if (module === undefined) this.#levels.general = parsed;
    else this.#levels.modules.set(moduleKey(module), parsed);
    this.#levelChanged(module === undefined ? 'everything' : moduleKey(module), parsed);
  }

  clearLevel(module: string): void {
    const key = moduleKey(module);
    this.#levels.modules.delete(key);
    this.#levelChanged(key, this.#levels.of(key));
  }

  setClientLevel(clientId: string, level: string | undefined): void {
    if (level === undefined) this.#levels.clients.delete(clientId);
    else this.#levels.clients.set(clientId, parseLogLevel(level));
    this.#levelChanged(`client ${clientId}`, this.#levels.clients.get(clientId) ?? 'default');
  }

  setSinkLevel(name: LogSinkName, level: string): void {
    const parsed = parseLogLevel(level);
    if (!this.#levels.sinks.has(name)) return;
    this.#levels.sinks.set(name, parsed);
    this.#levelChanged(name, parsed);
  }

  levels(): LogLevels {
    const names = new Set([...this.#modules.keys(), ...this.#levels.modules.keys()]);
    return {
      level: this.#levels.general,
      modules: Object.fromEntries([...names].sort().map((name) => [name, this.#levels.of(name)])),
      clients: Object.fromEntries(this.#levels.clients),
      sinks: Object.fromEntries(
        [...this.#levels.sinks].map(([name, level]) => [name, level ?? this.#levels.general]),
      ),
    };
  }

  reopen(): void {
    this.#file?.reopen();
  }

  flush(): void {
    this.#console.flush();
    this.#file?.flush();
  }

  async close(): Promise<void> {
    process.off('exit', this.#onExit);
    await Promise.all([this.#console.close(), this.#file?.close()]);
  }

  #openFile(options: LogOptions, file: string, format: LineFormat | undefined): LogFile {
    return new LogFile({
      file,
      directory: options.directory,
      ...options.rotation,
      now: options.now,
      failed: (path, error) => {
        const fields = { file: path, error };
        this.#console.write(ownLine(format, options.now(), 'ERROR', 'log.file.failed', fields));
      },
      recovered: (path, lost) =>
        this.module('log').warning('log.file.recovered', { file: path, lost }),
    });
  }

  #levelChanged(subject: string, to: string): void {
    for (const module of this.#modules.values()) module.applyLevel();
    this.module('log').info('log.level.changed', { for: subject, to });
  }
}

function levelOrNone(level: string | undefined): LogLevel | undefined {
  return level === undefined ? undefined : parseLogLevel(level);
}

function consoleFormat(options: LogOptions): LineFormat | undefined {
  const auto = options.isTty ? 'pretty' : 'text';
  const format = options.format === 'auto' ? auto : options.format;
  if (format === 'json') return undefined;
  return format === 'pretty' ? prettyFormat(options.colors ?? options.isTty) : textFormat;
}

/** A line of the log about itself, for one sink only. */
function ownLine(
  format: LineFormat | undefined,
  timeMs: number,
  level: LogLevel,
  event: string,
  fields: LogFields,
): string {
  const module = 'log';
  const safe = safeFields(fields);
  if (format === undefined) {
    const time = new Date(timeMs).toISOString();
    return escapeJsonLine(`${JSON.stringify({ level, time, module, event, ...safe })}\n`);
  }
  const message = undefined;
  return format({ timeMs, level, loggerName: loggerName(module), event, message, fields: safe });
}
