/**
 * The process that is killed: queues numbered messages for one session as fast as it can, settles each when a
 * thousand newer ones are there, and prints the number up to which everything is durable.
 * Arguments: directory, mode, the last number of the life before.
 */
import { writeSync } from 'node:fs';
import { Message } from '../session/index.ts';
import { type Durability, FileStore } from './file-store.ts';

const [, , directory = '', mode = 'os', last = '0'] = process.argv;
const store = new FileStore({
  directory,
  mode: mode as Durability,
  segmentBytes: 200_000,
  compactFromBytes: 600_000,
  ballastBytes: 0,
});
/** LSNs of what is queued, the oldest first. */
const queued: number[] = [];
const written: { lsn: number; number: number }[] = [];

await store.open({
  session: (session) => queued.push(...session.queued.map(({ message }) => message.lsn)),
  retained: () => undefined,
});
const { journal } = store;
journal.onDurable((upTo) => {
  let durable = 0;
  while ((written[0]?.lsn ?? Infinity) <= upTo) durable = written.shift()?.number ?? 0;
  if (durable > 0) writeSync(1, `${durable}\n`);
});
const record = {
  clientId: 'x',
  username: undefined,
  expiryIntervalMs: Infinity,
  expiresAtMs: Infinity,
  will: undefined,
} as const;
journal.append({ kind: 'session', session: 1, record });

let next = Number(last) + 1;
function turn(): void {
  for (let i = 0; i < 50 && journal.pressure().pendingBytes < 100_000; i++) {
    const number = next++;
    const payload = Buffer.from(`${number}`.padEnd(100));
    const to = [{ session: 1, qos: 1, subscriptionIdentifiers: undefined }] as const;
    const message = new Message({
      topicName: 'numbers',
      payload,
      qos: 1,
      retain: false,
      properties: undefined,
      publisherId: 'writer',
      publisherName: undefined,
      nowMs: Date.now(),
    });
    const lsn = journal.append({ kind: 'message', message, to, retain: 'none' });
    written.push({ lsn, number });
    queued.push(lsn);
    if (queued.length <= 1000) continue;
    journal.append({ kind: 'settled', session: 1, message: queued.shift() as number });
  }
  setImmediate(turn);
}
turn();
