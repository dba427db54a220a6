/**
 * Text on its way to a terminal, pipe or stream that may be slow. Writing never waits: one piece is under
 * way, the rest is collected up to a limit, and what comes beyond it is skipped and counted. When there is
 * room again the reader is told how much is missing.
 *
 * Pipes and sockets are written through their stream. A terminal is not: Node writes to terminals
 * synchronously, so a slow one (or Ctrl-S) would stop the whole process. It is opened a second time
 * without blocking and asked again while it is full. pino's own destination (sonic-boom 4.2) was rejected:
 * its flushSync repeats for ever when the disk is full or the reader is gone, which would hang the exit.
 */
import { closeSync, constants, openSync, write, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** A Node stream; `process.stdout` and `process.stderr` carry the two optional facts. */
export type TextOutput = Writable & { readonly fd?: number; readonly isTTY?: boolean };

export interface TextQueueOptions {
  readonly output: TextOutput;
  /** What may wait. Default 1 MiB. */
  readonly bytesMax?: number;
  /** The text that says how many pieces are missing, written as soon as there is room. */
  readonly skippedText: (count: number) => string;
}

const retryMs = 20;
/** Never notified: waiting on it is a sleep. */
const pause = new Int32Array(new SharedArrayBuffer(4));

export class TextQueue {
  readonly #output: TextOutput;
  readonly #bytesMax: number;
  readonly #skippedText: (count: number) => string;
  readonly #terminal: number | undefined;
  readonly #onError = (): void => this.#break();
  #waiting = '';
  #waitingBytes = 0;
  #isWriting = false;
  /** The reader is gone (EPIPE): nothing more can arrive there. */
  #isBroken = false;
  #untold = 0;
  #skipped = 0;
  #idle: (() => void) | undefined;

  constructor(options: TextQueueOptions) {
    this.#output = options.output;
    this.#bytesMax = options.bytesMax ?? 1024 * 1024;
    this.#skippedText = options.skippedText;
    this.#terminal = openTerminal(options.output);
    // Without a listener the reader's end closing would end the process.
    this.#output.on('error', this.#onError);
  }

  /** Pieces skipped since the start. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Whether the next `write` would be skipped, so that the caller need not make the text. */
  get isFull(): boolean {
    return this.#isBroken || this.#waitingBytes >= this.#bytesMax;
  }

  /** Counts one piece as skipped without having made it. */
  skip(): void {
    this.#skipped++;
    this.#untold++;
  }

  write(text: string): void {
    if (this.isFull) {
      this.skip();
      return;
    }
    this.#waiting += text;
    this.#waitingBytes += Buffer.byteLength(text);
    this.#pump();
  }

  /**
   * Writes what waits without the event loop, for at most `limitMs`: the last chance before the process
   * ends. Only for outputs that have a file descriptor; prefer `close`.
   */
  flush(limitMs = 200): void {
    const fd = this.#terminal ?? this.#output.fd;
    if (this.#isBroken || fd === undefined || this.#waiting === '') return;
    const endsAt = performance.now() + limitMs;
    let rest = Buffer.from(this.#take());
    while (rest.length > 0 && performance.now() < endsAt) {
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') {
          this.#break();
          return;
        }
        Atomics.wait(pause, 0, 0, retryMs);
      }
    }
  }

  /** Waits until all is written, for at most `limitMs`. The output itself stays open. */
  async close(limitMs = 1000): Promise<void> {
    if (this.#isWriting && !this.#isBroken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const isStuck = this.#isWriting;
    this.#break();
    // A write that is still under way may yet fail, and then somebody must listen.
    if (!isStuck) this.#output.off('error', this.#onError);
    if (this.#terminal !== undefined && this.#terminal !== this.#output.fd && !isStuck) {
      closeSync(this.#terminal);
    }
  }

  #pump(): void {
    if (this.#isWriting || this.#waiting === '') return;
    this.#isWriting = true;
    const text = this.#take();
    if (this.#terminal === undefined) this.#output.write(text, (error) => this.#written(error));
    else this.#writeTerminal(this.#terminal, Buffer.from(text));
  }

  #take(): string {
    let text = this.#waiting;
    this.#waiting = '';
    this.#waitingBytes = 0;
    if (this.#untold > 0) {
      text += this.#skippedText(this.#untold);
      this.#untold = 0;
    }
    return text;
  }

  #writeTerminal(fd: number, bytes: Uint8Array): void {
    write(fd, bytes, (error, count) => {
      const isFull = error?.code === 'EAGAIN';
      const rest = isFull ? bytes : bytes.subarray(count);
      if (this.#isBroken || (error !== null && !isFull)) this.#written(error);
      else if (rest.length === 0) this.#written(undefined);
      else if (isFull) setTimeout(() => this.#writeTerminal(fd, rest), retryMs);
      else this.#writeTerminal(fd, rest);
    });
  }

  #written(error: Error | null | undefined): void {
    this.#isWriting = false;
    if (error) this.#break();
    this.#pump();
    if (!this.#isWriting) this.#idle?.();
  }

  #break(): void {
    this.#isBroken = true;
    this.#waiting = '';
    this.#waitingBytes = 0;
    this.#idle?.();
  }
}

function openTerminal(output: TextOutput): number | undefined {
  if (output.isTTY !== true || output.fd === undefined) return undefined;
  try {
    return openSync(
      `/dev/fd/${output.fd}`,
      constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch {
    // Windows, or a terminal that belongs to another user: its own descriptor, which may block a
    // thread of the pool but not the event loop.
    return output.fd;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
