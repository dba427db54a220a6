import { errorCode, type Io, type Scheduler } from '../io.ts';
import { RecordError } from '../log/record-reader.ts';
import type { Segment } from '../log/segment.ts';
import { SegmentScan } from '../log/segment-scan.ts';
import { HistoryRecordReader, historyRecord } from './history-record.ts';
import { SegmentIndex } from './segment-index.ts';

const pieceBytes = 1024 * 1024;
/** Records looked at before others get their turn. */
const recordsPerTurn = 2000;

const reader = new HistoryRecordReader();

/** Adds the record that a scan stands at, if it is a message. */
export function addToIndex(
  index: SegmentIndex,
  scan: Pick<SegmentScan, 'type' | 'bytes' | 'payloadStart' | 'end' | 'lsn' | 'offset'>,
): void {
  if (scan.type !== historyRecord) return;
  try {
    const { number, message } = reader.message(scan.bytes, scan.payloadStart, scan.end);
    const { topicName, receivedAtMs } = message;
    index.add(topicName, number, receivedAtMs, scan.lsn, scan.offset, scan.end - scan.offset);
  } catch (error) {
    // Bytes that passed their CRC and are no message: nobody can be shown them.
    if (!(error instanceof RecordError)) throw error;
  }
}

/** The index of a segment as it lies on the disk, with whatever in it can be read. */
export async function buildIndex(
  io: Io,
  scheduler: Scheduler,
  segment: Segment,
): Promise<SegmentIndex> {
  const index = new SegmentIndex();
  const scan = new SegmentScan(await readWhole(io, segment), segment.firstLsn);
  let expectedLsn = segment.firstLsn;
  for (let count = 1; scan.next(expectedLsn); count++) {
    expectedLsn = scan.lsn + 1;
    addToIndex(index, scan);
    if (count % recordsPerTurn === 0) {
      await new Promise<void>((resolve) => scheduler.afterTurn(resolve));
    }
  }
  return index;
}

async function readWhole(io: Io, segment: Segment): Promise<Uint8Array> {
  const bytes = new Uint8Array(segment.sizeBytes);
  const file = await io.open(segment.path);
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      try {
        bytes.set(await file.read(at, Math.min(pieceBytes, bytes.length - at)), at);
      } catch (error) {
        // What a bad sector has taken stays zero, and fails its CRC.
        if (errorCode(error) !== 'EIO') throw error;
      }
    }
  } finally {
    await file.close();
  }
  return bytes;
}
