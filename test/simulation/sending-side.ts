/** What a client does with messages of its own until the broker has taken them. */
import {
  PacketType,
  type PubackPacket,
  type PubcompPacket,
  type PublishProperties,
  type PubrecPacket,
  QoS,
  ReasonCode,
} from '../../src/packet/index.ts';
import type { ClientHost } from './client-host.ts';
import type { ClientProfile } from './client-profile.ts';
import type { Publication } from './publication.ts';
import type { SimLink } from './sim-link.ts';

/** As many as the broker's Receive Maximum by default, whatever the version. */
const unfinishedMax = 20;

interface Outgoing {
  readonly publication: Publication;
  readonly packetId: number;
  stage: 'publish' | 'pubrel';
}

export class SendingSide {
  private readonly host: ClientHost;
  private readonly profile: ClientProfile;
  /** QoS 1 and 2 messages not finished, in the order they were first sent: part of the Session. */
  private outgoing: Outgoing[] = [];
  private lastPacketId = 0;
  private aliases = new Map<string, number>();
  private aliasMaximum = 0;

  constructor(host: ClientHost, profile: ClientProfile) {
    this.host = host;
    this.profile = profile;
  }

  get unfinished(): number {
    return this.outgoing.length;
  }

  get mayPublish(): boolean {
    return this.outgoing.length < unfinishedMax;
  }

  connect(): void {
    this.aliases = new Map();
    this.aliasMaximum = 0;
  }

  clear(): void {
    this.outgoing = [];
  }

  useAliases(maximum: number): void {
    this.aliasMaximum = maximum;
  }

  /** CONNACK came with Session Present: what is unfinished goes out again, in order [MQTT-4.4.0-1]. */
  resume(link: SimLink): void {
    for (const { publication, packetId, stage } of this.outgoing) {
      if (stage === 'pubrel') this.release(link, packetId);
      else this.send(link, publication, packetId, true);
    }
  }

  /** An identifier that nothing uses; `taken` are those of other packets. */
  nextPacketId(taken: ReadonlySet<number>): number {
    do {
      this.lastPacketId = (this.lastPacketId % 65_535) + 1;
    } while (taken.has(this.lastPacketId) || this.find(this.lastPacketId) !== undefined);
    return this.lastPacketId;
  }

  publish(link: SimLink, publication: Publication, packetId: number): void {
    if (publication.qos !== QoS.atMostOnce) {
      this.outgoing.push({ publication, packetId, stage: 'publish' });
    }
    this.send(link, publication, packetId, false);
  }

  acknowledged({ packetId, reasonCode }: PubackPacket): void {
    const entry = this.find(packetId);
    if (entry?.stage !== 'publish' || entry.publication.qos !== QoS.atLeastOnce) {
      this.host.fail(`PUBACK ${packetId} for what was not sent`);
    }
    this.checkCode(entry.publication, reasonCode);
    this.remove(packetId);
  }

  received(link: SimLink, { packetId, reasonCode }: PubrecPacket): void {
    const entry = this.find(packetId);
    if (entry === undefined || entry.publication.qos !== QoS.exactlyOnce) {
      this.host.fail(`PUBREC ${packetId} for what was not sent`);
    }
    this.checkCode(entry.publication, reasonCode);
    if (reasonCode >= 0x80) {
      this.remove(packetId);
      return;
    }
    entry.stage = 'pubrel';
    this.release(link, packetId);
  }

  completed({ packetId }: PubcompPacket): void {
    if (this.find(packetId)?.stage !== 'pubrel') this.host.fail(`PUBCOMP ${packetId} out of turn`);
    this.remove(packetId);
  }

  private send(link: SimLink, publication: Publication, packetId: number, dup: boolean): void {
    const { id, topicName, payload, qos, retain } = publication;
    this.host.trace('publishes', id, topicName, { qos, dup, retain, packetId });
    const alias = this.aliasFor(topicName);
    let { properties }: { properties: PublishProperties | undefined } = publication;
    if (alias !== undefined) properties = { ...properties, topicAlias: alias.alias };
    this.host.send(
      link,
      {
        type: PacketType.publish,
        topicName: alias?.isKnown ? '' : topicName,
        payload,
        qos,
        retain,
        dup,
        packetId,
        properties,
      },
      publication,
    );
  }

  /** Now and then a name gets an alias, or takes one away from another name. */
  private aliasFor(topicName: string): { alias: number; isKnown: boolean } | undefined {
    if (this.aliasMaximum === 0) return undefined;
    const known = this.aliases.get(topicName);
    if (known !== undefined) return { alias: known, isKnown: true };
    if (!this.host.chance(0.3)) return undefined;
    const alias = (this.aliases.size % this.aliasMaximum) + 1;
    for (const [name, used] of this.aliases) {
      if (used === alias) this.aliases.delete(name);
    }
    this.aliases.set(topicName, alias);
    return { alias, isKnown: false };
  }

  private release(link: SimLink, packetId: number): void {
    const reasonCode = ReasonCode.success;
    this.host.send(link, { type: PacketType.pubrel, packetId, reasonCode, properties: undefined });
  }

  /** An acknowledgement is a promise: the broker has published it, or says why not. */
  private checkCode(publication: Publication, reasonCode: ReasonCode): void {
    const { id, isDenied, publishedCount, matched } = publication;
    const isV5 = this.profile.version === 5;
    if (isDenied) {
      const expected = isV5 ? ReasonCode.notAuthorized : ReasonCode.success;
      if (reasonCode !== expected) this.host.fail(`#${id} is denied, but got code ${reasonCode}`);
      return;
    }
    if (reasonCode >= 0x80) this.host.fail(`#${id} was refused with code ${reasonCode}`);
    if (publishedCount === 0) this.host.fail(`#${id} was acknowledged and never published`);
    const saysNobody = reasonCode === ReasonCode.noMatchingSubscribers;
    const isAgain = publication.qos === QoS.exactlyOnce && reasonCode === ReasonCode.success;
    if (isV5 && saysNobody !== (matched === 0) && !isAgain) {
      this.host.fail(`#${id} had ${matched} receivers, but got code ${reasonCode}`);
    }
  }

  private find(packetId: number): Outgoing | undefined {
    return this.outgoing.find((entry) => entry.packetId === packetId);
  }

  private remove(packetId: number): void {
    this.outgoing = this.outgoing.filter((entry) => entry.packetId !== packetId);
  }
}
