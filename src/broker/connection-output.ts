import {
  type AcknowledgementPacket,
  type MqttVersion,
  ownPayloadBytesMin,
  PacketType,
  PacketWriter,
  type PublishProperties,
  publishFlags,
  type ReasonCode,
  type ServerPacket,
  slabBytesMax,
  writeAcknowledgement,
  writePacket,
  writePublishHead,
} from '../packet/index.ts';
import type { Delivery, PacketOutput, WirePublish } from '../session/index.ts';
import type { Core } from './core.ts';
import type { Link } from './link.ts';

/** Output is handed to the link when it reaches this size, else at the end of the turn. */
const flushBytes = slabBytesMax - 2048;
/** What a client's own requests may add above the limit for messages before we stop reading from it. */
const answerBytesMax = 256 * 1024;

/** Who is asked to `flush` at the end of the turn. */
export interface OutputOwner {
  wantsFlush(): void;
}

/** What one connection sends: packets collected in one buffer, one write for each turn. */
export class ConnectionOutput implements PacketOutput {
  private readonly core: Core;
  private readonly link: Link;
  private readonly owner: OutputOwner;
  private readonly writer = new PacketWriter();
  private isFlushScheduled = false;

  constructor(core: Core, link: Link, owner: OutputOwner) {
    this.core = core;
    this.link = link;
    this.owner = owner;
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
    if (packet.type === PacketType.publish) {
      const { payload, properties, topicName, packetId } = packet;
      const flags = publishFlags(packet.qos, packet.retain, packet.dup);
      this.sendPublish(version, flags, topicName, packetId, properties, payload);
      return;
    }
    this.core.counters.packetsSent++;
    writePacket(this.writer, packet, version);
    this.written();
  }

  sendDelivery(
    { message, qos, retain }: Delivery,
    version: MqttVersion,
    packetId: number,
    dup: boolean,
    properties: PublishProperties | undefined,
  ): void {
    const flags = publishFlags(qos, retain, dup);
    const { topicName, payload } = message;
    this.sendPublish(version, flags, topicName, packetId, properties, payload);
  }

  sendAcknowledgement(
    type: AcknowledgementPacket['type'],
    version: MqttVersion,
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    this.core.counters.packetsSent++;
    writeAcknowledgement(this.writer, version, type, packetId, reasonCode);
    this.written();
  }

  private sendPublish(
    version: MqttVersion,
    flags: number,
    topicName: string,
    packetId: number,
    properties: PublishProperties | undefined,
    payload: Uint8Array,
  ): void {
    const { writer } = this;
    const { length } = payload;
    this.countPublish(length);
    if (length < ownPayloadBytesMin) {
      this.makeRoom(length);
      writePublishHead(writer, version, flags, topicName, packetId, properties, length);
      writer.bytes(payload);
      this.written();
      return;
    }
    // It is in a buffer of its own: handed to the link as it is, behind everything written before it.
    writePublishHead(writer, version, flags, topicName, packetId, properties, length);
    this.flush();
    this.core.counters.bytesSent += length;
    this.link.write(payload);
  }

  private countPublish(payloadBytes: number): void {
    const { counters } = this.core;
    counters.packetsSent++;
    counters.publishSent++;
    counters.publishBytesSent += payloadBytes;
  }

  sendShared({ message }: Delivery, { bytes, packetIdAt }: WirePublish, packetId: number): void {
    const { writer } = this;
    this.countPublish(message.payloadBytes);
    this.makeRoom(bytes.length);
    const at = writer.length;
    writer.bytes(bytes);
    if (packetId !== 0) writer.patchUint16(at + packetIdAt, packetId);
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
      this.owner.wantsFlush();
    }
  }

  flush(): void {
    this.isFlushScheduled = false;
    const { length } = this.writer;
    if (length === 0) return;
    this.core.counters.bytesSent += length;
    this.writer.clear(this.link.lend(this.writer.written()));
  }
}
