/**
 * The file format of the log, version 1. All numbers are little-endian.
 *
 * A segment is a file named after its first LSN: a header of 64 bytes, then records without padding. The
 * header is written twice, so that one bad sector does not hide which format this is.
 *
 *   header (32 bytes, twice): magic u32 · version u16 · 0 u16 · first LSN u64 · created ms f64 · 0 u32 · CRC u32
 *   record: length u32 · CRC u32 · LSN u64 · type u8 · flags u8 · payload
 *
 * `length` and the CRC cover what follows the CRC. LSNs count records without gaps, so a reader knows how
 * many are missing. The CRC starts from the segment's first LSN: neither a log inside a payload nor an old
 * block of another segment can pass for a record.
 *
 * Every write begins with a record of type `group`, which says up to which LSN everything was on the disk
 * (synced) when it was written. A gap in what was synced is damage: readers step over it. A gap behind that
 * is where a power cut stopped the disk: there the log ends, because what follows may rest on what is missing.
 * Rejected: records at fixed block boundaries for resynchronization; looking for the next plausible LSN
 * with a valid CRC at every byte costs under 10 ns for each, needs no space and finds the very next record.
 */
import { crc32 } from 'node:zlib';
import type { Lsn } from '../../session/index.ts';

export const formatVersion = 1;
export const headerBytes = 64;
/** A record's length and CRC. */
export const frameBytes = 8;
/** A record without its payload. */
export const recordBytesMin = 18;
/** LSN, type and flags: the shortest that `length` may say. */
export const bodyBytesMin: number = recordBytesMin - frameBytes;

/** Record types of the log itself. */
export const LogRecord = {
  /** The begin of a write: synced LSN u64 · time ms f64. */
  group: 1,
  /** The log was closed with everything on the disk. */
  closed: 2,
} as const;

/** Record types from here on belong to the log's user. */
export const userRecordMin = 16;

export const groupBytes: number = recordBytesMin + 16;

const magic = 0x4a4e_4e4c; // "LNNJ"
const copyBytes = 32;
const crcAt = 28;

export function segmentName(firstLsn: Lsn): string {
  return `${String(firstLsn).padStart(16, '0')}.log`;
}

/** The first LSN of the segment with that name; undefined for other files. */
export function firstLsnOf(name: string): Lsn | undefined {
  const match = /^(\d{16})\.log$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Where the CRC of a segment's records starts from. */
export function crcSeed(firstLsn: Lsn): number {
  return firstLsn % 0xffff_ffff;
}

export function writeHeader(
  target: Uint8Array,
  firstLsn: Lsn,
  createdMs: number,
  version: number = formatVersion,
): void {
  const view = new DataView(target.buffer, target.byteOffset, headerBytes);
  view.setUint32(0, magic, true);
  view.setUint32(4, version, true);
  view.setBigUint64(8, BigInt(firstLsn), true);
  view.setFloat64(16, createdMs, true);
  view.setUint32(24, 0, true);
  view.setUint32(crcAt, crc32(target.subarray(0, crcAt)), true);
  target.copyWithin(copyBytes, 0, copyBytes);
}

/** The format version by the first copy of the header that is whole, or undefined. */
export function headerVersion(bytes: Uint8Array): number | undefined {
  for (const start of [0, copyBytes]) {
    const copy = bytes.subarray(start, start + copyBytes);
    if (copy.length < copyBytes) return undefined;
    const view = new DataView(copy.buffer, copy.byteOffset, copyBytes);
    if (view.getUint32(0, true) !== magic) continue;
    if (view.getUint32(crcAt, true) !== crc32(copy.subarray(0, crcAt))) continue;
    return view.getUint16(4, true);
  }
  return undefined;
}

/** Bytes up to which a loop is faster than a native call with its view (bench/journal.ts). */
const loopBytesMax = 96;

const table: Uint32Array = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb8_8320;
  return crc;
});

/** CRC-32 of `bytes` from `start` to `end`. */
export function checksum(bytes: Uint8Array, start: number, end: number, seed: number): number {
  if (end - start > loopBytesMax) return crc32(bytes.subarray(start, end), seed);
  let crc = ~seed;
  for (let at = start; at < end; at++) {
    crc = (table[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) + readUint32(bytes, at + 4) * 0x1_0000_0000;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  writeUint32(bytes, at, value);
  writeUint32(bytes, at + 4, value / 0x1_0000_0000);
}
