/**
 * Reads the primitive data types of MQTT (5.0 §1.5) out of one packet. A reader is set onto each packet
 * in turn and never allocates but what it returns; every read is checked against the end of the packet,
 * so a decoder cannot see the bytes of the next one.
 *
 * Strings go through `TextDecoder` with `fatal` (ill-formed text is an error, [MQTT-1.5.4-1]) and
 * `ignoreBOM` (U+FEFF stays in the text, [MQTT-1.5.4-3]). U+0000 needs its own look [MQTT-1.5.4-2].
 */
import { hasWildcard } from './property-definitions.ts';
import { malformed, ProtocolError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const empty = new Uint8Array(0);
/** Longer Topic Names are decoded each time. */
const recentNameMax = 128;

export class ByteReader {
  bytes: Uint8Array = empty;
  /** Of the next byte to read. */
  offset = 0;
  /** Behind the last byte of the packet (or of the part of it that is being read). */
  end = 0;

  /** Of `bytes`; kept because asking a view for it is slow. */
  private buffer: ArrayBufferLike = empty.buffer;
  private byteOffset = 0;
  /** The last Topic Name, unless it is long or not all ASCII. */
  private recentName = '';

  /** Sets the reader onto `bytes` from `offset` to before `end`. */
  reset(bytes: Uint8Array, offset: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.buffer = bytes.buffer;
      this.byteOffset = bytes.byteOffset;
    }
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  /** The `field` of this and the following methods is its name in the specification, for the error. */
  byte(field: string): number {
    const at = this.offset;
    if (at >= this.end) throw truncated(field);
    this.offset = at + 1;
    return this.bytes[at] ?? 0;
  }

  uint16(field: string): number {
    const at = this.offset;
    if (at + 2 > this.end) throw truncated(field);
    this.offset = at + 2;
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  uint32(field: string): number {
    const high = this.uint16(field);
    return high * 0x1_0000 + this.uint16(field);
  }

  /** Variable Byte Integer: at most four bytes, and no more than the value needs [MQTT-1.5.5-1]. */
  varint(field: string): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.byte(field);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw malformed(`${field} is longer than its value needs`);
        return value;
      }
    }
    throw malformed(`${field} is a Variable Byte Integer of more than four bytes`);
  }

  /**
   * A Topic Name of a PUBLISH. Most publishers say the same one again and again: comparing its bytes costs a third
   * of decoding and checking them, and the same string object makes the look-up of its route faster too.
   *
   * @throws {ProtocolError} for a wildcard in it [MQTT-3.3.2-2] [MQTT3-3.3.2-2], or for ill-formed text
   */
  topicName(): string {
    const { recentName } = this;
    const { length } = recentName;
    if (length > 0 && this.isNext(recentName)) {
      this.offset += 2 + length;
      return recentName;
    }
    const start = this.offset;
    const name = this.string('Topic Name');
    if (hasWildcard(name)) {
      throw new ProtocolError(
        ReasonCode.topicNameInvalid,
        'The Topic Name of a PUBLISH contains a wildcard character',
      );
    }
    const isAscii = this.offset - start - 2 === name.length;
    if (isAscii && name.length <= recentNameMax) this.recentName = name;
    return name;
  }

  /** Whether a string of this text, all of it ASCII, comes next. */
  private isNext(ascii: string): boolean {
    const { bytes, offset } = this;
    const { length } = ascii;
    if (offset + 2 + length > this.end) return false;
    if ((((bytes[offset] as number) << 8) | (bytes[offset + 1] as number)) !== length) return false;
    // From its end, where names differ.
    for (let index = length - 1; index >= 0; index--) {
      if (bytes[offset + 2 + index] !== ascii.charCodeAt(index)) return false;
    }
    return true;
  }

  string(field: string): string {
    const length = this.uint16(field);
    const start = this.offset;
    if (start + length > this.end) throw truncated(field);
    this.offset = start + length;
    return length === 0 ? '' : text(this.viewAt(start, length), field);
  }

  /** Binary Data, copied. */
  binary(field: string): Uint8Array {
    const length = this.uint16(field);
    if (this.offset + length > this.end) throw truncated(field);
    return new Uint8Array(this.view(length));
  }

  /** The next `length` bytes, which the caller knows to be there, as a view. */
  view(length: number): Uint8Array {
    const { offset } = this;
    this.offset = offset + length;
    return this.viewAt(offset, length);
  }

  /** Not `subarray`: on a subclass (Node's own) it would make views of that subclass. */
  private viewAt(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.buffer, this.byteOffset + offset, length);
  }
}

function text(bytes: Uint8Array, field: string): string {
  let value: string;
  try {
    value = decoder.decode(bytes);
  } catch {
    // The decoder's own message adds nothing to this one. [MQTT-1.5.4-1] [MQTT3-1.5.3-1]
    throw malformed(`${field} is not well-formed UTF-8`);
  }
  // [MQTT-1.5.4-2] [MQTT3-1.5.3-2] No null character.
  if (value.includes('\0')) throw malformed(`${field} contains U+0000`);
  return value;
}

function truncated(field: string): ProtocolError {
  return malformed(`The packet ends inside its ${field}`);
}
