import { connect, type Socket } from 'node:net';
import {
  type ClientPacket,
  type ConnectPacket,
  encodePacket,
  MqttVersion,
  PacketReader,
  PacketType,
  type PublishPacket,
  type QoS,
  type ServerPacket,
} from '../src/packet/index.ts';

export interface SoakClientOptions {
  readonly port: number;
  readonly clientId: string;
  readonly version?: MqttVersion;
  /** The Session is kept when the client leaves. */
  readonly isPersistent?: boolean;
  readonly onMessage?: (packet: PublishPacket) => void;
  /** The broker, or the network, ended the connection. */
  readonly onLost?: (clientId: string) => void;
}

const pingEveryMs = 20_000;
/** Below the broker's Receive Maximum. */
const unacknowledgedMax = 100;

/** A client that answers at once, for load that lasts: no reconnecting, no queue. */
export class SoakClient {
  readonly clientId: string;
  /** Publishes of QoS 1 and 2 that the broker has not completed. */
  unacknowledged = 0;
  private readonly options: SoakClientOptions;
  private readonly version: MqttVersion;
  private readonly socket: Socket;
  private readonly reader: PacketReader<'client'>;
  private readonly pings: NodeJS.Timeout;
  private answers: Uint8Array[] = [];
  private waiting: { type: ServerPacket['type']; done: () => void } | undefined;
  private packetId = 0;
  private isOver = false;
  private whenAcknowledged: (() => void) | undefined;

  private constructor(options: SoakClientOptions) {
    this.options = options;
    this.clientId = options.clientId;
    this.version = options.version ?? MqttVersion.v311;
    this.reader = new PacketReader({ role: 'client', version: this.version });
    this.socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    this.socket
      .on('data', (chunk: Buffer) => this.received(chunk))
      .on('error', () => undefined) // `close` follows.
      .on('close', () => this.closed());
    this.pings = setInterval(() => this.send({ type: PacketType.pingreq }), pingEveryMs);
  }

  /** Resolves when the broker has accepted it. */
  static async open(options: SoakClientOptions): Promise<SoakClient> {
    const client = new SoakClient(options);
    const isV5 = client.version === MqttVersion.v5;
    const isPersistent = options.isPersistent === true;
    const connectPacket: ConnectPacket = {
      type: PacketType.connect,
      protocolVersion: client.version,
      isBridge: false,
      clientId: options.clientId,
      cleanStart: !isPersistent,
      keepAlive: 60,
      username: undefined,
      password: undefined,
      will: undefined,
      properties: isV5 && isPersistent ? { sessionExpiryInterval: 3600 } : undefined,
    };
    client.send(connectPacket);
    await client.until(PacketType.connack);
    return client;
  }

  async subscribe(topicFilter: string, qos: QoS): Promise<void> {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
    const subscriptions = [{ topicFilter, qos, ...options }];
    const packetId = this.nextPacketId();
    this.send({ type: PacketType.subscribe, packetId, subscriptions, properties: undefined });
    await this.until(PacketType.suback);
  }

  /** The socket or the acknowledgements are behind: whoever publishes skips a turn. */
  get isBehind(): boolean {
    return this.socket.writableNeedDrain || this.unacknowledged >= unacknowledgedMax;
  }

  publish(topicName: string, payload: Uint8Array, qos: QoS): void {
    if (qos > 0) this.unacknowledged++;
    const packetId = qos === 0 ? 0 : this.nextPacketId();
    this.send({
      type: PacketType.publish,
      topicName,
      payload,
      qos,
      retain: false,
      dup: false,
      packetId,
      properties: undefined,
    });
  }

  /** Resolves when the broker has answered everything; what is QoS 0 has then arrived there too. */
  async settle(): Promise<void> {
    if (this.isOver) return;
    this.send({ type: PacketType.pingreq });
    await this.until(PacketType.pingresp);
    if (this.unacknowledged === 0 || this.isOver) return;
    await new Promise<void>((resolve) => {
      this.whenAcknowledged = resolve;
    });
  }

  pauseReading(): void {
    this.socket.pause();
  }

  /** Reads one chunk, 64 KiB at most, and pauses again. */
  readSome(): void {
    this.socket.once('data', () => this.socket.pause());
    this.socket.resume();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  /** DISCONNECT; or, `isAbrupt`, the connection breaks. */
  leave(isAbrupt = false): void {
    this.isOver = true;
    clearInterval(this.pings);
    if (isAbrupt) this.socket.destroy();
    else this.socket.end(encodePacket(disconnect, this.version));
  }

  private nextPacketId(): number {
    this.packetId = (this.packetId % 65_535) + 1;
    return this.packetId;
  }

  private send(packet: ClientPacket): void {
    if (!this.isOver) this.socket.write(encodePacket(packet, this.version));
  }

  private until(type: ServerPacket['type']): Promise<void> {
    return new Promise((done) => {
      this.waiting = { type, done };
    });
  }

  private received(chunk: Buffer): void {
    this.reader.push(chunk);
    for (let packet = this.reader.next(); packet !== undefined; packet = this.reader.next()) {
      this.handle(packet);
    }
    if (this.answers.length === 0 || this.isOver) return;
    this.socket.write(Buffer.concat(this.answers));
    this.answers = [];
  }

  private handle(packet: ServerPacket): void {
    switch (packet.type) {
      case PacketType.publish:
        this.options.onMessage?.(packet);
        if (packet.qos === 1) this.answer(PacketType.puback, packet.packetId);
        if (packet.qos === 2) this.answer(PacketType.pubrec, packet.packetId);
        break;
      case PacketType.pubrel:
        this.answer(PacketType.pubcomp, packet.packetId);
        break;
      case PacketType.pubrec:
        this.answer(PacketType.pubrel, packet.packetId);
        break;
      case PacketType.puback:
      case PacketType.pubcomp:
        this.unacknowledged--;
        if (this.unacknowledged === 0) this.whenAcknowledged?.();
        break;
      default:
        if (packet.type !== this.waiting?.type) return;
        this.waiting.done();
        this.waiting = undefined;
    }
  }

  private answer(type: 4 | 5 | 6 | 7, packetId: number): void {
    const packet = { type, packetId, reasonCode: 0, properties: undefined } as const;
    this.answers.push(encodePacket(packet, this.version));
  }

  private closed(): void {
    clearInterval(this.pings);
    this.waiting?.done();
    this.whenAcknowledged?.();
    if (this.isOver) return;
    this.isOver = true;
    this.options.onLost?.(this.clientId);
  }
}

const disconnect: ClientPacket = {
  type: PacketType.disconnect,
  reasonCode: 0,
  properties: undefined,
};
