/**
 * How long an acknowledgement waits for the disk: `node bench/journal-latency.ts [messages per second]`. Messages
 * arrive evenly, in mode `disk`, on the disk as it is and on ones whose sync takes 3 and 50 ms longer.
 * The groups grow by themselves: see how many messages share one sync.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Message } from '../src/session/index.ts';
import { FileStore } from '../src/storage/index.ts';
import type { Io } from '../src/storage/io.ts';
import { nodeIo } from '../src/storage/node-io.ts';
import { line } from './measure.ts';

const rate = Number(process.argv[2] ?? 20_000);
const seconds = 5;

/** The real disk, with syncs that take longer. */
function slowerBy(ms: number): Io {
  return {
    ...nodeIo,
    async create(path) {
      const file = await nodeIo.create(path);
      const sync = async (): Promise<void> => {
        await file.sync();
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      };
      return {
        write: (bytes, position) => file.write(bytes, position),
        read: (position, length) => file.read(position, length),
        sync,
        close: () => file.close(),
      };
    },
  };
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

async function run(ms: number): Promise<void> {
  const directory = mkdtempSync(
    join(process.env['LINNET_BENCH_DIR'] ?? tmpdir(), 'linnet-latency-'),
  );
  const store = new FileStore({ directory, mode: 'disk', io: slowerBy(ms) });
  await store.open();
  const { journal } = store;
  const waiting: { lsn: number; since: number }[] = [];
  const waits: number[] = [];
  let head = 0;
  let groups = 0;
  journal.onDurable((upTo) => {
    groups++;
    const now = performance.now();
    for (
      let first = waiting[head];
      first !== undefined && first.lsn <= upTo;
      first = waiting[++head]
    ) {
      waits.push(now - first.since);
    }
  });
  const payload = new Uint8Array(256);
  const to = [{ session: 1, qos: 1, subscriptionIdentifiers: undefined }] as const;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begin = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const ticker = setInterval(() => {
      const now = performance.now();
      const due = Math.min(rate * seconds, Math.floor(((now - begin) / 1000) * rate));
      for (; sent < due; sent++) {
        const message = new Message({
          topicName: 'iot/building-7/room-104/sensor-a',
          payload,
          qos: 1,
          retain: false,
          properties: undefined,
          publisherId: 'publisher-17',
          publisherName: undefined,
          nowMs: now,
        });
        const lsn = journal.append({ kind: 'message', message, to, retain: 'none' });
        waiting.push({ lsn, since: now });
        journal.append({ kind: 'settled', session: 1, message: lsn });
      }
      if (sent < rate * seconds) return;
      clearInterval(ticker);
      resolve();
    }, 1);
  });
  delay.disable();
  await store.close();
  rmSync(directory, { recursive: true });
  waits.sort((a, b) => a - b);
  console.log(`sync ${ms} ms slower, ${waits.length} messages at ${rate}/s`);
  line('  wait for the acknowledgement, p50', percentile(waits, 0.5), 'ms');
  line('  p99', percentile(waits, 0.99), 'ms');
  line('  event loop delay, p99', delay.percentile(99) / 1e6, 'ms');
  line('  messages in a group', waits.length / groups, '');
}

for (const ms of [0, 3, 50]) await run(ms);
