import { parseSince } from '../broker/index.ts';

/**
 * Milliseconds since the epoch of a time in the past: what subscriptions take as `since`, and besides a time
 * without zone, which is local as people at a terminal mean it. undefined: the text is neither.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const known = parseSince(text, nowMs);
  if (known !== undefined) return known;
  const local = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$/.test(text);
  const timeMs = local ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
