import { type ConnectOptions, MqttClient } from '../client/index.ts';
import { PacketType, type PublishPacket, type QoS } from '../packet/index.ts';

/** Sessions that nobody ends: only a broker that lost one says that there is none. */
const neverExpires = 0xffff_ffff;

/**
 * A client whose Session outlives its connections and its absences. It reconnects by itself, and counts each
 * time that the broker no longer knew its Session.
 */
export class LastingSession {
  /** Connections that found the Session gone. */
  lostCount = 0;
  private readonly url: string;
  private readonly clientId: string;
  private readonly onMessage: ((packet: PublishPacket) => void) | undefined;
  private readonly onSentAgain: ((packet: PublishPacket) => void) | undefined;
  private readonly inflightMax: number;
  /** QoS 2 messages whose PUBREL has not come. */
  private readonly unreleased = new Set<number>();
  private client: MqttClient | undefined;
  private isKnown = false;

  constructor(options: {
    readonly url: string;
    readonly clientId: string;
    readonly inflightMax?: number;
    readonly onMessage?: (packet: PublishPacket) => void;
    /** Told of each message that is sent with DUP. */
    readonly onSentAgain?: (packet: PublishPacket) => void;
  }) {
    this.url = options.url;
    this.clientId = options.clientId;
    this.inflightMax = options.inflightMax ?? 20;
    this.onMessage = options.onMessage;
    this.onSentAgain = options.onSentAgain;
  }

  /** Its messages have been answered to the end, as far as the client goes. */
  get isAtRest(): boolean {
    return this.unreleased.size === 0;
  }

  get isAway(): boolean {
    return this.client === undefined;
  }

  /** @throws {Error} while it is away */
  get connected(): MqttClient {
    if (this.client === undefined) throw new Error(`${this.clientId} is away`);
    return this.client;
  }

  /** Begins to connect, and goes on trying. @returns the first connection's answer */
  async come(): Promise<void> {
    const client = new MqttClient(this.connectOptions());
    this.client = client;
    await client.start();
  }

  async subscribe(topicFilter: string, qos: QoS): Promise<void> {
    await this.connected.subscribe([{ topicFilter, qos }]);
  }

  /** Disconnects; the Session stays. To be called at rest. */
  async leave(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.disconnect();
  }

  /** Drops the connection at the end of everything. */
  destroy(): void {
    this.client?.destroy();
    this.client = undefined;
  }

  private connectOptions(): ConnectOptions {
    return {
      url: this.url,
      clientId: this.clientId,
      cleanStart: !this.isKnown,
      keepAlive: 0,
      noDelay: true,
      inflightMax: this.inflightMax,
      properties: { sessionExpiryInterval: neverExpires },
      reconnect: { minDelayMs: 20, maxDelayMs: 250, fromStart: true },
      onMessage: this.onMessage,
      observer: {
        connected: ({ sessionPresent }) => {
          if (this.isKnown && !sessionPresent) {
            this.lostCount++;
            this.unreleased.clear();
          }
          this.isKnown = true;
        },
        packetReceived: (packet) => {
          if (packet.type === PacketType.publish && packet.qos === 2) {
            this.unreleased.add(packet.packetId);
          } else if (packet.type === PacketType.pubrel) this.unreleased.delete(packet.packetId);
        },
        packetSent: (packet) => {
          if (packet.type === PacketType.publish && packet.dup) this.onSentAgain?.(packet);
        },
      },
    };
  }
}
