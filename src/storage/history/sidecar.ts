/**
 * The file beside a sealed segment that holds its index: a start needs to read no more than the heads of
 * these files, a query no more than the blocks that matter. Nothing rests on a sidecar: one that is missing,
 * damaged or of another format is made again from its segment.
 *
 *   head (96 bytes): magic u32 · version u16 · 0 u16 · first LSN, last LSN, bytes of the segment, records,
 *                    first number, last number u64 · first ms, last ms f64 · 0 u64 · 0 u32 · body CRC u32 · CRC u32
 *   body: blocks, then Topic Names with the blocks they occur in; all numbers seven bits to the byte
 */
import { crc32 } from 'node:zlib';
import type { Lsn } from '../../session/index.ts';
import { readUint32, readUint64, writeUint32, writeUint64 } from '../log/format.ts';
import { RecordError, RecordReader } from '../log/record-reader.ts';
import { RecordWriter } from '../log/record-writer.ts';
import { type IndexBlock, SegmentIndex, type SegmentSummary } from './segment-index.ts';

export const sidecarHeadBytes = 96;
/** Blocks that Topic Names occur in, written or read before others get their turn. */
const placesPerTurn = 10_000;
const magic = 0x584e_4e4c; // "LNNX"
const version = 1;
const bodyCrcAt = 88;
const headCrcAt = 92;

export function sidecarPath(segmentPath: string): string {
  return segmentPath.replace(/\.log$/, '.index');
}

/** @param turn lets others have theirs */
export async function encodeSidecar(
  index: SegmentIndex,
  summary: SegmentSummary,
  turn: () => Promise<void>,
): Promise<Uint8Array> {
  const writer = new RecordWriter();
  writer.raw(new Uint8Array(sidecarHeadBytes));
  writeBlocks(writer, index.blocks);
  await writeTopics(writer, index.topics, turn);
  const bytes = writer.bytes.subarray(0, writer.length);
  writeHead(bytes, summary);
  return bytes;
}

/** What the head says, or undefined when it is not whole. */
export function readSidecarHead(bytes: Uint8Array): SegmentSummary | undefined {
  if (bytes.length < sidecarHeadBytes || readUint32(bytes, 0) !== magic) return undefined;
  if (bytes[4] !== version || bytes[5] !== 0) return undefined;
  if (readUint32(bytes, headCrcAt) !== crc32(bytes.subarray(0, headCrcAt))) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, sidecarHeadBytes);
  return {
    firstLsn: readUint64(bytes, 8),
    lastLsn: readUint64(bytes, 16),
    sizeBytes: readUint64(bytes, 24),
    records: readUint64(bytes, 32),
    firstNumber: readUint64(bytes, 40),
    lastNumber: readUint64(bytes, 48),
    minMs: view.getFloat64(56, true),
    maxMs: view.getFloat64(64, true),
  };
}

/** The index in a whole sidecar of that segment, or undefined. */
export async function decodeSidecar(
  bytes: Uint8Array,
  firstLsn: Lsn,
  turn: () => Promise<void>,
): Promise<SegmentIndex | undefined> {
  const summary = readSidecarHead(bytes);
  if (summary === undefined || summary.firstLsn !== firstLsn) return undefined;
  const body = bytes.subarray(sidecarHeadBytes);
  if (crc32(body) !== readUint32(bytes, bodyCrcAt)) return undefined;
  try {
    const reader = new RecordReader(body);
    const index = new SegmentIndex();
    index.records = summary.records;
    for (let left = reader.varint(); left > 0; left--) index.blocks.push(readBlock(reader));
    index.topics = await readTopics(reader, turn);
    return index;
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

function writeHead(bytes: Uint8Array, summary: SegmentSummary): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, sidecarHeadBytes);
  writeUint32(bytes, 0, magic);
  view.setUint16(4, version, true);
  writeUint64(bytes, 8, summary.firstLsn);
  writeUint64(bytes, 16, summary.lastLsn);
  writeUint64(bytes, 24, summary.sizeBytes);
  writeUint64(bytes, 32, summary.records);
  writeUint64(bytes, 40, summary.firstNumber);
  writeUint64(bytes, 48, summary.lastNumber);
  view.setFloat64(56, summary.minMs, true);
  view.setFloat64(64, summary.maxMs, true);
  writeUint32(bytes, bodyCrcAt, crc32(bytes.subarray(sidecarHeadBytes)));
  writeUint32(bytes, headCrcAt, crc32(bytes.subarray(0, headCrcAt)));
}

function writeBlocks(writer: RecordWriter, blocks: readonly IndexBlock[]): void {
  writer.varint(blocks.length);
  for (const block of blocks) {
    writer.varint(block.offset);
    writer.varint(block.end);
    writer.varint(block.firstLsn);
    writer.varint(block.firstNumber);
    writer.varint(block.lastNumber);
    writer.float64(block.minMs);
    writer.float64(block.maxMs);
  }
}

function readBlock(reader: RecordReader): IndexBlock {
  return {
    offset: reader.varint(),
    end: reader.varint(),
    firstLsn: reader.varint(),
    firstNumber: reader.varint(),
    lastNumber: reader.varint(),
    minMs: reader.float64(),
    maxMs: reader.float64(),
  };
}

async function writeTopics(
  writer: RecordWriter,
  topics: ReadonlyMap<string, readonly number[]> | undefined,
  turn: () => Promise<void>,
): Promise<void> {
  writer.byte(topics === undefined ? 0 : 1);
  if (topics === undefined) return;
  writer.varint(topics.size);
  let places = 0;
  for (const [topicName, blocks] of topics) {
    writer.string(topicName);
    writer.varint(blocks.length);
    places += 1 + blocks.length;
    if (places >= placesPerTurn) {
      places = 0;
      await turn();
    }
    let before = 0;
    for (const block of blocks) {
      writer.varint(block - before);
      before = block;
    }
  }
}

async function readTopics(
  reader: RecordReader,
  turn: () => Promise<void>,
): Promise<Map<string, number[]> | undefined> {
  if (reader.byte() === 0) return undefined;
  const topics = new Map<string, number[]>();
  let places = 0;
  for (let left = reader.varint(); left > 0; left--) {
    const topicName = reader.string();
    const blocks: number[] = [];
    let block = 0;
    for (let more = reader.varint(); more > 0; more--) {
      block += reader.varint();
      blocks.push(block);
    }
    topics.set(topicName, blocks);
    places += 1 + blocks.length;
    if (places >= placesPerTurn) {
      places = 0;
      await turn();
    }
  }
  return topics;
}
