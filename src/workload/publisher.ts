/**
 * Publishes as one client. Its PUBLISH is encoded once; each message is that template with identifier and
 * stamp written over, copied into the outbox. How many may go is the smallest of what the windows and the
 * schedule allow. Hot file: `write`.
 */
import {
  type ConnackPacket,
  encodePacket,
  MqttVersion,
  PacketType,
  type PubackPacket,
  type PubcompPacket,
  type PubrecPacket,
  type QoS,
} from '../packet/index.ts';
import type { LoadConnection, LoadRole } from './load-connection.ts';
import type { OpenLoopSchedule } from './open-loop-schedule.ts';
import type { Outbox } from './outbox.ts';
import { PublishWindow } from './publish-window.ts';
import { fillerByte, writeStamp } from './stamp.ts';

/** How far the receivers of one publisher are. */
export interface Deliveries {
  /** Each receiver got this many messages, or a newer one than those it did not get. */
  minimum(): number;
}

export interface PublisherOptions {
  /** Within the whole run. */
  readonly index: number;
  /** What its stamps carry. */
  readonly id: number;
  readonly version: MqttVersion;
  readonly topicName: string;
  readonly qos: QoS;
  readonly sizeBytes: number;
  /** Messages that may be under way at a time. */
  readonly window: number;
  /** Absent: as fast as the window allows. */
  readonly schedule: OpenLoopSchedule | undefined;
  /** Absent: only acknowledgements open the window. */
  readonly deliveries: Deliveries | undefined;
  /** Told how long each message of the measured time took to be acknowledged; absent: nobody asks. */
  readonly acknowledgedIn: ((sentAtMs: number, nowMs: number) => void) | undefined;
}

export class Publisher implements LoadRole {
  readonly subscribe = undefined;
  readonly index: number;
  sent = 0;
  acknowledged = 0;
  /** Acknowledged with a Reason Code that says no. */
  refused = 0;
  /** Acknowledgements that nothing waited for. */
  unexpected = 0;
  /** Set once it is made. */
  connection: LoadConnection | undefined;
  readonly #options: PublisherOptions;
  readonly #template: Uint8Array;
  readonly #packetIdAt: number;
  readonly #stampAt: number;
  /** Of a closed loop: fewer messages than this are not worth a write of their own. */
  #creditsMin = 1;
  #window: PublishWindow | undefined;
  #isStarted = false;
  /** Of an open loop: messages whose time has come. */
  #due = 0;
  /** What was under way before it was given up. */
  #givenUp = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.index = options.index;
    const { topicName, qos, sizeBytes, version } = options;
    const payload = new Uint8Array(sizeBytes).fill(fillerByte);
    this.#template = encodePacket(
      {
        type: PacketType.publish,
        topicName,
        payload,
        qos,
        retain: false,
        dup: false,
        packetId: qos === 0 ? 0 : 1,
        properties: undefined,
      },
      version,
    );
    this.#stampAt = this.#template.length - sizeBytes;
    // In 5.0 the length of the properties, 0, stands between identifier and payload.
    this.#packetIdAt = this.#stampAt - (version === MqttVersion.v5 ? 3 : 2);
  }

  /** Sent and, at QoS 1 and 2, neither acknowledged nor refused. */
  get unacknowledged(): number {
    return this.#options.qos === 0 ? 0 : this.sent - this.acknowledged - this.refused;
  }

  /** Due and not sent: the windows were full. */
  get behind(): number {
    return this.#options.schedule === undefined ? 0 : this.#due - this.sent;
  }

  accepted({ properties }: ConnackPacket): void {
    const { qos, schedule } = this.#options;
    let { window } = this.#options;
    if (qos > 0) {
      window = Math.min(window, properties?.receiveMaximum ?? 65_535);
      this.#window = new PublishWindow(window);
    }
    if (schedule === undefined) this.#creditsMin = Math.max(1, Math.floor(window / 8));
  }

  start(): void {
    this.#isStarted = true;
    this.connection?.requestFlush();
  }

  stop(): void {
    this.#isStarted = false;
  }

  /** One message more is due. */
  messageDue(): void {
    this.#due++;
    this.connection?.requestFlush();
  }

  /** A receiver got something, or an acknowledgement came: there may be room again. */
  windowOpened(): void {
    if (this.#isStarted && this.#credits() > 0) this.connection?.requestFlush();
  }

  /** What is under way will not come: the window opens again without it. */
  giveUp(): void {
    this.#givenUp = this.sent;
    this.windowOpened();
  }

  acknowledgement(packet: PubackPacket | PubrecPacket | PubcompPacket, nowMs: number): void {
    const { packetId, reasonCode, type } = packet;
    if (this.#window === undefined) {
      this.unexpected++;
      return;
    }
    if (type === PacketType.pubrec && reasonCode < 0x80) {
      if (!this.#window.release(packetId)) this.unexpected++;
      return;
    }
    if (!this.#window.complete(packetId, type === PacketType.pubcomp)) {
      this.unexpected++;
      return;
    }
    if (reasonCode >= 0x80) {
      this.refused++;
      return;
    }
    this.acknowledged++;
    this.#options.acknowledgedIn?.(this.#window.timeOf(packetId), nowMs);
  }

  arrive(): void {
    // It has no subscription; what comes all the same is not its business.
  }

  chunkEnded(): void {
    this.windowOpened();
  }

  write(outbox: Outbox, nowMs: number): boolean {
    const credits = this.#credits();
    for (let written = 0; written < credits; written++) {
      if (!outbox.hasRoomFor(this.#template.length)) return true;
      if (!this.#writeOne(outbox, nowMs)) return false;
    }
    // Of an open loop all that was due is written; the others may have room left.
    return this.#options.schedule === undefined && this.#credits() > 0;
  }

  #writeOne(outbox: Outbox, nowMs: number): boolean {
    const { schedule, id, index } = this.#options;
    const template = this.#template;
    const timeMs = schedule === undefined ? nowMs : schedule.timeOf(index, this.sent);
    if (this.#window !== undefined) {
      const packetId = this.#window.open(timeMs);
      if (packetId === 0) return false;
      template[this.#packetIdAt] = packetId >>> 8;
      template[this.#packetIdAt + 1] = packetId;
    }
    writeStamp(template, this.#stampAt, timeMs, id, this.sent);
    outbox.append(template);
    this.sent++;
    return true;
  }

  #credits(): number {
    if (!this.#isStarted) return 0;
    const { window, schedule, deliveries } = this.#options;
    let credits = window;
    if (this.#window !== undefined) {
      credits = Math.min(credits, this.#window.limit - this.#window.openCount);
    }
    if (schedule !== undefined) return Math.min(credits, this.#due - this.sent);
    if (deliveries !== undefined) {
      const arrived = Math.max(this.#givenUp, deliveries.minimum());
      credits = Math.min(credits, window - (this.sent - arrived));
    }
    return credits < this.#creditsMin ? 0 : credits;
  }
}
