/**
 * The `$SYS` tree: the broker's numbers as Retained Messages, under the names and in the formats of
 * Mosquitto, so that dashboards made for it work. One table below says what there is; the reference page
 * is made from it. A value is published when it has changed.
 *
 * Reads no clock and owns no timer: `tick` is told the time, and publishes once per interval.
 */
import type { Counters, Gauges } from '../broker/index.ts';
import { LoadAverage, loadSpans } from './load-average.ts';

export interface SysTopicsOptions {
  /** 0 = no `$SYS` tree. */
  readonly intervalMs: number;
  readonly counters: Counters;
  readonly gauges: () => Gauges;
  /** Bytes of memory in use. */
  readonly heapBytes: () => number;
  readonly version: string;
  readonly startedAtMs: number;
  /** Publishes a Retained Message in the broker's own name. */
  readonly publish: (topicName: string, payload: string) => void;
}

/** What the rows are computed from. */
interface Sample {
  readonly counters: Counters;
  readonly gauges: Gauges;
  readonly uptimeMs: number;
  readonly version: string;
  readonly heapBytes: number;
  readonly heapBytesMax: number;
}

interface SysTopicRow {
  /** Below `$SYS/broker/`. */
  readonly topic: string;
  readonly meaning: string;
  readonly value: (sample: Sample) => number | string;
}

const row = (topic: string, meaning: string, value: SysTopicRow['value']): SysTopicRow => ({
  topic,
  meaning,
  value,
});

export const sysTopicRows: readonly SysTopicRow[] = [
  row('version', 'Name and version.', (s) => `linnet version ${s.version}`),
  row(
    'uptime',
    'Time since the start, as `N seconds`.',
    (s) => `${Math.floor(s.uptimeMs / 1000)} seconds`,
  ),
  row('clients/total', 'Sessions, connected or not.', (s) => s.gauges.sessions),
  row('clients/connected', 'Clients connected now.', (s) => s.gauges.clientsConnected),
  row('clients/active', 'Old name of `clients/connected`.', (s) => s.gauges.clientsConnected),
  row(
    'clients/disconnected',
    'Sessions whose client is not connected.',
    (s) => s.gauges.sessionsDisconnected,
  ),
  row(
    'clients/inactive',
    'Old name of `clients/disconnected`.',
    (s) => s.gauges.sessionsDisconnected,
  ),
  row(
    'clients/maximum',
    'Most clients ever connected at the same time.',
    (s) => s.gauges.clientsMaximum,
  ),
  row(
    'clients/expired',
    'Sessions that ended because their expiry interval was over.',
    (s) => s.counters.sessionsExpired,
  ),
  row(
    'messages/received',
    'Control Packets of every type received.',
    (s) => s.counters.packetsReceived,
  ),
  row('messages/sent', 'Control Packets of every type sent.', (s) => s.counters.packetsSent),
  row(
    'messages/inflight',
    'QoS 1 and 2 messages sent and not yet acknowledged.',
    (s) => s.gauges.inflightMessages,
  ),
  row(
    'messages/stored',
    'Old name of `store/messages/count`.',
    (s) => s.gauges.retainedMessages + s.gauges.queuedMessages,
  ),
  row('publish/messages/received', 'PUBLISH packets received.', (s) => s.counters.publishReceived),
  row('publish/messages/sent', 'PUBLISH packets sent.', (s) => s.counters.publishSent),
  row(
    'publish/messages/dropped',
    'Messages, or copies for one receiver, that went no further, all causes.',
    (s) => s.counters.publishDropped,
  ),
  row(
    'publish/bytes/received',
    'Payload bytes of PUBLISH packets received.',
    (s) => s.counters.publishBytesReceived,
  ),
  row(
    'publish/bytes/sent',
    'Payload bytes of PUBLISH packets sent.',
    (s) => s.counters.publishBytesSent,
  ),
  row('bytes/received', 'Bytes received.', (s) => s.counters.bytesReceived),
  row('bytes/sent', 'Bytes sent.', (s) => s.counters.bytesSent),
  row('retained messages/count', 'Retained Messages.', (s) => s.gauges.retainedMessages),
  row(
    'store/messages/count',
    'Retained Messages and messages waiting for clients.',
    (s) => s.gauges.retainedMessages + s.gauges.queuedMessages,
  ),
  row(
    'store/messages/bytes',
    'Payload bytes of these.',
    (s) => s.gauges.retainedBytes + s.gauges.queuedBytes,
  ),
  row('subscriptions/count', 'Subscriptions, shared ones too.', (s) => s.gauges.subscriptions),
  row(
    'shared_subscriptions/count',
    'Shared Subscriptions among them.',
    (s) => s.gauges.sharedSubscriptions,
  ),
  row('heap/current', 'Bytes of memory in use.', (s) => s.heapBytes),
  row('heap/maximum', 'Most bytes of memory seen in use.', (s) => s.heapBytesMax),
  row(
    'connections/refused',
    'Connections refused, all causes. Not in Mosquitto.',
    (s) => s.counters.connectionsRefused,
  ),
];

interface LoadRow {
  /** Below `$SYS/broker/load/`. */
  readonly topic: string;
  readonly meaning: string;
  readonly total: (counters: Counters, gauges: Gauges) => number;
}

const loadRow = (topic: string, meaning: string, total: LoadRow['total']): LoadRow => ({
  topic,
  meaning,
  total,
});

export const loadRows: readonly LoadRow[] = [
  loadRow('messages/received', 'Control Packets received', (c) => c.packetsReceived),
  loadRow('messages/sent', 'Control Packets sent', (c) => c.packetsSent),
  loadRow('publish/received', 'PUBLISH packets received', (c) => c.publishReceived),
  loadRow('publish/sent', 'PUBLISH packets sent', (c) => c.publishSent),
  loadRow('publish/dropped', 'messages dropped', (c) => c.publishDropped),
  loadRow('bytes/received', 'bytes received', (c) => c.bytesReceived),
  loadRow('bytes/sent', 'bytes sent', (c) => c.bytesSent),
  loadRow('sockets', 'connections taken, those refused later too', (c) => c.connectionsAccepted),
  // Everyone who was accepted is there or has left.
  loadRow('connections', 'clients accepted', (c, g) => c.disconnects + g.clientsConnected),
];

/** Counters that are split by cause: one topic for each cause that has occurred. */
export const causeRows: readonly {
  /** Below `$SYS/broker/`, with `<cause>` as last level. */
  readonly topic: string;
  readonly meaning: string;
  readonly counts: (counters: Counters) => Readonly<Record<string, number>>;
}[] = [
  {
    topic: 'publish/messages/dropped',
    meaning: 'Messages dropped for this cause. Not in Mosquitto.',
    counts: (counters) => counters.droppedByCause,
  },
  {
    topic: 'connections/refused',
    meaning: 'Connections refused for this cause. Not in Mosquitto.',
    counts: (counters) => counters.refusedByCause,
  },
];

const prefix = '$SYS/broker/';

export class SysTopics {
  readonly #options: SysTopicsOptions;
  readonly #loads = loadRows.map((load) => ({ load, average: new LoadAverage() }));
  readonly #published = new Map<string, string>();
  #heapBytesMax = 0;
  #updatedAtMs: number;
  #dueAtMs: number;

  constructor(options: SysTopicsOptions) {
    this.#options = options;
    this.#updatedAtMs = options.startedAtMs;
    this.#dueAtMs = options.startedAtMs;
  }

  /** Publishes what has changed, when it is time; the first call publishes everything. */
  tick(nowMs: number): void {
    const { intervalMs, startedAtMs } = this.#options;
    if (intervalMs <= 0 || nowMs < this.#dueAtMs) return;
    // Kept on the grid of the start, so that late calls do not add up.
    const steps = Math.floor((nowMs - startedAtMs) / intervalMs) + 1;
    this.#dueAtMs = startedAtMs + steps * intervalMs;
    const gauges = this.#options.gauges();
    this.#publishRows(gauges, nowMs);
    this.#publishCauses();
    this.#publishLoads(gauges, nowMs - this.#updatedAtMs);
    this.#updatedAtMs = nowMs;
  }

  #publishRows(gauges: Gauges, nowMs: number): void {
    const { counters, version, startedAtMs } = this.#options;
    const heapBytes = this.#options.heapBytes();
    this.#heapBytesMax = Math.max(this.#heapBytesMax, heapBytes);
    const sample: Sample = {
      counters,
      gauges,
      uptimeMs: nowMs - startedAtMs,
      version,
      heapBytes,
      heapBytesMax: this.#heapBytesMax,
    };
    for (const { topic, value } of sysTopicRows) this.#publish(topic, String(value(sample)));
  }

  #publishCauses(): void {
    for (const { topic, counts } of causeRows) {
      for (const [cause, count] of Object.entries(counts(this.#options.counters))) {
        this.#publish(`${topic}/${cause}`, String(count));
      }
    }
  }

  #publishLoads(gauges: Gauges, elapsedMs: number): void {
    for (const { load, average } of this.#loads) {
      average.update(load.total(this.#options.counters, gauges), elapsedMs);
      for (const { name } of loadSpans) {
        this.#publish(`load/${load.topic}/${name}`, average.perMinute(name).toFixed(2));
      }
    }
  }

  #publish(topic: string, payload: string): void {
    if (this.#published.get(topic) === payload) return;
    this.#published.set(topic, payload);
    this.#options.publish(`${prefix}${topic}`, payload);
  }
}

/** Bytes in use by this process's objects and buffers: the default for `heapBytes`. */
export function processHeapBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
