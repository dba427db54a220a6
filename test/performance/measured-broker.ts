/**
 * The broker with clients in memory, moved turn by turn: in each turn every publisher sends what a read of a
 * socket brings, then output leaves, then the answers to it come in, until nobody has anything to say. What a
 * turn allocates is counted as growth of the heap and of the buffers, while no collection runs: there is no
 * counter of allocations in Node. That needs a young generation that is larger than a batch, see `nodeFlags`.
 */
import { GCProfiler, getHeapStatistics } from 'node:v8';
import {
  Broker,
  type BrokerPlugin,
  type BrokerRuntime,
  defaultSettings,
  MemoryStore,
} from '../../src/broker/index.ts';
import { encodePacket, PacketType } from '../../src/packet/index.ts';
import { AnsweringClient } from './answering-client.ts';
import { countCopies } from './copy-counter.ts';
import type { Figures, Scenario } from './scenarios.ts';

/** Of the process that measures. */
export const nodeFlags: readonly string[] = [
  '--expose-gc',
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  // Else the compiler would finish functions in the middle of a batch, at another time in each run.
  '--single-threaded',
];

const readBytes = 64 * 1024;
const topicBytes = 40;
const attemptsMax = 1000;

class TurnRuntime implements BrokerRuntime {
  private callbacks: (() => void)[] = [];
  private running: (() => void)[] = [];
  private timeMs = 1_700_000_000_000;

  nowMs(): number {
    return this.timeMs;
  }

  random(): number {
    return 0.5;
  }

  afterTurn(callback: () => void): void {
    this.callbacks.push(callback);
  }

  endTurn(): void {
    this.timeMs++;
    while (this.callbacks.length > 0) {
      const callbacks = this.callbacks;
      this.callbacks = this.running;
      this.running = callbacks;
      for (const callback of callbacks) callback();
      callbacks.length = 0;
    }
  }
}

interface Batch {
  readonly heapBytes: number;
  readonly bufferBytes: number;
  readonly writes: number;
  readonly delivered: number;
}

export class MeasuredBroker {
  private readonly scenario: Scenario;
  private readonly runtime = new TurnRuntime();
  private readonly publishers: AnsweringClient[] = [];
  private readonly subscribers: AnsweringClient[] = [];
  private readonly clients: AnsweringClient[] = [];
  /** What each publisher sends in one turn, as it comes out of a socket. */
  private readonly chunks: Uint8Array[][] = [];
  private messagesPerTurn = 0;

  constructor(scenario: Scenario, plugins: readonly BrokerPlugin[] = []) {
    this.scenario = scenario;
    const limits = { ...defaultSettings.limits, inflightMessagesMax: 65_535 };
    const broker = new Broker({
      settings: { ...defaultSettings, limits },
      runtime: this.runtime,
      store: new MemoryStore(),
      plugins,
    });
    for (let topic = 0; topic < scenario.publishers; topic++) {
      const topicName = `performance/topic-${topic}/`.padEnd(topicBytes, 'x');
      for (let i = 0; i < scenario.subscribersPerTopic; i++) {
        this.subscribers.push(this.subscriber(broker, topicName));
      }
      this.publishers.push(this.client(broker));
      this.chunks.push(this.chunksFor(topicName));
    }
  }

  private client(broker: Broker): AnsweringClient {
    const { version } = this.scenario;
    const client = new AnsweringClient(this.clients.length, version);
    const handler = broker.connect(client);
    if (handler === undefined) throw new Error('the broker takes no more connections');
    client.opened(handler);
    client.send({
      type: PacketType.connect,
      protocolVersion: version,
      isBridge: false,
      clientId: `client-${this.clients.length}`,
      cleanStart: true,
      keepAlive: 60,
      username: undefined,
      password: undefined,
      will: undefined,
      properties: undefined,
    });
    this.runtime.endTurn();
    this.clients.push(client);
    return client;
  }

  private subscriber(broker: Broker, topicFilter: string): AnsweringClient {
    const subscriber = this.client(broker);
    const { qos } = this.scenario;
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
    subscriber.send({
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [{ topicFilter, qos, ...options }],
      properties: undefined,
    });
    this.runtime.endTurn();
    return subscriber;
  }

  /** Whole packets: one read of small ones, four reads of large ones, cut where sockets would cut them. */
  private chunksFor(topicName: string): Uint8Array[] {
    const { qos, version, properties, payloadBytes, publishers } = this.scenario;
    const payload = new Uint8Array(payloadBytes).fill(0x2e);
    const streamBytes = payloadBytes * 4 > readBytes / 2 ? 4 * readBytes : readBytes;
    const packets: Uint8Array[] = [];
    for (let bytes = 0, packetId = 1; ; packetId++) {
      const packet = encodePacket(
        {
          type: PacketType.publish,
          topicName,
          payload,
          qos,
          retain: false,
          dup: false,
          packetId: qos === 0 ? 0 : packetId,
          properties,
        },
        version,
      );
      bytes += packet.length;
      if (bytes > streamBytes) break;
      packets.push(packet);
    }
    this.messagesPerTurn = packets.length * publishers * this.scenario.subscribersPerTopic;
    const stream = new Uint8Array(Buffer.concat(packets));
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += readBytes) {
      chunks.push(stream.subarray(at, at + readBytes));
    }
    return chunks;
  }

  private turn(): void {
    for (let i = 0; i < this.publishers.length; i++) {
      const publisher = this.publishers[i];
      for (const chunk of this.chunks[i] ?? []) publisher?.feed(chunk);
    }
    this.runtime.endTurn();
    for (let hasAnswers = true; hasAnswers; this.runtime.endTurn()) {
      hasAnswers = false;
      for (const client of this.clients) hasAnswers = client.answer() || hasAnswers;
    }
  }

  /** Delivers at least so many messages in whole turns. @returns how many */
  private deliver(count: number): number {
    const before = this.delivered;
    let delivered = 0;
    for (; delivered < count; delivered += this.messagesPerTurn) this.turn();
    if (this.delivered - before !== delivered) {
      throw new Error(`${this.delivered - before} of ${delivered} messages were delivered`);
    }
    return delivered;
  }

  private get delivered(): number {
    return this.subscribers.reduce((sum, { publishes }) => sum + publishes, 0);
  }

  private get writes(): number {
    return this.clients.reduce((sum, { writes }) => sum + writes, 0);
  }

  /** Over at least so many delivered messages and so many batches. */
  measure(count: number, batchesMin = 12): Figures {
    this.deliver(count / 2); // The compiler has done its work after that.
    const sum = { heapBytes: 0, bufferBytes: 0, writes: 0, delivered: 0 };
    for (let batches = 0, attempts = 0; batches < batchesMin || sum.delivered < count; ) {
      if (++attempts > attemptsMax) throw new Error('collections disturbed nearly every batch');
      const batch = this.batch();
      if (batch === undefined) continue;
      batches++;
      sum.heapBytes += batch.heapBytes;
      sum.bufferBytes += batch.bufferBytes;
      sum.writes += batch.writes;
      sum.delivered += batch.delivered;
    }
    const copies = countCopies();
    const copied = this.deliver(count / 10);
    return {
      heapBytes: sum.heapBytes / sum.delivered,
      bufferBytes: sum.bufferBytes / sum.delivered,
      copiedBytes: copies.stop() / copied,
      writes: sum.writes * (100_000 / sum.delivered),
    };
  }

  /**
   * Few messages, whose garbage fits into the young generation.
   * @returns undefined when a collection ran all the same, because of the memory of buffers
   */
  private batch(): Batch | undefined {
    if (globalThis.gc === undefined) throw new Error(`needs node ${nodeFlags.join(' ')}`);
    // A full collection would also throw away what the compiler learned.
    globalThis.gc({ type: 'minor' });
    const profiler = new GCProfiler();
    profiler.start();
    const writesBefore = this.writes;
    const heapBefore = getHeapStatistics().used_heap_size;
    const buffersBefore = process.memoryUsage().arrayBuffers;
    const delivered = this.deliver(this.messagesPerTurn * 2);
    const bufferBytes = process.memoryUsage().arrayBuffers - buffersBefore;
    const heapBytes = getHeapStatistics().used_heap_size - heapBefore;
    const { length: collections } = profiler.stop()?.statistics ?? [];
    // Those of an earlier batch may have been freed late.
    if (collections > 0 || bufferBytes < 0) return undefined;
    return { heapBytes, bufferBytes, writes: this.writes - writesBefore, delivered };
  }
}
