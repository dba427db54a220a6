/**
 * Joins the three parts of one client's connection: the Link (bytes), the codec, and the protocol's state
 * machine. It feeds packets one by one, stops reading while a decision is open, collects what is to be
 * sent, and makes sure that every way out passes through `finish` exactly once.
 */
import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  MqttVersion,
  NotMqttError,
  PacketReader,
  PacketType,
  ProtocolError,
  type PublishPacket,
  ReasonCode,
  type SubscribePacket,
  type UnsubscribePacket,
} from '../packet/index.ts';
import {
  type Acceptance,
  Connection,
  type ConnectionHost,
  type Lsn,
  type PublishOutcome,
  type Refusal,
  type Session,
} from '../session/index.ts';
import type { ClientConnectionHost, ConnectionEnd } from './client-connection-host.ts';
import { answerTo } from './connect-failure.ts';
import { ConnectionDeadline } from './connection-deadline.ts';
import { ConnectionOutput } from './connection-output.ts';
import type { Core } from './core.ts';
import type { ClientFacts, DisconnectCause, RefusalCause } from './events.ts';
import type { MaybePromise } from './hooks.ts';
import type { Link, LinkHandler } from './link.ts';
import { type Published, withoutAlias } from './publishing.ts';
import type { ListenerPolicy } from './settings.ts';
import { TurnShare } from './turn-share.ts';

export class ClientConnection implements LinkHandler, ConnectionHost {
  readonly link: Link;
  readonly policy: ListenerPolicy;
  readonly protocol: Connection;
  readonly connectedAtMs: number;
  /** Known once the CONNECT was accepted. */
  facts: ClientFacts | undefined;
  /** Waits to be refused: it came when the limit of connections was reached. */
  isOverLimit = false;
  private readonly core: Core;
  private readonly host: ClientConnectionHost;
  private readonly reader: PacketReader<'server'>;
  private readonly output: ConnectionOutput;
  private readonly deadline: ConnectionDeadline;
  private readonly share: TurnShare;
  private isWaiting = false;
  private isProcessing = false;
  /** It is over, whichever way that came. */
  isFinished = false;
  private isReadingPaused = false;
  private isReplayScheduled = false;

  constructor(core: Core, host: ClientConnectionHost, link: Link, policy: ListenerPolicy) {
    this.core = core;
    this.host = host;
    this.link = link;
    this.output = new ConnectionOutput(core, link, this);
    this.policy = policy;
    this.share = new TurnShare(core, this);
    const { limits, serverKeepAlive } = core.settings;
    const nowMs = core.runtime.nowMs();
    this.connectedAtMs = nowMs;
    this.reader = new PacketReader({
      role: 'server',
      maximumPacketSize: limits.packetBytesMax,
    });
    this.protocol = new Connection(
      this,
      this.output,
      {
        inflightMessagesMax: limits.inflightMessagesMax,
        receiveMaximumMode: policy.receiveMaximumMode,
        packetBytesMax: limits.packetBytesMax,
        topicAliasMaximum: limits.topicAliasMaximum,
        serverKeepAlive,
      },
      nowMs,
    );
    this.deadline = new ConnectionDeadline(core, this);
  }

  get session(): Session | undefined {
    return this.protocol.session;
  }

  get isOpen(): boolean {
    return !this.isFinished && this.protocol.isOpen;
  }

  received(chunk: Uint8Array): void {
    if (this.isFinished) return;
    this.core.counters.bytesReceived += chunk.length;
    this.reader.push(chunk);
    this.process();
    this.reader.giveBack();
  }

  drained(): void {
    if (this.isFinished) return;
    this.updateReading();
    this.guard(() => this.pump());
  }

  closed(error?: Error): void {
    const reasonCode = ReasonCode.unspecifiedError;
    const detail = error?.message;
    this.finish({ cause: 'connection-lost', reasonCode, detail, refusal: undefined });
  }

  // ---- reading ---------------------------------------------------------------------------------------------

  /** Handles every complete packet until one has to wait for a decision. */
  process(): void {
    if (this.isProcessing || this.isFinished) return;
    this.isProcessing = true;
    try {
      this.receivePackets();
      if (!this.isFinished) this.pump();
    } catch (error) {
      this.failed(error);
    }
    this.isProcessing = false;
    if (!this.isFinished) this.updateReading();
  }

  private receivePackets(): void {
    const { counters, runtime } = this.core;
    if (this.share.isResting) return;
    const nowMs = runtime.nowMs();
    this.share.begin(nowMs);
    while (!this.isWaiting && !this.isFinished && !this.share.isUsedUp) {
      const packet = this.reader.next();
      if (packet === undefined) break;
      counters.packetsReceived++;
      if (packet.type === PacketType.publish) {
        counters.publishReceived++;
        counters.publishBytesReceived += packet.payload.length;
      }
      this.protocol.receive(packet, nowMs);
    }
    this.share.end();
  }

  private guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.failed(error);
    }
  }

  /** The one place where broken protocol and our own bugs end a connection. */
  private failed(error: unknown): void {
    if (error instanceof ProtocolError) this.endProtocolError(error);
    else this.endInternalError(error);
  }

  /** Goes on with `next` now, or when the promise is settled; nothing is read in between. */
  wait<T>(answer: MaybePromise<T>, next: (value: T) => void): void {
    if (!(answer instanceof Promise)) {
      next(answer);
      return;
    }
    this.isWaiting = true;
    this.updateReading();
    answer.then(
      (value) => this.goOn(() => next(value)),
      (error: unknown) =>
        this.goOn(() => {
          throw error;
        }),
    );
  }

  private goOn(step: () => void): void {
    if (this.isFinished) return;
    this.isWaiting = false;
    this.guard(step);
    if (!this.isFinished) this.process();
  }

  /** Reads only while nothing is being decided, the client takes our answers, and the store keeps up. */
  updateReading(): void {
    const isHeld = this.isWaiting || this.share.isResting;
    const mustPause = isHeld || this.output.isClogged || this.core.storeWatch.isBehind;
    if (mustPause === this.isReadingPaused) return;
    this.isReadingPaused = mustPause;
    if (mustPause) this.link.pause();
    else this.link.resume();
  }

  /** For `ConnectionDeadline`. */
  deadlinePassed(what: 'connect' | 'keep-alive'): void {
    if (what === 'connect') {
      this.refuse('connect-timeout', 'no complete CONNECT in time', undefined);
      return;
    }
    const detail = `nothing for ${1.5 * this.protocol.keepAlive} s`;
    this.end('keep-alive-timeout', ReasonCode.keepAliveTimeout, detail);
  }

  get isCongested(): boolean {
    return this.output.isCongested;
  }

  get durable(): Lsn {
    return this.core.journal.durable;
  }

  /** For `ConnectionOutput`. */
  wantsFlush(): void {
    this.host.wantsFlush(this);
  }

  answerWaits(): void {
    this.host.answerWaits(this);
  }

  connectReceived(packet: ConnectPacket): void {
    this.host.connectReceived(this, packet);
  }

  authReceived(packet: AuthPacket): void {
    this.host.authReceived(this, packet);
  }

  publishReceived(packet: PublishPacket, topicName: string): PublishOutcome | undefined {
    const hasAlias = packet.properties?.topicAlias !== undefined;
    const incoming = hasAlias ? withoutAlias(packet, topicName) : packet;
    const published = this.host.publish(this, incoming);
    if (published instanceof Promise) {
      this.wait(published, (publish) => {
        const outcome = this.outcomeOf(publish());
        if (outcome !== undefined) this.protocol.publishCompleted(outcome);
      });
      return undefined;
    }
    return this.outcomeOf(published);
  }

  /** A refusal that asks for it ends the connection, since 3.x has no way to say no. */
  private outcomeOf(published: Published): PublishOutcome | undefined {
    const { reasonCode, reasonString } = published;
    if (reasonCode >= 0x80) {
      const is3x = this.protocol.protocolVersion !== MqttVersion.v5;
      const ends = is3x && this.core.settings.refusedPublish3x === 'disconnect';
      if (published.disconnect || ends) {
        this.end('not-authorized', reasonCode, reasonString);
        return undefined;
      }
    }
    return published;
  }

  subscribeReceived(packet: SubscribePacket): void {
    this.wait(this.host.subscribe(this, packet), (subscribed) => {
      const { packetId } = packet;
      const { reasonCodes, lsn, reasonString } = subscribed;
      const properties = reasonString === undefined ? undefined : { reasonString };
      this.protocol.answer({ type: PacketType.suback, packetId, reasonCodes, properties }, lsn);
      this.pump();
    });
  }

  unsubscribeReceived(packet: UnsubscribePacket): void {
    const { packetId } = packet;
    const { reasonCodes, lsn } = this.host.unsubscribe(this, packet);
    const properties = undefined;
    this.protocol.answer({ type: PacketType.unsuback, packetId, reasonCodes, properties }, lsn);
  }

  unreleasedChanged(packetId: number, held: boolean): Lsn {
    const session = this.session;
    if (session === undefined || !session.isPersistent) return 0;
    const number = session.number;
    return this.core.journal.append({ kind: 'unreleased', session: number, packetId, held });
  }

  receiveMaximumExceeded(): void {
    this.core.counters.receiveMaximumExceeded++;
  }

  opened(): void {
    this.deadline.connected();
    this.host.opened(this);
    this.pump();
  }

  disconnectReceived(packet: DisconnectPacket): void {
    const { reasonCode } = packet;
    const detail = packet.properties?.reasonString;
    this.finish({ cause: 'client-disconnect', reasonCode, detail, refusal: undefined });
    this.endLink();
  }

  accept(facts: ClientFacts, acceptance: Acceptance): void {
    this.facts = facts;
    this.protocol.accept(acceptance);
  }

  /** Sends what is owed, Retained Messages last, as far as the client takes it. */
  private pump(): void {
    const session = this.session;
    if (session === undefined || !this.isOpen) return;
    const nowMs = this.core.runtime.nowMs();
    session.outbound.pump(nowMs);
    if (!session.pumpReplays(nowMs) || this.isReplayScheduled) return;
    this.isReplayScheduled = true;
    this.core.runtime.afterTurn(() => {
      this.isReplayScheduled = false;
      this.pump();
    });
  }

  flush(): void {
    const wasCongested = this.isCongested;
    this.output.flush();
    if (this.isFinished) return;
    this.updateReading();
    // What was full was perhaps only our own buffer, and then nobody will say that it drained.
    if (wasCongested && !this.isCongested) this.guard(() => this.pump());
  }

  // ---- ways out ------------------------------------------------------------------------------------------------

  /** Refuses a CONNECT, or ends what never sent one (`refusal` undefined: nothing is said). */
  refuse(cause: RefusalCause, detail: string, refusal: Refusal | undefined): void {
    if (this.isFinished) return;
    if (refusal !== undefined) this.protocol.refuse(refusal);
    const reasonCode = refusal?.reasonCode ?? ReasonCode.unspecifiedError;
    this.finish({ cause: 'protocol-error', reasonCode, detail, refusal: cause });
    this.endLink();
  }

  /** Ends an accepted connection from our side; a 5.0 client is told why. */
  end(
    cause: DisconnectCause,
    reasonCode: ReasonCode,
    detail?: string,
    serverReference?: string,
  ): void {
    if (this.isFinished) return;
    this.protocol.close(reasonCode, detail, serverReference);
    this.finish({ cause, reasonCode, detail, refusal: undefined });
    this.endLink();
  }

  private endLink(): void {
    this.flush();
    this.link.end();
  }

  private endProtocolError(error: ProtocolError): void {
    this.core.counters.protocolErrors++;
    const { reasonCode, message } = error;
    if (this.protocol.state === 'connected') {
      this.end('protocol-error', reasonCode, message);
      return;
    }
    if (error instanceof NotMqttError) {
      this.refuse('not-mqtt', message, undefined); // Nothing is sent [MQTT-3.1.0-1].
      return;
    }
    const { version, isTold } = answerTo(error, this.reader.version);
    if (version !== undefined) this.protocol.protocolVersion = version;
    const isClientId = reasonCode === ReasonCode.clientIdentifierNotValid;
    const refusal = { reasonCode, reasonString: message, serverReference: undefined };
    const cause = isClientId ? 'client-id' : 'protocol-error';
    this.refuse(cause, message, isTold ? refusal : undefined);
  }

  private endInternalError(error: unknown): void {
    const clientId = this.protocol.connectPacket?.clientId ?? '';
    this.core.plugins.tell('internalError', `connection of "${clientId}"`, error);
    const reasonCode = ReasonCode.implementationSpecificError;
    if (this.protocol.state === 'connected') this.end('internal-error', reasonCode);
    else {
      const refusal = { reasonCode, reasonString: undefined, serverReference: undefined };
      this.refuse('internal-error', 'a hook or the broker failed', refusal);
    }
  }

  private finish(end: ConnectionEnd): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.deadline.cancel();
    this.protocol.closed();
    this.host.ended(this, end);
  }
}
