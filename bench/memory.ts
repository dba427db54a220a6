/**
 * What each thing that the broker keeps costs in memory: `node bench/memory.ts [name …]`.
 *
 * Each row is built in a process of its own by clients over links in memory. `held` is what JavaScript has in
 * use after collection, objects and buffers; `RSS` is the growth of the process as the operating system sees
 * it, with what the collector keeps in reserve. A socket costs on top of what is counted here.
 */
import { spawnSync } from 'node:child_process';
import { Broker, defaultSettings, MemoryStore } from '../src/broker/index.ts';
import { VirtualRuntime } from '../src/testing/index.ts';
import { buildingFilter } from './building.ts';
import { bytesInUse } from './measure.ts';
import { SinkClient } from './sink-client.ts';

const runtime = new VirtualRuntime();

function newBroker(): Broker {
  const limits = {
    ...defaultSettings.limits,
    subscriptionsPerClientMax: 0,
    queuedMessagesMax: 0,
    queuedBytesMax: 0,
  };
  const settings = { ...defaultSettings, serverKeepAlive: 0, connectionsMax: 0, limits };
  return new Broker({ settings, runtime, store: new MemoryStore(), plugins: [] });
}

interface Row {
  readonly what: string;
  readonly count: number;
  /** Before the first measure. */
  readonly prepare?: (broker: Broker) => void;
  /** @returns what must stay alive. */
  readonly build: (broker: Broker, count: number) => unknown;
}

const payload = new Uint8Array(256).fill(7);

function clients(broker: Broker, count: number, persistent: boolean): SinkClient[] {
  return Array.from({ length: count }, (_, i) => {
    const client = new SinkClient(broker, `client-${i}`, persistent);
    runtime.runTurns();
    return client;
  });
}

/** Subscribes in packets of 100 filters; filter `i` of all goes to client `i / each`. */
function subscribeAll(client: SinkClient, first: number, each: number): void {
  for (let i = 0; i < each; i += 100) {
    const count = Math.min(100, each - i);
    client.subscribe(Array.from({ length: count }, (_, k) => buildingFilter(first + i + k)));
  }
  runtime.runTurns();
}

function publishAll(
  broker: Broker,
  topicName: (i: number) => string,
  count: number,
  retain: boolean,
): void {
  const publisher = new SinkClient(broker, 'publisher');
  for (let i = 0; i < count; i++) {
    publisher.publish(topicName(i), payload, retain ? 0 : 1, retain);
    if (i % 100 === 0) runtime.runTurns();
  }
  runtime.runTurns();
  publisher.lose();
}

function awaySubscribers(broker: Broker, count: number, topicFilter: string): void {
  for (const client of clients(broker, count, true)) {
    client.subscribe([topicFilter]);
    runtime.runTurns();
    client.lose();
  }
}

const rows: Readonly<Record<string, Row>> = {
  connection: {
    what: 'idle connection with its Session, without the socket',
    count: 20_000,
    build: (broker, count) => clients(broker, count, false),
  },
  session: {
    what: 'Session whose client is away',
    count: 100_000,
    build: (broker, count) => {
      for (let i = 0; i < count; i++) {
        const client = new SinkClient(broker, `client-${i}`, true);
        runtime.runTurns();
        client.lose();
      }
    },
  },
  'subscriptions-away': {
    what: 'subscription: 10 each of 100,000 Sessions away, 100,000 filters',
    count: 1_000_000,
    build: (broker, count) => {
      for (let i = 0; i < count / 10; i++) {
        const client = new SinkClient(broker, `client-${i}`, true);
        subscribeAll(client, i * 10, 10);
        client.lose();
      }
    },
  },
  'subscriptions-connected': {
    what: 'subscription: 1,000 each of 1,000 connections, 100,000 filters',
    count: 1_000_000,
    build: (broker, count) => {
      const connected = clients(broker, 1000, false);
      for (const [i, client] of connected.entries())
        subscribeAll(client, (i * count) / 1000, count / 1000);
      return connected;
    },
  },
  retained: {
    what: 'Retained Message of 256 bytes',
    count: 100_000,
    build: (broker, count) =>
      publishAll(broker, (i) => `a/${Math.floor(i / 100)}/${i % 100}`, count, true),
  },
  queued: {
    what: 'message of 256 bytes that waits for one Session',
    count: 100_000,
    prepare: (broker) => awaySubscribers(broker, 1, 'q/#'),
    build: (broker, count) => publishAll(broker, () => 'q/a', count, false),
  },
  'queued-for-many': {
    what: 'message of 256 bytes that waits for 100 Sessions, for each',
    count: 100_000,
    prepare: (broker) => awaySubscribers(broker, 100, 'q/#'),
    build: (broker, count) => publishAll(broker, () => 'q/a', count / 100, false),
  },
};

function measure({ what, count, prepare, build }: Row): void {
  const broker = newBroker();
  prepare?.(broker);
  // The code is warm before the first measure, so that its own memory is not counted.
  const warm = newBroker();
  build(warm, count / 50);
  const held = bytesInUse();
  const resident = process.memoryUsage.rss();
  const startedAt = performance.now();
  const kept = build(broker, count);
  const ms = performance.now() - startedAt;
  const perThing = (bytesInUse() - held) / count;
  const rss = (process.memoryUsage.rss() - resident) / count;
  const us = (ms * 1000) / count;
  if (kept === 0) throw new Error('nothing was built');
  console.log(
    `${what.padEnd(66)} ${perThing.toFixed(0).padStart(6)} B held ${rss.toFixed(0).padStart(6)} B RSS ${us.toFixed(1).padStart(7)} us`,
  );
  if (broker.gauges().sessions < 0) throw new Error('the broker is gone');
}

const [mode, chosen] = process.argv.slice(2);
if (mode === '--row') {
  measure(rows[chosen ?? ''] as Row);
} else {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(rows);
  for (const name of names) {
    const file = process.argv[1] as string;
    const { status } = spawnSync(process.execPath, ['--expose-gc', file, '--row', name], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
