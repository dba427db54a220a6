import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { History, type HistoryQuery } from '../../broker/index.ts';
import { Message } from '../../session/index.ts';
import { matches } from '../../topic/index.ts';
import { SeededChance } from '../seeded-chance.test-kit.ts';
import { HistoryLog } from './history-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'linnet-history-merge-'));
after(() => rmSync(folder, { recursive: true }));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Sample {
  readonly number: number;
  readonly topicName: string;
  readonly timeMs: number;
}

async function numbersOf(history: History, query: HistoryQuery): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { messages } of history.query(query)) {
    for (const { number } of messages) numbers.push(number);
  }
  return numbers;
}

/** Page by page, each asked for on its own. */
async function numbersByCursor(history: History, query: HistoryQuery): Promise<number[]> {
  const numbers: number[] = [];
  let cursor: string | undefined;
  for (;;) {
    const before = numbers.length;
    for await (const page of history.query({ ...query, limit: 70, cursor })) {
      for (const { number } of page.messages) numbers.push(number);
      cursor = page.cursor;
    }
    if (numbers.length === before) return numbers;
  }
}

test('memory and disk together answer as one plain list would (10 seeds)', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const chance = new SeededChance(seed);
    const log = new HistoryLog({
      directory: join(folder, String(seed)),
      topicFilters: ['t/#'],
      maxAgeMs: 0,
      bytesMax: 1e12,
      segmentBytes: 60_000,
    });
    const memoryBytes = chance.oneIn(4) ? 0 : 150_000 + chance.below(200_000);
    const history = new History({
      memoryBytes,
      afterTurn: (callback) => void setImmediate(callback),
    });
    history.attach(log);
    const model: Sample[] = [];
    let timeMs = 1000;
    for (let i = 0; i < 4000; i++) {
      timeMs += chance.below(3);
      const topicName = chance.oneIn(3) ? `u/${chance.below(3)}` : `t/${chance.below(4)}`;
      const number = history.nextNumber;
      const payload = new Uint8Array(chance.below(200));
      const fields = { topicName, payload, qos: 0, retain: false, properties: undefined } as const;
      history.record(
        new Message({ ...fields, publisherId: 'p', publisherName: undefined, nowMs: timeMs }),
      );
      if (history.nextNumber > number) model.push({ number, topicName, timeMs });
      if (chance.oneIn(100)) await turn();
    }
    for (let round = 0; round < 12; round++) {
      const topicFilter = ['#', 't/+', 't/1', 'u/#', '+/2'][chance.below(5)] ?? '#';
      const fromMs = chance.oneIn(2) ? undefined : 1000 + chance.below(timeMs - 1000);
      const toMs = chance.oneIn(2) ? undefined : (fromMs ?? 1000) + chance.below(4000);
      const query = { topicFilter, fromMs, toMs };
      const expected = model
        .filter(
          ({ number, topicName }) => topicName.startsWith('t') || number >= history.firstInMemory,
        )
        .filter((sample) => matches(topicFilter, sample.topicName))
        .filter((sample) => sample.timeMs >= (fromMs ?? 0) && sample.timeMs <= (toMs ?? Infinity))
        .map(({ number }) => number);
      const text = `seed ${seed} ${JSON.stringify(query)}`;
      const turned = [...expected].reverse();
      assert.deepEqual(await numbersOf(history, query), expected, text);
      assert.deepEqual(await numbersByCursor(history, query), expected, text);
      assert.deepEqual(await numbersOf(history, { ...query, newestFirst: true }), turned, text);
      assert.deepEqual(
        await numbersByCursor(history, { ...query, newestFirst: true }),
        turned,
        text,
      );
      const count = 1 + chance.below(500);
      assert.deepEqual(
        await numbersOf(history, { ...query, limit: count }),
        expected.slice(0, count),
      );
      assert.deepEqual(
        await numbersOf(history, { ...query, last: count }),
        expected.slice(-count),
        text,
      );
    }
    await log.close();
  }
});
