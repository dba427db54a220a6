/**
 * One Network Connection of the client, from opening the carrier to its end: handshake, Keep Alive,
 * packets in and out. It knows nothing of sessions; what must survive a lost connection is the business
 * of whoever holds it. Packets sent in one turn leave in one write.
 */
import {
  type ClientPacket,
  type ConnackPacket,
  type ConnectPacket,
  connackReturnCode,
  MqttVersion,
  PacketReader,
  PacketType,
  PacketWriter,
  ProtocolError,
  ReasonCode,
  type ServerPacket,
  writePacket,
} from '../packet/index.ts';
import type { Carrier } from './carrier.ts';
import { ClientError, ConnectRefusedError, ServerDisconnectError } from './client-error.ts';
import { connectFailure } from './connect-failure.ts';
import type { ClientObserver, ResolvedConnectOptions } from './connect-options.ts';
import { KeepAlive } from './keep-alive.ts';
import { openCarrier } from './open-carrier.ts';
import { cannotEncode } from './outgoing-message.ts';

export interface ClientConnectionHost {
  /** The server accepted the connection. */
  opened(connack: ConnackPacket): void;
  received(packet: ServerPacket): void;
  /** Everything written has been taken by the operating system. */
  drained(): void;
  /** Called exactly once; without an error after `end`. */
  closed(error: ClientError | undefined): void;
}

/** Above this a write does not wait for the end of the turn. */
const flushBytes = 64 * 1024;
/** How long the server may take to close after we ended. */
const endTimeoutMs = 2_000;

export class ClientConnection {
  readonly #options: ResolvedConnectOptions;
  readonly #observer: ClientObserver;
  readonly #host: ClientConnectionHost;
  readonly #version: MqttVersion;
  readonly #connect: ConnectPacket;
  readonly #reader: PacketReader<'client'>;
  readonly #writer = new PacketWriter();
  readonly #carrier: Carrier;
  #state: 'opening' | 'open' | 'ending' | 'closed' = 'opening';
  #failure: ClientError | undefined;
  #keepAlive: KeepAlive | undefined;
  #timer: NodeJS.Timeout;
  #isFlushing = false;
  #isPaused = false;
  #isReading = false;

  /** @throws {ClientError} `address` or `invalid`, when nothing could be started. */
  constructor(options: ResolvedConnectOptions, connect: ConnectPacket, host: ClientConnectionHost) {
    this.#options = options;
    this.#observer = options.observer;
    this.#host = host;
    this.#version = connect.protocolVersion;
    this.#connect = connect;
    this.#reader = new PacketReader({
      role: 'client',
      version: connect.protocolVersion,
      ...maximumPacketSize(connect),
    });
    this.#write(connect);
    this.#carrier = openCarrier(options, {
      opened: () => this.#flush(),
      received: (chunk) => this.#receive(chunk),
      drained: () => this.#host.drained(),
      closed: (error) => this.#carrierClosed(error),
    });
    this.#timer = setTimeout(() => this.#connectTimedOut(), options.connectTimeoutMs);
    this.#observer.packetSent?.(connect);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Bytes that the operating system has not taken yet. */
  get pendingBytes(): number {
    return this.#carrier.pendingBytes + this.#writer.length;
  }

  /** @throws {ClientError} `invalid`, when the packet cannot be encoded; nothing is sent then. */
  send(packet: ClientPacket): void {
    if (this.#state !== 'open') return;
    this.#write(packet);
    this.#observer.packetSent?.(packet);
    this.#keepAlive?.sent();
    if (this.#writer.length >= flushBytes) this.#flush();
    else this.#flushSoon();
  }

  /** Stops (resumes) reading: received packets wait, the server feels back-pressure. */
  pause(): void {
    this.#isPaused = true;
    this.#carrier.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#carrier.resume();
    this.#read();
  }

  /** Sends what is pending, then ends; `closed` follows when the server has closed too. */
  end(): void {
    if (this.#state === 'ending' || this.#state === 'closed') return;
    if (this.#state === 'opening') {
      this.destroy();
      return;
    }
    this.#flush();
    this.#state = 'ending';
    this.#keepAlive?.stop();
    this.#timer = setTimeout(() => this.#carrier.destroy(), endTimeoutMs);
    this.#carrier.end();
  }

  /** Drops the connection at once; `closed` follows with `error`. */
  destroy(error?: ClientError): void {
    this.#failure ??= error;
    if (this.#state !== 'closed') this.#state = 'ending';
    this.#keepAlive?.stop();
    this.#carrier.destroy();
  }

  #write(packet: ClientPacket): void {
    const length = this.#writer.length;
    try {
      writePacket(this.#writer, packet, this.#version);
    } catch (cause) {
      this.#writer.truncate(length);
      throw cannotEncode(cause);
    }
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      if (this.#state === 'open') this.#flush();
    });
  }

  #flush(): void {
    if (this.#writer.length > 0) this.#carrier.write(this.#writer.take());
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === 'ending') return;
    this.#keepAlive?.received();
    if (this.#state === 'opening' && this.#isOldRefusal(chunk)) {
      this.#refused(ReasonCode.unsupportedProtocolVersion, {});
      return;
    }
    this.#reader.push(chunk);
    this.#read();
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!this.#isPaused && this.#state !== 'ending' && this.#state !== 'closed') {
        const packet = this.#reader.next();
        if (packet === undefined) break;
        this.#observer.packetReceived?.(packet);
        this.#handle(packet);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#protocolError(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** The server broke the protocol: tells it so where the version can, and closes. */
  #protocolError(cause: ProtocolError): void {
    const message = `The server broke the protocol: ${cause.message}`;
    this.#failure ??= new ClientError('protocol', message, { cause });
    if (this.#state === 'open' && this.#version === MqttVersion.v5) {
      const { reasonCode } = cause;
      this.send({ type: PacketType.disconnect, reasonCode, properties: undefined });
    }
    this.end();
  }

  #handle(packet: ServerPacket): void {
    if (this.#state === 'opening') {
      this.#handshake(packet);
    } else if (packet.type === PacketType.disconnect) {
      this.#failure ??= new ServerDisconnectError(packet.reasonCode, packet.properties ?? {});
      this.end();
    } else if (packet.type === PacketType.connack) {
      throw new ProtocolError(ReasonCode.protocolError, 'It sent a second CONNACK.');
    } else if (packet.type === PacketType.auth) {
      throw new ProtocolError(ReasonCode.protocolError, 'It sent AUTH, which nobody asked for.');
    } else if (packet.type !== PacketType.pingresp) {
      this.#host.received(packet);
    }
  }

  #handshake(packet: ServerPacket): void {
    if (packet.type !== PacketType.connack) {
      throw new ProtocolError(
        ReasonCode.protocolError,
        packet.type === PacketType.auth
          ? 'It asks for enhanced authentication, which this client does not do.'
          : 'Its first packet is not a CONNACK.',
      );
    }
    if (packet.reasonCode >= 0x80) {
      this.#refused(packet.reasonCode, packet.properties ?? {});
      return;
    }
    clearTimeout(this.#timer);
    this.#state = 'open';
    const seconds = packet.properties?.serverKeepAlive ?? this.#connect.keepAlive;
    const connection = this;
    this.#keepAlive = new KeepAlive(seconds * 1000, {
      sendPing: () => this.send({ type: PacketType.pingreq }),
      timedOut: () => this.#keepAliveTimedOut(),
      get isPaused() {
        return connection.#isPaused;
      },
    });
    this.#host.opened(packet);
  }

  /** A server that knows only 3.x answers a CONNECT of 5.0 with its own CONNACK, without properties. */
  #isOldRefusal(chunk: Uint8Array): boolean {
    if (this.#version !== MqttVersion.v5 || chunk.length !== 4) return false;
    return chunk[0] === 0x20 && chunk[1] === 2 && chunk[2] === 0 && chunk[3] === 1;
  }

  #refused(reasonCode: ReasonCode, reason: NonNullable<ConnackPacket['properties']>): void {
    const returnCode = connackReturnCode(reasonCode, this.#version);
    this.destroy(new ConnectRefusedError(reasonCode, returnCode, reason));
  }

  #connectTimedOut(): void {
    const seconds = this.#options.connectTimeoutMs / 1000;
    this.destroy(new ClientError('timeout', `The server sent no CONNACK within ${seconds} s.`));
  }

  #keepAliveTimedOut(): void {
    this.destroy(new ClientError('keep-alive', 'The server no longer answers (Keep Alive).'));
  }

  #carrierClosed(error: Error | undefined): void {
    const before = this.#state;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#keepAlive?.stop();
    if (this.#failure === undefined && before === 'opening') {
      this.#failure = connectFailure(this.#options.address, error);
    } else if (this.#failure === undefined && before === 'open') {
      const why = error === undefined ? '' : `: ${error.message}`;
      this.#failure = new ClientError('lost', `The connection was lost${why}.`, { cause: error });
    }
    this.#host.closed(this.#failure);
  }
}

function maximumPacketSize(connect: ConnectPacket): { maximumPacketSize?: number } {
  const size = connect.properties?.maximumPacketSize;
  return size === undefined ? {} : { maximumPacketSize: size };
}
