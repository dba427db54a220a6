/**
 * An MQTT client: one Session, carried by one Network Connection after the other. What outlives a
 * connection (messages that are not acknowledged, subscriptions, Packet Identifiers) is kept in the three
 * flows; this class moves them from connection to connection and closes them in the end.
 *
 * Small on purpose: no outbound Topic Aliases, no enhanced authentication, nothing kept on disk. Publishing
 * is offered twice: `publish` with a promise for comfort, `send` with a callback for throughput.
 */
import {
  type AcknowledgementPacket,
  type ClientPacket,
  type ConnackPacket,
  type ConnectPacket,
  type DisconnectPacket,
  type DisconnectProperties,
  MqttVersion,
  PacketType,
  type PublishPacket,
  ReasonCode,
  type ServerPacket,
  type SubackPacket,
  type SubscribeProperties,
  type UnsubackPacket,
  type UserProperties,
} from '../packet/index.ts';
import { BackOff } from './back-off.ts';
import { ClientConnection } from './client-connection.ts';
import { ClientError } from './client-error.ts';
import { type ClientSubscription, subscriptionRequest } from './client-subscription.ts';
import {
  type ConnectOptions,
  type MessageHandler,
  type ResolvedConnectOptions,
  resolveConnectOptions,
} from './connect-options.ts';
import { InboundFlow } from './inbound-flow.ts';
import {
  OutboundFlow,
  type PublishAcknowledgement,
  type PublishCallback,
} from './outbound-flow.ts';
import { type OutgoingMessage, publishPacket, refusalOf } from './outgoing-message.ts';
import { PacketIds } from './packet-ids.ts';
import { SubscriptionFlow } from './subscription-flow.ts';

export interface DisconnectOptions {
  /** Default 0x00; 0x04 asks for the Will Message. MQTT 5.0 only. */
  readonly reasonCode?: ReasonCode | undefined;
  readonly properties?: DisconnectProperties | undefined;
}

/** More unsent bytes than this and `send` answers false. */
const writableBytes = 256 * 1024;

/** Connects and answers when the server has accepted. @throws {ClientError} when it did not work. */
export async function connect(options: ConnectOptions): Promise<MqttClient> {
  const client = new MqttClient(options);
  await client.start();
  return client;
}

export class MqttClient {
  /** Called for each message; may be changed at any time. Messages without a handler are discarded. */
  onMessage: MessageHandler | undefined;
  /** Resolves when the client is closed for good: with the error that ended it, or undefined. */
  readonly closed: Promise<ClientError | undefined>;

  readonly #options: ResolvedConnectOptions;
  readonly #backOff: BackOff;
  readonly #inbound: InboundFlow;
  readonly #outbound: OutboundFlow;
  readonly #subscriptions: SubscriptionFlow;
  readonly #started = Promise.withResolvers<ConnackPacket>();
  readonly #closed = Promise.withResolvers<ClientError | undefined>();
  #writable = Promise.withResolvers<void>();
  #state: 'idle' | 'connecting' | 'connected' | 'waiting' | 'closing' | 'closed' = 'idle';
  #connect: ConnectPacket;
  #connack: ConnackPacket | undefined;
  #connection: ClientConnection | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #isPaused = false;

  /** @throws {ClientError} `address`, when the URL cannot be used. */
  constructor(options: ConnectOptions) {
    this.onMessage = options.onMessage;
    this.#options = resolveConnectOptions(options);
    this.#connect = this.#options.connect;
    const { minDelayMs = 1_000, maxDelayMs = 30_000 } = this.#options.reconnect ?? {};
    this.#backOff = new BackOff(minDelayMs, maxDelayMs);
    this.closed = this.#closed.promise;
    // Whoever does not wait for these hears of the end through `closed`.
    this.#started.promise.catch(() => undefined);
    this.#writable.promise.catch(() => undefined);

    const ids = new PacketIds();
    const send = (packet: ClientPacket): void => this.#connection?.send(packet);
    const aliasMax = this.#connect.properties?.topicAliasMaximum ?? 0;
    this.#inbound = new InboundFlow(aliasMax, send, (packet) => this.#deliver(packet));
    this.#outbound = new OutboundFlow(ids, send);
    this.#subscriptions = new SubscriptionFlow(ids, send, (topicFilter, reasonCode) =>
      this.#options.observer.subscriptionRefused?.(topicFilter, reasonCode),
    );
  }

  /** The identifier in use: the assigned one where the server assigned one. */
  get clientId(): string {
    return this.#connect.clientId;
  }

  get protocolVersion(): MqttVersion {
    return this.#connect.protocolVersion;
  }

  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  /** The last CONNACK; undefined before the first. */
  get connack(): ConnackPacket | undefined {
    return this.#connack;
  }

  /** True when a message given to `send` now would leave at once. */
  get isWritable(): boolean {
    return (
      this.#state === 'connected' &&
      this.#outbound.waitingCount === 0 &&
      (this.#connection?.pendingBytes ?? 0) < writableBytes
    );
  }

  /** QoS 1 and 2 messages that the server has not acknowledged yet. */
  get unacknowledgedCount(): number {
    return this.#outbound.unacknowledgedCount;
  }

  /**
   * Connects, once in the life of a client; answers the first CONNACK.
   * @throws {ClientError} when the client was closed first.
   */
  start(): Promise<ConnackPacket> {
    if (this.#state === 'idle') this.#open();
    return this.#started.promise;
  }

  /**
   * Publishes and waits until the message is complete: handed to the carrier (QoS 0), acknowledged
   * (QoS 1), or acknowledged and released (QoS 2). A refusal of the server is an answer, not an error.
   * @throws {ClientError}
   */
  publish(message: OutgoingMessage): Promise<PublishAcknowledgement> {
    return new Promise((resolve, reject) => {
      this.send(message, (error, acknowledgement) => {
        if (acknowledgement === undefined) reject(error);
        else resolve(acknowledgement);
      });
    });
  }

  /**
   * Publishes without a promise; `done` is called once, for QoS 0 before this returns. False asks the
   * caller to wait for `whenWritable` before the next message.
   */
  send(message: OutgoingMessage, done: PublishCallback): boolean {
    const packet = publishPacket(message, this.protocolVersion);
    const refusal = this.#refusal(packet);
    if (refusal === undefined) this.#outbound.publish(packet, done);
    else done(refusal, undefined);
    return this.isWritable;
  }

  /** Resolves when `isWritable` is true. @throws {ClientError} when the client is closed first. */
  whenWritable(): Promise<void> {
    return this.isWritable ? Promise.resolve() : this.#writable.promise;
  }

  /**
   * Subscribes, or changes subscriptions; without a connection as soon as there is one.
   * @throws {ClientError} when no answer can come any more.
   */
  async subscribe(
    subscriptions: readonly ClientSubscription[],
    properties?: SubscribeProperties,
  ): Promise<SubackPacket> {
    this.#assertNotClosed();
    const answer = await this.#subscriptions.request({
      type: PacketType.subscribe,
      packetId: 0,
      subscriptions: subscriptions.map(subscriptionRequest),
      properties: this.protocolVersion === MqttVersion.v5 ? properties : undefined,
    });
    return { ...answer, type: PacketType.suback };
  }

  /** Like `subscribe`. In 3.x the answer has no reason codes. */
  async unsubscribe(
    topicFilters: readonly string[],
    properties?: { readonly userProperties?: UserProperties | undefined },
  ): Promise<UnsubackPacket> {
    this.#assertNotClosed();
    const answer = await this.#subscriptions.request({
      type: PacketType.unsubscribe,
      packetId: 0,
      topicFilters,
      properties: this.protocolVersion === MqttVersion.v5 ? properties : undefined,
    });
    return { ...answer, type: PacketType.unsuback };
  }

  /** Stops (resumes) reading from the server, so that a slow consumer slows the server down. */
  pause(): void {
    this.#isPaused = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#connection?.resume();
  }

  /**
   * Sends DISCONNECT after everything sent so far, and resolves when the connection is closed.
   * @throws {ClientError} `invalid`, when the properties cannot be sent; closed all the same.
   */
  async disconnect(options: DisconnectOptions = {}): Promise<void> {
    if (this.#state === 'idle' || this.#state === 'waiting') this.#finish(undefined);
    if (this.#state === 'connecting') this.destroy();
    if (this.#state === 'connected') {
      this.#state = 'closing';
      // The answer to the message that is being handled right now still goes out first.
      await Promise.resolve();
      try {
        this.#connection?.send(this.#disconnectPacket(options));
      } finally {
        this.#connection?.end();
      }
    }
    await this.closed;
  }

  /** Drops the connection without DISCONNECT: the server publishes the Will Message. */
  destroy(): void {
    if (this.#state === 'closed') return;
    const connection = this.#connection;
    if (connection === undefined) {
      this.#finish(undefined);
      return;
    }
    this.#state = 'closing';
    connection.destroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #open(): void {
    this.#state = 'connecting';
    try {
      this.#connection = new ClientConnection(this.#options, this.#connect, {
        opened: (connack) => this.#opened(connack),
        received: (packet) => this.#received(packet),
        drained: () => this.#announceWritable(),
        closed: (error) => this.#connectionClosed(error),
      });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#finish(error);
    }
  }

  #opened(connack: ConnackPacket): void {
    this.#state = 'connected';
    this.#connack = connack;
    this.#backOff.reset();
    const { clientId, cleanStart } = this.#connect;
    const sessionPresent = connack.sessionPresent && !cleanStart;
    const hasExpiry = (this.#connect.properties?.sessionExpiryInterval ?? 0) > 0;
    this.#connect = {
      ...this.#connect,
      clientId: connack.properties?.assignedClientIdentifier ?? clientId,
      cleanStart: cleanStart && !hasExpiry,
    };
    if (this.#isPaused) this.#connection?.pause();
    const receiveMaximum = connack.properties?.receiveMaximum ?? 0xffff;
    this.#inbound.connected(sessionPresent);
    this.#subscriptions.connected(sessionPresent);
    this.#outbound.connected(Math.min(receiveMaximum, this.#options.inflightMax), sessionPresent);
    this.#options.observer.connected?.(connack);
    this.#started.resolve(connack);
    this.#announceWritable();
  }

  #received(packet: ServerPacket): void {
    // After our DISCONNECT nothing more is handled, so that nothing is acknowledged unseen.
    if (this.#state !== 'connected') return;
    switch (packet.type) {
      case PacketType.publish:
        this.#inbound.published(packet);
        break;
      case PacketType.pubrel:
        this.#inbound.released(packet.packetId);
        break;
      case PacketType.puback:
      case PacketType.pubrec:
      case PacketType.pubcomp:
        this.#acknowledged(packet);
        break;
      case PacketType.suback:
      case PacketType.unsuback:
        this.#subscriptions.answered(packet);
        break;
    }
  }

  #acknowledged(packet: AcknowledgementPacket): void {
    this.#outbound.acknowledged(packet);
    this.#announceWritable();
  }

  #deliver(packet: PublishPacket): void {
    try {
      this.onMessage?.(packet);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `The message handler failed: ${why}`;
      this.#connection?.destroy(new ClientError('handler', message, { cause }));
    }
  }

  #announceWritable(): void {
    if (!this.isWritable) return;
    this.#writable.resolve();
    this.#writable = Promise.withResolvers();
    this.#writable.promise.catch(() => undefined);
  }

  #connectionClosed(error: ClientError | undefined): void {
    this.#connection = undefined;
    this.#outbound.disconnected();
    this.#subscriptions.disconnected();
    if (this.#state === 'closing' || error === undefined) this.#finish(undefined);
    else if (this.#isFinal(error)) this.#finish(error);
    else this.#retryAfter(error);
  }

  #isFinal(error: ClientError): boolean {
    const { reconnect } = this.#options;
    if (reconnect === undefined || error.code === 'handler') return true;
    const neverConnected = this.#connack === undefined;
    if (neverConnected && !reconnect.fromStart) return true;
    return reconnect.giveUpOn?.(error) ?? false;
  }

  #retryAfter(error: ClientError): void {
    this.#state = 'waiting';
    const retryInMs = this.#backOff.next();
    this.#retryTimer = setTimeout(() => this.#open(), retryInMs);
    this.#options.observer.connectionLost?.(error, retryInMs);
  }

  #finish(error: ClientError | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#retryTimer);
    const reason = error ?? new ClientError('closed', 'The client was closed.');
    this.#outbound.fail(reason);
    this.#subscriptions.fail(reason);
    this.#started.reject(reason);
    this.#writable.reject(reason);
    this.#closed.resolve(error);
  }

  /** In 3.x there is one DISCONNECT only: the one that discards the Will Message. */
  #disconnectPacket({ reasonCode, properties }: DisconnectOptions): DisconnectPacket {
    const isVersion5 = this.protocolVersion === MqttVersion.v5;
    return {
      type: PacketType.disconnect,
      reasonCode: isVersion5 && reasonCode !== undefined ? reasonCode : ReasonCode.success,
      properties: isVersion5 ? properties : undefined,
    };
  }

  #assertNotClosed(): void {
    if (this.#state === 'closing' || this.#state === 'closed') throw closedError();
  }

  /** Why this message cannot be sent, as far as is known before sending it. */
  #refusal(packet: PublishPacket): ClientError | undefined {
    if (this.#state === 'closing' || this.#state === 'closed') return closedError();
    return refusalOf(packet, this.#connack?.properties, this.protocolVersion);
  }
}

function closedError(): ClientError {
  return new ClientError('closed', 'The client was closed.');
}
