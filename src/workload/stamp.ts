/**
 * The first 16 bytes of each payload, big-endian; the rest is filler:
 *
 *     0      magic
 *     1      tag of the machine whose clock made the time
 *     2..7   time in units of 100 ns, modulo 2^48
 *     8..11  publisher
 *     12..15 sequence number of this publisher, from 0
 */
import { machineTag } from './machine-clock.ts';

export const stampBytes = 16;
/** Behind the stamp; its last byte is looked at on arrival. */
export const fillerByte = 0x2e;

const magic = 0xb7;
const unitsPerMs = 10_000;
const wrap = 2 ** 48;

/** Writes the stamp at `offset` of `bytes`. */
export function writeStamp(
  bytes: Uint8Array,
  offset: number,
  timeMs: number,
  publisher: number,
  sequence: number,
): void {
  const units = Math.round(timeMs * unitsPerMs);
  const high = Math.floor(units / 2 ** 32);
  bytes[offset] = magic;
  bytes[offset + 1] = machineTag;
  bytes[offset + 2] = high >>> 8;
  bytes[offset + 3] = high;
  writeUint32(bytes, offset + 4, units);
  writeUint32(bytes, offset + 8, publisher);
  writeUint32(bytes, offset + 12, sequence);
}

/** Reads one stamp after the other, without an object for each. */
export class StampReader {
  publisher = 0;
  sequence = 0;
  /** Whether the time can be compared with ours. */
  isOfThisMachine = false;
  #units = 0;

  /** False for a payload that carries no stamp. */
  read(payload: Uint8Array): boolean {
    if (payload.length < stampBytes || payload[0] !== magic) return false;
    this.isOfThisMachine = payload[1] === machineTag;
    this.#units = ((payload[2] ?? 0) * 256 + (payload[3] ?? 0)) * 2 ** 32 + readUint32(payload, 4);
    this.publisher = readUint32(payload, 8);
    this.sequence = readUint32(payload, 12);
    return true;
  }

  /** Since the time in the stamp; below zero when that is still to come. */
  ageMs(nowMs: number): number {
    let units = (Math.round(nowMs * unitsPerMs) % wrap) - this.#units;
    if (units < -wrap / 2) units += wrap;
    return units / unitsPerMs;
  }
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return high * 0x1_0000 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
}
