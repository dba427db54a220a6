/**
 * Messages from the server: resolves Topic Aliases, answers with PUBACK, PUBREC and PUBCOMP, and hands
 * each QoS 2 message out once, on its first PUBLISH. The identifiers of QoS 2 messages that wait for
 * PUBREL belong to the Session and outlive a connection; the aliases do not [MQTT-3.3.2-7].
 */
import {
  type ClientPacket,
  PacketType,
  ProtocolError,
  type PublishPacket,
  ReasonCode,
} from '../packet/index.ts';

export class InboundFlow {
  readonly #send: (packet: ClientPacket) => void;
  readonly #deliver: (packet: PublishPacket) => void;
  readonly #unreleased = new Set<number>();
  readonly #aliases = new Map<number, string>();
  readonly #aliasMax: number;

  /** `aliasMax` is the Topic Alias Maximum this client announced. */
  constructor(
    aliasMax: number,
    send: (packet: ClientPacket) => void,
    deliver: (packet: PublishPacket) => void,
  ) {
    this.#aliasMax = aliasMax;
    this.#send = send;
    this.#deliver = deliver;
  }

  connected(sessionPresent: boolean): void {
    this.#aliases.clear();
    if (!sessionPresent) this.#unreleased.clear();
  }

  /** @throws {ProtocolError} for a Topic Alias that means nothing. */
  published(received: PublishPacket): void {
    const packet = this.#withTopicName(received);
    const { packetId } = packet;
    if (packet.qos < 2) {
      this.#deliver(packet);
      if (packet.qos === 1) this.#answer(PacketType.puback, packetId);
      return;
    }
    if (!this.#unreleased.has(packetId)) {
      this.#unreleased.add(packetId);
      this.#deliver(packet);
    }
    this.#answer(PacketType.pubrec, packetId);
  }

  released(packetId: number): void {
    const isKnown = this.#unreleased.delete(packetId);
    this.#answer(
      PacketType.pubcomp,
      packetId,
      isKnown ? ReasonCode.success : ReasonCode.packetIdentifierNotFound,
    );
  }

  #answer(
    type: typeof PacketType.puback | typeof PacketType.pubrec | typeof PacketType.pubcomp,
    packetId: number,
    reasonCode: ReasonCode = ReasonCode.success,
  ): void {
    this.#send({ type, packetId, reasonCode, properties: undefined });
  }

  #withTopicName(packet: PublishPacket): PublishPacket {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet;
    if (alias === 0 || alias > this.#aliasMax) {
      throw new ProtocolError(
        ReasonCode.topicAliasInvalid,
        `Topic Alias ${alias}, where 1 to ${this.#aliasMax} are allowed.`,
      );
    }
    if (packet.topicName !== '') {
      this.#aliases.set(alias, packet.topicName);
      return packet;
    }
    const topicName = this.#aliases.get(alias);
    if (topicName === undefined) {
      throw new ProtocolError(
        ReasonCode.topicAliasInvalid,
        `Topic Alias ${alias} was never given a Topic Name.`,
      );
    }
    return { ...packet, topicName };
  }
}
