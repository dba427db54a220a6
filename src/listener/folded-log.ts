/**
 * Log lines that an outsider can cause at will. The first one is written at once, further ones of the same
 * kind are counted and written as one line when the window is over, so that a port scan fills no disk.
 */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;
export type ListenerLog = (level: LogLevel, event: string, fields: LogFields) => void;

const windowMs = 10_000;

interface Window {
  readonly timer: NodeJS.Timeout;
  readonly writeSum: () => void;
  repeats: number;
  fields: LogFields;
}

export class FoldedLog {
  readonly #log: ListenerLog;
  readonly #windows = new Map<string, Window>();

  constructor(log: ListenerLog) {
    this.#log = log;
  }

  /** Lines with the same `event` and `kind` are folded; `kind` must come from a small set. */
  write(level: LogLevel, event: string, kind: string, fields: LogFields): void {
    const key = `${event} ${kind}`;
    const open = this.#windows.get(key);
    if (open !== undefined) {
      open.repeats += 1;
      open.fields = fields;
      return;
    }
    this.#log(level, event, fields);
    this.#open(key, level, event, fields);
  }

  /** Writes the open sums. */
  close(): void {
    for (const { timer, writeSum } of this.#windows.values()) {
      clearTimeout(timer);
      writeSum();
    }
    this.#windows.clear();
  }

  #open(key: string, level: LogLevel, event: string, fields: LogFields): void {
    const writeSum = (): void => {
      const { repeats, fields: latest } = window;
      if (repeats > 0) this.#log(level, event, { ...latest, repeats, withinMs: windowMs });
    };
    const timer = setTimeout(() => {
      writeSum();
      if (window.repeats > 0) this.#open(key, level, event, window.fields);
      else this.#windows.delete(key);
    }, windowMs).unref();
    const window: Window = { timer, writeSum, repeats: 0, fields };
    this.#windows.set(key, window);
  }
}
