/**
 * The clients of the soak: publishers that come and go (half of them just break off), fast readers that stay,
 * readers that hardly read, and Sessions whose clients leave and return. Every message carries its time, its
 * publisher and its number, so each fast reader knows whether something is missing.
 */
import { MqttVersion, type PublishPacket, type QoS } from '../src/packet/index.ts';
import { LatencyHistogram } from '../src/workload/latency-histogram.ts';
import { SoakClient } from './soak-client.ts';

export interface SoakLoadOptions {
  readonly port: number;
  /** Messages a second that are published. */
  readonly ratePerSecond: number;
}

const publisherCount = 20;
const publishEveryMs = 20;
/** One in so many messages is large. */
const largeEvery = 20;
const largeBytes = 64 * 1024;
const smallBytes = 200;
const stampBytes = 20;
const slowReaderCount = 4;
const returningCount = 6;

/** What is subscribed by those whose messages are counted; `slot` is a publisher's place. */
const fastReaders: readonly { readonly filter: string; readonly qos: QoS }[] = [
  { filter: 'soak/#', qos: 2 },
  { filter: 'soak/+/data', qos: 1 },
  { filter: 'soak/+/data', qos: 0 },
  ...Array.from({ length: 10 }, (_, slot) => ({ filter: `soak/${slot}/data`, qos: 1 as const })),
];

/** One reader's view of the publishers: how many came of each, and whether any is missing. */
class FastReader {
  readonly next = new Map<number, number>();
  readonly latencies: () => LatencyHistogram;
  readonly qos: QoS;
  received = 0;
  /** Of QoS 1 and 2; at QoS 0 the broker may drop. */
  lost = 0;
  duplicated = 0;

  constructor(qos: QoS, latencies: () => LatencyHistogram) {
    this.qos = qos;
    this.latencies = latencies;
  }

  arrived({ payload }: PublishPacket): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    this.latencies().record(performance.now() - view.getFloat64(0));
    this.received++;
    const publisher = view.getUint32(8);
    const number = view.getUint32(12);
    const expected = this.next.get(publisher) ?? 0;
    const isSure = Math.min(this.qos, view.getUint32(16)) > 0;
    if (number > expected && isSure) this.lost += number - expected;
    if (number < expected) this.duplicated++;
    else this.next.set(publisher, number + 1);
  }
}

export class SoakLoad {
  /** Of messages at fast readers since it was last replaced. */
  latencies: LatencyHistogram = new LatencyHistogram();
  readonly lostConnections: string[] = [];
  published = 0;
  publishersSoFar = 0;
  returns = 0;
  private readonly options: SoakLoadOptions;
  private readonly readers: FastReader[] = [];
  private readonly clients = new Set<SoakClient>();
  private readonly work: Promise<void>[] = [];
  private readonly finished: { slot: number; publisher: number; qos: QoS; count: number }[] = [];
  private isStopping = false;

  constructor(options: SoakLoadOptions) {
    this.options = options;
  }

  get received(): number {
    return this.readers.reduce((sum, { received }) => sum + received, 0);
  }

  async start(): Promise<void> {
    for (const [index, { filter, qos }] of fastReaders.entries()) {
      const reader = new FastReader(qos, () => this.latencies);
      this.readers.push(reader);
      const client = await this.open(`fast-${index}`, { onMessage: (p) => reader.arrived(p) });
      await client.subscribe(filter, qos);
    }
    for (let index = 0; index < slowReaderCount; index++) this.work.push(this.readSlowly(index));
    for (let index = 0; index < returningCount; index++) this.work.push(this.comeAndGo(index));
    for (let slot = 0; slot < publisherCount; slot++) this.work.push(this.publishInTurns(slot));
  }

  /** Publishers finish what they began; then everything that is under way has to arrive. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.work);
    for (const client of this.clients) await client.settle();
    for (const client of this.clients) client.leave();
  }

  /** Messages of QoS 1 and 2 that a fast reader should have had and had not. */
  get lost(): number {
    const within = this.readers.reduce((sum, { lost }) => sum + lost, 0);
    const atTheEnd = this.readers.flatMap((reader, index) => {
      const { filter, qos } = fastReaders[index] ?? { filter: '', qos: 0 };
      return this.finished
        .filter(
          ({ slot }) => filter.includes('+') || filter.includes('#') || filter === topicOf(slot),
        )
        .filter((end) => Math.min(end.qos, qos) > 0)
        .map(({ publisher, count }) => count - (reader.next.get(publisher) ?? 0));
    });
    return within + atTheEnd.reduce((sum, missing) => sum + missing, 0);
  }

  get duplicated(): number {
    return this.readers.reduce((sum, { duplicated }) => sum + duplicated, 0);
  }

  private async open(
    clientId: string,
    more: { isPersistent?: boolean; onMessage?: (packet: PublishPacket) => void } = {},
  ): Promise<SoakClient> {
    const client = await SoakClient.open({
      port: this.options.port,
      clientId,
      version: clientId.endsWith('1') ? MqttVersion.v311 : MqttVersion.v5,
      onLost: (lost) => this.lostConnections.push(lost),
      ...more,
    });
    this.clients.add(client);
    return client;
  }

  private leave(client: SoakClient, isAbrupt: boolean): void {
    client.leave(isAbrupt);
    this.clients.delete(client);
  }

  /** One publisher after another, each for some seconds. */
  private async publishInTurns(slot: number): Promise<void> {
    while (!this.isStopping) {
      const publisher = this.publishersSoFar++;
      const qos = [0, 1, 2][publisher % 3] as QoS;
      const client = await this.open(`publisher-${publisher}`);
      const count = await this.publish(client, slot, publisher, qos, 2000 + Math.random() * 8000);
      await client.settle();
      this.finished.push({ slot, publisher, qos, count });
      this.leave(client, publisher % 2 === 0);
    }
  }

  /** @returns how many messages it published */
  private async publish(
    client: SoakClient,
    slot: number,
    publisher: number,
    qos: QoS,
    forMs: number,
  ): Promise<number> {
    const perTick = (this.options.ratePerSecond / publisherCount) * (publishEveryMs / 1000);
    const untilMs = performance.now() + forMs;
    let count = 0;
    let due = 0;
    while (!this.isStopping && performance.now() < untilMs) {
      due += perTick;
      for (; due >= 1 && !client.isBehind; due--) {
        client.publish(topicOf(slot), stamped(publisher, count++, qos), qos);
        this.published++;
      }
      await sleep(publishEveryMs);
    }
    return count;
  }

  /** So little that everything it may hold at the broker is full within seconds, and stays so. */
  private async readSlowly(index: number): Promise<void> {
    const client = await this.open(`slow-${index}`);
    await client.subscribe('soak/#', index % 2 === 0 ? 0 : 1);
    client.pauseReading();
    while (!this.isStopping) {
      await sleep(500);
      client.readSome();
    }
    await sleep(500);
    client.resumeReading();
  }

  private async comeAndGo(index: number): Promise<void> {
    while (!this.isStopping) {
      const client = await this.open(`returning-${index}`, { isPersistent: true });
      await client.subscribe('soak/+/data', index % 2 === 0 ? 1 : 2);
      await sleep(1000 + Math.random() * 3000);
      this.leave(client, index % 3 === 0);
      this.returns++;
      await sleep(1000 + Math.random() * 3000);
    }
  }
}

function topicOf(slot: number): string {
  return `soak/${slot}/data`;
}

function stamped(publisher: number, number: number, qos: QoS): Uint8Array {
  const bytes = number % largeEvery === largeEvery - 1 ? largeBytes : smallBytes;
  const payload = new Uint8Array(Math.max(stampBytes, bytes));
  const view = new DataView(payload.buffer);
  view.setFloat64(0, performance.now());
  view.setUint32(8, publisher);
  view.setUint32(12, number);
  view.setUint32(16, qos);
  return payload;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
