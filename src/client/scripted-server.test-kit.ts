/**
 * A server for the tests of the client that does only what the test tells it, packet by packet: so a test
 * can lose an acknowledgement, refuse, hang or send rubbish.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type ClientPacket,
  type ConnackPacket,
  type ConnackProperties,
  type ConnectPacket,
  encodePacket,
  type MqttVersion,
  PacketReader,
  PacketType,
  ReasonCode,
  type ServerPacket,
} from '../packet/index.ts';

type PacketOf<T extends ClientPacket['type']> = Extract<ClientPacket, { readonly type: T }>;

/** The server's end of one connection. */
export class ScriptedPeer {
  readonly socket: Socket;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  #version: MqttVersion = 5;
  readonly #reader = new PacketReader({ role: 'server' });
  readonly #packets: ClientPacket[] = [];
  #arrival = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    // A reset by the client is one of the ends that tests provoke; `close` follows.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#arrival.resolve();
        resolve();
      });
    });
  }

  /** Packets that arrived and were not asked for yet. */
  get unread(): readonly ClientPacket[] {
    return this.#packets;
  }

  /** The next packet, which must be of this type. */
  async receive<T extends ClientPacket['type']>(type: T): Promise<PacketOf<T>> {
    const packet = await this.receiveAny();
    assert.equal(packet.type, type, `expected packet type ${type}, got ${JSON.stringify(packet)}`);
    return packet as PacketOf<T>;
  }

  async receiveAny(): Promise<ClientPacket> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet !== undefined) return packet;
      assert.ok(!this.#isClosed, 'the client closed the connection before the expected packet');
      await this.#arrival.promise;
    }
  }

  send(...packets: readonly ServerPacket[]): void {
    const encoded = packets.map((packet) => encodePacket(packet, this.#version));
    this.socket.write(Buffer.concat(encoded));
  }

  sendBytes(...bytes: readonly number[]): void {
    this.socket.write(Buffer.from(bytes));
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    this.#reader.push(chunk);
    for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
      if (packet.type === PacketType.connect) this.#version = packet.protocolVersion;
      this.#packets.push(packet);
    }
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }
}

export class ScriptedServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #arrived: ScriptedPeer[] = [];
  readonly #all: ScriptedPeer[] = [];
  #arrival = Promise.withResolvers<void>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      const peer = new ScriptedPeer(socket);
      this.#arrived.push(peer);
      this.#all.push(peer);
      this.#arrival.resolve();
      this.#arrival = Promise.withResolvers();
    });
  }

  /** Listens on 127.0.0.1, or on a Unix socket. */
  static async start(path?: string): Promise<ScriptedServer> {
    const server = createServer();
    if (path === undefined) server.listen(0, '127.0.0.1');
    else server.listen(path);
    await once(server, 'listening');
    return new ScriptedServer(server);
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo;
    return address.port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** The next connection; nothing of it has been read. */
  async accept(): Promise<ScriptedPeer> {
    for (;;) {
      const peer = this.#arrived.shift();
      if (peer !== undefined) return peer;
      await this.#arrival.promise;
    }
  }

  /** The next connection, its CONNECT answered with this CONNACK. */
  async welcome(
    changes: Partial<ConnackPacket> = {},
  ): Promise<{ readonly peer: ScriptedPeer; readonly connect: ConnectPacket }> {
    const peer = await this.accept();
    const connect = await peer.receive(PacketType.connect);
    peer.send({ ...connack(), ...changes });
    return { peer, connect };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#all) peer.drop();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export function connack(
  reasonCode: ReasonCode = ReasonCode.success,
  properties?: ConnackProperties,
): ConnackPacket {
  return { type: PacketType.connack, sessionPresent: false, reasonCode, properties };
}
