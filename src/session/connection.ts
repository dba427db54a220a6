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
  type AcknowledgementPacket,
  type AuthPacket,
  type ClientPacket,
  type ConnectPacket,
  type DisconnectPacket,
  MqttVersion,
  PacketType,
  ProtocolError,
  ReasonCode,
  type ServerPacket,
} from '../packet/index.ts';
import { AnswerQueue } from './answer-queue.ts';
import {
  type Acceptance,
  type ConnackReply,
  canBeTold,
  checkClientId,
  connackOf,
  effectiveKeepAlive,
  type Refusal,
} from './connect-rules.ts';
import type { ConnectionHost, Lsn, PacketOutput, PublishOutcome } from './connection-host.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { InboundFlow, type InboundOwner } from './inbound-flow.ts';
import { PacketSender } from './packet-sender.ts';
import { expiryIntervalMs, type Session } from './session.ts';

export type ConnectionState = 'awaiting-connect' | 'connecting' | 'connected' | 'closed';

export class Connection implements InboundOwner {
  state: ConnectionState = 'awaiting-connect';
  /** Seconds in force; 0 = none. */
  keepAlive = 0;
  /** When the last packet came; the host compares it with `keepAlive`. */
  lastReceivedMs: number;
  session: Session | undefined;
  /** The client's last word before it left, if it was one. */
  disconnect: DisconnectPacket | undefined;

  private readonly host: ConnectionHost;
  private readonly sender: PacketSender;
  private readonly settings: ConnectionSettings;
  private connect: ConnectPacket | undefined;
  private authenticationMethod: string | undefined;
  private isReAuthenticating = false;
  private inbound: InboundFlow | undefined;
  private receiveMaximum: number;
  /** Made when the first answer has to wait. */
  private answers: AnswerQueue | undefined;

  constructor(
    host: ConnectionHost,
    output: PacketOutput,
    settings: ConnectionSettings,
    nowMs: number,
  ) {
    this.host = host;
    this.sender = new PacketSender(output, host);
    this.settings = settings;
    this.lastReceivedMs = nowMs;
    this.receiveMaximum = settings.inflightMessagesMax;
  }

  /** What the client's CONNECT named; 3.1.1 before it. */
  get protocolVersion(): MqttVersion {
    return this.sender.version;
  }

  /** For the answer to a CONNECT that could not be read, but named its version. */
  set protocolVersion(version: MqttVersion) {
    this.sender.version = version;
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
    this.sender.connected(packet);
    this.authenticationMethod = packet.properties?.authenticationMethod;
    this.state = 'connecting';
    checkClientId(packet);
    this.host.connectReceived(packet);
  }

  private receiveConnecting(packet: ClientPacket): void {
    // Until CONNACK only AUTH and DISCONNECT may come [MQTT-3.1.2-30].
    if (packet.type === PacketType.auth) this.receiveAuth(packet);
    else if (packet.type === PacketType.disconnect) this.receiveDisconnect(packet);
    else throw new ProtocolError(ReasonCode.protocolError, 'only AUTH may be sent before CONNACK');
  }

  private receiveAuth(packet: AuthPacket): void {
    if (this.authenticationMethod === undefined) {
      throw new ProtocolError(ReasonCode.protocolError, 'CONNECT named no Authentication Method'); // [MQTT-4.12.0-7]
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
    this.answer({ type: PacketType.auth, reasonCode, properties }, 0);
  }

  /** The host takes the client. CONNACK goes out once the Session is safe, then what was owed. */
  accept(acceptance: Acceptance): void {
    const connect = this.connect as ConnectPacket;
    this.state = 'connected';
    this.session = acceptance.session;
    this.keepAlive = effectiveKeepAlive(connect, this.settings.serverKeepAlive);
    this.inbound = new InboundFlow(this.host, this.settings, acceptance.session, this);
    const aliases = Math.min(
      connect.properties?.topicAliasMaximum ?? 0,
      this.settings.topicAliasMaximum,
    );
    this.sender.useAliases(aliases);
    this.receiveMaximum = Math.min(
      connect.properties?.receiveMaximum ?? 65_535,
      this.settings.inflightMessagesMax,
    );
    this.answer(connackOf(connect, acceptance, this.settings), acceptance.lsn);
  }

  /** Whether the client has room for the CONNACK that `accept` would send [MQTT-3.1.2-24]. */
  takesConnack(reply: ConnackReply): boolean {
    return !this.sender.isTooLarge(connackOf(this.connect as ConnectPacket, reply, this.settings));
  }

  /** Answers CONNECT with an error; the host closes afterwards [MQTT-3.1.4-2], [MQTT-3.2.2-6]. */
  refuse(refusal: Refusal): void {
    const { reasonCode, reasonString, serverReference } = refusal;
    const hasProperties = reasonString !== undefined || serverReference !== undefined;
    this.state = 'closed';
    if (!canBeTold(reasonCode, this.protocolVersion)) return;
    this.sender.sendTrimmed({
      type: PacketType.connack,
      sessionPresent: false,
      reasonCode,
      properties: hasProperties ? { reasonString, serverReference } : undefined,
    });
  }

  /** Server-initiated end: 5.0 clients are told why [MQTT-4.13.1-1], after CONNACK [MQTT-3.14.0-1]. */
  close(reasonCode: ReasonCode, reasonString?: string, serverReference?: string): void {
    const wasOpen = this.isOpen;
    this.closed();
    if (!wasOpen || this.protocolVersion !== MqttVersion.v5) return;
    const hasProperties = reasonString !== undefined || serverReference !== undefined;
    const properties = hasProperties ? { reasonString, serverReference } : undefined;
    this.sender.sendTrimmed({ type: PacketType.disconnect, reasonCode, properties });
  }

  /** The carrier is gone or will be: nothing more is sent to the Session through this connection. */
  closed(): void {
    this.state = 'closed';
    this.answers = undefined;
    this.sender.closed();
  }

  // ---- packets of a connected client -------------------------------------------------------------------

  private receiveConnected(packet: ClientPacket, nowMs: number): void {
    const session = this.session as Session;
    switch (packet.type) {
      case PacketType.publish:
        this.inbound?.receivePublish(packet);
        break;
      case PacketType.puback:
        session.outbound.acknowledged(packet.packetId, packet.reasonCode, nowMs);
        break;
      case PacketType.pubrec:
        session.outbound.received(packet.packetId, packet.reasonCode, nowMs);
        break;
      case PacketType.pubcomp:
        session.outbound.completed(packet.packetId, nowMs);
        break;
      case PacketType.pubrel:
        this.inbound?.receivePubrel(packet.packetId);
        break;
      case PacketType.subscribe:
        this.host.subscribeReceived(packet);
        break;
      case PacketType.unsubscribe:
        this.host.unsubscribeReceived(packet);
        break;
      case PacketType.pingreq:
        // [MQTT-3.12.4-1]; it waits for nothing but a CONNACK that still waits [MQTT-3.2.0-1].
        if (this.isOpen) this.sender.send(pingresp);
        else this.answer(pingresp, 0);
        break;
      case PacketType.disconnect:
        this.receiveDisconnect(packet);
        break;
      case PacketType.auth:
        this.receiveAuth(packet);
        break;
      case PacketType.connect:
        throw new ProtocolError(ReasonCode.protocolError, 'a second CONNECT'); // [MQTT-3.1.0-2]
      default:
        packet satisfies never;
    }
  }

  /** The host's late answer to `publishReceived`. */
  publishCompleted(outcome: PublishOutcome): void {
    if (this.state === 'connected') this.inbound?.publishCompleted(outcome);
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
    return this.state === 'connected' && this.answers?.holdsConnack !== true;
  }

  get isV5(): boolean {
    return this.protocolVersion === MqttVersion.v5;
  }

  get isOver(): boolean {
    return this.state !== 'connected';
  }

  /** As `answer`, and without making a packet where nothing has to wait and nothing can be too large. */
  acknowledge(
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode,
    lsn: Lsn,
  ): void {
    if (this.sender.takesAnySize && this.mayPass(lsn)) {
      if (type !== PacketType.pubrec || reasonCode >= 0x80) this.inbound?.finished();
      this.sender.sendAcknowledgement(type, packetId, reasonCode);
    } else this.answer({ type, packetId, reasonCode, properties: undefined }, lsn);
  }

  /** Sends the answer as soon as `lsn` is durable, in the order of the requests. */
  answer(packet: ServerPacket, lsn: Lsn): void {
    if (this.mayPass(lsn)) {
      this.sendAnswer(packet);
      return;
    }
    this.answers ??= new AnswerQueue();
    this.answers.add(packet, lsn);
    this.host.answerWaits();
  }

  /** The store's watermark moved: sends every answer that waited for it. @returns whether none waits on */
  flushAnswers(durable: Lsn): boolean {
    this.answers?.flush(durable, this);
    const hasDelivered = this.sender.flushHeld(durable);
    return hasDelivered && (this.answers?.isEmpty ?? true);
  }

  /** Nothing waits before it, and what it promises is safe. */
  private mayPass(lsn: Lsn): boolean {
    return lsn <= this.host.durable && (this.answers?.isEmpty ?? true);
  }

  /** For `AnswerQueue`. */
  sendAnswer(packet: ServerPacket): void {
    switch (packet.type) {
      case PacketType.pubrec:
        if (packet.reasonCode >= 0x80) this.inbound?.finished();
        break;
      case PacketType.puback:
      case PacketType.pubcomp:
        this.inbound?.finished();
        break;
      case PacketType.connack:
        this.sender.send(packet);
        this.open();
        return;
      default:
        break;
    }
    this.sender.sendTrimmed(packet);
  }

  /** CONNACK went out: what is owed to the Session may follow. */
  private open(): void {
    const session = this.session as Session;
    session.outbound.attach(this.sender, this.receiveMaximum);
    this.host.opened();
  }
}

const pingresp: ServerPacket = { type: PacketType.pingresp };
