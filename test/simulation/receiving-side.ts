/** What a client does with messages that come: Topic Aliases, QoS 1 and 2, and its Receive Maximum. */
import {
  type AcknowledgementPacket,
  PacketType,
  type PublishPacket,
  type PubrelPacket,
  packetSize,
  QoS,
  ReasonCode,
} from '../../src/packet/index.ts';
import type { ArrivedPublish, ClientHost } from './client-host.ts';
import type { ClientProfile } from './client-profile.ts';
import { idOf } from './publication.ts';
import type { SimLink } from './sim-link.ts';

/** One in so many QoS 2 messages is refused by its receiver. */
const publicationsPerRefused = 97;

export class ReceivingSide {
  /** QoS 2 identifiers received and not released: part of the Session. */
  private readonly held = new Set<number>();
  private readonly host: ClientHost;
  private readonly profile: ClientProfile;
  private aliases = new Map<number, string>();
  /** Identifiers of PUBLISH packets of this connection whose flow is not over. */
  private readonly unfinished = new Set<number>();
  private answers: AcknowledgementPacket[] = [];

  constructor(host: ClientHost, profile: ClientProfile) {
    this.host = host;
    this.profile = profile;
  }

  get waitingAnswers(): number {
    return this.answers.length;
  }

  /** A new connection: what belonged to the old one is gone. */
  connect(): void {
    this.aliases = new Map();
    this.unfinished.clear();
    this.answers = [];
  }

  /** The Session is gone. */
  clear(): void {
    this.held.clear();
  }

  publish(link: SimLink, packet: PublishPacket): void {
    this.checkSize(packet);
    const topicName = this.resolve(packet);
    const { payload, qos, retain, dup, packetId, properties } = packet;
    const identifiers = [...(properties?.subscriptionIdentifiers ?? [])].sort((a, b) => a - b);
    const id = idOf(payload);
    this.host.trace('got', id, topicName, { qos, dup, retain, packetId });
    const arrival: ArrivedPublish = {
      id,
      topicName,
      payload,
      qos,
      retain,
      dup,
      packetId,
      identifiers,
      properties,
    };
    if (qos !== QoS.atMostOnce) this.countUnfinished(packetId);
    const isNew = this.host.arrived(link, arrival);
    if (qos === QoS.atLeastOnce) {
      this.answer(link, PacketType.puback, packetId, ReasonCode.success);
    } else if (qos === QoS.exactlyOnce) {
      this.publishExactlyOnce(link, arrival, isNew);
    }
  }

  release(link: SimLink, { packetId, reasonCode }: PubrelPacket): void {
    this.host.trace('got PUBREL', packetId);
    if (reasonCode !== ReasonCode.success || !this.host.isInFlow(link, packetId)) {
      this.host.fail(`PUBREL ${packetId} (${reasonCode}) for what is not in flow`);
    }
    const wasHeld = this.held.delete(packetId);
    const code = wasHeld ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
    this.answer(link, PacketType.pubcomp, packetId, code);
  }

  /** Sends what was put off. */
  flush(link: SimLink): void {
    const answers = this.answers;
    this.answers = [];
    for (const answer of answers) {
      const isPubrec = answer.type === PacketType.pubrec;
      if (isPubrec && answer.reasonCode < 0x80) {
        this.host.send(link, answer);
      } else {
        this.unfinished.delete(answer.packetId);
        this.host.finish(link, answer);
      }
    }
  }

  private publishExactlyOnce(link: SimLink, arrival: ArrivedPublish, isNew: boolean): void {
    const { id, packetId } = arrival;
    const isHeld = this.held.has(packetId);
    const isRefused =
      this.profile.version === 5 && id % publicationsPerRefused === 0 && id !== 0 && !isHeld;
    if (isRefused) {
      this.answer(link, PacketType.pubrec, packetId, ReasonCode.quotaExceeded);
      return;
    }
    if (isNew === isHeld) {
      // The identifier decides for the client [MQTT-4.3.3-10], the model knows better.
      this.host.fail(`QoS 2 message #${id} ${isHeld ? 'is lost' : 'is taken twice'}`);
    }
    this.held.add(packetId);
    this.answer(link, PacketType.pubrec, packetId, ReasonCode.success);
  }

  /** Answers keep the order of what they answer [MQTT-4.6.0-2], whether at once or later. */
  private answer(
    link: SimLink,
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    this.answers.push({ type, packetId, reasonCode, properties: undefined });
    if (this.host.chance(this.profile.promptness)) this.flush(link);
  }

  private countUnfinished(packetId: number): void {
    this.unfinished.add(packetId);
    if (this.unfinished.size > this.profile.receiveMaximum) {
      this.host.fail(`more than ${this.profile.receiveMaximum} PUBLISH`); // [MQTT-3.3.4-9]
    }
  }

  private resolve({ topicName, properties }: PublishPacket): string {
    const alias = properties?.topicAlias;
    if (alias === undefined) return topicName;
    if (alias > this.profile.topicAliasMaximum) this.host.fail(`Topic Alias ${alias}`); // [MQTT-3.1.2-26]
    if (topicName !== '') {
      this.aliases.set(alias, topicName);
      return topicName;
    }
    return this.aliases.get(alias) ?? this.host.fail(`Topic Alias ${alias} was never set`);
  }

  private checkSize(packet: PublishPacket): void {
    const { maximumPacketSize, version } = this.profile;
    if (maximumPacketSize === undefined) return;
    const size = packetSize(packet, version);
    if (size > maximumPacketSize) {
      this.host.fail(`a packet of ${size} bytes, the maximum is ${maximumPacketSize}`); // [MQTT-3.1.2-24]
    }
  }
}
