/**
 * One Network Connection as the protocol sees it: a state machine without socket, clock or timer. What
 * happens is a method call (`receive`, `accept`, `publishCompleted`, …); what it wants is a call of its
 * `ConnectionHost`. It ends by throwing a ProtocolError out of `receive` (the host answers and closes) or
 * by the host calling `close`.
 *
 *   awaiting-connect ──CONNECT──► connecting ──accept──► connected ──close──► closed
 *                                     │  ▲                              ▲
 *                                     └──┴─ AUTH (enhanced) ── refuse ──┘
 *
 * Rejected: returning lists of actions (an array and objects for each packet), generators (slower by an
 * order of magnitude), one class per version (3.x differs only in what is not there).
 */
import {
  type AuthPacket,
  type ClientPacket,
  type ConnackProperties,
  type ConnectPacket,
  type DisconnectPacket,
  MqttVersion,
  PacketType,
  ProtocolError,
  type PublishPacket,
  QoS,
  ReasonCode,
  type ReasonProperties,
  type ServerPacket,
} from '../packet/index.ts';
import type { ConnectionHost, Lsn, PublishOutcome } from './connection-host.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { Delivery } from './delivery.ts';
import type { DeliveryPort } from './outbound-flow.ts';
import { publishPacketFor } from './publish-packet.ts';
import { expiryIntervalMs, type Session } from './session.ts';
import { InboundTopicAliases, OutboundTopicAliases } from './topic-alias.ts';

export type ConnectionState = 'awaiting-connect' | 'connecting' | 'connected' | 'closed';

/** How the host answers a CONNECT that it takes. */
export interface Acceptance {
  readonly session: Session;
  readonly sessionPresent: boolean;
  /** Set when the client sent an empty Client Identifier [MQTT-3.1.3-7]. */
  readonly assignedClientId: string | undefined;
  readonly responseInformation: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
  /** CONNACK waits for it. */
  readonly lsn: Lsn;
}

export interface Refusal {
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
  readonly serverReference: string | undefined;
}

interface PendingAnswer {
  readonly packet: ServerPacket;
  readonly lsn: Lsn;
}

export class Connection implements DeliveryPort {
  state: ConnectionState = 'awaiting-connect';
  protocolVersion: MqttVersion = MqttVersion.v311;
  /** Seconds in force; 0 = none. */
  keepAlive = 0;
  /** When the last packet came; the host compares it with `keepAlive`. */
  lastReceivedMs: number;
  session: Session | undefined;
  /** The client's last word before it left, if it was one. */
  disconnect: DisconnectPacket | undefined;

  private readonly host: ConnectionHost;
  private readonly settings: ConnectionSettings;
  private connect: ConnectPacket | undefined;
  private authenticationMethod: string | undefined;
  private isReAuthenticating = false;
  private inboundAliases: InboundTopicAliases;
  private outboundAliases: OutboundTopicAliases | undefined;
  /** The client's Maximum Packet Size, Infinity when it set none. */
  private maximumPacketSize = Infinity;
  private receiveMaximum: number;
  private sendsProblemInformation = true;
  /** QoS 1 and 2 PUBLISH packets of this connection that are not finished. */
  private unfinished = 0;
  private pendingPublish: PublishPacket | undefined;
  private answers: PendingAnswer[] = [];

  constructor(host: ConnectionHost, settings: ConnectionSettings, nowMs: number) {
    this.host = host;
    this.settings = settings;
    this.lastReceivedMs = nowMs;
    this.receiveMaximum = settings.inflightMessagesMax;
    this.inboundAliases = new InboundTopicAliases(0);
  }

  get isCongested(): boolean {
    return this.host.isCongested;
  }

  get connectPacket(): ConnectPacket | undefined {
    return this.connect;
  }

  /** @throws {ProtocolError} when the client broke the protocol; nothing was changed by that packet. */
  receive(packet: ClientPacket, nowMs: number): void {
    this.lastReceivedMs = nowMs;
    if (this.state === 'connected') {
      this.receiveConnected(packet, nowMs);
    } else if (this.state === 'awaiting-connect') {
      this.receiveConnect(packet);
    } else if (this.state === 'connecting') {
      this.receiveConnecting(packet);
    }
  }

  // ---- CONNECT and AUTH ------------------------------------------------------------------------------

  private receiveConnect(packet: ClientPacket): void {
    if (packet.type !== PacketType.connect) {
      throw new ProtocolError(ReasonCode.protocolError, 'the first packet must be CONNECT'); // [MQTT-3.1.0-1]
    }
    this.connect = packet;
    this.protocolVersion = packet.protocolVersion;
    this.maximumPacketSize = packet.properties?.maximumPacketSize ?? Infinity;
    this.sendsProblemInformation = packet.properties?.requestProblemInformation ?? true;
    this.authenticationMethod = packet.properties?.authenticationMethod;
    this.state = 'connecting';
    checkClientId(packet);
    this.host.connectReceived(packet);
  }

  private receiveConnecting(packet: ClientPacket): void {
    // Until CONNACK only AUTH and DISCONNECT may come [MQTT-3.1.4-6], [MQTT-4.12.0-7].
    if (packet.type === PacketType.auth) this.receiveAuth(packet);
    else if (packet.type === PacketType.disconnect) this.receiveDisconnect(packet);
    else throw new ProtocolError(ReasonCode.protocolError, 'only AUTH may be sent before CONNACK');
  }

  private receiveAuth(packet: AuthPacket): void {
    if (this.authenticationMethod === undefined) {
      throw new ProtocolError(ReasonCode.protocolError, 'CONNECT named no Authentication Method'); // [MQTT-4.12.0-6]
    }
    if (packet.properties?.authenticationMethod !== this.authenticationMethod) {
      throw new ProtocolError(
        ReasonCode.protocolError,
        'the Authentication Method differs from that of CONNECT', // [MQTT-4.12.0-5], [MQTT-4.12.1-1]
      );
    }
    const starts = packet.reasonCode === ReasonCode.reAuthenticate;
    if (starts !== (this.state === 'connected' && !this.isReAuthenticating)) {
      throw new ProtocolError(ReasonCode.protocolError, 'AUTH with a Reason Code out of turn');
    }
    if (starts) this.isReAuthenticating = true;
    this.host.authReceived(packet);
  }

  /** Enhanced authentication goes on: the client answers with AUTH. */
  continueAuthentication(authenticationData: Uint8Array | undefined): void {
    this.sendAuth(ReasonCode.continueAuthentication, authenticationData);
  }

  /** Re-authentication succeeded; the connection goes on. */
  reAuthenticated(authenticationData: Uint8Array | undefined): void {
    this.isReAuthenticating = false;
    this.sendAuth(ReasonCode.success, authenticationData);
  }

  private sendAuth(reasonCode: ReasonCode, authenticationData: Uint8Array | undefined): void {
    const authenticationMethod = this.authenticationMethod;
    const properties = { authenticationMethod, authenticationData };
    this.host.send({ type: PacketType.auth, reasonCode, properties });
  }

  /** The host takes the client. CONNACK goes out once the Session is safe, then what was owed. */
  accept(acceptance: Acceptance): void {
    const connect = this.connect as ConnectPacket;
    this.state = 'connected';
    this.session = acceptance.session;
    this.keepAlive = this.effectiveKeepAlive(connect);
    this.inboundAliases = new InboundTopicAliases(this.settings.topicAliasMaximum);
    const aliases = Math.min(
      connect.properties?.topicAliasMaximum ?? 0,
      this.settings.topicAliasMaximum,
    );
    this.outboundAliases = aliases > 0 ? new OutboundTopicAliases(aliases) : undefined;
    this.receiveMaximum = Math.min(
      connect.properties?.receiveMaximum ?? 65_535,
      this.settings.inflightMessagesMax,
    );
    this.answer(
      {
        type: PacketType.connack,
        sessionPresent: acceptance.sessionPresent,
        reasonCode: ReasonCode.success,
        properties:
          this.protocolVersion === MqttVersion.v5
            ? this.connackProperties(connect, acceptance)
            : undefined,
      },
      acceptance.lsn,
    );
  }

  private connackProperties(connect: ConnectPacket, acceptance: Acceptance): ConnackProperties {
    const { settings } = this;
    const asked = connect.properties?.sessionExpiryInterval ?? 0;
    const granted = acceptance.session.expiryIntervalMs;
    return {
      sessionExpiryInterval:
        expiryIntervalMs(asked) === granted ? undefined : Math.floor(granted / 1000),
      receiveMaximum:
        settings.inflightMessagesMax < 65_535 ? settings.inflightMessagesMax : undefined,
      maximumPacketSize:
        settings.packetBytesMax < 268_435_455 ? settings.packetBytesMax : undefined,
      assignedClientIdentifier: acceptance.assignedClientId,
      topicAliasMaximum: settings.topicAliasMaximum > 0 ? settings.topicAliasMaximum : undefined,
      serverKeepAlive: this.keepAlive === connect.keepAlive ? undefined : this.keepAlive,
      responseInformation: acceptance.responseInformation,
      authenticationMethod: this.authenticationMethod,
      authenticationData: acceptance.authenticationData,
    };
  }

  /** S4-32: 5.0 clients that ask for none or for more than the setting get the setting. */
  private effectiveKeepAlive(connect: ConnectPacket): number {
    const { serverKeepAlive } = this.settings;
    if (this.protocolVersion !== MqttVersion.v5 || serverKeepAlive === 0) return connect.keepAlive;
    if (connect.keepAlive === 0 || connect.keepAlive > serverKeepAlive) return serverKeepAlive;
    return connect.keepAlive;
  }

  /** Answers CONNECT with an error; the host closes afterwards [MQTT-3.1.4-2], [MQTT-3.2.2-6]. */
  refuse(refusal: Refusal): void {
    const { reasonCode, reasonString, serverReference } = refusal;
    const hasProperties = reasonString !== undefined || serverReference !== undefined;
    this.state = 'closed';
    this.sendTrimmed({
      type: PacketType.connack,
      sessionPresent: false,
      reasonCode,
      properties: hasProperties ? { reasonString, serverReference } : undefined,
    });
  }

  /** Server-initiated end of an accepted connection: 5.0 clients are told why [MQTT-4.13.1-1]. */
  close(reasonCode: ReasonCode, reasonString?: string, serverReference?: string): void {
    const wasConnected = this.state === 'connected';
    this.closed();
    if (!wasConnected || this.protocolVersion !== MqttVersion.v5) return;
    const hasProperties = reasonString !== undefined || serverReference !== undefined;
    const properties = hasProperties ? { reasonString, serverReference } : undefined;
    this.sendTrimmed({ type: PacketType.disconnect, reasonCode, properties });
  }

  /** The carrier is gone or will be: nothing more is sent to the Session through this connection. */
  closed(): void {
    this.state = 'closed';
    this.answers = [];
  }

  // ---- packets of a connected client -------------------------------------------------------------------

  private receiveConnected(packet: ClientPacket, nowMs: number): void {
    const session = this.session as Session;
    switch (packet.type) {
      case PacketType.publish:
        return this.receivePublish(packet, session);
      case PacketType.puback:
        return session.outbound.acknowledged(packet.packetId, packet.reasonCode, nowMs);
      case PacketType.pubrec:
        return session.outbound.received(packet.packetId, packet.reasonCode, nowMs);
      case PacketType.pubcomp:
        return session.outbound.completed(packet.packetId, nowMs);
      case PacketType.pubrel:
        return this.receivePubrel(packet.packetId, session);
      case PacketType.subscribe:
        return this.host.subscribeReceived(packet);
      case PacketType.unsubscribe:
        return this.host.unsubscribeReceived(packet);
      case PacketType.pingreq:
        return this.host.send(pingresp); // [MQTT-3.12.4-1]
      case PacketType.disconnect:
        return this.receiveDisconnect(packet);
      case PacketType.auth:
        return this.receiveAuth(packet);
      case PacketType.connect:
        throw new ProtocolError(ReasonCode.protocolError, 'a second CONNECT'); // [MQTT-3.1.0-2]
      default:
        return packet satisfies never;
    }
  }

  private receivePublish(packet: PublishPacket, session: Session): void {
    const alias = packet.properties?.topicAlias;
    const topicName =
      alias === undefined ? packet.topicName : this.inboundAliases.resolve(packet.topicName, alias);
    if (packet.qos !== QoS.atMostOnce) {
      this.takeReceiveQuota();
      if (packet.qos === QoS.exactlyOnce && session.unreleased.has(packet.packetId)) {
        // The same message again: it was routed when it first came [MQTT-4.3.3-10].
        this.answerPublish(packet, ReasonCode.success, undefined, 0);
        return;
      }
    }
    const outcome = this.host.publishReceived(packet, topicName);
    if (outcome === undefined) this.pendingPublish = packet;
    else this.finishPublish(packet, outcome);
  }

  /** The host's late answer to `publishReceived`. */
  publishCompleted(outcome: PublishOutcome): void {
    const packet = this.pendingPublish;
    if (packet === undefined || this.state !== 'connected') return;
    this.pendingPublish = undefined;
    this.finishPublish(packet, outcome);
  }

  private finishPublish(packet: PublishPacket, outcome: PublishOutcome): void {
    if (packet.qos === QoS.atMostOnce || this.state !== 'connected') return;
    let { lsn } = outcome;
    if (packet.qos === QoS.exactlyOnce && outcome.reasonCode < 0x80) {
      (this.session as Session).unreleased.add(packet.packetId);
      lsn = Math.max(lsn, this.host.unreleasedChanged(packet.packetId, true));
    }
    this.answerPublish(packet, outcome.reasonCode, outcome.reasonString, lsn);
  }

  private answerPublish(
    packet: PublishPacket,
    reasonCode: ReasonCode,
    reasonString: string | undefined,
    lsn: Lsn,
  ): void {
    const type = packet.qos === QoS.exactlyOnce ? PacketType.pubrec : PacketType.puback;
    const properties = reasonString === undefined ? undefined : { reasonString };
    this.answer({ type, packetId: packet.packetId, reasonCode, properties }, lsn);
  }

  /** Receive Maximum is a promise of the client: at most that many unfinished [MQTT-3.3.4-9]. */
  private takeReceiveQuota(): void {
    if (
      this.protocolVersion === MqttVersion.v5 &&
      this.unfinished >= this.settings.inflightMessagesMax
    ) {
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

  private receivePubrel(packetId: number, session: Session): void {
    const known = session.unreleased.delete(packetId);
    const lsn = known ? this.host.unreleasedChanged(packetId, false) : 0;
    const reasonCode = known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
    // PUBCOMP follows in any case: the client may have missed the first one [MQTT-4.3.3-11].
    this.answer({ type: PacketType.pubcomp, packetId, reasonCode, properties: undefined }, lsn);
  }

  private receiveDisconnect(packet: DisconnectPacket): void {
    const asked = packet.properties?.sessionExpiryInterval;
    const session = this.session;
    if (asked !== undefined && session !== undefined) {
      const connected = this.connect?.properties?.sessionExpiryInterval ?? 0;
      if (connected === 0 && asked !== 0) {
        throw new ProtocolError(
          ReasonCode.protocolError,
          'a Session Expiry Interval of 0 cannot be raised in DISCONNECT', // §3.14.2.2.2
        );
      }
      session.expiryIntervalMs = expiryIntervalMs(asked);
    }
    this.disconnect = packet;
    this.closed();
    this.host.disconnectReceived(packet);
  }

  // ---- towards the client --------------------------------------------------------------------------------

  /** Whether this Connection takes messages for its Session: CONNACK went out. */
  get isOpen(): boolean {
    return this.state === 'connected' && this.answers[0]?.packet.type !== PacketType.connack;
  }

  /** Sends the answer as soon as `lsn` is durable, in the order of the requests [MQTT-4.6.0-2]. */
  answer(packet: ServerPacket, lsn: Lsn): void {
    if (this.answers.length === 0 && lsn <= this.host.durable) this.sendAnswer(packet);
    else this.answers.push({ packet, lsn });
  }

  /** The store's watermark moved: sends every answer that waited for it. */
  flushAnswers(durable: Lsn): void {
    let sent = 0;
    for (const { packet, lsn } of this.answers) {
      if (lsn > durable) break;
      sent++;
      this.sendAnswer(packet);
      if (this.state === 'closed') return;
    }
    if (sent > 0) this.answers.splice(0, sent);
  }

  private sendAnswer(packet: ServerPacket): void {
    switch (packet.type) {
      case PacketType.pubrec:
        if (packet.reasonCode >= 0x80) this.finished();
        break;
      case PacketType.puback:
      case PacketType.pubcomp:
        this.finished();
        break;
      case PacketType.connack:
        this.host.send(packet);
        this.open();
        return;
      default:
        break;
    }
    this.sendTrimmed(packet);
  }

  private finished(): void {
    if (this.unfinished > 0) this.unfinished--;
  }

  /** CONNACK went out: what is owed to the Session may follow. */
  private open(): void {
    const session = this.session as Session;
    session.outbound.attach(this, this.receiveMaximum);
    session.outbound.pump(this.lastReceivedMs);
    this.host.opened();
  }

  sendPublish(delivery: Delivery, packetId: number, dup: boolean, nowMs: number): boolean {
    const isV5 = this.protocolVersion === MqttVersion.v5;
    let packet = publishPacketFor(delivery, packetId, dup, nowMs, isV5);
    if (
      this.maximumPacketSize !== Infinity &&
      this.host.packetSize(packet) > this.maximumPacketSize
    ) {
      return false; // [MQTT-3.1.2-24]
    }
    const alias = this.outboundAliases?.assign(packet.topicName);
    if (alias !== undefined) {
      packet = {
        ...packet,
        topicName: alias.isNew ? packet.topicName : '',
        properties: { ...packet.properties, topicAlias: alias.alias },
      };
    }
    this.host.send(packet);
    return true;
  }

  sendPubrel(packetId: number, reasonCode: ReasonCode): void {
    this.sendTrimmed({ type: PacketType.pubrel, packetId, reasonCode, properties: undefined });
  }

  /**
   * Reason String and User Properties are left out where the client does not want them [MQTT-3.1.2-29]
   * or where they would make the packet too large for it [MQTT-3.2.2-19]; a packet that is too large
   * without them is not sent at all [MQTT-3.1.2-24].
   */
  private sendTrimmed(packet: ServerPacket): void {
    if (this.protocolVersion !== MqttVersion.v5) {
      this.host.send(packet);
      return;
    }
    let trimmed = packet;
    const keeps =
      this.sendsProblemInformation ||
      packet.type === PacketType.connack ||
      packet.type === PacketType.disconnect;
    if (!keeps || this.isTooLarge(packet)) trimmed = withoutReason(packet);
    if (!this.isTooLarge(trimmed)) this.host.send(trimmed);
  }

  private isTooLarge(packet: ServerPacket): boolean {
    return (
      this.maximumPacketSize !== Infinity && this.host.packetSize(packet) > this.maximumPacketSize
    );
  }
}

const pingresp: ServerPacket = { type: PacketType.pingresp };

function withoutReason(packet: ServerPacket): ServerPacket {
  if (!('properties' in packet) || packet.properties === undefined) return packet;
  const properties = packet.properties as ReasonProperties;
  if (properties.reasonString === undefined && properties.userProperties === undefined)
    return packet;
  return {
    ...packet,
    properties: { ...packet.properties, reasonString: undefined, userProperties: undefined },
  } as ServerPacket;
}

/** What the specifications ask of Client Identifiers, apart from access rules. */
function checkClientId(connect: ConnectPacket): void {
  const { clientId, protocolVersion, cleanStart } = connect;
  const length = clientId.length;
  if (protocolVersion === MqttVersion.v31 && (length < 1 || length > 23)) {
    throw new ProtocolError(
      ReasonCode.clientIdentifierNotValid,
      `MQTT 3.1 asks for a Client Identifier of 1 to 23 characters, this one has ${length}`,
    );
  }
  if (protocolVersion === MqttVersion.v311 && length === 0 && !cleanStart) {
    throw new ProtocolError(
      ReasonCode.clientIdentifierNotValid,
      'an empty Client Identifier needs Clean Session 1', // [MQTT3-3.1.3-8]
    );
  }
}
