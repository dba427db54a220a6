/**
 * Reads a stream chunk by chunk, one at a time: the next one is only asked for when `handle` is done with the last.
 * Resolves at the end of the stream, or early when `signal` aborts; the stream is left paused then.
 */
export function readChunks(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
  handle: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      stream.off('data', data).off('end', end).off('error', fail);
      signal.removeEventListener('abort', end);
      stream.pause();
    };
    const end = (): void => {
      stop();
      resolve(busy);
    };
    const fail = (error: unknown): void => {
      stop();
      reject(error);
    };
    let busy: Promise<void> | undefined;
    const data = (chunk: Buffer | string): void => {
      stream.pause();
      busy = handle(Buffer.from(chunk)).then(() => {
        if (!signal.aborted) stream.resume();
      });
      busy.catch(fail);
    };
    if (signal.aborted) {
      resolve();
      return;
    }
    signal.addEventListener('abort', end);
    stream.on('end', end).on('error', fail).on('data', data);
  });
}

/** Cuts bytes into lines at `\n`; the last one may lack it. */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** The lines that this chunk completes, without their line ends. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      lines.push(this.#joined(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
    return lines;
  }

  /** What stands behind the last line end, if anything. */
  end(): Buffer | undefined {
    return this.#rest.length === 0 ? undefined : this.#joined(Buffer.alloc(0));
  }

  #joined(last: Buffer): Buffer {
    if (this.#rest.length === 0) return last;
    const line = Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    return line;
  }
}
