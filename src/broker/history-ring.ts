/**
 * The most recent messages, in memory and within a number of bytes: what a client or a person who comes
 * later wants to see of the moments before. Every message passes here, so it costs as little as possible:
 * payloads are copied side by side into blocks of 64 KiB, the rest are references to what is there already,
 * and nothing is ever moved. The oldest block goes as a whole.
 *
 * Rejected: keeping `Message` objects, which all outlive the young generation and double what the collector
 * does; one circular buffer, in which a reader's place can be overwritten under it.
 */
import { type MessageProperties, ownPayloadBytesMin, type QoS } from '../packet/index.ts';
import { Message } from '../session/index.ts';
import { matches } from '../topic/index.ts';
import { type HistoryRange, type HistoryStep, type KeptMessage, restOf } from './history-range.ts';

const blockBytes = 64 * 1024;
/** What an entry takes besides payload and Topic Name. */
const entryBytes = 80;
/** One step looks at so many entries, ... */
const examinedPerStep = 2000;
/** ... and finds no more than this. */
const foundPerStep = 256;
const foundBytesPerStep = 64 * 1024;

const retainBit = 0x04;
const nothing = new Uint8Array(0);

/** Messages with consecutive numbers. */
class Block {
  readonly first: number;
  /** With everything it holds. */
  costBytes = 0;
  readonly names: string[] = [];
  private readonly times: number[] = [];
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];
  private readonly flags: number[] = [];
  private readonly publishers: string[] = [];
  private readonly publisherNames: (string | undefined)[] = [];
  /** Grows, so that many small messages leave none of it empty. */
  private bodies: Uint8Array = nothing;
  private used = 0;
  /** Payloads with a buffer of their own, by index. */
  private large: Map<number, Uint8Array> | undefined;
  private properties: Map<number, MessageProperties> | undefined;

  constructor(first: number) {
    this.first = first;
  }

  get end(): number {
    return this.first + this.names.length;
  }
  get minMs(): number {
    return this.times[0] ?? 0;
  }
  get maxMs(): number {
    return this.times[this.times.length - 1] ?? 0;
  }

  takes(message: Message): boolean {
    const { payloadBytes } = message;
    if (this.costBytes >= blockBytes) return false;
    if (payloadBytes < ownPayloadBytesMin) return this.used + payloadBytes <= blockBytes;
    return this.names.length === 0 || this.costBytes + payloadBytes <= 2 * blockBytes;
  }

  /** @returns what it costs */
  add(message: Message): number {
    const { payload, payloadBytes, topicName, properties } = message;
    const index = this.names.length;
    if (payloadBytes >= ownPayloadBytesMin) {
      // Nobody writes to it again.
      this.large ??= new Map();
      this.large.set(index, payload);
    } else {
      if (this.used + payloadBytes > this.bodies.length) this.grow(payloadBytes);
      this.bodies.set(payload, this.used);
      this.starts[index] = this.used;
      this.used += payloadBytes;
    }
    if (properties !== undefined) {
      this.properties ??= new Map();
      this.properties.set(index, properties);
    }
    this.names.push(topicName);
    this.times.push(message.receivedAtMs);
    this.starts[index] ??= 0;
    this.lengths.push(payloadBytes);
    this.flags.push(message.qos | (message.retain ? retainBit : 0));
    this.publishers.push(message.publisherId);
    this.publisherNames.push(message.publisherName);
    const bytes = entryBytes + payloadBytes + topicName.length + sizeOf(properties);
    this.costBytes += bytes;
    return bytes;
  }

  /** Messages that were read from the smaller buffer keep it. */
  private grow(more: number): void {
    const grown = new Uint8Array(Math.max(2 * this.bodies.length, this.used + more, 4096));
    grown.set(this.bodies.subarray(0, this.used));
    this.bodies = grown;
  }

  timeAt(index: number): number {
    return this.times[index] as number;
  }

  messageAt(index: number): Message {
    const flags = this.flags[index] as number;
    const start = this.starts[index] as number;
    const end = start + (this.lengths[index] as number);
    return new Message({
      topicName: this.names[index] as string,
      payload: this.large?.get(index) ?? this.bodies.subarray(start, end),
      qos: (flags & 3) as QoS,
      retain: (flags & retainBit) !== 0,
      properties: this.properties?.get(index),
      publisherId: this.publishers[index] as string,
      publisherName: this.publisherNames[index],
      nowMs: this.timeAt(index),
    });
  }
}

export class HistoryRing {
  /** Of the next message. */
  nextNumber: number;
  private readonly bytesMax: number;
  /** The oldest first. */
  private readonly blocks: Block[] = [];
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
      block = new Block(this.nextNumber);
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
      const block = this.blocks[blockIndex++] as Block;
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
      const block = this.blocks[blockIndex--] as Block;
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
      if ((this.blocks[middle] as Block).first <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private dropOldest(): void {
    let oldest = this.blocks[0];
    while (oldest !== undefined && this.bytes > this.bytesMax && this.blocks.length > 1) {
      this.blocks.shift();
      this.bytes -= oldest.costBytes;
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
  isOutside(block: Block): boolean {
    return block.maxMs < this.range.fromMs || block.minMs > this.range.toMs;
  }

  take(block: Block, number: number): void {
    const { topicFilter, fromMs, toMs } = this.range;
    const index = number - block.first;
    if (!matches(topicFilter, block.names[index] as string)) return;
    const timeMs = block.timeAt(index);
    if (timeMs < fromMs || timeMs > toMs) return;
    const message = block.messageAt(index);
    this.messages.push({ number, message });
    this.bytes += message.payloadBytes;
    this.isFull = this.messages.length >= foundPerStep || this.bytes >= foundBytesPerStep;
  }
}

/** About what properties take in memory. */
function sizeOf(properties: MessageProperties | undefined): number {
  if (properties === undefined) return 0;
  let bytes = 200;
  bytes += properties.contentType?.length ?? 0;
  bytes += properties.responseTopic?.length ?? 0;
  bytes += properties.correlationData?.length ?? 0;
  for (const [name, value] of properties.userProperties ?? []) {
    bytes += 100 + name.length + value.length;
  }
  return bytes;
}
