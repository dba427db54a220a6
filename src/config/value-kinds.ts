/**
 * The kinds of values that several settings share: durations, sizes, ports, hosts. Each accepts what people
 * write and returns what the code computes with.
 */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { FilterError, parseSubscription } from '../topic/index.ts';

const durationUnitsMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/**
 * @param plainUnitMs what a number without unit counts
 * @returns milliseconds, or undefined when the text is no duration
 */
export function parseDuration(value: number | string, plainUnitMs: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(String(value).trim().toLowerCase());
  if (match === null) return undefined;
  const factor = match[2] === undefined ? plainUnitMs : (durationUnitsMs.get(match[2]) ?? 0);
  return Math.round(Number(match[1]) * factor);
}

export interface DurationRange {
  readonly minMs: number;
  readonly maxMs: number;
  readonly plainUnitMs: 1 | 1000;
}

/** `30s`, `500ms`, `5m`, or a plain number in the unit given. Returns milliseconds. */
export function duration(range: DurationRange): z.ZodType<number, number | string> {
  const { minMs, maxMs, plainUnitMs } = range;
  const plain = plainUnitMs === 1 ? 'milliseconds' : 'seconds';
  const span = `from ${durationText(minMs)} to ${durationText(maxMs)}`;
  const expected = `a duration ${span}, such as 500ms, 30s or 5m (a plain number counts ${plain})`;
  return z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const ms = parseDuration(value, plainUnitMs);
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
      context.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    })
    .meta({ expected });
}

/** `90000` as `90s`: the largest unit that divides it. */
export function durationText(ms: number): string {
  for (const [unit, factor] of [...durationUnitsMs].reverse()) {
    if (ms !== 0 && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return '0';
}

const sizeUnits: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1000],
  ['mb', 1000 ** 2],
  ['gb', 1000 ** 3],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
]);

/** @returns bytes, or undefined when the text is no size */
export function parseSize(value: number | string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)?$/.exec(String(value).trim().toLowerCase());
  const factor = sizeUnits.get(match?.[2] ?? 'b');
  if (match === null || factor === undefined) return undefined;
  const bytes = Number(match[1]) * factor;
  return Number.isSafeInteger(bytes) || match[2] !== undefined ? Math.round(bytes) : undefined;
}

/** `64MB` (1000), `64MiB` (1024), or a plain number of bytes. Returns bytes. */
export function size(minBytes: number, maxBytes: number): z.ZodType<number, number | string> {
  const expected = `a size from ${minBytes} to ${maxBytes} bytes, such as 65536, 64MB or 64MiB`;
  return z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const bytes = parseSize(value);
      if (bytes !== undefined && bytes >= minBytes && bytes <= maxBytes) return bytes;
      context.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    })
    .meta({ expected });
}

/** A TCP port; 0 lets the system choose a free one. */
export const port: z.ZodNumber = z.int().min(0).max(65_535);

const hostExpected = 'a host name or address without port, such as 0.0.0.0, :: or localhost';

/** A host name or address without port; IPv6 with or without brackets, returned without. */
export const host: z.ZodType<string, string> = z
  .string()
  .transform((text, context) => {
    const bare = /^\[(.*)\]$/.exec(text.trim())?.[1] ?? text.trim();
    if (isIPv6(bare) || /^[^\s:/[\]]+$/.test(bare)) return bare;
    context.addIssue({ code: 'custom', message: `expected ${hostExpected}` });
    return z.NEVER;
  })
  .meta({ expected: hostExpected });

/** A Topic Filter, not of a Shared Subscription. */
export const topicFilter: z.ZodType<string, string> = z
  .string()
  .superRefine((text, context) => {
    const parsed = parseSubscription(text, 65_535);
    if (parsed instanceof FilterError) {
      context.addIssue({ code: 'custom', message: `expected a Topic Filter. ${parsed.reason}` });
    } else if (parsed.shareName !== undefined) {
      context.addIssue({ code: 'custom', message: 'expected a Topic Filter without $share' });
    }
  })
  .meta({ expected: 'Topic Filters such as iot/# or +/state' });

/** A value that a later version will know: accepted only while `isOff` says that it asks for nothing. */
export function notYet<Output, Input>(
  schema: z.ZodType<Output, Input>,
  isOff: (value: Output) => boolean,
): z.ZodType<Output, Input> {
  return schema.refine(isOff, { message: notYetMessage, params: { isNotYet: true } });
}

export const notYetMessage = 'not available yet in this version';
