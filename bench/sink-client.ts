import type { Broker, Link, LinkHandler, LinkOrigin } from '../src/broker/index.ts';
import {
  type ClientPacket,
  MqttVersion,
  PacketType,
  PacketWriter,
  writePacket,
} from '../src/packet/index.ts';

const origin: LinkOrigin = {
  transport: 'memory',
  listenerName: 'bench',
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  reach: 'loopback',
  certificate: undefined,
  encryption: undefined,
};

/** One for all clients, so that what they send comes in large buffers, as from a socket. */
const writer = new PacketWriter();

/** A client in memory that counts what it gets and keeps nothing of it. */
export class SinkClient implements Link {
  readonly origin: LinkOrigin = origin;
  readonly pendingBytes = 0;
  receivedBytes = 0;
  private readonly handler: LinkHandler;
  private readonly version: MqttVersion;

  constructor(broker: Broker, clientId: string, isPersistent = false) {
    this.version = isPersistent ? MqttVersion.v5 : MqttVersion.v311;
    const handler = broker.connect(this);
    if (handler === undefined) throw new Error('the broker takes no more connections');
    this.handler = handler;
    this.send({
      type: PacketType.connect,
      protocolVersion: this.version,
      clientId,
      cleanStart: true,
      keepAlive: 0,
      username: undefined,
      password: undefined,
      will: undefined,
      properties: isPersistent ? { sessionExpiryInterval: 0xffff_ffff } : undefined,
      isBridge: false,
    });
  }

  send(packet: ClientPacket): void {
    writePacket(writer, packet, this.version);
    this.handler.received(writer.take());
  }

  subscribe(topicFilters: readonly string[], qos: 0 | 1 = 1): void {
    this.send({
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: topicFilters.map((topicFilter) => ({
        topicFilter,
        qos,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      })),
      properties: undefined,
    });
  }

  unsubscribe(topicFilters: readonly string[]): void {
    this.send({ type: PacketType.unsubscribe, packetId: 1, topicFilters, properties: undefined });
  }

  publish(topicName: string, payload: Uint8Array, qos: 0 | 1 = 0, retain = false): void {
    this.send({
      type: PacketType.publish,
      topicName,
      payload,
      qos,
      retain,
      dup: false,
      packetId: qos === 0 ? 0 : 1,
      properties: undefined,
    });
  }

  /** The carrier breaks; a persistent Session stays. */
  lose(): void {
    this.handler.closed();
  }

  write(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
  }

  lend(bytes: Uint8Array): boolean {
    this.write(new Uint8Array(bytes));
    return true;
  }

  requestDrained(): void {}

  pause(): void {
    // Nothing comes unless `send` is called.
  }

  resume(): void {
    // As above.
  }

  end(): void {
    this.handler.closed();
  }

  destroy(): void {
    this.handler.closed();
  }
}
