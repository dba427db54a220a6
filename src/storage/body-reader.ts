import type { Lsn } from '../session/index.ts';
import { recordBytesMin } from './log/format.ts';
import { RecordError, RecordReader } from './log/record-reader.ts';
import type { Segment } from './log/segment.ts';
import type { SegmentLog } from './log/segment-log.ts';
import { readMessageOf } from './op-codec.ts';
import type { StateImage } from './state-image.ts';
import type { StoredMessage } from './stored-message.ts';

/** Records closer together than this are read in one piece: a request costs more than the bytes between. */
const gapBytesMax = 16 * 1024;
const pieceBytesMax = 1024 * 1024;

/** Neighbours in one segment. */
interface Piece {
  readonly segment: Segment;
  readonly start: number;
  end: number;
  readonly messages: StoredMessage[];
}

/**
 * Bodies of messages that the log still holds, in the order of `ids`; undefined for others. Messages that lie
 * close together, as those of one queue do, cost one request.
 */
export async function readBodies(
  log: SegmentLog,
  image: StateImage,
  ids: readonly Lsn[],
): Promise<(Uint8Array | undefined)[]> {
  const stored = ids.flatMap((id) => image.messages.get(id) ?? []);
  const bodies = new Map<Lsn, Uint8Array>();
  await Promise.all(piecesOf(stored).map((piece) => readPiece(log, piece, bodies)));
  return ids.map((id) => bodies.get(id));
}

function piecesOf(messages: readonly StoredMessage[]): Piece[] {
  const sorted = messages.toSorted((a, b) => {
    return a.segment.firstLsn - b.segment.firstLsn || a.offset - b.offset;
  });
  const pieces: Piece[] = [];
  for (const message of sorted) {
    const { segment, offset, bytes } = message;
    const last = pieces.at(-1);
    const isNear = last?.segment === segment && offset - last.end <= gapBytesMax;
    if (last !== undefined && isNear && offset + bytes - last.start <= pieceBytesMax) {
      last.end = Math.max(last.end, offset + bytes);
      last.messages.push(message);
    } else pieces.push({ segment, start: offset, end: offset + bytes, messages: [message] });
  }
  return pieces;
}

/** The places are taken down first: compaction may move a message while its old place is being read. */
async function readPiece(
  log: SegmentLog,
  piece: Piece,
  bodies: Map<Lsn, Uint8Array>,
): Promise<void> {
  const { segment, start, end } = piece;
  const places = piece.messages.map(({ id, offset, bytes }) => ({ id, offset, bytes }));
  const read = await log.read(segment, start, end - start);
  for (const { id, offset, bytes } of places) {
    const record = read.subarray(offset - start, offset - start + bytes);
    if (record.length < bytes) continue;
    try {
      const reader = new RecordReader(record, recordBytesMin);
      bodies.set(id, readMessageOf(record[17] as number, id, reader).payload);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
    }
  }
}
