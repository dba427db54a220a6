/**
 * A client of the simulation: it keeps its side of the protocol to the letter and never trusts the
 * broker's. Its Session State (what it has not finished sending, which QoS 2 identifiers it holds)
 * outlives its connections as MQTT says; everything else dies with them.
 */
import {
  type ConnackPacket,
  type ConnectPacket,
  type DisconnectPacket,
  PacketReader,
  PacketType,
  ReasonCode,
  type ServerPacket,
  type SubackPacket,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubackPacket,
  type UnsubscribePacket,
} from '../../src/packet/index.ts';
import type { ClientHost } from './client-host.ts';
import type { ClientProfile } from './client-profile.ts';
import type { Publication } from './publication.ts';
import { ReceivingSide } from './receiving-side.ts';
import { SendingSide } from './sending-side.ts';
import type { LinkOwner, SimLink } from './sim-link.ts';

export class SimClient implements LinkOwner {
  readonly name: string;
  readonly profile: ClientProfile;
  /** Its present connection. */
  link: SimLink | undefined;
  state: 'away' | 'connecting' | 'connected' = 'away';
  /** It asked for Clean Start and does not know whether that was heard. */
  mustStartClean = false;
  /** It left a connection behind before its CONNACK: that CONNECT may have come after a later one. */
  hasRacedItself = false;
  readonly receiving: ReceivingSide;
  readonly sending: SendingSide;
  /** Filters it asked for and did not give back, for something to unsubscribe from. */
  readonly filters: Set<string> = new Set();
  private readonly host: ClientHost;
  private reader: PacketReader<'client'> | undefined;
  /** SUBSCRIBE and UNSUBSCRIBE that are not answered; not part of the Session. */
  private readonly requests = new Map<number, SubscribePacket | UnsubscribePacket>();
  private connectSent: ConnectPacket | undefined;

  constructor(name: string, profile: ClientProfile, host: ClientHost) {
    this.name = name;
    this.profile = profile;
    this.host = host;
    this.receiving = new ReceivingSide(host, profile);
    this.sending = new SendingSide(host, profile);
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  /** Seconds; what it asked for in its last CONNECT. */
  get sessionExpiryInterval(): number {
    return this.connectSent?.properties?.sessionExpiryInterval ?? 0;
  }

  /** May send without waiting for CONNACK: nothing of an older Session could come first. */
  get mayPipeline(): boolean {
    return this.state === 'connecting' && this.connectSent?.cleanStart === true;
  }

  get isIdle(): boolean {
    return (
      this.requests.size === 0 &&
      this.sending.unfinished === 0 &&
      this.receiving.waitingAnswers === 0
    );
  }

  // ---- what it does ----------------------------------------------------------------------------------------

  connect(link: SimLink, packet: ConnectPacket): void {
    this.leave();
    this.link = link;
    this.state = 'connecting';
    this.connectSent = packet;
    this.reader = new PacketReader({ role: 'client', version: this.profile.version });
    this.receiving.connect();
    this.sending.connect();
    if (packet.cleanStart) {
      this.forgetSession();
      this.mustStartClean = true;
    }
    const { cleanStart, properties } = packet;
    this.host.trace('CONNECT', { cleanStart, ...properties, port: link.origin.remotePort });
    this.host.send(link, packet);
  }

  publish(publication: Publication): void {
    if (this.link === undefined) return;
    const taken = new Set(this.requests.keys());
    const packetId = publication.qos === 0 ? 0 : this.sending.nextPacketId(taken);
    this.sending.publish(this.link, publication, packetId);
  }

  subscribe(subscriptions: readonly SubscriptionRequest[], identifier: number | undefined): void {
    const properties =
      identifier === undefined ? undefined : { subscriptionIdentifier: identifier };
    for (const { topicFilter } of subscriptions) this.filters.add(topicFilter);
    this.host.trace('SUBSCRIBE', ...subscriptions, identifier);
    const packetId = this.requestId();
    this.request({ type: PacketType.subscribe, packetId, subscriptions, properties });
  }

  unsubscribe(topicFilters: readonly string[]): void {
    for (const filter of topicFilters) this.filters.delete(filter);
    this.host.trace('UNSUBSCRIBE', ...topicFilters);
    const packetId = this.requestId();
    this.request({ type: PacketType.unsubscribe, packetId, topicFilters, properties: undefined });
  }

  ping(): void {
    if (this.link !== undefined) this.host.send(this.link, { type: PacketType.pingreq });
  }

  /** @param sessionExpiryInterval seconds, to change it at the end; undefined leaves it. */
  disconnect(reasonCode: ReasonCode, sessionExpiryInterval: number | undefined): void {
    const { link } = this;
    if (link === undefined) return;
    const properties = sessionExpiryInterval === undefined ? undefined : { sessionExpiryInterval };
    const packet: DisconnectPacket = { type: PacketType.disconnect, reasonCode, properties };
    this.host.trace('DISCONNECT', reasonCode, sessionExpiryInterval);
    this.host.send(link, packet);
    this.leave();
  }

  /** The network breaks under it. */
  lose(): void {
    this.host.trace('loses its connection');
    this.link?.break();
    this.leave();
  }

  /** It starts anew and leaves its connection open behind it. */
  abandon(): void {
    if (this.link === undefined) return;
    this.host.trace('abandons its connection');
    if (this.state === 'connecting') this.hasRacedItself = true;
    this.link.isStuck = true;
    this.link.isAbandoned = true;
    this.leave();
  }

  /** No connection any more; what the Session holds stays if the Session does. */
  private leave(): void {
    if (this.state === 'away') return;
    this.state = 'away';
    this.link = undefined;
    this.requests.clear();
  }

  private forgetSession(): void {
    this.receiving.clear();
    this.sending.clear();
  }

  private requestId(): number {
    return this.sending.nextPacketId(new Set(this.requests.keys()));
  }

  private request(packet: SubscribePacket | UnsubscribePacket): void {
    if (this.link === undefined) return;
    this.requests.set(packet.packetId, packet);
    this.host.send(this.link, packet);
  }

  // ---- LinkOwner -------------------------------------------------------------------------------------------

  received(link: SimLink, bytes: Uint8Array): void {
    const { reader } = this;
    if (link !== this.link || reader === undefined) return;
    reader.push(bytes);
    while (link === this.link) {
      const packet = reader.next();
      if (packet === undefined) return;
      this.handle(link, packet);
    }
  }

  closed(link: SimLink): void {
    if (link !== this.link) return;
    this.host.trace('was closed by the broker');
    this.leave();
  }

  private handle(link: SimLink, packet: ServerPacket): void {
    if (this.state === 'connecting') {
      if (packet.type !== PacketType.connack)
        this.host.fail(`packet ${packet.type} before CONNACK`);
      this.connected(link, packet);
      return;
    }
    switch (packet.type) {
      case PacketType.publish:
        this.receiving.publish(link, packet);
        break;
      case PacketType.pubrel:
        this.receiving.release(link, packet);
        break;
      case PacketType.puback:
        this.sending.acknowledged(packet);
        break;
      case PacketType.pubrec:
        this.sending.received(link, packet);
        break;
      case PacketType.pubcomp:
        this.sending.completed(packet);
        break;
      case PacketType.suback:
        this.subscribed(link, packet);
        break;
      case PacketType.unsuback:
        this.unsubscribed(packet);
        break;
      case PacketType.pingresp:
        break;
      case PacketType.disconnect:
        this.disconnected(packet);
        break;
      default:
        this.host.fail(`unexpected packet ${packet.type}`);
    }
  }

  private connected(link: SimLink, connack: ConnackPacket): void {
    const { reasonCode, sessionPresent, properties } = connack;
    this.host.trace('CONNACK', reasonCode, sessionPresent);
    const isKnown = this.host.connackArrived(link, connack);
    if (reasonCode !== ReasonCode.success) return;
    this.state = 'connected';
    const { cleanStart } = this.connectSent as ConnectPacket;
    this.mustStartClean = false;
    if (!isKnown && !cleanStart) this.forgetSession();
    this.sending.useAliases(properties?.topicAliasMaximum ?? 0);
    // After Clean Start there is only what went out behind the CONNECT.
    if (!cleanStart) this.sending.resume(link);
  }

  private subscribed(link: SimLink, packet: SubackPacket): void {
    const request = this.requests.get(packet.packetId);
    if (request?.type !== PacketType.subscribe) this.host.fail(`SUBACK ${packet.packetId}`);
    this.requests.delete(packet.packetId);
    this.host.subackArrived(link, request, packet);
  }

  private unsubscribed(packet: UnsubackPacket): void {
    const request = this.requests.get(packet.packetId);
    if (request?.type !== PacketType.unsubscribe) this.host.fail(`UNSUBACK ${packet.packetId}`);
    this.requests.delete(packet.packetId);
  }

  /** The broker says why it ends the connection. */
  private disconnected({ reasonCode }: DisconnectPacket): void {
    this.host.trace('got DISCONNECT', reasonCode);
    const expected: readonly ReasonCode[] = [
      ReasonCode.keepAliveTimeout,
      ReasonCode.sessionTakenOver,
      ReasonCode.serverShuttingDown,
    ];
    if (!expected.includes(reasonCode)) this.host.fail(`was disconnected with ${reasonCode}`);
  }
}
