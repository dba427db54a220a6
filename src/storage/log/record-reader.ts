const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** Texts seen lately, by a hash of their bytes: client identifiers are in many records. */
const known: string[] = new Array<string>(1024).fill('');
const repeatedBytesMax = 64;

/** Bytes that passed their CRC and still make no sense: written by a fault, or by another program. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/**
 * Reads what a `RecordWriter` wrote. Every method throws a `RecordError` rather than reading past the end.
 * Byte fields are views: copy them before the buffer is used for something else.
 */
export class RecordReader {
  private bytes: Uint8Array;
  private at: number;
  private end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  byte(): number {
    return this.bytes[this.take(1)] as number;
  }

  uint16(): number {
    const at = this.take(2);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }

  float64(): number {
    const at = this.take(8);
    for (let i = 0; i < 8; i++) floatBytes[i] = this.bytes[at + i] as number;
    return float[0] as number;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new RecordError('a number is larger than 2^53');
      if (byte < 0x80) return value;
    }
  }

  string(): string {
    const length = this.varint();
    const at = this.take(length);
    if (length <= 48) {
      const text = this.ascii(at, length);
      if (text !== undefined) return text;
    }
    try {
      return decoder.decode(this.bytes.subarray(at, at + length));
    } catch {
      throw new RecordError('a text is not UTF-8');
    }
  }

  /** As `string`, for texts that come again and again: the same one is the same object. */
  repeatedString(): string {
    const start = this.at;
    const length = this.varint();
    if (length > repeatedBytesMax) {
      this.at = start;
      return this.string();
    }
    const at = this.take(length);
    let hash = length;
    for (let i = at; i < at + length; i++) hash = (hash * 31 + (this.bytes[i] as number)) | 0;
    const slot = hash & (known.length - 1);
    const text = known[slot] as string;
    if (text.length === length && this.isText(text, at)) return text;
    this.at = start;
    const found = this.string();
    known[slot] = found;
    return found;
  }

  skipString(): void {
    this.take(this.varint());
  }

  /** A view. */
  binary(): Uint8Array {
    const length = this.varint();
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    const at = this.take(this.remaining);
    return this.bytes.subarray(at, this.end);
  }

  /** Whether the bytes there are this text; never for one that is not plain ASCII. */
  private isText(text: string, at: number): boolean {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || code !== this.bytes[at + i]) return false;
    }
    return true;
  }

  private ascii(at: number, length: number): string | undefined {
    for (let i = 0; i < length; i++) if ((this.bytes[at + i] as number) > 0x7f) return undefined;
    return Buffer.prototype.latin1Slice.call(this.bytes, at, at + length);
  }

  private take(length: number): number {
    if (length > this.end - this.at) {
      throw new RecordError(`${length} bytes are wanted and ${this.end - this.at} are left`);
    }
    const { at } = this;
    this.at = at + length;
    return at;
  }
}
