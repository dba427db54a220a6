/**
 * What every store has to do, as tests. A store that keeps nothing passes the first part; one that outlives
 * its process has to give back, after a clean end and after a kill, the state that its operations led to.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Op, Store } from '../broker/index.ts';
import { type Lsn, Message } from '../session/index.ts';
import { SeededChance } from './seeded-chance.test-kit.ts';
import { SensibleOps } from './sensible-ops.test-kit.ts';
import { CollectingSink, difference, StateModel } from './state-model.test-kit.ts';

/** Where stores live, one after the other on the same data. */
export interface StorePlace {
  /** A store that is not open yet, on what the one before left. */
  start(): Store;
  /** Lets the store go on until `work` is done. */
  drive<T>(work: Promise<T>): Promise<T>;
  /** Ends the process of the store without a word. Not called for stores that are not durable. */
  kill(): void;
  /** Lets time pass until nothing more is due. */
  rest(): Promise<void>;
}

const receiver = { qos: 1, subscriptionIdentifiers: undefined, retain: false } as const;

function messageOp(payload: Uint8Array, to: readonly number[]): Extract<Op, { kind: 'message' }> {
  const message = new Message({
    topicName: 'conformance/topic',
    payload,
    qos: 1,
    retain: true,
    properties: undefined,
    publisherId: 'publisher',
    publisherName: undefined,
    nowMs: 1_795_000_000_000,
  });
  const receivers = to.map((session) => ({ ...receiver, session }));
  return { kind: 'message', message, to: receivers, retain: 'set' };
}

function sessionOp(session: number): Op {
  const record = {
    clientId: `client ${session}`,
    username: undefined,
    expiryIntervalMs: 60_000,
    expiresAtMs: Infinity,
    will: undefined,
    protocolVersion: 5,
    disconnectedAtMs: undefined,
  } as const;
  return { kind: 'session', session, record };
}

async function opened(place: StorePlace, sink?: CollectingSink): Promise<Store> {
  const store = place.start();
  await place.drive(store.open(sink));
  return store;
}

/** Until the watermark is there. */
function durable(store: Store, lsn: Lsn): Promise<void> {
  if (store.journal.durable >= lsn) return Promise.resolve();
  return new Promise((resolve) => {
    store.journal.onDurable((upTo) => {
      if (upTo >= lsn) resolve();
    });
  });
}

export function storeConformance(
  name: string,
  makePlace: () => StorePlace,
  isDurable: boolean,
): void {
  const storeTest = (title: string, body: (place: StorePlace) => Promise<void>): void => {
    test(`${name}: ${title}`, () => body(makePlace()));
  };

  storeTest(
    'LSNs rise, and the watermark comes to each of them, in steps that rise too',
    async (place) => {
      const store = await opened(place);
      assert.equal(store.isDurable, isDurable);
      const steps: Lsn[] = [];
      store.journal.onDurable((upTo) => steps.push(upTo));
      let last = 0;
      for (let group = 0; group < 5; group++) {
        for (let i = 0; i < 10; i++) {
          const lsn = store.journal.append(sessionOp(i));
          assert.ok(lsn > last);
          last = lsn;
        }
        await place.drive(durable(store, last));
      }
      assert.equal(store.journal.durable, last);
      assert.deepEqual(
        steps,
        [...steps].sort((a, b) => a - b),
      );
      assert.ok(steps.every((upTo) => upTo <= last));
      assert.deepEqual(store.journal.pressure(), { pendingBytes: 0, oldestMs: 0 });
      await place.drive(store.close());
    },
  );

  storeTest('operations about what nobody knows do no harm', async (place) => {
    const store = await opened(place);
    const { journal } = store;
    const message = 999;
    journal.append({ kind: 'settled', session: 5, message });
    journal.append({ kind: 'inflight', session: 5, message, packetId: 1, released: true });
    journal.append({ kind: 'queued', message, to: { ...receiver, session: 5 } });
    journal.append({ kind: 'unreleased', session: 5, packetId: 1, held: false });
    journal.append({ kind: 'session', session: 5, record: undefined });
    journal.append({ kind: 'subscription', session: 5, key: 'a', subscription: undefined });
    const last = journal.append({ kind: 'retained-removed', topicName: 'a' });
    await place.drive(durable(store, last));
    await place.drive(store.close());
  });

  if (!isDurable) return;

  storeTest('a buffer may be used for something else as soon as append returns', async (place) => {
    const store = await opened(place);
    const payload = new Uint8Array(300).fill(7);
    store.journal.append(sessionOp(1));
    const lsn = store.journal.append(messageOp(payload, [1]));
    payload.fill(0);
    await place.drive(durable(store, lsn));
    place.kill();
    const sink = new CollectingSink();
    await opened(place, sink);
    assert.deepEqual(sink.messages[0]?.payload, new Uint8Array(300).fill(7));
    assert.equal(sink.messages[0]?.lsn, lsn);
    assert.equal(sink.sessions[0]?.queued[0]?.message, sink.messages[0], 'one object for all');
  });

  storeTest('the report counts what was recovered, and LSNs go on rising', async (place) => {
    const store = await opened(place);
    for (let i = 1; i <= 3; i++) store.journal.append(sessionOp(i));
    store.journal.append(messageOp(new Uint8Array(10), [1, 2]));
    const last = store.journal.append(messageOp(new Uint8Array(20), [3]));
    await place.drive(durable(store, last));
    await place.drive(store.close());
    const next = place.start();
    const report = await place.drive(next.open());
    const expected = { sessions: 3, retainedMessages: 1, queuedMessages: 3, problems: [] };
    assert.deepEqual(report, expected);
    assert.ok(next.journal.append(sessionOp(9)) > last);
    await place.drive(next.close());
  });

  for (const end of ['closed', 'killed'] as const) {
    storeTest(
      `the state is the same when it was ${end} and is opened again, many times`,
      async (place) => {
        const model = new StateModel();
        const chance = new SeededChance(end.length);
        for (let life = 0; life < 8; life++) {
          const sink = new CollectingSink();
          const store = await opened(place, sink);
          assert.deepEqual(difference(sink.snapshot(), model.snapshot()), [], `life ${life}`);
          const ops = new SensibleOps(chance, model);
          let last = 0;
          for (let i = 0; i < 400; i++) {
            const op = ops.next();
            last = store.journal.append(op);
            model.apply(op, last);
            if (chance.oneIn(10)) await place.drive(durable(store, last));
          }
          await place.drive(durable(store, last));
          await place.rest();
          if (end === 'closed') await place.drive(store.close());
          else place.kill();
        }
      },
    );
  }
}
