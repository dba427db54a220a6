/**
 * What may stand in a log record. Fields are made harmless in one place, whoever logs: secrets by their
 * name, payloads and other bytes as their size, texts cut, errors with their stack.
 */
import { shorten } from './escape.ts';
import type { LoggedError } from './log-line.ts';

export type LogFields = Readonly<Record<string, unknown>>;

const textUnitsMax = 1024;
const stackUnitsMax = 8192;
/** Field names whose value is never shown, in any spelling of case and separators. */
const secretName =
  /^(.*(password|passwd|passphrase|secret|token|credential|authorization|cookie)s?|authenticationdata|(private|api)key|payload|correlationdata)$/;
/** Set by the log itself. */
const reservedNames: ReadonlySet<string> = new Set(['time', 'level', 'module', 'event', 'message']);

/** A copy that is safe to write. Undefined values are left out. */
export function safeFields(fields: LogFields): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    safe[reservedNames.has(key) ? `${key}_` : key] = safeEntry(key, value, 0);
  }
  return safe;
}

function safeEntry(key: string, value: unknown, depth: number): unknown {
  const name = key.toLowerCase().replace(/[-_]/g, '');
  return secretName.test(name) ? '[not logged]' : safeValue(value, depth);
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shorten(value, textUnitsMax);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return '[not logged]';
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return safeError(value);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth >= 3) return '[…]';
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => safeValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 100)
      .map(([key, item]) => [key, safeEntry(key, item, depth + 1)]),
  );
}

/** With the stacks of its causes. Own properties are left out: some libraries attach whole requests. */
function safeError(error: Error): LoggedError {
  let message = error.message;
  let stack = error.stack ?? '';
  let cause = error.cause;
  for (let depth = 0; depth < 5 && cause instanceof Error; depth++) {
    message += ` (cause: ${cause.name}: ${cause.message})`;
    stack += `\n[cause] ${cause.stack ?? cause.message}`;
    cause = cause.cause;
  }
  return {
    type: error.name,
    message: shorten(message, textUnitsMax),
    stack: shorten(stack, stackUnitsMax),
  };
}
