/**
 * Cost of Retained Messages: `node --expose-gc bench/retained.ts`.
 *
 * 10,000 messages of 256 bytes are set, replaced, sent to new subscribers of `a/#` (first ones with cold code),
 * and removed, through a whole broker with links in memory. ns per message.
 */
import { Broker, defaultSettings, MemoryStore } from '../src/broker/index.ts';
import { VirtualRuntime } from '../src/testing/index.ts';
import { line } from './measure.ts';
import { SinkClient } from './sink-client.ts';

const count = 10_000;
const runtime = new VirtualRuntime();
const settings = { ...defaultSettings, serverKeepAlive: 0 };
const broker = new Broker({ settings, runtime, store: new MemoryStore(), plugins: [] });
const payload = new Uint8Array(256).fill(7);
const nothing = new Uint8Array(0);
const publisher = new SinkClient(broker, 'publisher');

function nsEach(run: () => void): number {
  // Of the clock: one run takes less than the processor time is precise to.
  const startedAt = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - startedAt) / count;
}

function publishAll(body: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    publisher.publish(`a/${Math.floor(i / 100)}/${i % 100}`, body, 0, true);
    if (i % 100 === 0) runtime.runTurns();
  }
  runtime.runTurns();
}

function subscribe(topicFilter: string, name: string): void {
  const client = new SinkClient(broker, name);
  runtime.runTurns();
  client.subscribe([topicFilter], 0);
  runtime.runTurns();
  if (client.receivedBytes < payload.length) throw new Error('nothing came');
  client.end();
}

line(
  'set, cold',
  nsEach(() => publishAll(payload)),
  'ns',
);
const times: number[] = [];
for (let round = 0; round < 60; round++) times.push(nsEach(() => subscribe('a/#', `s${round}`)));
line('sent to a new subscriber of a/#, 1st', times[0] ?? 0, 'ns');
line('  3rd', times[2] ?? 0, 'ns');
line('  10th', times[9] ?? 0, 'ns');
line('  best of 60', Math.min(...times), 'ns');
for (let round = 0; round < 5; round++) publishAll(payload);
line(
  'replaced, warm',
  nsEach(() => publishAll(payload)),
  'ns',
);
line(
  'removed',
  nsEach(() => publishAll(nothing)),
  'ns',
);
if (broker.gauges().retainedMessages > 0) throw new Error('something is left');
