import type { Lsn } from '../../session/index.ts';
import {
  bodyBytesMin,
  checksum,
  crcSeed,
  frameBytes,
  headerBytes,
  LogRecord,
  readUint32,
  readUint64,
  recordBytesMin,
} from './format.ts';

/**
 * Walks over the records of one segment in memory. Where bytes are no record it looks for the next place
 * that is one: with a matching CRC and an LSN that as many lost bytes could account for.
 */
export class SegmentScan {
  readonly bytes: Uint8Array;
  /** The record found last. */
  offset = 0;
  /** Behind it. */
  end: number = headerBytes;
  lsn: Lsn = 0;
  /** Where the bytes in front of it begin that are no record; its own place when there are none. */
  gapStart: number = headerBytes;
  private readonly seed: number;

  constructor(bytes: Uint8Array, firstLsn: Lsn) {
    this.bytes = bytes;
    this.seed = crcSeed(firstLsn);
  }

  get type(): number {
    return this.bytes[this.offset + 16] as number;
  }
  get flags(): number {
    return this.bytes[this.offset + 17] as number;
  }
  get payloadStart(): number {
    return this.offset + recordBytesMin;
  }
  /** Of a group record: up to where the disk had everything then. */
  get groupSyncedLsn(): Lsn {
    return this.type === LogRecord.group ? readUint64(this.bytes, this.payloadStart) : 0;
  }

  /** @returns false when there is no further record; `gapStart` tells where the rest begins then. */
  next(expectedLsn: Lsn): boolean {
    this.gapStart = this.end;
    if (this.accept(this.gapStart, expectedLsn, expectedLsn)) return true;
    const last = this.bytes.length - recordBytesMin;
    for (let at = this.gapStart + 1; at <= last; at++) {
      const lostMost = Math.floor((at - this.gapStart) / recordBytesMin);
      if (this.accept(at, expectedLsn, expectedLsn + lostMost)) return true;
    }
    return false;
  }

  private accept(at: number, lsnMin: Lsn, lsnMax: Lsn): boolean {
    const { bytes } = this;
    if (at + recordBytesMin > bytes.length) return false;
    const length = readUint32(bytes, at);
    const end = at + frameBytes + length;
    if (length < bodyBytesMin || end > bytes.length) return false;
    const lsn = readUint64(bytes, at + frameBytes);
    if (lsn < lsnMin || lsn > lsnMax) return false;
    const crc = checksum(bytes, at + frameBytes, end, this.seed);
    if (crc !== readUint32(bytes, at + 4)) return false;
    this.offset = at;
    this.end = end;
    this.lsn = lsn;
    return true;
  }
}
