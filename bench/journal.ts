/**
 * Cost of the durable log: `node bench/journal.ts`. First the processor time of the event loop's thread for each
 * append of a 256-byte message to one offline session and for its way out, on a disk that does nothing; then
 * a real directory in both modes. `--restart` builds 1M Retained Messages and 100k sessions and starts again.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Op, StateSink } from '../src/broker/index.ts';
import { Message, type Session, Subscription } from '../src/session/index.ts';
import { type Durability, FileStore } from '../src/storage/index.ts';
import type { Io, IoFile } from '../src/storage/io.ts';
import { nodeIo } from '../src/storage/node-io.ts';
import { cpuNs, line } from './measure.ts';

const payload = new Uint8Array(256).fill(0x61);
const groupSize = 128;
const root = process.env['LINNET_BENCH_DIR'] ?? tmpdir();

/** Takes everything and keeps nothing. */
const nullFile: IoFile = {
  write: (bytes) => Promise.resolve(bytes.length),
  read: (_position, length) => Promise.resolve(new Uint8Array(length)),
  sync: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
const nullIo: Io = {
  ...nodeIo,
  create: () => Promise.resolve(nullFile),
  unlink: () => Promise.resolve(),
  syncDirectory: () => Promise.resolve(),
  freeBytes: () => Promise.resolve(0),
};

function message(topicName: string, retain: boolean): Message {
  return new Message({
    topicName,
    payload,
    qos: 1,
    retain,
    properties: undefined,
    publisherId: 'publisher-17',
    publisherName: undefined,
    nowMs: 1_795_000_000_000.5,
  });
}

function sessionOp(session: number): Op {
  const record = {
    clientId: `client-${session}`,
    username: undefined,
    expiryIntervalMs: Infinity,
    expiresAtMs: Infinity,
    will: undefined,
    protocolVersion: 5,
    disconnectedAtMs: undefined,
  } as const;
  return { kind: 'session', session, record };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const receiver = { session: 1, qos: 1, subscriptionIdentifiers: undefined } as const;

async function withStore(
  mode: Durability,
  io: Io,
  work: (store: FileStore, directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(root, 'linnet-journal-'));
  const store = new FileStore({ directory, mode, io, compactFromBytes: Infinity });
  await store.open();
  store.journal.append(sessionOp(1));
  try {
    await work(store, directory);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
}

/** Appends a message `count` times, in turns, and lets it go through the window `behind` messages later. */
async function stream(
  store: FileStore,
  count: number,
  behind: number,
  isSent: boolean,
): Promise<void> {
  const { journal } = store;
  const lsns = new Float64Array(behind);
  const one = message('iot/building-7/room-104/sensor-a', false);
  for (let i = 0; i < count; ) {
    for (let end = Math.min(count, i + groupSize); i < end; i++) {
      if (i >= behind) {
        const lsn = lsns[i % behind] as number;
        const packetId = 1 + (i % 65_000);
        if (isSent) {
          journal.append({ kind: 'inflight', session: 1, packetId, message: lsn, released: false });
        }
        journal.append({ kind: 'settled', session: 1, message: lsn, packetId });
      }
      lsns[i % behind] = journal.append({
        kind: 'message',
        message: one,
        to: [receiver],
        retain: 'none',
      });
    }
    await turn();
    if (journal.pressure().pendingBytes > 16 * 1024 * 1024) await turn();
  }
}

async function cpu(what: string, count: number, work: () => Promise<void>): Promise<void> {
  const begin = cpuNs();
  await work();
  line(what, (cpuNs() - begin) / count, 'ns');
}

async function onTheLoop(): Promise<void> {
  const count = 400_000;
  await withStore('os', nullIo, async (store) => {
    await stream(store, 100_000, 1000, true);
    await cpu('append, then settled 1000 later (2 records)', count, () =>
      stream(store, count, 1000, false),
    );
    await cpu('append, sent and settled 1000 later (3 records)', count, () =>
      stream(store, count, 1000, true),
    );
    await cpu('append to a queue that grows to 400,000', count, () =>
      stream(store, count, count + 1, false),
    );
  });
}

async function onDisk(mode: 'os' | 'disk'): Promise<void> {
  const count = 400_000;
  await withStore(mode, nodeIo, async (store) => {
    const { journal } = store;
    let groups = 0;
    let last = 0;
    journal.onDurable(() => groups++);
    const begin = performance.now();
    const cpuBegin = process.cpuUsage();
    const one = message('iot/building-7/room-104/sensor-a', false);
    const lsns: number[] = [];
    for (let i = 0; i < count; i++) {
      last = journal.append({ kind: 'message', message: one, to: [receiver], retain: 'none' });
      lsns.push(last);
      if (i >= 5000)
        journal.append({ kind: 'settled', session: 1, message: lsns[i - 5000] as number });
      if (i % groupSize === 0) await turn();
      while (journal.pressure().pendingBytes > 4 * 1024 * 1024) await turn();
    }
    while (journal.durable < last) await turn();
    const { user, system } = process.cpuUsage(cpuBegin);
    const seconds = (performance.now() - begin) / 1000;
    line(`mode ${mode}: messages per second`, count / seconds, '/s');
    line(
      `mode ${mode}: processor time of all threads for each`,
      ((user + system) * 1000) / count,
      'ns',
    );
    line(`mode ${mode}: messages in a group`, count / groups, '');
  });
}

/** Writes 1M Retained Messages and 100k sessions. */
async function fill(directory: string): Promise<void> {
  const store = new FileStore({ directory, mode: 'os' });
  await store.open();
  const { journal } = store;
  const choice = { topicFilter: 'iot/#', shareName: undefined, qos: 1, noLocal: false } as const;
  const options = { retainAsPublished: false, retainHandling: 0, identifier: undefined } as const;
  const session = undefined as unknown as Session; // Is not stored.
  const subscription = new Subscription({ ...choice, ...options, session });
  for (let i = 0; i < 1_000_000; i++) {
    const one = message(`iot/building-${i % 1000}/room-${i}/temperature`, true);
    journal.append({ kind: 'message', message: one, to: [], retain: 'set' });
    if (i % 10 === 0) {
      journal.append(sessionOp(i / 10));
      journal.append({ kind: 'subscription', session: i / 10, key: 'iot/#', subscription });
    }
    while (journal.pressure().pendingBytes > 8 * 1024 * 1024) await turn();
  }
  line('1M retained and 100k sessions: log', store.usage().logBytes / 1e6, 'MB');
  await store.close();
}

/** What a start of the broker does first. */
async function load(directory: string): Promise<void> {
  const store = new FileStore({ directory, mode: 'os' });
  const sessions: unknown[] = [];
  const messages: Message[] = [];
  const sink: StateSink = {
    session: (session) => sessions.push(session),
    retained: (each) => messages.push(each),
  };
  const begin = performance.now();
  const report = await store.open(sink);
  line('start: processor time of this thread', cpuNs() / 1e6, 'ms');
  line('start, everything read and decoded', performance.now() - begin, 'ms');
  line('resident afterwards', process.memoryUsage.rss() / 1e6, 'MB');
  console.log(JSON.stringify(report));
  await store.close();
}

/** In processes of their own: one that has just written them all is no fresh start. */
function restart(): void {
  const directory = mkdtempSync(join(root, 'linnet-restart-'));
  for (const step of ['--fill', '--load']) {
    spawnSync(process.execPath, [import.meta.filename, step, directory], { stdio: 'inherit' });
  }
  rmSync(directory, { recursive: true });
}

const [, , step, directory] = process.argv;
if (step === '--restart') restart();
else if (step === '--fill' && directory !== undefined) await fill(directory);
else if (step === '--load' && directory !== undefined) await load(directory);
else {
  await onTheLoop();
  await onDisk('os');
  await onDisk('disk');
}
