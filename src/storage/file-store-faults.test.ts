/** A full disk, a failing one, damaged records: the store goes on with what is left, and says so. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Store } from '../broker/index.ts';
import { Message } from '../session/index.ts';
import { segmentName } from './log/format.ts';
import { promisesSettled } from './log/simulated-log.test-kit.ts';
import { inspectStore } from './recover.ts';
import { CollectingSink } from './state-model.test-kit.ts';
import { RealPlace, SimulatedPlace } from './store-places.test-kit.ts';

const session = { kind: 'session', session: 1 } as const;
const record = {
  clientId: 'x',
  username: undefined,
  expiryIntervalMs: Infinity,
  expiresAtMs: Infinity,
  will: undefined,
} as const;

function publish(store: Store, payload: Uint8Array): number {
  const { journal } = store;
  const to = [{ session: 1, qos: 1, subscriptionIdentifiers: undefined }] as const;
  const message = new Message({
    topicName: 'a/b',
    payload,
    qos: 1,
    retain: false,
    properties: undefined,
    publisherId: 'p',
    publisherName: undefined,
    nowMs: 0,
  });
  return journal.append({ kind: 'message', message, to, retain: 'none' });
}

test('on a full disk nothing is acknowledged, what was is kept, and room is enough to go on', async () => {
  const place = new SimulatedPlace('disk');
  const store = place.start();
  const faults: string[] = [];
  store.journal.onFault(({ code, fatal, isOver }) => faults.push(`${code} ${fatal} ${isOver}`));
  await place.drive(store.open());
  store.journal.append({ ...session, record });
  place.disk.capacityBytes = 100_000;
  let acknowledged = 0;
  let last = 0;
  for (let i = 0; i < 200; i++) {
    last = publish(store, new Uint8Array(1000));
    await place.rest();
    if (store.journal.durable >= last) acknowledged++;
  }
  assert.ok(acknowledged > 80 && acknowledged < 100, `${acknowledged}`);
  assert.deepEqual(faults, ['ENOSPC false false']);
  assert.ok(store.journal.pressure().pendingBytes > 100_000);
  place.disk.capacityBytes = 1_000_000;
  place.scheduler.advance(500);
  await place.rest();
  assert.deepEqual(faults, ['ENOSPC false false', 'ENOSPC false true']);
  assert.equal(store.journal.durable, last);
  await place.drive(store.close());
  const sink = new CollectingSink();
  await place.drive(place.start().open(sink));
  assert.equal(sink.sessions[0]?.queued.length, 200);
});

test('a store on a full disk can be closed', async () => {
  const place = new SimulatedPlace('os');
  const store = place.start();
  await place.drive(store.open());
  place.disk.capacityBytes = 2000;
  store.journal.append({ ...session, record });
  for (let i = 0; i < 20; i++) publish(store, new Uint8Array(1000));
  await place.rest();
  await place.drive(store.close());
});

test('a segment that cannot be removed is reported once, and the store goes on', async () => {
  const place = new SimulatedPlace('disk');
  const store = place.start();
  const faults: string[] = [];
  store.journal.onFault(({ fatal, message }) => faults.push(`${fatal}: ${message}`));
  place.disk.fault = (kind) => (kind === 'unlink' ? 'EIO' : undefined);
  await place.drive(store.open());
  store.journal.append({ ...session, record });
  let last = 0;
  for (let i = 0; i < 500; i++) {
    if (last > 0) store.journal.append({ kind: 'settled', session: 1, message: last });
    last = publish(store, new Uint8Array(1000));
    await place.rest();
  }
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /^false: .*cannot be cleaned up .*EIO.* until a restart/);
  assert.equal(store.journal.durable, last);
  place.disk.fault = () => undefined;
  place.kill();
  const sink = new CollectingSink();
  const next = place.start();
  await place.drive(next.open(sink));
  assert.equal(sink.sessions[0]?.queued.length, 1);
  publish(next, new Uint8Array(1));
  await place.rest();
  assert.ok(place.disk.usedBytes < 120_000, 'the next start cleans up');
});

test('a flipped bit in a record of a message costs that message and nothing else', async () => {
  const place = new SimulatedPlace('disk');
  const store = place.start();
  await place.drive(store.open());
  store.journal.append({ ...session, record });
  for (let i = 0; i < 50; i++) {
    publish(store, new Uint8Array(1000).fill(i));
    await place.rest();
  }
  await place.drive(store.close());
  const content = place.disk.contentOf(place.disk.paths()[0] as string);
  const at = content.indexOf(7, Buffer.from(content).indexOf(new Uint8Array(900).fill(7)));
  content[at + 500] = 0;
  const sink = new CollectingSink();
  const { problems } = await place.drive(place.start().open(sink));
  const found = (sink.sessions[0]?.queued ?? []).map(({ message }) => message.payload[0]);
  assert.deepEqual(
    found,
    Array.from({ length: 50 }, (_, i) => i).filter((i) => i !== 7),
  );
  assert.match(problems.join('\n'), /1 records \(LSN \d+\) are damaged or missing at byte/);
});

test('messages for a session whose record was lost are given up, and said so', async () => {
  const place = new SimulatedPlace('disk');
  const store = place.start();
  await place.drive(store.open());
  store.journal.append({ ...session, record });
  await place.rest();
  publish(store, new Uint8Array(10));
  publish(store, new Uint8Array(10));
  await place.drive(store.close());
  const content = place.disk.contentOf(place.disk.paths()[0] as string);
  content.fill(0xff, 64 + 34 + 20, 64 + 34 + 24); // Behind header and group.
  const sink = new CollectingSink();
  const next = place.start();
  const { problems } = await place.drive(next.open(sink));
  assert.match(problems.join('\n'), /record of session 1 is lost/);
  assert.equal(sink.snapshot(), '');
  await place.rest();
  place.kill();
  const again = await place.drive(place.start().open());
  assert.equal(again.queuedMessages, 0);
  assert.doesNotMatch(again.problems.join('\n'), /record of session 1 is lost/);
});

test('nothing can be appended before the store is open', () => {
  const store = new SimulatedPlace('os').start();
  assert.throws(() => store.journal.append({ ...session, record }), /has to be opened/);
});

test('a store can be looked at without changing anything, while it is in use too', async () => {
  const place = new RealPlace('os');
  const store = place.start();
  await store.open();
  store.journal.append({ ...session, record });
  const last = publish(store, new Uint8Array(10));
  while (store.journal.durable < last) await promisesSettled();
  const sink = new CollectingSink();
  const report = inspectStore(place.directory, sink);
  assert.deepEqual(report, { sessions: 1, retainedMessages: 0, queuedMessages: 1, problems: [] });
  assert.equal(sink.sessions[0]?.queued.length, 1);
  await store.close();
  const path = join(place.directory, 'journal', segmentName(1));
  const content = readFileSync(path);
  content[150] = (content[150] as number) ^ 1;
  writeFileSync(path, content);
  assert.match(inspectStore(place.directory).problems.join(), /damaged .*EROFS/);
  assert.deepEqual(readFileSync(path), content);
  assert.deepEqual(readdirSync(join(place.directory, 'journal')), [segmentName(1)]);
});
