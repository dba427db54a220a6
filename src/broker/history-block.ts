import { type MessageProperties, ownPayloadBytesMin, type QoS } from '../packet/index.ts';
import { Message } from '../session/index.ts';

export const blockBytes: number = 64 * 1024;
/** What an entry takes besides payload and Topic Name. */
const entryBytes = 80;
const entriesMax = Math.ceil(blockBytes / entryBytes) + 1;

const retainBit = 0x04;

/**
 * A part of the ring: messages with consecutive numbers, laid out as columns, so that recording one makes no
 * object. Written again when its messages are too old: whoever reads gets copies.
 */
export class HistoryBlock {
  first = 0;
  /** With everything it holds. */
  costBytes = 0;
  private count = 0;
  private readonly names: string[] = new Array<string>(entriesMax).fill('');
  private readonly publishers: string[] = new Array<string>(entriesMax).fill('');
  private readonly publisherNames: (string | undefined)[] = new Array(entriesMax).fill(undefined);
  private readonly times = new Float64Array(entriesMax);
  private readonly starts = new Uint32Array(entriesMax);
  private readonly lengths = new Uint32Array(entriesMax);
  private readonly flags = new Uint8Array(entriesMax);
  private readonly bodies = new Uint8Array(blockBytes);
  private used = 0;
  /** Payloads with a buffer of their own, by index. */
  private large: Map<number, Uint8Array> | undefined;
  private properties: Map<number, MessageProperties> | undefined;

  /** Forgets everything and begins with the message of that number. */
  begin(first: number): void {
    this.first = first;
    this.costBytes = 0;
    this.count = 0;
    this.used = 0;
    this.large = undefined;
    this.properties = undefined;
  }

  /** Behind the last number. */
  get end(): number {
    return this.first + this.count;
  }
  get minMs(): number {
    return this.times[0] ?? 0;
  }
  get maxMs(): number {
    return this.times[this.count - 1] ?? 0;
  }

  takes(message: Message): boolean {
    const { payloadBytes } = message;
    if (this.costBytes >= blockBytes || this.count === entriesMax) return false;
    if (payloadBytes < ownPayloadBytesMin) return this.used + payloadBytes <= blockBytes;
    return this.count === 0 || this.costBytes + payloadBytes <= 2 * blockBytes;
  }

  /** @returns what it costs */
  add(message: Message): number {
    const { payload, payloadBytes, topicName, properties } = message;
    const index = this.count++;
    this.names[index] = topicName;
    this.publishers[index] = message.publisherId;
    this.publisherNames[index] = message.publisherName;
    this.times[index] = message.receivedAtMs;
    this.lengths[index] = payloadBytes;
    this.flags[index] = message.qos | (message.retain ? retainBit : 0);
    this.starts[index] = this.used;
    if (payloadBytes < ownPayloadBytesMin) {
      this.bodies.set(payload, this.used);
      this.used += payloadBytes;
    } else {
      // Nobody writes to it again.
      this.large ??= new Map();
      this.large.set(index, payload);
    }
    let bytes = entryBytes + payloadBytes + topicName.length;
    if (properties !== undefined) {
      this.properties ??= new Map();
      this.properties.set(index, properties);
      bytes += sizeOf(properties);
    }
    this.costBytes += bytes;
    return bytes;
  }

  topicNameOf(number: number): string {
    return this.names[number - this.first] as string;
  }

  timeOf(number: number): number {
    return this.times[number - this.first] as number;
  }

  /** A copy. */
  messageOf(number: number): Message {
    const index = number - this.first;
    const flags = this.flags[index] as number;
    const start = this.starts[index] as number;
    const end = start + (this.lengths[index] as number);
    return new Message({
      topicName: this.names[index] as string,
      payload: this.large?.get(index) ?? this.bodies.slice(start, end),
      qos: (flags & 3) as QoS,
      retain: (flags & retainBit) !== 0,
      properties: this.properties?.get(index),
      publisherId: this.publishers[index] as string,
      publisherName: this.publisherNames[index],
      nowMs: this.times[index] as number,
    });
  }
}

/** About what properties take in memory. */
function sizeOf(properties: MessageProperties): number {
  let bytes = 200;
  bytes += properties.contentType?.length ?? 0;
  bytes += properties.responseTopic?.length ?? 0;
  bytes += properties.correlationData?.length ?? 0;
  for (const [name, value] of properties.userProperties ?? []) {
    bytes += 100 + name.length + value.length;
  }
  return bytes;
}
