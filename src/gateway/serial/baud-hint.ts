/** Notices a wrong baud rate by what it makes of text: bytes that are none. */

const windowLines = 20;

export class BaudHint {
  #lines = 0;
  #unreadableLines = 0;
  #bytes = 0;
  #unreadableBytes = 0;
  #isSaid = false;

  /** A new connection: the device may have been set right. */
  reset(): void {
    this.#startWindow();
    this.#isSaid = false;
  }

  /**
   * Takes the next line.
   * @returns the share of unreadable bytes (0..1), once, when more than half of 20 lines were unreadable.
   */
  add(line: Uint8Array, isReadable: boolean): number | undefined {
    if (this.#isSaid) return undefined;
    this.#lines += 1;
    this.#bytes += line.length;
    if (!isReadable) {
      this.#unreadableLines += 1;
      this.#unreadableBytes += unreadableBytes(line);
    }
    if (this.#lines < windowLines) return undefined;
    const isWrong = this.#unreadableLines > windowLines / 2;
    const share = this.#unreadableBytes / Math.max(1, this.#bytes);
    this.#startWindow();
    this.#isSaid = isWrong;
    return isWrong ? share : undefined;
  }

  #startWindow(): void {
    this.#lines = 0;
    this.#unreadableLines = 0;
    this.#bytes = 0;
    this.#unreadableBytes = 0;
  }
}

/** Bytes that are neither printable ASCII nor white space. */
export function unreadableBytes(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) {
    const isText = (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0d || byte === 0x0a;
    if (!isText) count += 1;
  }
  return count;
}
