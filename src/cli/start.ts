/** `linnet start`: reads the configuration, runs the server until it is told to stop, and says so. */
import { ControlError } from '../admin/index.ts';
import {
  ConfigError,
  explainListener,
  type LoadedConfig,
  loadConfig,
  renderConfigError,
  renderConfigWarnings,
  renderEffective,
} from '../config/index.ts';
import { logOf } from '../create-server.ts';
import { SerialPortError } from '../gateway/serial/index.ts';
import { ListenError, renderListenError } from '../listener/index.ts';
import { Server } from '../server.ts';
import { StorageError } from '../storage/index.ts';
import {
  createMessageLogger,
  type Log,
  type MessageLogger,
  seedLines,
} from '../telemetry/index.ts';
import { version } from '../version.ts';
import { renderBanner } from './banner.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { parseStartArguments, type StartArguments } from './start-arguments.ts';

export async function runStart(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseStartArguments(argv, io);
  const loaded = loadOrExplain(given, io);
  if (typeof loaded === 'number') return loaded;
  io.stderr.write(renderConfigWarnings(loaded.warnings));
  if (given.isCheck) {
    io.stdout.write('ok     the configuration is valid\n');
    return ExitCode.ok;
  }
  if (given.isDryRun) {
    io.stdout.write(renderEffective(loaded, { withOrigins: true }));
    return ExitCode.ok;
  }
  return await serve(loaded, io);
}

/** The configuration, or the exit code after its errors were printed. */
export function loadOrExplain(
  given: Pick<StartArguments, 'flags' | 'configFile' | 'envFile' | 'isCheck'>,
  io: CommandIo,
): LoadedConfig | number {
  try {
    return loadConfig({
      flags: given.flags,
      environment: io.environment,
      cwd: process.cwd(),
      configFile: given.configFile,
      envFile: given.envFile,
      strict: given.isCheck,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const code = exitCodeOf(error, given.isCheck);
    io.stderr.write(renderConfigError(error, code));
    return code;
  }
}

function exitCodeOf(error: ConfigError, isCheck: boolean): number {
  if (isCheck) return ExitCode.problem;
  const onlyFiles = error.issues.every(({ code }) => code === 'missing-file');
  return onlyFiles ? ExitCode.missingFile : ExitCode.config;
}

async function serve(loaded: LoadedConfig, io: CommandIo): Promise<number> {
  const { config } = loaded;
  const log = logOf(config, io.isTty);
  const messageLogger = messageLoggerFor(loaded, io);
  const stopRequested = new AbortController();
  const server = new Server({
    config,
    log,
    plugins: messageLogger === undefined ? [] : [messageLogger],
    hasControlChannel: true,
    onStopRequested: () => stopRequested.abort(),
  });
  try {
    await server.start();
  } catch (error) {
    const code = explainStart(error, loaded, io);
    await log.close();
    return code;
  }
  log.flush();
  sayReady(server, loaded, log, io, Math.round(performance.now())); // Since the process began.
  const isSeed = config.logMessages.format === 'seed';
  if (isSeed) saySeedStart(server, io);
  io.onReload?.(() => {
    log.reopen();
    void server.reloadCertificates();
  });
  await untilAborted(AbortSignal.any([io.signal, stopRequested.signal]));
  if (isSeed && io.signal.aborted) io.stdout.write(`\n${seedLines.interrupted}\n`);
  const failure: unknown = io.signal.aborted ? io.signal.reason : undefined;
  if (failure instanceof Error) {
    log
      .module('broker')
      .error('broker.failed', { error: failure.stack }, `Unexpected error: ${failure.message}`);
  }
  const { clients, durationMs } = await server.stop();
  await messageLogger?.close();
  if (isSeed) io.stdout.write(`${seedLines.stopped}\n${seedLines.closed}\n`);
  await log.close();
  if (io.isTty) {
    const seconds = (durationMs / 1000).toFixed(1);
    io.stderr.write(
      `  stopped: ${clients} ${clients === 1 ? 'client' : 'clients'} told, ${seconds} s\n`,
    );
  }
  return failure instanceof Error ? ExitCode.bug : ExitCode.ok;
}

function messageLoggerFor(loaded: LoadedConfig, io: CommandIo): MessageLogger | undefined {
  const { format, topicFilters } = loaded.config.logMessages;
  if (format === 'off') return undefined;
  const output = io.stdout as NodeJS.WriteStream;
  return createMessageLogger({ format, topicFilters, output, colors: io.isTty });
}

function sayReady(
  server: Server,
  loaded: LoadedConfig,
  log: Log,
  io: CommandIo,
  startMs: number,
): void {
  const { listeners } = server;
  if (io.isTty) {
    const hasColors = io.environment['NO_COLOR'] === undefined;
    const cwd = process.cwd();
    io.stderr.write(renderBanner({ version, startMs, loaded, listeners, hasColors, cwd }));
    return;
  }
  log.module('broker').info('broker.ready', {
    version,
    startMs,
    listeners: listeners.map((listener) => listener.urls[0] ?? listener.name).join(' '),
    dataDir: loaded.config.ephemeral ? undefined : loaded.config.dataDir,
    config: loaded.files.config,
  });
}

/** The lines of a server that shows its messages, as scripts know them (S1-06, S1-09). */
function saySeedStart(server: Server, io: CommandIo): void {
  const first = server.listeners.find(({ options }) => options.type === 'tcp');
  if (first !== undefined) {
    // The host as configured, the port as it is: 0 was a question.
    io.stdout.write(
      `${seedLines.started(`${first.options.address.host}:${first.address.port}`)}\n`,
    );
  }
  io.stdout.write(`${seedLines.loggerActive}\n`);
}

/** Prints why the server did not start. @returns the exit code */
function explainStart(error: unknown, loaded: LoadedConfig, io: CommandIo): number {
  if (error instanceof ListenError) {
    printError(io, renderListenError(error, explainListener(loaded)), error.exitCode);
    return error.exitCode;
  }
  if (error instanceof ControlError) {
    printError(io, controlText(error), ExitCode.dataDir);
    return ExitCode.dataDir;
  }
  if (error instanceof StorageError) {
    printError(io, `storage: ${error.message}`, ExitCode.dataDir);
    return ExitCode.dataDir;
  }
  if (error instanceof SerialPortError) {
    printError(io, `serial: ${error.message}`, ExitCode.config);
    return ExitCode.config;
  }
  throw error;
}

function controlText(error: ControlError): string {
  return `${error.message}\n       fix   linnet start --data-dir OTHER      or   linnet start --ephemeral`;
}

/** One error with its exit code at the end of the last line. */
export function printError(io: CommandIo, text: string, exitCode: number): void {
  io.stderr.write(`error  ${text}\n       exit ${exitCode}\n`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
