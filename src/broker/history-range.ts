import type { Message } from '../session/index.ts';

/** Which kept messages are wanted. Every message that is kept has a number, one higher than the one before. */
export interface HistoryRange {
  readonly topicFilter: string;
  /** The first number. */
  readonly from: number;
  /** Behind the last number. */
  readonly to: number;
  /** Received at that time or later, milliseconds since the epoch. */
  readonly fromMs: number;
  /** Received at that time or earlier. */
  readonly toMs: number;
  readonly newestFirst: boolean;
}

export interface KeptMessage {
  readonly number: number;
  /** Nobody writes to its payload again. */
  readonly message: Message;
}

/** A bounded piece of the way through a range. */
export interface HistoryStep {
  /** In the order of the range; may be empty before the end. */
  readonly found: readonly KeptMessage[];
  /** What was not looked at yet; undefined at the end. */
  readonly rest: HistoryRange | undefined;
}

/** Keeps chosen messages for longer than memory can. */
export interface HistoryArchive {
  /** Of the message that comes next. */
  readonly nextNumber: number;
  /** Its Topic Filters; `follows` needs to know what they cover. */
  readonly topicFilters: readonly string[];
  wants(topicName: string): boolean;
  /** Never waits and never fails. The payload is on loan until it returns. */
  append(number: number, message: Message): void;
  read(range: HistoryRange): Promise<HistoryStep>;
}

/** The range without what lies before `next` (behind it, when the newest come first). */
export function restOf(range: HistoryRange, next: number): HistoryRange | undefined {
  if (range.newestFirst) return next <= range.from ? undefined : { ...range, to: next };
  return next >= range.to ? undefined : { ...range, from: next };
}

/** Whether every Topic Name that the second filter matches is matched by the first. */
export function covers(wider: string, narrower: string): boolean {
  const wide = wider.split('/');
  const narrow = narrower.split('/');
  if (narrow[0]?.startsWith('$') === true && (wide[0] === '#' || wide[0] === '+')) return false;
  for (const [index, level] of wide.entries()) {
    if (level === '#') return true;
    const other = narrow[index];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return wide.length === narrow.length;
}
