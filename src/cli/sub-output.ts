/**
 * Where `linnet sub` prints. What was printed in one turn leaves in one write; when the reader is slow the client
 * is paused, so that the server feels it and nothing piles up here.
 */
export class SubOutput {
  readonly #stream: NodeJS.WritableStream;
  readonly #onFull: () => void;
  readonly #onDrained: () => void;
  readonly #onGone: () => void;
  #pending: Buffer[] = [];
  #isGone = false;

  constructor(
    stream: NodeJS.WritableStream,
    events: {
      /** Print no more for now. */
      readonly full: () => void;
      readonly drained: () => void;
      /** Nobody reads any more (EPIPE). */
      readonly gone: () => void;
    },
  ) {
    this.#stream = stream;
    this.#onFull = events.full;
    this.#onDrained = events.drained;
    this.#onGone = () => {
      this.#isGone = true;
      events.gone();
    };
    stream.on('error', this.#onGone).on('drain', this.#onDrained);
  }

  print(...parts: readonly Buffer[]): void {
    if (this.#pending.length === 0) queueMicrotask(() => this.#flush());
    this.#pending.push(...parts);
  }

  /** Resolves when everything printed has left. */
  async close(): Promise<void> {
    this.#flush();
    await new Promise<void>((resolve) => {
      if (this.#isGone) resolve();
      else this.#stream.write('', () => resolve());
    });
    // The listener for errors stays: one that is reported late would end the process.
    this.#stream.off('drain', this.#onDrained);
  }

  #flush(): void {
    if (this.#pending.length === 0 || this.#isGone) return;
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    if (!this.#stream.write(bytes)) this.#onFull();
  }
}
