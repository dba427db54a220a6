/**
 * Cuts the byte stream of a device into lines, whatever the chunks look like. The memory it holds is one
 * line: a device that never sends a line feed costs `lineBytesMax`, not more. A line that lies within one
 * chunk is handed out as a view and never copied.
 *
 * Stream-based readers were rejected: they hold everything until a newline comes, copy all of it for every
 * chunk, and join the half line of before a reconnect with the first one after it.
 */

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

export interface LineSink {
  /** One line without its LF and one trailing CR. The bytes are on loan until the call returns. */
  line(bytes: Uint8Array): void;
  /** A line grew above the limit; it is discarded up to its LF. Called once for it, with its beginning. */
  oversize(beginning: Uint8Array): void;
}

export class LineFramer {
  readonly #lineBytesMax: number;
  readonly #sink: LineSink;
  #partial: Uint8Array = new Uint8Array(0);
  #partialBytes = 0;
  #isDiscarding = false;
  /** Bytes of oversize lines, all together. */
  discardedBytes = 0;

  constructor(lineBytesMax: number, sink: LineSink) {
    this.#lineBytesMax = lineBytesMax;
    this.#sink = sink;
  }

  /** Takes the next bytes; they are not kept. Calls the sink for every line that ends in them. */
  push(chunk: Uint8Array): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, start);
      if (end === -1) break;
      this.#complete(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#append(chunk.subarray(start));
  }

  /** Forgets a begun line: the bytes that follow belong to another connection. */
  reset(): void {
    this.#partialBytes = 0;
    this.#isDiscarding = false;
  }

  #complete(tail: Uint8Array): void {
    if (this.#isDiscarding) {
      this.discardedBytes += tail.length;
      this.#isDiscarding = false;
      return;
    }
    if (this.#partialBytes === 0) {
      this.#emit(tail);
      return;
    }
    this.#append(tail);
    const bytes = this.#partialBytes;
    this.#partialBytes = 0;
    if (this.#isDiscarding) this.#isDiscarding = false;
    else this.#emit(this.#partial.subarray(0, bytes));
  }

  #emit(line: Uint8Array): void {
    const content = line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
    if (content.length > this.#lineBytesMax) this.#refuse(content);
    else this.#sink.line(content);
  }

  #append(bytes: Uint8Array): void {
    if (this.#isDiscarding) {
      this.discardedBytes += bytes.length;
      return;
    }
    const total = this.#partialBytes + bytes.length;
    // One byte more than the limit may still be the CR of a line that fits exactly.
    if (total > this.#lineBytesMax + 1) {
      const beginning = new Uint8Array(Math.min(total, this.#lineBytesMax));
      beginning.set(this.#partial.subarray(0, Math.min(this.#partialBytes, beginning.length)));
      if (this.#partialBytes < beginning.length) {
        const rest = beginning.length - this.#partialBytes;
        beginning.set(bytes.subarray(0, rest), this.#partialBytes);
      }
      this.#partialBytes = 0;
      this.#isDiscarding = true;
      this.discardedBytes += total;
      this.#sink.oversize(beginning);
      return;
    }
    if (total > this.#partial.length) {
      const capacity = Math.min(Math.max(256, total * 2), this.#lineBytesMax + 1);
      const grown = new Uint8Array(capacity);
      grown.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#partialBytes);
    this.#partialBytes = total;
  }

  #refuse(content: Uint8Array): void {
    this.discardedBytes += content.length;
    this.#sink.oversize(content.subarray(0, this.#lineBytesMax));
  }
}
