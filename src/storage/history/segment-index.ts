import type { Lsn } from '../../session/index.ts';
import { matches } from '../../topic/index.ts';

/** What one block of a segment holds. */
export interface IndexBlock {
  /** In the segment's file. */
  readonly offset: number;
  end: number;
  readonly firstLsn: Lsn;
  readonly firstNumber: number;
  lastNumber: number;
  minMs: number;
  maxMs: number;
}

/** Where a segment stands among the others. */
export interface SegmentSummary {
  readonly firstLsn: Lsn;
  /** Of the last record of any kind. */
  readonly lastLsn: Lsn;
  readonly sizeBytes: number;
  readonly records: number;
  /** 0 in a segment without messages. */
  readonly firstNumber: number;
  readonly lastNumber: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** A block ends with the record that reaches this. */
const blockBytes = 64 * 1024;
/** Beyond so many Topic Names in one segment, ... */
const topicsMax = 20_000;
/** ... or so many blocks that they occur in, the index does not tell them apart. */
const placesMax = 400_000;
/** Answers that are remembered, by Topic Filter. */
const rememberedMax = 8;

/**
 * What is where in one segment of the history: blocks of 64 KiB with their times and message numbers, and for
 * each Topic Name the blocks it occurs in. Made while the segment is written; read again from its sidecar.
 */
export class SegmentIndex {
  readonly blocks: IndexBlock[] = [];
  /** undefined: too many to be kept apart. */
  topics: Map<string, number[]> | undefined = new Map();
  records = 0;
  private places = 0;
  private readonly remembered = new Map<string, Uint8Array>();

  /** Adds the record that lies behind all others. */
  add(
    topicName: string,
    number: number,
    receivedAtMs: number,
    lsn: Lsn,
    offset: number,
    bytes: number,
  ): void {
    this.records++;
    const end = offset + bytes;
    const block = this.blocks[this.blocks.length - 1];
    if (block === undefined || block.end - block.offset >= blockBytes) {
      this.blocks.push({
        offset,
        end,
        firstLsn: lsn,
        firstNumber: number,
        lastNumber: number,
        minMs: receivedAtMs,
        maxMs: receivedAtMs,
      });
    } else {
      block.end = end;
      block.lastNumber = number;
      if (receivedAtMs < block.minMs) block.minMs = receivedAtMs;
      if (receivedAtMs > block.maxMs) block.maxMs = receivedAtMs;
    }
    this.post(topicName, this.blocks.length - 1);
  }

  summary(firstLsn: Lsn, lastLsn: Lsn, sizeBytes: number): SegmentSummary {
    const { blocks, records } = this;
    let minMs = Infinity;
    let maxMs = -Infinity;
    for (const block of blocks) {
      minMs = Math.min(minMs, block.minMs);
      maxMs = Math.max(maxMs, block.maxMs);
    }
    const firstNumber = blocks[0]?.firstNumber ?? 0;
    const lastNumber = blocks.at(-1)?.lastNumber ?? 0;
    return { firstLsn, lastLsn, sizeBytes, records, firstNumber, lastNumber, minMs, maxMs };
  }

  /** For an index that grows no more: 1 for each block in which the filter may match; undefined: anywhere. */
  blocksWith(topicFilter: string): Uint8Array | undefined {
    if (this.topics === undefined || topicFilter === '#') return undefined;
    let found = this.remembered.get(topicFilter);
    if (found !== undefined) return found;
    found = new Uint8Array(this.blocks.length);
    if (/[+#]/.test(topicFilter)) {
      for (const [topicName, blocks] of this.topics) {
        if (matches(topicFilter, topicName)) for (const block of blocks) found[block] = 1;
      }
    } else for (const block of this.topics.get(topicFilter) ?? []) found[block] = 1;
    if (this.remembered.size >= rememberedMax) this.remembered.clear();
    this.remembered.set(topicFilter, found);
    return found;
  }

  private post(topicName: string, block: number): void {
    const { topics } = this;
    if (topics === undefined) return;
    const blocks = topics.get(topicName);
    if (blocks !== undefined) {
      if (blocks[blocks.length - 1] === block) return;
      blocks.push(block);
    } else topics.set(topicName, [block]);
    this.places++;
    if (topics.size > topicsMax || this.places > placesMax) this.topics = undefined;
  }
}
