/**
 * The whole store on a disk that forgets, compaction included: what the next process is handed must be exactly
 * the state after some prefix of the operations, and that prefix must include everything acknowledged.
 * `LINNET_DISK_SEEDS=10000` for the long run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lsn } from '../session/index.ts';
import { FileStore } from './file-store.ts';
import { promisesSettled, SimulatedScheduler } from './log/simulated-log.test-kit.ts';
import { SeededChance } from './seeded-chance.test-kit.ts';
import { SensibleOps } from './sensible-ops.test-kit.ts';
import { type CrashKind, SimulatedDisk } from './simulated-disk.test-kit.ts';
import { CollectingSink, difference, StateModel } from './state-model.test-kit.ts';

const seeds = Number(process.env['LINNET_DISK_SEEDS'] ?? 60);
const crashKinds: readonly CrashKind[] = ['process', 'drop', 'prefix', 'reorder'];
const figures = { lives: 0, operations: 0, acknowledged: 0, segmentsDropped: 0, statesLost: 0 };

/** The state after each operation; the first is what the store was opened with. */
interface History {
  readonly states: { readonly lsn: Lsn; readonly state: string }[];
  durable: Lsn;
}

async function live(
  disk: SimulatedDisk,
  chance: SeededChance,
  mode: 'os' | 'disk',
): Promise<History> {
  const scheduler = new SimulatedScheduler();
  const sizes = { segmentBytes: 2000 + chance.below(8000), compactFromBytes: 15_000 };
  const store = new FileStore({
    directory: '/data',
    mode,
    io: disk,
    scheduler,
    ballastBytes: 0,
    ...sizes,
  });
  const sink = new CollectingSink();
  await store.open(sink);
  const history: History = { states: [{ lsn: 0, state: sink.snapshot() }], durable: 0 };
  store.journal.onDurable((upTo) => {
    history.durable = upTo;
  });
  const model = StateModel.from(sink);
  const ops = new SensibleOps(chance, model);
  disk.isAutomatic = false;
  disk.syncSteps = chance.below(2);
  const failAt = chance.oneIn(8) ? chance.below(100) : -1;
  disk.fault = (kind, operation) => (operation === failAt && kind !== 'unlink' ? 'EIO' : undefined);
  for (let step = 20 + chance.below(150); step >= 0; step--) {
    if (chance.oneIn(3)) {
      const op = ops.next();
      const lsn = store.journal.append(op);
      model.apply(op, lsn);
      history.states.push({ lsn, state: model.snapshot() });
      figures.operations++;
    } else if (chance.oneIn(4)) scheduler.endTurn();
    else disk.step();
    if (chance.oneIn(40)) scheduler.advance(200);
    await promisesSettled();
  }
  return history;
}

async function run(seed: number): Promise<void> {
  const chance = new SeededChance(seed);
  const mode = chance.oneIn(3) ? 'os' : 'disk';
  let disk = new SimulatedDisk(seed);
  for (let life = 0; life < 5; life++) {
    const history = await live(disk, chance, mode);
    const kind = crashKinds[chance.below(crashKinds.length)] as CrashKind;
    disk = disk.crash(kind);
    const sink = new CollectingSink();
    const next = new FileStore({
      directory: '/data',
      mode,
      io: disk,
      scheduler: new SimulatedScheduler(),
    });
    await next.open(sink);
    const found = sink.snapshot();
    const isPromised = mode === 'disk' || kind === 'process';
    const { states, durable } = history;
    const first = isPromised ? states.findLastIndex(({ lsn }) => lsn <= durable) : 0;
    const at = states.findIndex(({ state }, index) => index >= first && state === found);
    const context = `seed ${seed}, life ${life}, mode ${mode}, ${kind}, durable ${durable}`;
    const expected = states[first]?.state ?? '';
    assert.notEqual(at, -1, `${context}:\n${difference(found, expected).join('\n')}`);
    figures.lives++;
    figures.acknowledged += first;
    figures.statesLost += states.length - 1 - at;
    const oldest = disk.paths()[0] ?? '';
    if (!oldest.endsWith('0000000000000001.log')) figures.segmentsDropped++;
  }
}

test(`the state found is that after a prefix with everything acknowledged, ${seeds} seeds`, async (t) => {
  for (let seed = 1; seed <= seeds; seed++) await run(seed);
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.segmentsDropped > 0 && figures.acknowledged > 0);
});
