/**
 * What many subscriptions, and subscriptions that come and go, cost the messages of others:
 * `node --expose-gc bench/subscriptions.ts`. How much memory they take: bench/memory.ts.
 *
 * Ten publishers send to ten subscribers (and then on 5,000 topics in turn) through a whole broker with links in
 * memory, ns per message: with nobody else, with a million subscriptions of 1,000 other connections on 100,000
 * filters, and while somebody subscribes and unsubscribes after each hundred messages, which is 1,000 times a
 * second at 100,000 messages a second.
 */
import { Broker, defaultSettings, MemoryStore } from '../src/broker/index.ts';
import { VirtualRuntime } from '../src/testing/index.ts';
import { bytesInUse, cpuNs, line } from './measure.ts';
import { SinkClient } from './sink-client.ts';

const messages = 200_000;
const each = 100;
const runtime = new VirtualRuntime();
const broker = new Broker({
  settings: {
    ...defaultSettings,
    serverKeepAlive: 0,
    limits: { ...defaultSettings.limits, subscriptionsPerClientMax: 0 },
  },
  runtime,
  store: new MemoryStore(),
  plugins: [],
});
const payload = new Uint8Array(256).fill(7);

function client(name: string, ...topicFilters: string[]): SinkClient {
  const made = new SinkClient(broker, name);
  runtime.runTurns();
  if (topicFilters.length > 0) made.subscribe(topicFilters, 0);
  runtime.runTurns();
  return made;
}

const receivers = Array.from({ length: 10 }, (_, i) => client(`receiver-${i}`, `live/${i}/#`));
const publisher = client('publisher');
const restless = client('restless');

/** Nanoseconds for each message; what happens in between is not counted. */
function nsPerMessage(topics: number, between: (round: number) => void): number {
  const names = Array.from({ length: topics }, (_, i) => `live/${i % 10}/device-${i}/state`);
  let best = Infinity;
  for (let round = 0; round < 4; round++) {
    let ns = 0;
    for (let i = 0; i < messages; i += each) {
      between(i / each);
      const startedAt = cpuNs();
      for (let k = i; k < i + each; k++) {
        publisher.publish(names[k % topics] as string, payload);
      }
      runtime.runTurns();
      ns += cpuNs() - startedAt;
    }
    best = Math.min(best, ns / messages);
  }
  return best;
}

/** Subscribes and unsubscribes, each after a hundred messages. */
function restlessOn(topicFilter: (n: number) => string): (round: number) => void {
  return (round) => {
    const filter = topicFilter(round >> 1);
    if (round % 2 === 0) restless.subscribe([filter], 0);
    else restless.unsubscribe([filter]);
  };
}

function printAll(situation: string): void {
  console.log(situation);
  for (const topics of [10, 5000]) {
    const row = (what: string, between: (round: number) => void): void =>
      line(`  ${topics} topics, ${what}`, nsPerMessage(topics, between), 'ns');
    row('nobody else', () => undefined);
    const own = (n: number): string => `restless/${n}/state`;
    const ownTree = (n: number): string => `restless/${n}/#`;
    row('subscribes to names of its own', restlessOn(own));
    row('subscribes with wildcards to what is its own', restlessOn(ownTree));
    row(
      'subscribes to what all are sent',
      restlessOn(() => 'live/+/device-7/state'),
    );
  }
}

printAll('with 10 subscriptions');
const before = bytesInUse();
for (let i = 0; i < 1000; i++) {
  const other = client(`other-${i}`);
  for (let k = 0; k < 1000; k += 100) {
    const numbers = Array.from({ length: 100 }, (_, n) => ((i * 1000 + k + n) * 7919) % 100_000);
    other.subscribe(numbers.map((n) => (n % 10 === 0 ? `live/+/${n}/x` : `live/${n % 50}/${n}/x`)));
  }
  runtime.runTurns();
}
const { subscriptions } = broker.gauges();
line(
  `bytes for each of ${subscriptions} subscriptions`,
  (bytesInUse() - before) / subscriptions,
  'B',
);
printAll('with a million more');
if (receivers.some(({ receivedBytes }) => receivedBytes === 0)) throw new Error('nothing came');
