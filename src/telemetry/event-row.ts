import type { LogLevel } from './log-level.ts';

export interface EventRow {
  /** The level it is normally logged at. */
  readonly level: LogLevel;
  /** The module that logs it, to which a level of its own can be given. */
  readonly module: string;
  readonly meaning: string;
  /** Names of the fields that may be there, besides `times` and `duringMs` of folded lines. */
  readonly fields: readonly string[];
  /** Repetitions are folded. */
  readonly folded?: true;
  /** The message is this sentence, and `text` shows nothing else: scripts read such lines. */
  readonly seedLine?: string;
}

type Extras = Pick<EventRow, 'folded' | 'seedLine'>;

/** @param fields names, separated by blanks */
export const row = (
  level: LogLevel,
  module: string,
  meaning: string,
  fields: string,
  extras: Extras = {},
): EventRow => ({ level, module, meaning, fields: fields.split(' '), ...extras });
