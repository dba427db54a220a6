import { pino } from 'pino';
import { escapeJsonLine } from './escape.ts';
import { levelOfPino } from './log-level.ts';
import type { LevelTable } from './log-levels.ts';
import { type LineFormat, loggerName } from './log-line.ts';

/**
 * One place where lines go: what it shall show is made text and handed to `writeLine`. pino gives a
 * stream that carries its mark the record itself, besides the JSON.
 */
export class LogSink {
  /** Set by pino before each `write`: its number, the JSON text of the time, sentence and fields. */
  lastLevel = 0;
  lastTime = '';
  lastMsg: string | undefined;
  lastObj: Record<string, unknown> = {};
  lastLogger: unknown;
  readonly #name: string;
  readonly #levels: LevelTable;
  readonly #format: LineFormat | undefined;
  readonly #writeLine: (line: string) => void;

  /** @param format undefined = pino's JSON */
  constructor(
    name: string,
    levels: LevelTable,
    format: LineFormat | undefined,
    writeLine: (line: string) => void,
  ) {
    Object.defineProperty(this, pino.symbols.needsMetadataGsym, { value: true });
    this.#name = name;
    this.#levels = levels;
    this.#format = format;
    this.#writeLine = writeLine;
  }

  write(json: string): void {
    const level = levelOfPino(this.lastLevel);
    const { module, event, ...fields } = this.lastObj;
    if (!this.#levels.isShown(this.#name, level, String(module), fields['client'])) return;
    if (this.#format === undefined) {
      this.#writeLine(escapeJsonLine(json));
      return;
    }
    this.#writeLine(
      this.#format({
        timeMs: Date.parse(this.lastTime.slice(1, -1)),
        level,
        loggerName: loggerName(String(module)),
        event: String(event),
        message: this.lastMsg,
        fields,
      }),
    );
  }
}
