/**
 * The history under load: messages at a rate, retention by size and age removing segments meanwhile, queries
 * running beside. Prints what an append costs, how long queries take, and how long the event loop was held.
 *
 * Usage: node bench/history.ts [SECONDS] [MESSAGES_PER_SECOND]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { History, type HistoryPage } from '../src/broker/index.ts';
import { Message } from '../src/session/index.ts';
import { HistoryLog } from '../src/storage/index.ts';

const seconds = Number(process.argv[2] ?? 20);
const rate = Number(process.argv[3] ?? 50_000);
const topics = 5000;
const payloadBytes = 200;

const directory = mkdtempSync(join(tmpdir(), 'linnet-bench-history-'));
const problems: string[] = [];
const log = new HistoryLog({
  directory,
  topicFilters: ['#'],
  maxAgeMs: 5000,
  bytesMax: 64_000_000,
  report: (_level, text) => problems.push(text),
});
const history = new History({
  memoryBytes: 8_000_000,
  afterTurn: (callback) => void setImmediate(callback),
});
history.attach(log);

const names = Array.from({ length: topics }, (_, i) => `plant/line${i % 20}/sensor${i}/value`);
const payload = new Uint8Array(payloadBytes).fill(0x61);
const beganMs = performance.now();
const elapsedMs = (): number => performance.now() - beganMs;
let published = 0;
let appendMs = 0;

function publishDue(): void {
  const due = Math.floor((elapsedMs() / 1000) * rate);
  const startMs = performance.now();
  const nowMs = Date.now();
  for (; published < due; published++) {
    const topicName = names[published % topics] as string;
    const fields = { topicName, payload, qos: 1, retain: false, properties: undefined } as const;
    history.record(
      new Message({ ...fields, publisherId: 'bench', publisherName: undefined, nowMs }),
    );
  }
  appendMs += performance.now() - startMs;
}

const queryMs: number[] = [];
let queried = 0;
let wrong = 0;

/** One topic over the last seconds, or everything: numbers must only grow, by steps that the topic explains. */
async function query(topicFilter: string, step: number): Promise<void> {
  const startMs = performance.now();
  let last = 0;
  const pages: AsyncIterable<HistoryPage> = history.query({
    topicFilter,
    fromMs: Date.now() - 3000,
  });
  for await (const { messages } of pages) {
    for (const { number } of messages) {
      if (last !== 0 && number !== last + step) wrong++;
      last = number;
      queried++;
    }
    if (elapsedMs() > seconds * 1000) return;
  }
  queryMs.push(performance.now() - startMs);
}

async function queryAll(): Promise<void> {
  for (let round = 0; elapsedMs() < seconds * 1000; round++) {
    if (round % 20 === 19) await query('#', 1);
    else await query(names[(round * 37) % topics] as string, topics);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const publishing = setInterval(publishDue, 1);
await queryAll();
clearInterval(publishing);
delay.disable();
const status = log.status();
await log.close();
rmSync(directory, { recursive: true });

queryMs.sort((a, b) => a - b);
const at = (share: number): string => (queryMs[Math.floor(queryMs.length * share)] ?? 0).toFixed(1);
const us = (value: number): string => value.toFixed(2);
const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1);
console.log(
  `messages        ${published} in ${seconds} s, ${us((appendMs * 1000) / published)} us each, message and memory included`,
);
console.log(`left out        ${status.dropped}`);
console.log(
  `on the disk     ${status.messages} in ${status.segments} segments, ${(status.bytes / 1e6).toFixed(1)} MB of 64`,
);
console.log(
  `queries         ${queryMs.length}, ${queried} messages found, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
);
console.log(`wrong           ${wrong}`);
console.log(
  `event loop      p50 ${ms(delay.percentile(50))} ms, p99 ${ms(delay.percentile(99))} ms, worst ${ms(delay.max)} ms`,
);
for (const problem of problems) console.log(`problem         ${problem}`);
