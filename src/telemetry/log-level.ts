/** The four levels of the log, from chatty to silent. Their names are accepted in any case. */
export const logLevels: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR'];
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

/** A level that does not exist. */
export class LogLevelError extends Error {
  override readonly name = 'LogLevelError';
}

/** @throws {LogLevelError} for anything but DEBUG, INFO, WARNING and ERROR in any case. */
export function parseLogLevel(text: string): LogLevel {
  const upper = text.toUpperCase();
  const level = logLevels.find((name) => name === upper);
  if (level !== undefined) return level;
  throw new LogLevelError(
    `log level ${JSON.stringify(text)} does not exist: expected ${logLevels.join(' | ')}`,
  );
}

/** Whether a line of level `level` is shown where `threshold` is set. */
export function reaches(level: LogLevel, threshold: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(threshold);
}

/** The same levels in pino's words. */
export const pinoLevels: Readonly<Record<LogLevel, 'debug' | 'info' | 'warn' | 'error'>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
};

/** From pino's number: 20, 30, 40 or 50. */
export function levelOfPino(number: number): LogLevel {
  return logLevels[number / 10 - 2] ?? 'ERROR';
}
