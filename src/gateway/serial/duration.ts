/** Durations as they are written in configuration: a number with its unit, `500ms`, `60s`, `2m`, `1h`, `1d`. */
import { z } from 'zod';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A duration as the schema lets it through: text with a unit, or the number 0. */
export type DurationText = string | number;

/** @returns milliseconds, or undefined when the text is not a duration. The number 0 needs no unit. */
export function parseDurationMs(text: DurationText): number | undefined {
  if (text === 0 || text === '0') return 0;
  if (typeof text === 'number') return undefined;
  const match = pattern.exec(text);
  const factor = unitMs[match?.[2] ?? ''];
  return match === null || factor === undefined ? undefined : Math.round(Number(match[1]) * factor);
}

/** The same for a value that the schema has already accepted. */
export function durationMs(text: DurationText): number {
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new TypeError(`"${text}" is not a duration such as 500ms, 60s or 2m`);
  return ms;
}

function rangeText(minMs: number, maxMs: number): string {
  return `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
}

/** `90000` -> `90s`: the largest unit that divides it. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const factor = unitMs[unit] ?? 1;
    if (ms !== 0 && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return ms === 0 ? '0' : `${ms}ms`;
}

/** A duration within limits. `zeroMeansOff` also lets `0` through. */
export function durationSchema(
  minMs: number,
  maxMs: number,
  zeroMeansOff: boolean,
): z.ZodType<DurationText> {
  const off = zeroMeansOff ? ', or 0 (off)' : '';
  const wanted = `a duration with its unit, such as 500ms, 60s or 2m, ${rangeText(minMs, maxMs)}${off}`;
  const error = (issue: { readonly input?: unknown }): string =>
    `expected ${wanted}; got ${JSON.stringify(issue.input)}`;
  return z.union([z.string(), z.literal(0)], { error }).refine(
    (text) => {
      const ms = parseDurationMs(text);
      if (ms === undefined) return false;
      return (zeroMeansOff && ms === 0) || (ms >= minMs && ms <= maxMs);
    },
    { error },
  );
}
