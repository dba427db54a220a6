/**
 * Writes commands to a port one after the other, in pieces with pauses where the device has a small buffer.
 * Every command has an end in time: its timer runs from the moment it is given, because the operating
 * system may never take the bytes of a device that does not read. Nothing waits for a closed port: a
 * command that is executed minutes late is worse than one that failed.
 */
import type { SerialClock } from './clock.ts';
import type { WriteOptions } from './options.ts';
import type { WriteOutcome } from './port-counters.ts';
import type { OpenPort } from './port-driver.ts';

interface Command {
  readonly bytes: Uint8Array;
  settle(outcome: WriteOutcome): void;
  isSettled: boolean;
}

export class WriteQueue {
  readonly #options: WriteOptions;
  readonly #clock: SerialClock;
  readonly #failed: (why: string) => void;
  #port: OpenPort | undefined;
  #waiting: Command[] = [];
  #current: Command | undefined;

  /** @param failed is told why a write ended with an error; the command itself ends as `closed`. */
  constructor(options: WriteOptions, clock: SerialClock, failed: (why: string) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** Commands that wait behind the one being written. */
  get length(): number {
    return this.#waiting.length;
  }

  opened(port: OpenPort): void {
    this.#port = port;
  }

  closed(): void {
    this.#port = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const command of waiting) command.settle('closed');
    this.#current?.settle('closed');
    this.#current = undefined;
  }

  /** @param bytes kept until the promise settles. @returns `ok` when the operating system took them all. */
  write(bytes: Uint8Array): Promise<WriteOutcome> {
    const port = this.#port;
    if (port === undefined || !port.isOpen) return Promise.resolve('closed');
    if (this.#waiting.length >= this.#options.queuedWritesMax) return Promise.resolve('queue_full');
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#options.timeoutMs, () => command.settle('timeout'));
      const command: Command = {
        bytes,
        isSettled: false,
        settle: (outcome) => {
          if (command.isSettled) return;
          command.isSettled = true;
          cancel();
          this.#waiting = this.#waiting.filter((waiting) => waiting !== command);
          resolve(outcome);
        },
      };
      if (this.#current === undefined) this.#start(command, port);
      else this.#waiting.push(command);
    });
  }

  #start(command: Command, port: OpenPort): void {
    this.#current = command;
    this.#writePieces(command.bytes, port).then(
      () => this.#ended(command, port, 'ok'),
      (error: unknown) => {
        if (port === this.#port)
          this.#failed(error instanceof Error ? error.message : String(error));
        this.#ended(command, port, 'closed');
      },
    );
  }

  #ended(command: Command, port: OpenPort, outcome: WriteOutcome): void {
    command.settle(outcome);
    if (port !== this.#port) return;
    const next = this.#waiting.shift();
    this.#current = undefined;
    if (next !== undefined) this.#start(next, port);
  }

  /**
   * A command that has begun is written to its end even when its time is over: half a line would spoil the
   * next command.
   */
  async #writePieces(bytes: Uint8Array, port: OpenPort): Promise<void> {
    const { chunkBytes, chunkDelayMs } = this.#options;
    const size = chunkBytes === 0 ? bytes.length : chunkBytes;
    for (let start = 0; start < bytes.length; start += size) {
      if (start > 0 && chunkDelayMs > 0) await this.#pause(chunkDelayMs);
      await port.write(bytes.subarray(start, start + size));
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(delayMs, resolve);
    });
  }
}
