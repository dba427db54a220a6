/**
 * PUBLISH from the client on one Network Connection: Topic Aliases, our Receive Maximum, and the receiving
 * half of QoS 1 and 2. The QoS 2 identifiers themselves belong to the Session and outlive it.
 */
import {
  type AcknowledgementPacket,
  PacketType,
  ProtocolError,
  type PublishPacket,
  QoS,
  ReasonCode,
  type ServerPacket,
} from '../packet/index.ts';
import type { ConnectionHost, Lsn, PublishOutcome } from './connection-host.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { Session } from './session.ts';
import { InboundTopicAliases } from './topic-alias.ts';

/** The Connection, as this flow sees it. */
export interface InboundOwner {
  readonly isV5: boolean;
  /** It is closed: nothing is answered any more. */
  readonly isOver: boolean;
  answer(packet: ServerPacket, lsn: Lsn): void;
  acknowledge(
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode,
    lsn: Lsn,
  ): void;
}

export class InboundFlow {
  private readonly host: ConnectionHost;
  private readonly settings: ConnectionSettings;
  private readonly session: Session;
  private readonly owner: InboundOwner;
  private readonly aliases: InboundTopicAliases;
  /** QoS 1 and 2 PUBLISH packets of this connection that are not finished. */
  private unfinished = 0;
  private pending: PublishPacket | undefined;

  constructor(
    host: ConnectionHost,
    settings: ConnectionSettings,
    session: Session,
    owner: InboundOwner,
  ) {
    this.host = host;
    this.settings = settings;
    this.session = session;
    this.owner = owner;
    this.aliases = new InboundTopicAliases(settings.topicAliasMaximum);
  }

  /** @throws {ProtocolError} for a wrong Topic Alias or more than our Receive Maximum. */
  receivePublish(packet: PublishPacket): void {
    const alias = packet.properties?.topicAlias;
    const topicName =
      alias === undefined ? packet.topicName : this.aliases.resolve(packet.topicName, alias);
    if (packet.qos !== QoS.atMostOnce) {
      if (packet.qos === QoS.exactlyOnce && this.session.unreleased.has(packet.packetId)) {
        // The same message again: it was routed when it first came [MQTT-4.3.3-10].
        this.answer(packet, ReasonCode.success, undefined, 0);
        return;
      }
      this.takeReceiveQuota();
    }
    const outcome = this.host.publishReceived(packet, topicName);
    if (outcome === undefined) this.pending = packet;
    else this.finishPublish(packet, outcome);
  }

  /** The host's late answer to `publishReceived`. */
  publishCompleted(outcome: PublishOutcome): void {
    const packet = this.pending;
    if (packet === undefined) return;
    this.pending = undefined;
    this.finishPublish(packet, outcome);
  }

  receivePubrel(packetId: number): void {
    const known = this.session.unreleased.delete(packetId);
    const lsn = known ? this.host.unreleasedChanged(packetId, false) : 0;
    const reasonCode = known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
    // PUBCOMP follows in any case: the client may have missed the first one [MQTT-4.3.3-11].
    this.owner.acknowledge(PacketType.pubcomp, packetId, reasonCode, lsn);
  }

  /** An answer that ends a flow went out: the client may send one more. */
  finished(): void {
    if (this.unfinished > 0) this.unfinished--;
  }

  private finishPublish(packet: PublishPacket, outcome: PublishOutcome): void {
    if (packet.qos === QoS.atMostOnce || this.owner.isOver) return;
    let { lsn } = outcome;
    if (packet.qos === QoS.exactlyOnce && outcome.reasonCode < 0x80) {
      this.session.unreleased.add(packet.packetId);
      lsn = Math.max(lsn, this.host.unreleasedChanged(packet.packetId, true));
    }
    this.answer(packet, outcome.reasonCode, outcome.reasonString, lsn);
  }

  private answer(
    packet: PublishPacket,
    reasonCode: ReasonCode,
    reasonString: string | undefined,
    lsn: Lsn,
  ): void {
    const type = packet.qos === QoS.exactlyOnce ? PacketType.pubrec : PacketType.puback;
    const { packetId } = packet;
    if (reasonString === undefined) this.owner.acknowledge(type, packetId, reasonCode, lsn);
    else this.owner.answer({ type, packetId, reasonCode, properties: { reasonString } }, lsn);
  }

  /** Receive Maximum is a promise of the client: at most that many unfinished [MQTT-3.3.4-7]. */
  private takeReceiveQuota(): void {
    if (this.owner.isV5 && this.unfinished >= this.settings.inflightMessagesMax) {
      if (this.settings.receiveMaximumMode === 'strict') {
        throw new ProtocolError(
          ReasonCode.receiveMaximumExceeded,
          `more than ${this.settings.inflightMessagesMax} unfinished PUBLISH packets`,
        );
      }
      this.host.receiveMaximumExceeded();
    }
    this.unfinished++;
  }
}
