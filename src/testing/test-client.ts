import type { Link, LinkHandler, LinkOrigin, ListenerPolicy } from '../broker/index.ts';
import {
  type AcknowledgementPacket,
  type ClientPacket,
  type ConnackPacket,
  type ConnectPacket,
  encodePacket,
  MqttVersion,
  PacketReader,
  PacketType,
  type PublishPacket,
  type PublishProperties,
  QoS,
  ReasonCode,
  RetainHandling,
  type ServerPacket,
  type SubackPacket,
  type SubscribeProperties,
  type SubscriptionRequest,
  type UnsubackPacket,
} from '../packet/index.ts';
import type { TestBroker } from './test-broker.ts';

const testOrigin: LinkOrigin = {
  transport: 'memory',
  listenerName: 'test',
  remoteAddress: '127.0.0.1',
  remotePort: 50_000,
  reach: 'loopback',
  certificate: undefined,
  encryption: undefined,
};

type PacketOf<T extends ServerPacket['type']> = Extract<ServerPacket, { type: T }>;

/** One client as bare packets: it answers nothing by itself, so a test decides every step. */
export class TestClient implements Link {
  readonly origin: LinkOrigin;
  version: MqttVersion = MqttVersion.v5;
  /** What the broker sent and the test has not taken yet. */
  readonly inbox: ServerPacket[] = [];
  /** Every byte the broker sent, for tests of the wire. */
  readonly bytes: Uint8Array[] = [];
  /** The broker ended the connection: `ended` after its last packets, `destroyed` at once. */
  state: 'open' | 'refused' | 'ended' | 'destroyed' | 'lost' = 'open';
  isPaused = false;
  private readonly test: TestBroker;
  private readonly handler: LinkHandler | undefined;
  private reader: PacketReader<'client'> | undefined;
  private isStuck = false;
  private owesDrained = false;
  private unread = 0;
  private nextPacketId = 1;

  constructor(test: TestBroker, origin: Partial<LinkOrigin>, policy: ListenerPolicy) {
    this.test = test;
    this.origin = { ...testOrigin, ...origin };
    this.handler = test.broker.connect(this, policy);
    if (this.handler === undefined) this.state = 'refused';
  }

  // ---- Link, used by the broker ------------------------------------------------------------------------

  get pendingBytes(): number {
    return this.unread;
  }

  write(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    this.bytes.push(bytes);
    if (this.isStuck) this.unread += bytes.length;
    this.reader ??= new PacketReader({ role: 'client', version: this.version });
    this.reader.push(bytes);
    for (;;) {
      const packet = this.reader.next();
      if (packet === undefined) return;
      this.inbox.push(packet);
    }
  }

  lend(bytes: Uint8Array): boolean {
    this.write(new Uint8Array(bytes));
    return true;
  }

  requestDrained(): void {
    this.owesDrained = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.leave('ended');
  }

  destroy(): void {
    this.leave('destroyed');
  }

  private leave(state: 'ended' | 'destroyed' | 'lost'): void {
    if (this.state !== 'open') return;
    this.state = state;
    this.handler?.closed();
  }

  // ---- what the test does ------------------------------------------------------------------------------

  /** The network breaks: no DISCONNECT. */
  lose(): void {
    this.leave('lost');
    this.test.run();
  }

  /** Stops taking bytes: what the broker writes stays pending until `read`. */
  stick(): void {
    this.isStuck = true;
  }

  /** Takes everything that is pending, and tells the broker so if it asked. */
  read(): void {
    this.isStuck = false;
    this.unread = 0;
    if (this.owesDrained) {
      this.owesDrained = false;
      this.handler?.drained();
    }
    this.test.run();
  }

  sendBytes(bytes: Uint8Array): void {
    this.bring(bytes);
    this.test.run();
  }

  send(...packets: ClientPacket[]): void {
    for (const packet of packets) this.bring(encodePacket(packet, this.version));
    this.test.run();
  }

  /** As a listener does: the memory is written to again as soon as the broker had its look. */
  private bring(bytes: Uint8Array): void {
    const chunk = new Uint8Array(bytes);
    this.handler?.received(chunk);
    chunk.fill(0xee);
  }

  /** Sends CONNECT with these fields changed. @returns the CONNACK. */
  connect(fields: Partial<ConnectPacket> = {}): ConnackPacket {
    this.sendConnect(fields);
    return this.take(PacketType.connack);
  }

  sendConnect(fields: Partial<ConnectPacket> = {}): void {
    this.version = fields.protocolVersion ?? this.version;
    this.send({
      type: PacketType.connect,
      protocolVersion: this.version,
      isBridge: false,
      clientId: 'client',
      cleanStart: true,
      keepAlive: 0,
      username: undefined,
      password: undefined,
      will: undefined,
      properties: undefined,
      ...fields,
    });
  }

  publish(
    topicName: string,
    payload: string | Uint8Array = '',
    options: {
      qos?: QoS;
      retain?: boolean;
      dup?: boolean;
      packetId?: number;
      properties?: PublishProperties;
    } = {},
  ): number {
    const qos = options.qos ?? QoS.atMostOnce;
    const packetId = options.packetId ?? (qos === 0 ? 0 : this.nextPacketId++);
    this.send({
      type: PacketType.publish,
      topicName,
      payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload,
      qos,
      retain: options.retain ?? false,
      dup: options.dup ?? false,
      packetId,
      properties: options.properties,
    });
    return packetId;
  }

  /** Subscribes; each filter as text (QoS 2) or with its options. @returns the SUBACK. */
  subscribe(
    filters: string | (string | (Partial<SubscriptionRequest> & { topicFilter: string }))[],
    properties?: SubscribeProperties,
  ): SubackPacket {
    const list = typeof filters === 'string' ? [filters] : filters;
    const subscriptions = list.map((entry) => ({
      qos: QoS.exactlyOnce,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: RetainHandling.send,
      ...(typeof entry === 'string' ? { topicFilter: entry } : entry),
    }));
    const packetId = this.nextPacketId++;
    this.send({ type: PacketType.subscribe, packetId, subscriptions, properties });
    return this.take(PacketType.suback);
  }

  unsubscribe(...topicFilters: string[]): UnsubackPacket {
    const packetId = this.nextPacketId++;
    this.send({ type: PacketType.unsubscribe, packetId, topicFilters, properties: undefined });
    return this.take(PacketType.unsuback);
  }

  acknowledge(
    type: AcknowledgementPacket['type'],
    packetId: number,
    reasonCode: ReasonCode = ReasonCode.success,
  ): void {
    this.send({ type, packetId, reasonCode, properties: undefined });
  }

  ping(): void {
    this.send({ type: PacketType.pingreq });
    this.take(PacketType.pingresp);
  }

  disconnect(reasonCode: ReasonCode = ReasonCode.normalDisconnection): void {
    this.send({ type: PacketType.disconnect, reasonCode, properties: undefined });
  }

  // ---- what the test looks at --------------------------------------------------------------------------

  /** Removes the first packet of that type from the inbox. @throws when there is none. */
  take<T extends ServerPacket['type']>(type: T): PacketOf<T> {
    const index = this.inbox.findIndex((packet) => packet.type === type);
    if (index < 0) {
      const types = this.inbox.map((packet) => packet.type).join(', ');
      throw new Error(`no packet of type ${type} came; the inbox holds [${types}], ${this.state}`);
    }
    return this.inbox.splice(index, 1)[0] as PacketOf<T>;
  }

  /** Removes and returns all PUBLISH packets that came. */
  takePublishes(): PublishPacket[] {
    const found = this.inbox.filter((packet) => packet.type === PacketType.publish);
    const others = this.inbox.filter((packet) => packet.type !== PacketType.publish);
    this.inbox.splice(0, this.inbox.length, ...others);
    return found;
  }

  /** All PUBLISH packets that came, as `topic payload` lines. */
  takeTexts(): string[] {
    return this.takePublishes().map(
      (packet) => `${packet.topicName} ${new TextDecoder().decode(packet.payload)}`,
    );
  }
}
