/**
 * Bytes on their way to a segment: records are encoded one behind the other into a buffer that is then
 * written in one piece. Everything here runs for every message; see bench/journal.ts.
 */
import type { Lsn } from '../../session/index.ts';
import { checksum, frameBytes, recordBytesMin, writeUint32, writeUint64 } from './format.ts';

const initialBytes = 256 * 1024;
/** What a burst made larger is given back. */
const keptBytesMax = 16 * 1024 * 1024;

/** Characters up to which a loop is faster than `encodeInto` with its view. */
const loopCharactersMax = 48;

const encoder = new TextEncoder();
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

export class RecordWriter {
  /** Only the first `length` bytes mean something. */
  bytes: Uint8Array = new Uint8Array(initialBytes);
  length = 0;
  private recordAt = 0;

  get recordBytes(): number {
    return this.length - this.recordAt;
  }

  /** Where the record that is being written begins. */
  get recordStart(): number {
    return this.recordAt;
  }

  beginRecord(lsn: Lsn, type: number, flags: number): void {
    const at = this.length;
    this.recordAt = at;
    this.reserve(recordBytesMin);
    const { bytes } = this;
    writeUint64(bytes, at + frameBytes, lsn);
    bytes[at + 16] = type;
    bytes[at + 17] = flags;
    this.length = at + recordBytesMin;
  }

  endRecord(seed: number): void {
    const bodyAt = this.recordAt + frameBytes;
    writeUint32(this.bytes, this.recordAt, this.length - bodyAt);
    writeUint32(this.bytes, this.recordAt + 4, checksum(this.bytes, bodyAt, this.length, seed));
  }

  /** Takes back the record that was begun. */
  dropRecord(): void {
    this.length = this.recordAt;
  }

  reset(): void {
    this.length = 0;
    if (this.bytes.length > keptBytesMax) this.bytes = new Uint8Array(initialBytes);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  uint16(value: number): void {
    this.reserve(2);
    this.bytes[this.length++] = value;
    this.bytes[this.length++] = value >>> 8;
  }

  uint64(value: number): void {
    this.reserve(8);
    writeUint64(this.bytes, this.length, value);
    this.length += 8;
  }

  float64(value: number): void {
    this.reserve(8);
    float[0] = value;
    const { bytes, length } = this;
    for (let i = 0; i < 8; i++) bytes[length + i] = floatBytes[i] as number;
    this.length = length + 8;
  }

  /** A whole number from 0 to 2^53, seven bits to the byte. */
  varint(value: number): void {
    this.reserve(8);
    const { bytes } = this;
    let rest = value;
    while (rest >= 0x80) {
      bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest = rest > 0x7fff_ffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    bytes[this.length++] = rest;
  }

  /** Its length as a varint, then UTF-8. */
  string(text: string): void {
    const { length } = text;
    if (length <= loopCharactersMax && this.ascii(text)) return;
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.reserve(size);
    encoder.encodeInto(text, this.bytes.subarray(this.length, this.length + size));
    this.length += size;
  }

  /** Their length as a varint, then the bytes. */
  binary(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** @returns false, with nothing written, when the text is not plain ASCII. */
  private ascii(text: string): boolean {
    const size = text.length;
    this.reserve(size + 1);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = size;
    for (let i = 0; i < size; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed > this.bytes.length) this.grow(needed);
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
