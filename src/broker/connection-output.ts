import {
  type MqttVersion,
  ownPayloadBytesMin,
  PacketType,
  PacketWriter,
  type PublishPacket,
  type ServerPacket,
  slabBytesMax,
  writePacket,
  writePublishHead,
} from '../packet/index.ts';
import type { Delivery, WirePublish } from '../session/index.ts';
import type { Core } from './core.ts';
import type { Link } from './link.ts';

/** Output is handed to the link when it reaches this size, else at the end of the turn. */
const flushBytes = slabBytesMax - 2048;
/** What a client's own requests may add above the limit for messages before we stop reading from it. */
const answerBytesMax = 256 * 1024;

/** What one connection sends: packets collected in one buffer, one write for each turn. */
export class ConnectionOutput {
  private readonly core: Core;
  private readonly link: Link;
  private readonly wantsFlush: () => void;
  private readonly writer = new PacketWriter();
  private isFlushScheduled = false;

  /** @param wantsFlush called when there is something to `flush` at the end of the turn */
  constructor(core: Core, link: Link, wantsFlush: () => void) {
    this.core = core;
    this.link = link;
    this.wantsFlush = wantsFlush;
  }

  /** Above its limit the client gets no further message. Whoever hears so hears of it when it drained. */
  get isCongested(): boolean {
    return this.holdsMoreThan(this.core.settings.limits.outboundBytesMax);
  }

  /** The client does not even take the answers to its own requests. The same promise. */
  get isClogged(): boolean {
    return this.holdsMoreThan(this.core.settings.limits.outboundBytesMax + answerBytesMax);
  }

  private holdsMoreThan(bytes: number): boolean {
    if (this.link.pendingBytes + this.writer.length <= bytes) return false;
    this.link.requestDrained();
    return true;
  }

  send(packet: ServerPacket, version: MqttVersion): void {
    const { counters } = this.core;
    counters.packetsSent++;
    if (packet.type === PacketType.publish) {
      counters.publishSent++;
      counters.publishBytesSent += packet.payload.length;
      const { length } = packet.payload;
      if (length >= ownPayloadBytesMin) {
        this.sendReference(packet, version);
        return;
      }
      this.makeRoom(length);
    }
    const before = this.writer.length;
    writePacket(this.writer, packet, version);
    counters.bytesSent += this.writer.length - before;
    this.written();
  }

  /**
   * The payload is in a buffer of its own, and one more piece in a gathered write costs less than a copy: it
   * is handed to the link as it is, behind everything that was written before it.
   */
  private sendReference(packet: PublishPacket, version: MqttVersion): void {
    const before = this.writer.length;
    writePublishHead(this.writer, packet, version);
    this.core.counters.bytesSent += this.writer.length - before + packet.payload.length;
    this.flush();
    this.link.write(packet.payload);
  }

  sendShared(delivery: Delivery, wire: WirePublish, packetId: number): void {
    const { counters } = this.core;
    const { writer } = this;
    this.makeRoom(wire.bytes.length);
    const at = writer.length;
    writer.bytes(wire.bytes);
    if (packetId !== 0) writer.patchUint16(at + wire.packetIdAt, packetId);
    counters.packetsSent++;
    counters.publishSent++;
    counters.bytesSent += wire.bytes.length;
    counters.publishBytesSent += delivery.message.payload.length;
    this.written();
  }

  /** What would not fit into the slab does not make a larger one. */
  private makeRoom(length: number): void {
    if (this.writer.length + length > flushBytes && this.writer.length > 0) this.flush();
  }

  /** Hands over a full buffer, or asks to be flushed at the end of the turn. */
  private written(): void {
    if (this.writer.length >= flushBytes) this.flush();
    else if (!this.isFlushScheduled) {
      this.isFlushScheduled = true;
      this.wantsFlush();
    }
  }

  flush(): void {
    this.isFlushScheduled = false;
    if (this.writer.length > 0) this.writer.clear(this.link.lend(this.writer.written()));
  }
}
