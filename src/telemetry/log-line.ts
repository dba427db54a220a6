/**
 * One log record as text: `pretty` for a terminal, `text` for files and pipes. (`json` is pino's own
 * line.) Whatever came from a client is escaped, so one record is one line; only the frames of a stack
 * follow it, and they are indented.
 */
import picocolors from 'picocolors';
import { escapeLine, quoteValue } from './escape.ts';
import { events } from './events.ts';
import type { LogLevel } from './log-level.ts';

export interface LogRecord {
  readonly timeMs: number;
  readonly level: LogLevel;
  /** As `text` shows it: `MQTTBroker`, `broker.acl`. */
  readonly loggerName: string;
  readonly event: string;
  readonly message: string | undefined;
  /** Plain values. `times` and `duringMs` mark a folded record, `error` a failure with its stack. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An `Error` as it stands in a record. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
}

export type LineFormat = (record: LogRecord) => string;

type Colors = ReturnType<typeof picocolors.createColors>;

const shortLevels: Readonly<Record<LogLevel, string>> = {
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  WARNING: 'WARN',
  ERROR: 'ERROR',
};

/** `06:41:00.123 WARN  acl.publish.denied   client=esp-7 rule="acl:14 user bob" ×1`, local time. */
export function prettyFormat(colored: boolean): LineFormat {
  const colors = picocolors.createColors(colored);
  const paint: Readonly<Record<LogLevel, (text: string) => string>> = {
    DEBUG: colors.dim,
    INFO: colors.green,
    WARNING: colors.yellow,
    ERROR: colors.red,
  };
  return (record) => {
    const time = colors.dim(clock(record.timeMs, '.'));
    const level = paint[record.level](shortLevels[record.level].padEnd(5));
    // A seed line repeats its fields as a sentence: the fields are enough here.
    const message = isSeedLine(record.event) ? undefined : record.message;
    const rest = body(record, message, colors);
    const event = escapeLine(record.event);
    const line = rest === '' ? event : `${event.padEnd(20)} ${rest}`;
    return `${time} ${level} ${line}\n${frames(record.fields)}`;
  };
}

const plain: Colors = picocolors.createColors(false);

/**
 * `2026-11-20 06:41:00,123 - broker.acl - WARNING - acl.publish.denied client=esp-7 …`, local time. The
 * lines that scripts already read (`MQTT Broker stopped`) are the message and nothing else.
 */
export const textFormat: LineFormat = (record) => {
  const head = `${dateOf(record.timeMs)} ${clock(record.timeMs, ',')} - ${record.loggerName} - ${record.level}`;
  const { message } = record;
  const text =
    message !== undefined && isSeedLine(record.event)
      ? escapeLine(message)
      : `${escapeLine(record.event)} ${body(record, message, plain)}`.trimEnd();
  return `${head} - ${text}\n${frames(record.fields)}`;
};

function body(record: LogRecord, message: string | undefined, colors: Colors): string {
  const { times, duringMs, error, ...fields } = record.fields;
  const parts: string[] = [];
  const isSummary = typeof duringMs === 'number';
  if (isSummary)
    parts.push(`…same… ×${String(times)} in ${Math.max(1, Math.round(duringMs / 1000))} s`);
  if (message !== undefined) parts.push(escapeLine(message));
  for (const [key, value] of Object.entries(fields)) {
    parts.push(`${colors.dim(`${key}=`)}${valueText(value)}`);
  }
  if (error !== undefined) parts.push(`${colors.dim('error=')}${errorText(error)}`);
  if (times !== undefined && !isSummary) parts.push(colors.dim(`×${String(times)}`));
  return parts.join(' ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return quoteValue(value);
  if (typeof value === 'object' && value !== null) return quoteValue(JSON.stringify(value));
  return String(value);
}

function errorText(error: unknown): string {
  return isLoggedError(error) ? quoteValue(`${error.type}: ${error.message}`) : valueText(error);
}

function frames(fields: Readonly<Record<string, unknown>>): string {
  const error = fields['error'];
  if (!isLoggedError(error)) return '';
  return error.stack
    .split('\n')
    .filter((line) => /^\s*at |^\[cause\]/.test(line))
    .map((line) => `    ${escapeLine(line.trim())}\n`)
    .join('');
}

function isLoggedError(value: unknown): value is LoggedError {
  return typeof value === 'object' && value !== null && 'stack' in value && 'type' in value;
}

function isSeedLine(event: string): boolean {
  return events[event]?.seedLine !== undefined;
}

const two = (n: number): string => String(n).padStart(2, '0');

function dateOf(timeMs: number): string {
  const t = new Date(timeMs);
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
}

/** `06:41:00.123` in local time. */
export function clock(timeMs: number, separator: '.' | ','): string {
  const t = new Date(timeMs);
  const milliseconds = String(t.getMilliseconds()).padStart(3, '0');
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}${separator}${milliseconds}`;
}

/** How `text` names a module: `broker.acl`; the broker itself is `MQTTBroker`, the name of old. */
export function loggerName(module: string): string {
  return module === 'broker' ? 'MQTTBroker' : `broker.${module}`;
}
