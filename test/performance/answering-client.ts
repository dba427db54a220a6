/**
 * A client in memory that answers each packet at once and makes no garbage: what the process allocates while
 * it runs is the broker's. So it decodes nothing but packet types and identifiers, and its answers leave
 * from two buffers in turns, one being read by the broker while the other is filled. Between it and the
 * broker is the queue that real sockets have, so its writes are system calls that a socket would need.
 */
import type { Link, LinkHandler, LinkOrigin } from '../../src/broker/index.ts';
import { OutboundQueue, type OutboundSink } from '../../src/listener/outbound-queue.ts';
import {
  type ClientPacket,
  encodePacket,
  type MqttVersion,
  PacketType,
} from '../../src/packet/index.ts';

const answerBytesMax = 1024 * 1024;

/** Answer to each packet that wants one; `undefined` for the others. PUBLISH depends on its QoS. */
const answerTypes: readonly (number | undefined)[] = Array.from({ length: 16 }, (_, type) => {
  if (type === PacketType.pubrec) return (PacketType.pubrel << 4) | 2;
  return type === PacketType.pubrel ? PacketType.pubcomp << 4 : undefined;
});

export class AnsweringClient implements Link {
  readonly origin: LinkOrigin;
  writes = 0;
  publishes = 0;
  private readonly queue: OutboundQueue;
  private readonly version: MqttVersion;
  private handler: LinkHandler | undefined;
  private answers: Uint8Array = new Uint8Array(answerBytesMax);
  private answersInUse: Uint8Array = new Uint8Array(answerBytesMax);
  private answerBytes = 0;
  /** Bytes of the current packet that are still to come. */
  private missingBytes = 0;

  constructor(number: number, version: MqttVersion) {
    this.version = version;
    const sink: OutboundSink = {
      send: (chunk) => {
        this.writes++;
        this.read(chunk);
        return true;
      },
      sendMany: (chunks) => {
        this.writes++;
        for (const chunk of chunks) this.read(chunk);
        return true;
      },
      whenTaken: () => {
        throw new Error('everything was taken at once');
      },
    };
    this.queue = new OutboundQueue(sink, { drained: () => this.handler?.drained() });
    this.origin = {
      transport: 'memory',
      listenerName: 'performance',
      remoteAddress: '127.0.0.1',
      remotePort: number,
      reach: 'loopback',
      certificate: undefined,
      encryption: undefined,
    };
  }

  opened(handler: LinkHandler): void {
    this.handler = handler;
  }

  send(packet: ClientPacket): void {
    this.feed(encodePacket(packet, this.version));
  }

  feed(chunk: Uint8Array): void {
    this.handler?.received(chunk);
  }

  /** Sends the answers to what came. @returns false when there are none */
  answer(): boolean {
    if (this.answerBytes === 0) return false;
    const { answers } = this;
    const length = this.answerBytes;
    this.answers = this.answersInUse;
    this.answersInUse = answers;
    this.answerBytes = 0;
    this.feed(answers.subarray(0, length));
    return true;
  }

  // ---- Link, used by the broker ------------------------------------------------------------------------

  get pendingBytes(): number {
    return this.queue.pendingBytes;
  }

  write(bytes: Uint8Array): void {
    this.queue.write(bytes);
  }

  lend(bytes: Uint8Array): boolean {
    return this.queue.lend(bytes);
  }

  requestDrained(): void {
    this.queue.requestDrained();
  }

  pause(): void {
    throw new Error('the broker stopped reading: this client takes everything at once');
  }

  resume(): void {
    throw new Error('the broker resumed what it never paused');
  }

  end(): void {
    throw new Error('the broker ended the connection');
  }

  destroy(): void {
    this.end();
  }

  // ---- what came -----------------------------------------------------------------------------------------

  private read(bytes: Uint8Array): void {
    let at = Math.min(this.missingBytes, bytes.length);
    this.missingBytes -= at;
    while (at < bytes.length) {
      const end = this.readPacket(bytes, at);
      this.missingBytes = Math.max(0, end - bytes.length);
      at = end;
    }
  }

  /** The broker never cuts a packet before its payload. @returns where the packet ends */
  private readPacket(bytes: Uint8Array, start: number): number {
    const firstByte = bytes[start] ?? 0;
    let at = start + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const type = firstByte >> 4;
    if (type === PacketType.publish) this.readPublish(firstByte, bytes, at);
    else {
      const answerType = answerTypes[type];
      if (answerType !== undefined) this.addAnswer(answerType, bytes, at);
    }
    return at + length;
  }

  private readPublish(firstByte: number, bytes: Uint8Array, at: number): void {
    this.publishes++;
    const qos = (firstByte >> 1) & 3;
    if (qos === 0) return;
    const topicBytes = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const answerType = qos === 1 ? PacketType.puback : PacketType.pubrec;
    this.addAnswer(answerType << 4, bytes, at + 2 + topicBytes);
  }

  /** @param idAt where the Packet Identifier is */
  private addAnswer(firstByte: number, bytes: Uint8Array, idAt: number): void {
    const { answers } = this;
    const at = this.answerBytes;
    answers[at] = firstByte;
    answers[at + 1] = 2;
    answers[at + 2] = bytes[idAt] ?? 0;
    answers[at + 3] = bytes[idAt + 1] ?? 0;
    this.answerBytes = at + 4;
  }
}
