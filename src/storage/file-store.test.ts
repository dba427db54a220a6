import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileStore } from './file-store.ts';
import { promisesSettled } from './log/simulated-log.test-kit.ts';
import { SeededChance } from './seeded-chance.test-kit.ts';
import { SensibleOps } from './sensible-ops.test-kit.ts';
import { CollectingSink, difference, StateModel } from './state-model.test-kit.ts';
import { storeConformance } from './store-conformance.test-kit.ts';
import { MemoryPlace, RealPlace, SimulatedPlace, small } from './store-places.test-kit.ts';

storeConformance('in memory', () => new MemoryPlace(), false);
storeConformance('files, mode os', () => new RealPlace('os'), true);
storeConformance('files, mode disk', () => new RealPlace('disk'), true);
storeConformance('simulated disk, mode os', () => new SimulatedPlace('os'), true);
storeConformance('simulated disk, mode disk', () => new SimulatedPlace('disk'), true);

test('the log never grows far beyond what is needed of it', async () => {
  const place = new SimulatedPlace('disk');
  const store = place.start();
  await place.drive(store.open());
  const model = new StateModel();
  const ops = new SensibleOps(new SeededChance(3), model);
  let written = 0;
  for (let i = 0; i < 6000; i++) {
    const op = ops.next();
    model.apply(op, store.journal.append(op));
    if (op.kind === 'message') written += op.message.payload.length;
    // Clients take what is theirs, sooner or later.
    for (const session of model.sessions.values()) {
      for (const { id, packetId } of session.entries.slice(0, -2)) {
        const settled = {
          kind: 'settled',
          session: session.number,
          message: id,
          packetId,
        } as const;
        model.apply(settled, store.journal.append(settled));
      }
    }
    if (i % 20 === 0) await place.rest();
  }
  await place.rest();
  assert.ok(written > 1_000_000, `${written}`);
  const { logBytes, neededBytes } = store.usage();
  assert.ok(neededBytes >= model.contentBytes() && neededBytes < 600_000, `${neededBytes} needed`);
  assert.ok(logBytes < 2 * neededBytes + 60_000, `${logBytes} for ${neededBytes}`);
  assert.equal(logBytes, place.disk.usedBytes);
  place.kill();
  const sink = new CollectingSink();
  await place.drive(place.start().open(sink));
  assert.deepEqual(difference(sink.snapshot(), model.snapshot()), []);
});

test('bodies are read back by the number of their message, also after compaction moved them', async () => {
  const place = new SimulatedPlace('disk');
  const store = place.start();
  await place.drive(store.open());
  const model = new StateModel();
  const ops = new SensibleOps(new SeededChance(8), model);
  for (let i = 0; i < 3000; i++) {
    const op = ops.next();
    model.apply(op, store.journal.append(op));
    if (i % 20 === 0) await place.rest();
  }
  const entries = [...model.sessions.values()].flatMap(({ entries: all }) => all);
  assert.ok(entries.length > 50);
  const bodies = await place.drive(store.readBodies(entries.map(({ id }) => id)));
  entries.forEach(({ message }, index) => {
    assert.deepEqual(bodies[index], message.payload);
  });
  assert.deepEqual(await place.drive(store.readBodies([1_000_000])), [undefined]);
});

test('mode none writes nothing while it runs, and the state once at the end', async () => {
  const place = new SimulatedPlace('none');
  const model = new StateModel();
  const first = place.start();
  await place.drive(first.open());
  const ops = new SensibleOps(new SeededChance(5), model);
  for (let i = 0; i < 100; i++) first.journal.append(ops.next());
  await place.rest();
  assert.deepEqual(place.disk.paths(), []);
  const writeState = (): void => {
    for (let i = 0; i < 200; i++) {
      const op = ops.next();
      model.apply(op, first.journal.append(op));
    }
  };
  await place.drive(first.close(writeState));
  const sink = new CollectingSink();
  const second = place.start();
  await place.drive(second.open(sink));
  assert.deepEqual(difference(sink.snapshot(), model.snapshot()), []);
  place.kill();
  const third = new CollectingSink();
  await place.drive(place.start().open(third));
  assert.equal(
    third.snapshot(),
    '',
    'what was not kept up to date does not come back after a kill',
  );
});

test('a backup taken while the store is at work is a state that was, and not an older one', async () => {
  const place = new SimulatedPlace('disk');
  const store = place.start();
  await place.drive(store.open());
  const model = new StateModel();
  const ops = new SensibleOps(new SeededChance(12), model);
  const states: string[] = [];
  let first = 0;
  let copied: ReturnType<typeof store.backup> | undefined;
  let isCopied = false;
  for (let i = 0; i < 3000 && !isCopied; i++) {
    const op = ops.next();
    model.apply(op, store.journal.append(op));
    if (i >= 600) states.push(model.snapshot());
    if (i === 620) {
      first = states.length - 1;
      copied = store.backup('/backup');
      copied.then(() => {
        isCopied = true;
      }, assert.fail);
    }
    // The disk does one thing in the time of two operations.
    if (copied === undefined) {
      if (i % 20 === 0) await place.rest();
    } else if (i % 2 === 0) {
      place.disk.isAutomatic = false;
      place.scheduler.endTurn();
      place.disk.step();
      await promisesSettled();
    }
  }
  assert.ok(isCopied && states.length > first + 20, `${states.length - first} meanwhile`);
  const { bytes } = await (copied as ReturnType<typeof store.backup>);
  assert.ok(bytes > 30_000, `${bytes}`);
  place.disk.isAutomatic = true;
  const sink = new CollectingSink();
  const copy = new FileStore({ ...small, directory: '/backup', mode: 'disk', io: place.disk });
  const { problems } = await place.drive(copy.open(sink));
  assert.deepEqual(problems, []);
  const at = states.indexOf(sink.snapshot());
  assert.ok(at >= first, `state ${at}, asked for ${first}`);
  await assert.rejects(place.drive(store.backup('/backup')), /is not empty/);
});
