/** Packets towards one client: in its version, and within what it said that it takes. */
import {
  type AcknowledgementPacket,
  type ConnectPacket,
  MqttVersion,
  PacketType,
  type PublishPacket,
  packetSize,
  type ReasonCode,
  type ServerPacket,
} from '../packet/index.ts';
import type { ConnectionHost, Lsn, PacketOutput } from './connection-host.ts';
import type { Delivery } from './delivery.ts';
import { HeldDeliveries } from './held-deliveries.ts';
import type { DeliveryPort } from './outbound-flow.ts';
import { publishPacketFor, publishProperties } from './publish-packet.ts';
import { OutboundTopicAliases } from './topic-alias.ts';
import { withoutReason } from './without-reason.ts';

/** What a Topic Alias may add: the property, and a byte more in each of the two lengths before it. */
const aliasBytesMax = 5;

/** How far the store is, and who says when it is farther. */
export type StoreGate = Pick<ConnectionHost, 'durable' | 'answerWaits'>;

export class PacketSender implements DeliveryPort {
  version: MqttVersion = MqttVersion.v311;
  private readonly output: PacketOutput;
  private readonly store: StoreGate;
  /** The client's Maximum Packet Size, Infinity when it set none. */
  private maximumPacketSize = Infinity;
  private sendsProblemInformation = true;
  private aliases: OutboundTopicAliases | undefined;
  /** Made when the first delivery has to wait. */
  private held: HeldDeliveries | undefined;

  constructor(output: PacketOutput, store: StoreGate) {
    this.output = output;
    this.store = store;
  }

  /** What the client said in its CONNECT. */
  connected({ protocolVersion, properties }: ConnectPacket): void {
    this.version = protocolVersion;
    this.maximumPacketSize = properties?.maximumPacketSize ?? Infinity;
    this.sendsProblemInformation = properties?.requestProblemInformation ?? true;
  }

  /** Topic Aliases may be used from now on, numbers up to `maximum`; 0 = none. */
  useAliases(maximum: number): void {
    this.aliases = maximum > 0 ? new OutboundTopicAliases(maximum) : undefined;
  }

  get isCongested(): boolean {
    return this.output.isCongested;
  }

  /** No packet is too large for the client. */
  get takesAnySize(): boolean {
    return this.maximumPacketSize === Infinity;
  }

  /** As it is, whatever the client takes. */
  send(packet: ServerPacket): void {
    this.output.send(packet, this.version);
  }

  /** To be used only where `takesAnySize`. */
  sendAcknowledgement(
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    this.output.sendAcknowledgement(type, this.version, packetId, reasonCode);
  }

  sendPublish(delivery: Delivery, packetId: number, dup: boolean, nowMs: number): boolean {
    const { output, version } = this;
    const isV5 = version === MqttVersion.v5;
    if (this.takesAnySize && this.aliases === undefined) {
      const { wire } = delivery;
      if (wire !== undefined && !dup && delivery.message.expiresAtMs === Infinity) {
        output.sendShared(delivery, wire.for(delivery, version), packetId);
      } else {
        const properties = isV5 ? publishProperties(delivery, nowMs) : undefined;
        output.sendDelivery(delivery, version, packetId, dup, properties);
      }
      return true;
    }
    const packet = publishPacketFor(delivery, packetId, dup, nowMs, isV5);
    const spareBytes = this.takesAnySize
      ? Infinity
      : this.maximumPacketSize - packetSize(packet, version);
    if (spareBytes < 0) return false; // [MQTT-3.1.2-24]
    this.send(spareBytes < aliasBytesMax ? packet : this.withAlias(packet));
    return true;
  }

  get holdsBack(): boolean {
    return this.held?.isEmpty === false;
  }

  whenDurable(lsn: Lsn, send: () => void): void {
    if (lsn <= this.store.durable && !this.holdsBack) {
      send();
      return;
    }
    this.held ??= new HeldDeliveries();
    this.held.add(lsn, send);
    this.store.answerWaits();
  }

  /** The store's watermark moved. @returns whether nothing waits on */
  flushHeld(durable: Lsn): boolean {
    this.held?.flush(durable);
    return !this.holdsBack;
  }

  /** What waits is not sent any more. */
  closed(): void {
    this.held = undefined;
  }

  sendPubrel(packetId: number, reasonCode: ReasonCode): void {
    const type = PacketType.pubrel;
    if (this.takesAnySize) this.sendAcknowledgement(type, packetId, reasonCode);
    else this.sendTrimmed({ type, packetId, reasonCode, properties: undefined });
  }

  /**
   * Reason String and User Properties are left out where the client does not want them [MQTT-3.1.2-29]
   * or where they would make the packet too large for it [MQTT-3.2.2-19]; a packet that is too large
   * without them is not sent at all [MQTT-3.1.2-24].
   */
  sendTrimmed(packet: ServerPacket): void {
    if (this.version !== MqttVersion.v5) {
      this.send(packet);
      return;
    }
    let trimmed = packet;
    const keeps =
      this.sendsProblemInformation ||
      packet.type === PacketType.connack ||
      packet.type === PacketType.disconnect;
    if (!keeps || this.isTooLarge(packet)) trimmed = withoutReason(packet);
    if (!this.isTooLarge(trimmed)) this.send(trimmed);
  }

  isTooLarge(packet: ServerPacket): boolean {
    return !this.takesAnySize && packetSize(packet, this.version) > this.maximumPacketSize;
  }

  private withAlias(packet: PublishPacket): PublishPacket {
    const alias = this.aliases?.assign(packet.topicName);
    if (alias === undefined) return packet;
    return {
      ...packet,
      topicName: alias.isNew ? packet.topicName : '',
      properties: { ...packet.properties, topicAlias: alias.alias },
    };
  }
}
