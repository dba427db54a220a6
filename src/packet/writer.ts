/**
 * Output bytes. `ByteSink` is what the encoders write to; it has two implementations: `PacketWriter`
 * keeps the bytes, `ByteCounter` only counts them. MQTT puts lengths in front of what they measure, so
 * every encoder runs once against the counter and once against the writer: one description of each
 * packet, from which its size and its bytes both follow. Rejected: a separate size function for each
 * packet (two lists that drift apart), and patching the length in afterwards (moves the bytes when the
 * length needs more digits than guessed). PUBLISH alone has its own size arithmetic, for speed.
 */
import { utf8Length } from './utf8.ts';

export interface ByteSink {
  byte(value: number): void;
  uint16(value: number): void;
  uint32(value: number): void;
  /** Variable Byte Integer, in the fewest bytes [MQTT-1.5.5-1]. */
  varint(value: number): void;
  /** UTF-8 Encoded String: two bytes of length, then the text. */
  string(value: string): void;
  /** Binary Data: two bytes of length, then the bytes. */
  binary(value: Uint8Array): void;
  /** The bytes alone. */
  bytes(value: Uint8Array): void;
}

/** Slabs of a busy connection grow to this, as long as no packet asks for more. */
const slabBytesMax = 256 * 1024;

const lengthMaximum = 65_535;
const varintMaximum = 268_435_455;

export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

/**
 * Characters up to which a loop is faster than `TextEncoder.encodeInto` with its view (about 1 ns for
 * each character against 44 ns; Node 24.21, November 2026).
 */
const loopEncodeMaximum = 40;

const encoder = new TextEncoder();
const empty = new Uint8Array(0);

/**
 * A growing output buffer. `take()` hands out what was written since the last `take()`; the next bytes
 * go behind it into the same slab while there is room, so taking often does not allocate often.
 */
export class PacketWriter implements ByteSink {
  readonly #slabBytes: number;
  /** What was taken lately, as a forecast: a busy connection gets slabs in which several takes fit. */
  #recent = 0;
  #slab: Uint8Array = empty;
  #start = 0;
  #end = 0;

  /** @param initialBytes Size of the first slab and of each further one (more where a packet needs it). */
  constructor(initialBytes = 4096) {
    this.#slabBytes = initialBytes;
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The bytes so far. They belong to the caller; the writer is empty afterwards and never touches them again. */
  take(): Uint8Array {
    const taken = this.#slab.subarray(this.#start, this.#end);
    this.#recent = Math.max(taken.length, this.#recent >> 1);
    this.#start = this.#end;
    return taken;
  }

  /** Forgets everything after the first `length` bytes that are not yet taken. */
  truncate(length: number): void {
    if (length < 0 || length > this.length) {
      throw new RangeError(`Cannot cut ${this.length} bytes to ${length}`);
    }
    this.#end = this.#start + length;
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#slab[at] = value;
  }

  uint16(value: number): void {
    const at = this.#reserve(2);
    const slab = this.#slab;
    slab[at] = value >>> 8;
    slab[at + 1] = value;
  }

  /** Overwrites two bytes at `position`, counted from the first byte not yet taken. */
  patchUint16(position: number, value: number): void {
    const at = this.#start + position;
    if (position < 0 || at + 2 > this.#end)
      throw new RangeError(`nothing is written at ${position}`);
    this.#slab[at] = value >>> 8;
    this.#slab[at + 1] = value;
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    const slab = this.#slab;
    slab[at] = value >>> 24;
    slab[at + 1] = value >>> 16;
    slab[at + 2] = value >>> 8;
    slab[at + 3] = value;
  }

  varint(value: number): void {
    checkRange(value, varintMaximum);
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  string(value: string): void {
    if (this.asciiString(value)) return;
    const length = checkedUtf8Length(value);
    this.uint16(length);
    const at = this.#reserve(length);
    encoder.encodeInto(value, this.#slab.subarray(at, at + length));
  }

  /**
   * As `string`, but only if each character is one byte (and none of them U+0000); otherwise writes
   * nothing and returns false. Most strings are, and this way nobody needs to count them first.
   */
  asciiString(value: string): boolean {
    const length = value.length;
    if (length > lengthMaximum) return false;
    const at = this.#reserve(2 + length);
    const slab = this.#slab;
    slab[at] = length >>> 8;
    slab[at + 1] = length;
    const isAscii =
      length > loopEncodeMaximum
        ? encodeAscii(value, slab.subarray(at + 2, at + 2 + length))
        : encodeShortAscii(value, slab, at + 2);
    if (!isAscii) this.#end = at;
    return isAscii;
  }

  binary(value: Uint8Array): void {
    if (value.length > lengthMaximum) throw tooLong(value.length);
    this.uint16(value.length);
    this.bytes(value);
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#slab.set(value, at);
  }

  /** Makes room for `length` bytes, counts them as written, and returns where they begin. */
  #reserve(length: number): number {
    const at = this.#end;
    if (at + length > this.#slab.length) return this.#grow(length);
    this.#end = at + length;
    return at;
  }

  #grow(length: number): number {
    const used = this.length;
    const wanted = Math.max(this.#slabBytes, Math.min(this.#recent * 4, slabBytesMax), used * 2);
    const slab = new Uint8Array(Math.max(wanted, used + length));
    if (used > 0) slab.set(this.#slab.subarray(this.#start, this.#end));
    this.#slab = slab;
    this.#start = 0;
    this.#end = used + length;
    return used;
  }
}

/**
 * Counts what would be written, and refuses what cannot be: numbers that do not fit their field, strings
 * that no receiver accepts. The writer behind it need not look again.
 */
export class ByteCounter implements ByteSink {
  length = 0;

  byte(value: number): void {
    checkRange(value, 0xff);
    this.length += 1;
  }

  uint16(value: number): void {
    checkRange(value, 0xffff);
    this.length += 2;
  }

  uint32(value: number): void {
    checkRange(value, 0xffff_ffff);
    this.length += 4;
  }

  varint(value: number): void {
    checkRange(value, varintMaximum);
    this.length += varintLength(value);
  }

  string(value: string): void {
    this.length += 2 + checkedUtf8Length(value);
  }

  binary(value: Uint8Array): void {
    if (value.length > lengthMaximum) throw tooLong(value.length);
    this.length += 2 + value.length;
  }

  bytes(value: Uint8Array): void {
    this.length += value.length;
  }
}

function encodeShortAscii(value: string, slab: Uint8Array, at: number): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code === 0 || code >= 0x80) return false;
    slab[at + index] = code;
  }
  return true;
}

/** All characters fit into as many bytes only if each of them is one byte. */
function encodeAscii(value: string, into: Uint8Array): boolean {
  return encoder.encodeInto(value, into).read === value.length && !value.includes('\0');
}

/**
 * Bytes of a string on the wire, without its length field.
 * @throws Error for a string that may not be sent: U+0000, a lone surrogate, above 65,535 bytes.
 */
export function checkedUtf8Length(value: string): number {
  const length = utf8Length(value);
  if (length > lengthMaximum) throw tooLong(length);
  // [MQTT-1.5.4-1] and [MQTT-1.5.4-2] bind the sender too.
  if (length !== value.length && !value.isWellFormed()) {
    throw new RangeError('A string with a lone surrogate cannot be sent');
  }
  if (value.includes('\0')) throw new RangeError('A string with U+0000 cannot be sent');
  return length;
}

function checkRange(value: number, maximum: number): void {
  if (!(value >= 0 && value <= maximum)) {
    throw new RangeError(`${value} does not fit a field of 0 to ${maximum}`);
  }
}

function tooLong(length: number): RangeError {
  return new RangeError(`${length} bytes do not fit a field of at most ${lengthMaximum}`);
}
