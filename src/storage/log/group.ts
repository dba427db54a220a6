import type { Lsn } from '../../session/index.ts';
import {
  checksum,
  crcSeed,
  frameBytes,
  groupBytes,
  headerBytes,
  LogRecord,
  recordBytesMin,
  writeHeader,
  writeUint32,
  writeUint64,
} from './format.ts';
import { RecordWriter } from './record-writer.ts';
import { Segment } from './segment.ts';

/**
 * Records that are written to one segment in one piece: first what says that this is a group, then what was
 * appended while the group before was on its way. The first group of a segment brings its header along.
 */
export class Group extends RecordWriter {
  segment: Segment = new Segment('', 0);
  /** In the segment. */
  position = 0;
  lastLsn: Lsn = 0;
  /** When its first record was appended. */
  sinceMs = 0;
  private groupAt = 0;

  begin(segment: Segment, lsn: Lsn, nowMs: number): void {
    this.segment = segment;
    this.position = segment.sizeBytes;
    this.sinceMs = nowMs;
    if (this.position === 0) {
      this.raw(new Uint8Array(headerBytes));
      writeHeader(this.bytes, segment.firstLsn, nowMs);
    }
    this.groupAt = this.length;
    this.beginRecord(lsn, LogRecord.group, 0);
    this.uint64(0);
    this.float64(nowMs);
    this.lastLsn = lsn;
  }

  /** Says up to where the disk had everything when this was written. */
  seal(syncedLsn: Lsn): void {
    const { bytes, groupAt } = this;
    const bodyAt = groupAt + frameBytes;
    const end = groupAt + groupBytes;
    writeUint64(bytes, groupAt + recordBytesMin, syncedLsn);
    writeUint32(bytes, groupAt, end - bodyAt);
    const crc = checksum(bytes, bodyAt, end, crcSeed(this.segment.firstLsn));
    writeUint32(bytes, groupAt + 4, crc);
  }
}
