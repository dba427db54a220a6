import {
  type HistoryRange,
  type HistoryStep,
  type KeptMessage,
  restOf,
} from '../../broker/index.ts';
import { matches } from '../../topic/index.ts';
import { errorCode, type Io } from '../io.ts';
import { RecordError } from '../log/record-reader.ts';
import { SegmentScan } from '../log/segment-scan.ts';
import { HistoryRecordReader, historyRecord } from './history-record.ts';
import type { HistorySegment, HistorySegments } from './history-segments.ts';
import type { IndexBlock, SegmentIndex } from './segment-index.ts';

/** Segments without a match that one step passes over. */
const segmentsPerStep = 8;

const reader = new HistoryRecordReader();

/**
 * One step through a range: the messages of one block. What retention removes meanwhile is not found any more;
 * everything else is, in order and once, because a range goes on by message numbers and not by places.
 *
 * @param written resolves when what was appended before the call can be read, or when that may take for ever
 */
export async function readHistory(
  io: Io,
  segments: HistorySegments,
  range: HistoryRange,
  written: () => Promise<unknown>,
): Promise<HistoryStep> {
  let rest: HistoryRange | undefined = range;
  for (let passed = 0; rest !== undefined && passed < segmentsPerStep; passed++) {
    const segment = await nextSegment(segments, rest);
    if (segment === undefined) return { found: [], rest: undefined };
    const step: HistoryStep = await readSegment(io, segments, segment, rest, written);
    if (step.found.length > 0) return step;
    rest = step.rest;
  }
  return { found: [], rest };
}

/** The first segment, in the order of the range, that may hold something of it. */
async function nextSegment(
  segments: HistorySegments,
  range: HistoryRange,
): Promise<HistorySegment | undefined> {
  const { from, to, fromMs, toMs, newestFirst } = range;
  const inOrder = newestFirst ? [...segments.all].reverse() : [...segments.all];
  for (const segment of inOrder) {
    if (segment.summary === undefined) await indexIfThere(segments, segment);
    const { summary } = segment;
    if (summary === undefined || summary.records === 0) continue;
    if (summary.lastNumber < from || summary.firstNumber >= to) continue;
    if (summary.maxMs < fromMs || summary.minMs > toMs) continue;
    return segment;
  }
  return undefined;
}

async function indexIfThere(
  segments: HistorySegments,
  segment: HistorySegment,
): Promise<SegmentIndex | undefined> {
  try {
    return await segments.indexOf(segment);
  } catch (error) {
    // Retention was faster; a disk that cannot be read at all hides its messages, not those of others.
    if (['ENOENT', 'EIO'].includes(errorCode(error))) return undefined;
    throw error;
  }
}

async function readSegment(
  io: Io,
  segments: HistorySegments,
  segment: HistorySegment,
  range: HistoryRange,
  written: () => Promise<unknown>,
): Promise<HistoryStep> {
  const index = await indexIfThere(segments, segment);
  const { firstNumber = range.from, lastNumber = range.from } = segment.summary ?? {};
  const behind = restOf(range, range.newestFirst ? firstNumber : lastNumber + 1);
  if (index === undefined) return { found: [], rest: behind };
  const block = nextBlock(index, segment, range);
  if (block === undefined) return { found: [], rest: behind };
  // The block may grow while it is read: what is added is left for the next step.
  const { offset, end, lastNumber: last } = block;
  const rest = restOf(range, range.newestFirst ? block.firstNumber : last + 1);
  if (segment.growing !== undefined) await written();
  const bytes = await readBytes(io, segment.segment.path, offset, end - offset);
  const found = messagesIn(bytes, segment.segment.firstLsn, block, range);
  if (range.newestFirst) found.reverse();
  return { found, rest };
}

function nextBlock(
  index: SegmentIndex,
  segment: HistorySegment,
  { from, to, fromMs, toMs, newestFirst, topicFilter }: HistoryRange,
): IndexBlock | undefined {
  const { blocks } = index;
  const chosen = segment.growing === undefined ? index.blocksWith(topicFilter) : undefined;
  const isWanted = (block: IndexBlock, at: number): boolean =>
    block.lastNumber >= from &&
    block.firstNumber < to &&
    block.maxMs >= fromMs &&
    block.minMs <= toMs &&
    chosen?.[at] !== 0;
  return newestFirst ? blocks.findLast(isWanted) : blocks.find(isWanted);
}

async function readBytes(
  io: Io,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  try {
    const file = await io.open(path);
    try {
      return await file.read(offset, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'EIO'].includes(errorCode(error))) return new Uint8Array(0); // As above.
    throw error;
  }
}

/** Damaged records are passed over. */
function messagesIn(
  bytes: Uint8Array,
  segmentLsn: number,
  block: IndexBlock,
  { from, to, fromMs, toMs, topicFilter }: HistoryRange,
): KeptMessage[] {
  const found: KeptMessage[] = [];
  const scan = new SegmentScan(bytes, segmentLsn);
  scan.end = 0;
  let expectedLsn = block.firstLsn;
  while (scan.next(expectedLsn)) {
    expectedLsn = scan.lsn + 1;
    if (scan.type !== historyRecord) continue;
    try {
      const number = reader.number(bytes, scan.payloadStart);
      if (number < from || number >= to) continue;
      if (!matches(topicFilter, reader.topicName(bytes, scan.payloadStart, scan.end))) continue;
      const kept = reader.message(bytes, scan.payloadStart, scan.end);
      const { receivedAtMs } = kept.message;
      if (receivedAtMs >= fromMs && receivedAtMs <= toMs) found.push(kept);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error; // As in `addToIndex`.
    }
  }
  return found;
}
