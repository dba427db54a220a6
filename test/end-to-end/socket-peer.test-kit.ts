/**
 * A client of bare packets over a real socket: it answers nothing by itself and reads only when it is
 * told to, so a test decides every step.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  type ClientPacket,
  type ConnackPacket,
  type ConnectPacket,
  encodePacket,
  MqttVersion,
  PacketReader,
  PacketType,
  QoS,
  type ServerPacket,
} from '../../src/packet/index.ts';

type PacketOf<T extends ServerPacket['type']> = Extract<ServerPacket, { readonly type: T }>;

const patienceMs = 15_000;

/** How the server's side ended: with its FIN, or by a reset. */
export type End = 'fin' | 'reset';

export interface PublishFields {
  readonly topicName: string;
  readonly payload?: string | Uint8Array;
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly packetId?: number;
}

export class SocketPeer implements Disposable {
  readonly socket: Socket;
  readonly version: MqttVersion;
  /** Every byte that came. */
  receivedBytes = 0;
  readonly ended: Promise<End>;
  readonly #reader: PacketReader<'client'>;
  readonly #packets: ServerPacket[] = [];
  #arrival = Promise.withResolvers<void>();
  #end: End | undefined;

  /** A socket on which nothing was said yet. */
  static async open(port: number, version: MqttVersion = MqttVersion.v5): Promise<SocketPeer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new SocketPeer(socket, version);
  }

  /** An accepted client. */
  static async connected(port: number, fields: Partial<ConnectPacket> = {}): Promise<SocketPeer> {
    const peer = await SocketPeer.open(port, fields.protocolVersion);
    const connack = await peer.handshake(fields);
    assert.equal(connack.reasonCode, 0, `CONNACK ${connack.reasonCode}`);
    return peer;
  }

  constructor(socket: Socket, version: MqttVersion) {
    this.socket = socket;
    this.version = version;
    this.#reader = new PacketReader({ role: 'client', version });
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    this.ended = new Promise((resolve) => {
      const end = (how: End): void => {
        this.#end ??= how;
        this.#changed();
        resolve(this.#end);
      };
      socket.on('end', () => end('fin'));
      // A socket that the test destroyed itself says `close` only.
      socket.on('error', () => end('reset'));
      socket.on('close', () => end('reset'));
    });
  }

  /** Packets that came and were not asked for yet. */
  get unread(): readonly ServerPacket[] {
    return this.#packets;
  }

  send(...packets: readonly ClientPacket[]): void {
    for (const packet of packets) this.socket.write(encodePacket(packet, this.version));
  }

  /** Sends CONNECT with these fields changed. */
  async handshake(fields: Partial<ConnectPacket> = {}): Promise<ConnackPacket> {
    this.send(connectPacket({ protocolVersion: this.version, ...fields }));
    return await this.receive(PacketType.connack);
  }

  async subscribe(topicFilter: string, qos: QoS = QoS.atMostOnce): Promise<void> {
    const subscription = {
      topicFilter,
      qos,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0 as const,
    };
    this.send({
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [subscription],
      properties: undefined,
    });
    const { reasonCodes } = await this.receive(PacketType.suback);
    assert.deepEqual(reasonCodes, [qos]);
  }

  publish(fields: PublishFields): void {
    this.socket.write(encodePacket(publishPacket(fields), this.version));
  }

  async ping(): Promise<void> {
    this.send({ type: PacketType.pingreq });
    await this.receive(PacketType.pingresp);
  }

  /** The next packet, which must be of this type. */
  async receive<T extends ServerPacket['type']>(type: T): Promise<PacketOf<T>> {
    const packet = await this.#next();
    assert.equal(packet.type, type, `expected type ${type}, got ${JSON.stringify(packet)}`);
    return packet as PacketOf<T>;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #next(): Promise<ServerPacket> {
    const limit = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => limit.resolve('late'), patienceMs);
    try {
      for (;;) {
        const packet = this.#packets.shift();
        if (packet !== undefined) return packet;
        if (this.#end !== undefined) throw new Error(`the connection ended (${this.#end})`);
        if ((await Promise.race([this.#arrival.promise, limit.promise])) === 'late') {
          throw new Error(`no packet came within ${patienceMs} ms`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #received(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    this.#reader.push(chunk);
    for (;;) {
      const packet = this.#reader.next();
      if (packet === undefined) break;
      this.#packets.push(packet);
    }
    this.#changed();
  }

  #changed(): void {
    const { resolve } = this.#arrival;
    this.#arrival = Promise.withResolvers();
    resolve();
  }
}

export function connectPacket(fields: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
    type: PacketType.connect,
    protocolVersion: MqttVersion.v5,
    isBridge: false,
    clientId: 'peer',
    cleanStart: true,
    keepAlive: 0,
    username: undefined,
    password: undefined,
    will: undefined,
    properties: undefined,
    ...fields,
  };
}

export function publishPacket(fields: PublishFields): Extract<ClientPacket, { topicName: string }> {
  const { topicName, payload = '', qos = QoS.atMostOnce, retain = false, packetId = 0 } = fields;
  return {
    type: PacketType.publish,
    topicName,
    payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload,
    qos,
    retain,
    dup: false,
    packetId,
    properties: undefined,
  };
}
