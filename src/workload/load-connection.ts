/**
 * One MQTT connection of the load, as lean as the codec allows: no queue, no session, no promise for a
 * message. What it is for is its role's business; here are the handshake, the acknowledgements and the end.
 * Everything sent in a turn leaves in one write. Hot file: `#receive`, `flush`.
 */
import {
  ClientError,
  ConnectRefusedError,
  connectFailure,
  type ResolvedConnectOptions,
  ServerDisconnectError,
} from '../client/index.ts';
import {
  type ConnackPacket,
  type ConnectPacket,
  connackReturnCode,
  encodePacket,
  PacketReader,
  PacketType,
  ProtocolError,
  type PubackPacket,
  type PubcompPacket,
  type PublishPacket,
  type PubrecPacket,
  reasonCodeName,
  type ServerPacket,
  type SubackPacket,
  type SubscribePacket,
} from '../packet/index.ts';
import { nowMs } from './machine-clock.ts';
import type { Outbox } from './outbox.ts';
import type { Flushable, Turn } from './turn.ts';
import type { Wire, WireOpener } from './wire.ts';

/** What a connection is for. */
export interface LoadRole {
  /** Sent after CONNACK; the connection is ready when it is granted. */
  readonly subscribe: SubscribePacket | undefined;
  accepted(connack: ConnackPacket): void;
  /** The packet is on loan for the time of the call. */
  arrive(packet: PublishPacket, nowMs: number): void;
  acknowledgement(packet: PubackPacket | PubrecPacket | PubcompPacket, nowMs: number): void;
  /** All that arrived together has been handled. */
  chunkEnded(): void;
  /** Appends what is due; true when more is due than had room. */
  write(outbox: Outbox, nowMs: number): boolean;
}

export interface LoadConnectionHost {
  /** Connected and, where the role wants it, subscribed. */
  ready(connection: LoadConnection): void;
  /** Not ready and never will be, or lost; not called after `end`. */
  failed(connection: LoadConnection, error: ClientError): void;
}

export interface LoadConnectionOptions {
  readonly connect: ConnectPacket;
  readonly role: LoadRole;
  readonly turn: Turn;
  readonly host: LoadConnectionHost;
  readonly options: ResolvedConnectOptions;
}

type State = 'new' | 'opening' | 'subscribing' | 'ready' | 'closed';

const pingreq = new Uint8Array([PacketType.pingreq << 4, 0]);
const disconnect = new Uint8Array([PacketType.disconnect << 4, 0]);
const noBytes = new Uint8Array(0);

export class LoadConnection implements Flushable {
  /** When it began to open, or should have. */
  openedAtMs = 0;
  /** Seconds; the server's wish where it has one. */
  keepAlive: number;
  readonly #options: LoadConnectionOptions;
  readonly #role: LoadRole;
  readonly #turn: Turn;
  readonly #reader: PacketReader<'client'>;
  #wire: Wire | undefined;
  #state: State = 'new';
  #wasReady = false;
  #isDue = false;
  #hasWritten = false;
  #timer: NodeJS.Timeout | undefined;
  #acknowledgements: Uint8Array = noBytes;
  #acknowledgementBytes = 0;
  /** PINGREQs without their PINGRESP. */
  #pingsOpen = 0;
  #whenAnswered: (() => void) | undefined;
  #whenClosed: (() => void) | undefined;

  constructor(options: LoadConnectionOptions) {
    this.#options = options;
    this.#role = options.role;
    this.#turn = options.turn;
    this.keepAlive = options.connect.keepAlive;
    this.#reader = new PacketReader({ role: 'client', version: options.connect.protocolVersion });
  }

  /** Connected and subscribed at some time. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** @param openedAtMs when it should open, for an open loop */
  open(opener: WireOpener, openedAtMs: number): void {
    this.openedAtMs = openedAtMs;
    this.#state = 'opening';
    const { connect, options } = this.#options;
    this.#timer = setTimeout(() => this.#timedOut(), options.connectTimeoutMs);
    this.#wire = opener.open({
      opened: () => this.#send(encodePacket(connect, connect.protocolVersion)),
      received: (chunk) => this.#receive(chunk),
      drained: () => this.requestFlush(),
      closed: (error) => this.#closed(error),
    });
  }

  /** Flushes at the end of this turn. */
  requestFlush(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#turn.request(this);
  }

  flush(outbox: Outbox, now: number): boolean {
    this.#isDue = false;
    const wire = this.#wire;
    if (wire === undefined || this.#state === 'closed' || wire.isBlocked) return false;
    if (this.#acknowledgementBytes > 0 && outbox.hasRoomFor(this.#acknowledgementBytes)) {
      outbox.append(this.#acknowledgements, this.#acknowledgementBytes);
      this.#acknowledgementBytes = 0;
    }
    const hasMore = this.#state === 'ready' && this.#role.write(outbox, now);
    if (outbox.flushTo(wire) > 0) this.#hasWritten = true;
    if (!hasMore || wire.isBlocked) return false;
    this.#isDue = true;
    return true;
  }

  /** Sends a PINGREQ if nothing was sent since the last call. */
  keepAwake(): void {
    if (!this.#hasWritten && this.#state === 'ready') this.#ping();
    this.#hasWritten = false;
  }

  /** Resolves when everything that the server sent before it saw our PINGREQ is here, or nothing comes. */
  async fence(): Promise<void> {
    if (this.#state !== 'ready') return;
    this.#ping();
    await new Promise<void>((resolve) => {
      this.#whenAnswered = resolve;
    });
  }

  /** DISCONNECT and close; resolves when the connection is gone. Later calls of the wire say nothing. */
  async end(): Promise<void> {
    if (this.#state === 'closed' || this.#wire === undefined) {
      this.#state = 'closed';
      return;
    }
    const closed = new Promise<void>((resolve) => {
      this.#whenClosed = resolve;
    });
    const isOpen = this.#state !== 'opening';
    if (isOpen) this.#send(disconnect);
    this.#finish();
    if (isOpen) this.#wire.end();
    else this.#wire.destroy();
    this.#timer = setTimeout(() => this.#wire?.destroy(), 1_000);
    await closed;
  }

  #ping(): void {
    this.#pingsOpen++;
    this.#send(pingreq);
  }

  #send(bytes: Uint8Array): void {
    this.#wire?.write(bytes);
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === 'closed') return;
    const now = nowMs();
    this.#turn.workCount++;
    try {
      this.#reader.push(chunk);
      for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next()) {
        this.#handle(packet, now);
      }
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      const message = `The server broke the protocol: ${cause.message}`;
      this.#fail(new ClientError('protocol', message, { cause }));
      return;
    }
    this.#role.chunkEnded();
    if (this.#acknowledgementBytes > 0) this.requestFlush();
  }

  #handle(packet: ServerPacket, now: number): void {
    switch (packet.type) {
      case PacketType.publish:
        this.#role.arrive(packet, now);
        if (packet.qos === 1) this.#acknowledge(PacketType.puback << 4, packet.packetId);
        else if (packet.qos === 2) this.#acknowledge(PacketType.pubrec << 4, packet.packetId);
        return;
      case PacketType.pubrec:
        this.#role.acknowledgement(packet, now);
        if (packet.reasonCode >= 0x80) return;
        this.#acknowledge((PacketType.pubrel << 4) | 2, packet.packetId);
        return;
      case PacketType.puback:
      case PacketType.pubcomp:
        this.#role.acknowledgement(packet, now);
        return;
      case PacketType.pubrel:
        this.#acknowledge(PacketType.pubcomp << 4, packet.packetId);
        return;
      case PacketType.pingresp:
        if (--this.#pingsOpen === 0) this.#whenAnswered?.();
        return;
      case PacketType.connack:
        this.#connack(packet);
        return;
      case PacketType.suback:
        this.#suback(packet);
        return;
      case PacketType.disconnect:
        this.#fail(new ServerDisconnectError(packet.reasonCode, packet.properties ?? {}));
        return;
      default:
        this.#fail(new ClientError('protocol', 'The server sent a packet nobody asked for.'));
    }
  }

  /** The four bytes of every acknowledgement without a reason; they leave with the next write. */
  #acknowledge(firstByte: number, packetId: number): void {
    const at = this.#acknowledgementBytes;
    if (at + 4 > this.#acknowledgements.length) {
      const grown = new Uint8Array(Math.max(64, at * 2));
      grown.set(this.#acknowledgements);
      this.#acknowledgements = grown;
    }
    const bytes = this.#acknowledgements;
    bytes[at] = firstByte;
    bytes[at + 1] = 2;
    bytes[at + 2] = packetId >>> 8;
    bytes[at + 3] = packetId;
    this.#acknowledgementBytes = at + 4;
  }

  #connack(packet: ConnackPacket): void {
    const version = this.#options.connect.protocolVersion;
    if (packet.reasonCode >= 0x80) {
      const returnCode = connackReturnCode(packet.reasonCode, version);
      const reason = packet.properties ?? {};
      this.#fail(new ConnectRefusedError(packet.reasonCode, returnCode, reason));
      return;
    }
    this.keepAlive = packet.properties?.serverKeepAlive ?? this.keepAlive;
    this.#role.accepted(packet);
    const { subscribe } = this.#role;
    if (subscribe === undefined) {
      this.#ready();
      return;
    }
    this.#state = 'subscribing';
    this.#send(encodePacket(subscribe, version));
  }

  #suback({ reasonCodes: [code = 0x80] }: SubackPacket): void {
    if (code < 0x80) {
      this.#ready();
      return;
    }
    const filter = this.#role.subscribe?.subscriptions[0]?.topicFilter ?? '';
    const text = `The server refused the subscription to ${filter}: ${reasonCodeName(code)}.`;
    this.#fail(new ClientError('not-supported', text));
  }

  #ready(): void {
    clearTimeout(this.#timer);
    this.#state = 'ready';
    this.#wasReady = true;
    this.#options.host.ready(this);
  }

  #timedOut(): void {
    const seconds = this.#options.options.connectTimeoutMs / 1000;
    this.#fail(new ClientError('timeout', `The server did not answer within ${seconds} s.`));
  }

  #closed(error: Error | undefined): void {
    if (this.#state === 'closed') {
      clearTimeout(this.#timer);
      this.#whenClosed?.();
      return;
    }
    if (this.#state === 'opening') {
      this.#fail(connectFailure(this.#options.options.address, error));
      return;
    }
    const why = error === undefined ? '' : `: ${error.message}`;
    this.#fail(new ClientError('lost', `The server closed the connection${why}.`));
  }

  #fail(error: ClientError): void {
    if (this.#state === 'closed') return;
    this.#finish();
    this.#wire?.destroy();
    this.#options.host.failed(this, error);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#state = 'closed';
    this.#whenAnswered?.();
  }
}
