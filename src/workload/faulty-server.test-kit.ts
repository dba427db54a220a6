/**
 * A server that delivers as badly as a test wants: it may drop, double, reorder and change messages, keep
 * acknowledgements to itself, refuse and hang up. It knows only exact topics, QoS 0 and 1.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type ClientPacket,
  encodePacket,
  type MqttVersion,
  PacketReader,
  PacketType,
  type PublishPacket,
  ReasonCode,
  type ServerPacket,
} from '../packet/index.ts';

export interface Faults {
  /** What becomes of the n-th PUBLISH that arrived, from 0. Default: it is delivered. */
  readonly deliver?: (packet: PublishPacket, n: number) => readonly PublishPacket[];
  /** The acknowledgements of the n-th PUBLISH. Default: one, success. */
  readonly acknowledge?: (n: number) => readonly ReasonCode[];
  /** Answers the n-th CONNECT. Default: success; undefined: hangs up. */
  readonly accept?: (n: number) => ReasonCode | undefined;
  readonly subscribe?: ReasonCode;
  /** Hangs up on the client that sends the n-th PUBLISH. */
  readonly hangUpAt?: number;
}

export class FaultyServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #faults: Faults;
  readonly #clients = new Set<Client>();
  #connectCount = 0;
  #publishCount = 0;

  private constructor(server: Server, faults: Faults) {
    this.#server = server;
    this.#faults = faults;
    server.on('connection', (socket) => {
      const client = new Client(socket, (packet) => this.#handle(client, packet));
      this.#clients.add(client);
      socket.on('close', () => this.#clients.delete(client));
    });
  }

  static async start(faults: Faults = {}): Promise<FaultyServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultyServer(server, faults);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#clients) socket.destroy();
    await once(this.#server.close(), 'close');
  }

  #handle(client: Client, packet: ClientPacket): void {
    switch (packet.type) {
      case PacketType.connect:
        this.#connect(client, packet.protocolVersion);
        return;
      case PacketType.subscribe: {
        for (const { topicFilter } of packet.subscriptions) client.topics.add(topicFilter);
        const reasonCodes = [this.#faults.subscribe ?? ReasonCode.success];
        const { packetId } = packet;
        client.send({ type: PacketType.suback, packetId, reasonCodes, properties: undefined });
        return;
      }
      case PacketType.publish:
        this.#publish(client, packet);
        return;
      case PacketType.pingreq:
        client.send({ type: PacketType.pingresp });
        return;
      case PacketType.disconnect:
        client.socket.end();
    }
  }

  #connect(client: Client, version: MqttVersion): void {
    client.version = version;
    const { accept = () => ReasonCode.success } = this.#faults;
    const reasonCode = accept(this.#connectCount++);
    if (reasonCode === undefined) {
      client.socket.destroy();
      return;
    }
    const { connack } = PacketType;
    client.send({ type: connack, sessionPresent: false, reasonCode, properties: undefined });
  }

  #publish(client: Client, packet: PublishPacket): void {
    const { deliver, acknowledge = () => [ReasonCode.success], hangUpAt } = this.#faults;
    const n = this.#publishCount++;
    if (n === hangUpAt) {
      client.socket.destroy();
      return;
    }
    for (const reasonCode of packet.qos === 0 ? [] : acknowledge(n)) {
      const { packetId } = packet;
      client.send({ type: PacketType.puback, packetId, reasonCode, properties: undefined });
    }
    for (const delivered of deliver?.(packet, n) ?? [packet]) {
      for (const receiver of this.#clients) {
        if (receiver.topics.has(delivered.topicName)) receiver.deliver(delivered);
      }
    }
  }
}

class Client {
  readonly socket: Socket;
  readonly topics = new Set<string>();
  version: MqttVersion = 4;
  #packetId = 0;

  constructor(socket: Socket, handle: (packet: ClientPacket) => void) {
    this.socket = socket;
    const reader = new PacketReader({ role: 'server' });
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet; packet = reader.next()) handle(packet);
    });
  }

  send(packet: ServerPacket): void {
    this.socket.write(encodePacket(packet, this.version));
  }

  deliver(packet: PublishPacket): void {
    if (packet.qos > 0) this.#packetId = (this.#packetId % 65_535) + 1;
    this.send({ ...packet, packetId: packet.qos === 0 ? 0 : this.#packetId });
  }
}

/** A copy that stays when the packet's chunk is gone, for a message that is delivered later. */
export function kept(packet: PublishPacket): PublishPacket {
  return { ...packet, payload: packet.payload.slice() };
}
