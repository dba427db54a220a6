/**
 * Output bytes. `ByteSink` is what the encoders write to; it has two implementations: `PacketWriter`
 * keeps the bytes, `ByteCounter` only counts them. MQTT puts lengths in front of what they measure, so
 * every encoder runs once against the counter and once against the writer: one description of each
 * packet, from which its size and its bytes both follow. Rejected: a separate size function for each
 * packet (two lists that drift apart), and patching the length in afterwards (moves the bytes when the
 * length needs more digits than guessed). PUBLISH alone has its own size arithmetic, for speed.
 */
import { SlabPool } from './slab-pool.ts';
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
/** The empty string on the wire. */
const noName = new Uint8Array(2);
/** Longer Topic Names are encoded each time. */
const repeatedNameMax = 128;

/** Of all writers of the process. */
const sharedPool = new SlabPool();

/**
 * A growing output buffer whose memory comes from a pool and goes back to it, so an idle writer has none.
 * What was written leaves in one of two ways: `take` copies it; `written` lends it, and `clear` then says
 * whether the memory is free again.
 */
export class PacketWriter implements ByteSink {
  #slab: Uint8Array = empty;
  #end = 0;
  /** What was written lately, as a forecast: who writes much gets a slab in which it fits at once. */
  #expected = 0;
  #lastName = '';
  #repeatedName = '';
  #repeatedBytes: Uint8Array = noName;

  /** Bytes written since the last `take` or `clear`. */
  get length(): number {
    return this.#end;
  }

  /** The bytes so far, good until the next write. */
  written(): Uint8Array {
    return this.#slab.subarray(0, this.#end);
  }

  /** Empties the writer. `isFree`: nobody looks at what `written` gave any more. */
  clear(isFree: boolean): void {
    if (isFree) sharedPool.giveBack(this.#slab);
    this.#expected = Math.max(this.#end, this.#expected >> 1);
    this.#slab = empty;
    this.#end = 0;
  }

  /** A copy of the bytes so far; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.#slab.slice(0, this.#end);
    this.clear(true);
    return taken;
  }

  /** Forgets everything after the first `length` bytes. */
  truncate(length: number): void {
    if (length < 0 || length > this.#end) {
      throw new RangeError(`Cannot cut ${this.#end} bytes to ${length}`);
    }
    this.#end = length;
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

  /** Overwrites two bytes at `position`, counted from the first of `written`. */
  patchUint16(position: number, value: number): void {
    if (position < 0 || position + 2 > this.#end) {
      throw new RangeError(`nothing is written at ${position}`);
    }
    this.#slab[position] = value >>> 8;
    this.#slab[position + 1] = value;
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

  /** As `asciiString`; a name that was written before the last time too is copied as it stands on the wire. */
  topicName(name: string): boolean {
    if (name === this.#repeatedName) {
      this.bytes(this.#repeatedBytes);
      return true;
    }
    const before = this.#end;
    if (!this.asciiString(name)) return false;
    if (name !== this.#lastName) this.#lastName = name;
    else if (name.length <= repeatedNameMax) {
      this.#repeatedName = name;
      this.#repeatedBytes = this.#slab.slice(before, this.#end);
    }
    return true;
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
    const used = this.#end;
    const slab = sharedPool.take(Math.max(used + length, used * 2, this.#expected));
    if (used > 0) {
      slab.set(this.written());
      sharedPool.giveBack(this.#slab);
    }
    this.#slab = slab;
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
