/** What is exported and imported is the same state, and what makes no sense is refused as a whole. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Op } from '../broker/index.ts';
import { type ExportReport, exportStore } from './export-store.ts';
import { FileStore } from './file-store.ts';
import { type ImportReport, importStore } from './import-store.ts';
import { inspectStore } from './recover.ts';
import { SeededChance } from './seeded-chance.test-kit.ts';
import { SensibleOps } from './sensible-ops.test-kit.ts';
import { CollectingSink, difference, StateModel } from './state-model.test-kit.ts';
import { StorageError } from './storage-error.ts';

const root = mkdtempSync(join(tmpdir(), 'linnet-import-'));
after(() => rmSync(root, { recursive: true }));
const newDirectory = (): string => mkdtempSync(join(root, 'data-'));

/** As `SensibleOps`, but every Session has a Client Identifier of its own. */
function nextOp(ops: SensibleOps): Op {
  const op = ops.next();
  if (op.kind !== 'session' || op.record === undefined) return op;
  return { ...op, record: { ...op.record, clientId: `client ${op.session}` } };
}

/** A directory with the state after `count` operations, in small segments that were compacted. */
async function filled(seed: number, count: number): Promise<string> {
  const directory = newDirectory();
  const sizes = { segmentBytes: 20_000, compactFromBytes: 60_000, ballastBytes: 0 };
  const store = new FileStore({ directory, mode: 'os', ...sizes });
  await store.open();
  const model = new StateModel();
  const ops = new SensibleOps(new SeededChance(seed), model);
  for (let i = 0; i < count; i++) {
    const op = nextOp(ops);
    model.apply(op, store.journal.append(op));
    if (i % 50 === 0) await new Promise(setImmediate);
  }
  await store.close();
  return directory;
}

function exported(directory: string): { lines: string[]; report: ExportReport } {
  const lines: string[] = [];
  const steps = exportStore(directory);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { lines, report: step.value };
    lines.push(step.value);
  }
}

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

function stateOf(directory: string): string {
  const sink = new CollectingSink();
  assert.deepEqual(inspectStore(directory, sink).problems, []);
  return sink.snapshot();
}

const importLines = (directory: string, lines: readonly object[]): Promise<ImportReport> =>
  importStore(directory, from(lines.map((line) => JSON.stringify(line))));

test('an import of an export is the same state, numbers of messages included', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const directory = await filled(seed, 800);
    const { lines, report } = exported(directory);
    assert.deepEqual(report.problems, []);
    assert.ok(report.messages > 0, `seed ${seed} has no messages`);
    const target = newDirectory();
    const { sessions, messages } = await importStore(target, from(lines));
    assert.deepEqual([sessions, messages], [report.sessions, report.messages]);
    assert.deepEqual(difference(stateOf(target), stateOf(directory)), [], `seed ${seed}`);
    assert.deepEqual(readdirSync(target), ['journal']);
  }
});

test('a store goes on from an import, and nothing gets a number that was there', async () => {
  const directory = await filled(3, 400);
  const target = newDirectory();
  await importStore(target, from(exported(directory).lines));
  const sink = new CollectingSink();
  const store = new FileStore({ directory: target, mode: 'os', ballastBytes: 0 });
  await store.open(sink);
  const model = StateModel.from(sink);
  const ops = new SensibleOps(new SeededChance(4), model);
  for (let i = 0; i < 400; i++) {
    const op = nextOp(ops);
    model.apply(op, store.journal.append(op));
  }
  await store.close();
  assert.deepEqual(difference(stateOf(target), model.snapshot()), []);
});

test('lines written by hand need no numbers: their order counts', async () => {
  const directory = newDirectory();
  const to = [{ session: 7, qos: 1 }];
  const message = { kind: 'message', qos: 1, receivedAtMs: 0, publisherId: 'old broker' };
  const report = await importLines(directory, [
    { kind: 'session', session: 7, clientId: 'x', expiryIntervalMs: null, expiresAtMs: null },
    { kind: 'subscription', session: 7, topicFilter: 'a/#', qos: 1 },
    { ...message, topicName: 'a/1', payload: 'first', to },
    { ...message, topicName: 'a/2', payloadBase64: '/w==', to },
    { ...message, topicName: 'a/3', payload: 'kept', retained: true, to: [] },
  ]);
  assert.deepEqual(report, { sessions: 1, subscriptions: 1, messages: 3 });
  const sink = new CollectingSink();
  inspectStore(directory, sink);
  const [session] = sink.sessions;
  const queued = session?.queued.map(({ message: { topicName, payload } }) => [
    topicName,
    Buffer.from(payload).toString('hex'),
  ]);
  assert.deepEqual(queued, [
    ['a/1', Buffer.from('first').toString('hex')],
    ['a/2', 'ff'],
  ]);
  assert.equal(session?.subscriptions[0]?.topicFilter, 'a/#');
  assert.equal(sink.messages[0]?.topicName, 'a/3');
});

test('a line that makes no sense is named, and nothing is left of the import', async () => {
  const session = { kind: 'session', session: 1, clientId: 'x', expiryIntervalMs: null };
  const good = { ...session, expiresAtMs: null };
  const content = { kind: 'message', topicName: 'a', qos: 1, receivedAtMs: 0, publisherId: '' };
  const cases: [readonly object[], RegExp][] = [
    [[session], /line 1: expiresAtMs: .*expected number/i],
    [[good, { ...good, clientId: 'y' }], /line 2: session 1 was there before/],
    [[good, { ...good, session: 2 }], /line 2: clientId x was there before/],
    [[{ kind: 'subscription', session: 9, topicFilter: 'a', qos: 1 }], /line 1: .*no session 9/],
    [[{ ...content, to: [] }], /line 1: nobody gets this message/],
    [[{ ...content, id: 5, retained: true, to: [] }], /line 1: .*larger than lastLsn \(0\)/],
    [[{ ...content, payloadBase64: '?', to: [] }], /line 1: payloadBase64: /],
    [[{ ...content, retaind: true, to: [] }], /line 1: .*"retaind"/],
    [[{ kind: 'store', version: 2, lastLsn: 0 }], /line 1: version: /],
  ];
  for (const [lines, expected] of cases) {
    const directory = newDirectory();
    await assert.rejects(importLines(directory, lines), expected);
    await assert.rejects(importStore(directory, from(['{"kind":'])), /line 1: it is no JSON/);
    assert.deepEqual(readdirSync(directory), ['journal']);
    assert.deepEqual(readdirSync(join(directory, 'journal')), []);
  }
});

test('a store that is there is not imported over, and one that is in use is not touched', async () => {
  const directory = await filled(5, 50);
  const before = stateOf(directory);
  const refusal = (code: string) => (error: unknown) =>
    error instanceof StorageError && error.code === code;
  await assert.rejects(importLines(directory, []), refusal('NOT_EMPTY'));
  assert.equal(stateOf(directory), before);
  const empty = newDirectory();
  const store = new FileStore({ directory: empty, mode: 'none' });
  await store.open();
  await assert.rejects(importLines(empty, []), refusal('LOCKED'));
  await store.close();
});
