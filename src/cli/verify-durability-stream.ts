/**
 * Messages of one QoS: publishers that keep up a rate as long as their windows allow, a session that reads all
 * the time, and one that is away and comes back. Both get every message.
 */
import type { ClientError, PublishAcknowledgement } from '../client/index.ts';
import { type PublishPacket, type QoS, ReasonCode } from '../packet/index.ts';
import {
  DeliveredMessages,
  numberedPayload,
  numberOf,
  PublishedMessages,
} from './verify-durability-ledger.ts';
import { LastingSession } from './verify-durability-session.ts';

export interface StreamOptions {
  readonly url: string;
  readonly qos: 1 | 2;
  readonly ratePerSecond: number;
  readonly sizeBytes: number;
}

/** What became of the messages of one QoS, as far as they were published. */
export interface StreamFigures {
  readonly qos: QoS;
  readonly published: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Of both sessions together, like all that follows. */
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly damaged: number;
  /** Came again as MQTT allows it at QoS 1. */
  readonly allowedAgain: number;
  /** Were published again, because the broker was killed before it had acknowledged them. */
  readonly publishedAgain: number;
  readonly sessionsLost: number;
}

const publisherCount = 4;
/** Of one publisher, sent and not acknowledged. */
const window = 250;
const tickMs = 5;

export class MessageStream {
  private readonly options: StreamOptions;
  private readonly publishers: { session: LastingSession; messages: PublishedMessages }[] = [];
  private readonly reader: Receiver;
  private readonly away: Receiver;
  private ticker: NodeJS.Timeout | undefined;
  private lastTickMs = 0;
  private due = 0;
  private nextPublisher = 0;

  constructor(options: StreamOptions) {
    this.options = options;
    const { url, qos, sizeBytes } = options;
    for (let index = 0; index < publisherCount; index++) {
      const messages = new PublishedMessages();
      const session = new LastingSession({
        url,
        clientId: `verify-publisher-${qos}-${index}`,
        inflightMax: window,
        onSentAgain: (packet) => {
          const sequence = numberOf(packet.payload, sizeBytes);
          if (sequence !== undefined) messages.sentAgain(sequence);
        },
      });
      this.publishers.push({ session, messages });
    }
    const published = this.publishers.map(({ messages }) => messages);
    this.reader = new Receiver('reader', options, published);
    this.away = new Receiver('away', options, published);
  }

  /** Connects everybody, and leaves one away. */
  async open(): Promise<void> {
    await this.reader.open();
    await this.away.open();
    await this.away.session.leave();
    for (const { session } of this.publishers) await session.come();
  }

  /** Publishes from now on. */
  run(): void {
    this.lastTickMs = performance.now();
    this.due = 0;
    this.ticker = setInterval(() => this.tick(), tickMs);
  }

  /** Publishes nothing new; what is under way goes on. */
  pause(): void {
    clearInterval(this.ticker);
  }

  /** The session that was away begins to read. */
  comeBack(): void {
    if (!this.away.session.isAway) return;
    this.away.session.come().catch(() => undefined); // Closed first: then nobody waits for it.
  }

  async goAway(): Promise<void> {
    await this.away.session.leave();
  }

  /** Nothing is under way, and everything that was published has come. */
  get isSettled(): boolean {
    return this.unacknowledged === 0 && this.reader.isComplete && this.away.isComplete;
  }

  /** What is missing is lost. */
  writeOff(): void {
    for (const messages of [...this.reader.messages, ...this.away.messages]) messages.writeOff();
  }

  /** Changes as long as something moves. */
  get movements(): number {
    return this.acknowledged + this.reader.arrivals + this.away.arrivals;
  }

  get acknowledged(): number {
    return this.publishers.reduce((sum, { messages }) => sum + messages.acknowledged, 0);
  }

  get unacknowledged(): number {
    return this.publishers.reduce((sum, { session }) => {
      return sum + (session.isAway ? 0 : session.connected.unacknowledgedCount);
    }, 0);
  }

  close(): void {
    this.pause();
    for (const { session } of this.publishers) session.destroy();
    this.reader.session.destroy();
    this.away.session.destroy();
  }

  figures(): StreamFigures {
    const published = this.publishers.map(({ messages }) => messages);
    const delivered = [...this.reader.messages, ...this.away.messages];
    const sessions = [...this.publishers, this.reader, this.away].map(({ session }) => session);
    return {
      qos: this.options.qos,
      published: sumOf(published, ({ sent }) => sent),
      acknowledged: this.acknowledged,
      refused: sumOf(published, ({ refused }) => refused.size),
      delivered: sumOf(delivered, (messages) => messages.delivered),
      lost: sumOf(delivered, ({ lost }) => lost),
      duplicated: sumOf(delivered, ({ duplicated }) => duplicated),
      outOfOrder: sumOf(delivered, ({ outOfOrder }) => outOfOrder),
      damaged: this.reader.damaged + this.away.damaged,
      allowedAgain: sumOf(delivered, ({ allowedAgain }) => allowedAgain),
      publishedAgain: sumOf(published, ({ againCount }) => againCount),
      sessionsLost: sumOf(sessions, ({ lostCount }) => lostCount),
    };
  }

  private tick(): void {
    const nowMs = performance.now();
    const { ratePerSecond } = this.options;
    // What the windows held up is not caught up with: the rate is a wish.
    this.due = Math.min(
      this.due + ((nowMs - this.lastTickMs) * ratePerSecond) / 1000,
      ratePerSecond / 10,
    );
    this.lastTickMs = nowMs;
    for (let refusals = 0; this.due >= 1 && refusals < publisherCount; ) {
      if (this.publish(this.nextPublisher)) {
        this.due--;
        refusals = 0;
      } else refusals++;
      this.nextPublisher = (this.nextPublisher + 1) % publisherCount;
    }
  }

  private publish(index: number): boolean {
    const { session, messages } = this.publishers[index] as (typeof this.publishers)[number];
    if (session.connected.unacknowledgedCount >= window) return false;
    const { qos, sizeBytes } = this.options;
    const sequence = ++messages.sent;
    const topicName = `${topicOf(qos)}/${index}`;
    const payload = numberedPayload(sequence, sizeBytes);
    session.connected.send({ topicName, payload, qos }, (error, acknowledgement) => {
      if (error === undefined) answered(messages, sequence, acknowledgement);
      else rejectUnlessClosed(error);
    });
    return true;
  }
}

/** A session that gets everything, and checks it. */
class Receiver {
  readonly session: LastingSession;
  readonly messages: DeliveredMessages[];
  damaged = 0;
  arrivals = 0;
  private readonly options: StreamOptions;

  constructor(name: string, options: StreamOptions, published: readonly PublishedMessages[]) {
    this.options = options;
    this.messages = published.map((each) => new DeliveredMessages(each, options.qos === 2));
    this.session = new LastingSession({
      url: options.url,
      clientId: `verify-${name}-${options.qos}`,
      onMessage: (packet) => this.accept(packet),
    });
  }

  async open(): Promise<void> {
    await this.session.come();
    await this.session.subscribe(`${topicOf(this.options.qos)}/#`, this.options.qos);
  }

  get isComplete(): boolean {
    return this.session.isAtRest && this.messages.every(({ isComplete }) => isComplete);
  }

  private accept({ topicName, payload, dup }: PublishPacket): void {
    this.arrivals++;
    const messages = this.messages[Number(topicName.slice(topicName.lastIndexOf('/') + 1))];
    const sequence = numberOf(payload, this.options.sizeBytes);
    if (messages === undefined || sequence === undefined) this.damaged++;
    else messages.accept(sequence, dup);
  }
}

function topicOf(qos: QoS): string {
  return `verify/qos${qos}`;
}

/**
 * A PUBCOMP may say that the broker does not know the identifier: it had released it, and was killed before the
 * first PUBCOMP was out. That ends the flow as well as any other.
 */
function answered(
  messages: PublishedMessages,
  sequence: number,
  acknowledgement: PublishAcknowledgement | undefined,
): void {
  const reasonCode = acknowledgement?.reasonCode ?? ReasonCode.success;
  if (reasonCode >= 0x80 && reasonCode !== ReasonCode.packetIdentifierNotFound) {
    messages.refused.add(sequence);
  } else messages.acknowledged++;
}

/** At the end of a run clients are closed with messages under way. */
function rejectUnlessClosed(error: ClientError): void {
  if (error.code !== 'closed') throw error;
}

function sumOf<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((sum, item) => sum + value(item), 0);
}
