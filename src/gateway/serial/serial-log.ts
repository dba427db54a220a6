/** What the gateway says to people. */
import type { SerialClock } from './clock.ts';

export type SerialLogLevel = 'debug' | 'info' | 'warning' | 'error';

/** `event` is a stable name such as `serial.port.open`; `message` is the sentence for people. */
export type SerialLog = (
  level: SerialLogLevel,
  event: string,
  message: string,
  fields: Readonly<Record<string, string | number | boolean>>,
) => void;

const foldMs = 60_000;

/** Says a thing at once, and its repetitions of the next minute in one line with their number. */
export class FoldedLog {
  readonly #log: SerialLog;
  readonly #clock: SerialClock;
  readonly #folds = new Map<string, { startedMs: number; said: number; folded: number }>();

  constructor(log: SerialLog, clock: SerialClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * @param key what counts as the same; there must be few of them.
   * @param perMinute how many of them are said before the rest is folded.
   */
  say(
    key: string,
    level: SerialLogLevel,
    event: string,
    message: string,
    fields: Readonly<Record<string, string | number | boolean>>,
    perMinute = 1,
  ): void {
    const nowMs = this.#clock.monotonicMs();
    let fold = this.#folds.get(key);
    let more = '';
    if (fold === undefined || nowMs - fold.startedMs >= foldMs) {
      if (fold !== undefined && fold.folded > 0) more = ` (and ${fold.folded} more like it before)`;
      fold = { startedMs: nowMs, said: 0, folded: 0 };
      this.#folds.set(key, fold);
    }
    if (fold.said >= perMinute) {
      fold.folded += 1;
      return;
    }
    fold.said += 1;
    this.#log(level, event, `${message}${more}`, fields);
  }
}

/** Text of a device for a terminal: control characters become `\xNN`, long text is cut. */
export function printable(text: string, charactersMax = 200): string {
  const cut = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
  return cut.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
