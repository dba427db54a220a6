/**
 * The most recent messages, in memory and within a number of bytes: what a client or a person who comes
 * later wants to see of the moments before. Every message passes here, so it costs as little as possible: it
 * is copied into a block that was there before, and nothing is made or moved. The oldest block goes as a
 * whole, and is written again.
 *
 * Rejected: keeping `Message` objects, which all outlive the young generation and double what the collector
 * does (0.3 µs for each message); one circular buffer, in which a reader's place can be overwritten under it.
 */
import type { Message } from '../session/index.ts';
import { matches } from '../topic/index.ts';
import { HistoryBlock } from './history-block.ts';
import { type HistoryRange, type HistoryStep, type KeptMessage, restOf } from './history-range.ts';

/** One step looks at so many entries, ... */
const examinedPerStep = 2000;
/** ... and finds no more than this. */
const foundPerStep = 256;
const foundBytesPerStep = 64 * 1024;

export class HistoryRing {
  /** Of the next message. */
  nextNumber: number;
  private readonly bytesMax: number;
  /** The oldest first. */
  private readonly blocks: HistoryBlock[] = [];
  /** The one that went last. */
  private spare: HistoryBlock | undefined;
  private bytes = 0;

  /** @param bytesMax the newest block stays whatever it takes */
  constructor(bytesMax: number, nextNumber: number) {
    this.bytesMax = bytesMax;
    this.nextNumber = nextNumber;
  }

  /** Of the oldest message; `nextNumber` while there is none. */
  get firstNumber(): number {
    return this.blocks[0]?.first ?? this.nextNumber;
  }
  get costBytes(): number {
    return this.bytes;
  }
  get count(): number {
    return this.nextNumber - this.firstNumber;
  }

  add(message: Message): void {
    let block = this.blocks[this.blocks.length - 1];
    if (block === undefined || !block.takes(message)) {
      block = this.spare ?? new HistoryBlock();
      this.spare = undefined;
      block.begin(this.nextNumber);
      this.blocks.push(block);
    }
    this.nextNumber++;
    this.bytes += block.add(message);
    if (this.bytes > this.bytesMax) this.dropOldest();
  }

  /** One step through what is still there. */
  read(range: HistoryRange): HistoryStep {
    const from = Math.max(range.from, this.firstNumber);
    const to = Math.min(range.to, this.nextNumber);
    return range.newestFirst ? this.readDown(range, from, to) : this.readUp(range, from, to);
  }

  private readUp(range: HistoryRange, from: number, to: number): HistoryStep {
    const found = new Found(range);
    let number = from;
    let blockIndex = this.blockWith(number);
    for (let examined = 0; number < to && examined < examinedPerStep && !found.isFull; ) {
      const block = this.blocks[blockIndex++] as HistoryBlock;
      examined++;
      if (found.isOutside(block)) {
        number = block.end;
        continue;
      }
      const end = Math.min(block.end, to);
      for (; number < end && examined < examinedPerStep && !found.isFull; number++, examined++) {
        found.take(block, number);
      }
    }
    return { found: found.messages, rest: number >= to ? undefined : restOf(range, number) };
  }

  private readDown(range: HistoryRange, from: number, to: number): HistoryStep {
    const found = new Found(range);
    let end = to;
    let blockIndex = this.blockWith(end - 1);
    for (let examined = 0; end > from && examined < examinedPerStep && !found.isFull; ) {
      const block = this.blocks[blockIndex--] as HistoryBlock;
      examined++;
      if (found.isOutside(block)) {
        end = block.first;
        continue;
      }
      const first = Math.max(block.first, from);
      for (; end > first && examined < examinedPerStep && !found.isFull; end--, examined++) {
        found.take(block, end - 1);
      }
    }
    return { found: found.messages, rest: end <= from ? undefined : restOf(range, end) };
  }

  private blockWith(number: number): number {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.blocks[middle] as HistoryBlock).first <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private dropOldest(): void {
    let oldest = this.blocks[0];
    while (oldest !== undefined && this.bytes > this.bytesMax && this.blocks.length > 1) {
      this.blocks.shift();
      this.bytes -= oldest.costBytes;
      this.spare = oldest;
      oldest = this.blocks[0];
    }
  }
}

/** What one step has found. */
class Found {
  readonly messages: KeptMessage[] = [];
  isFull = false;
  private readonly range: HistoryRange;
  private bytes = 0;

  constructor(range: HistoryRange) {
    this.range = range;
  }

  /** Times only grow. */
  isOutside(block: HistoryBlock): boolean {
    return block.maxMs < this.range.fromMs || block.minMs > this.range.toMs;
  }

  take(block: HistoryBlock, number: number): void {
    const { topicFilter, fromMs, toMs } = this.range;
    if (!matches(topicFilter, block.topicNameOf(number))) return;
    const timeMs = block.timeOf(number);
    if (timeMs < fromMs || timeMs > toMs) return;
    const message = block.messageOf(number);
    this.messages.push({ number, message });
    this.bytes += message.payloadBytes;
    this.isFull = this.messages.length >= foundPerStep || this.bytes >= foundBytesPerStep;
  }
}
