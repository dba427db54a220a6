import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SegmentIndex } from './segment-index.ts';
import { decodeSidecar, encodeSidecar, readSidecarHead } from './sidecar.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function indexOf(records: number, topics: number, bytes: number): SegmentIndex {
  const index = new SegmentIndex();
  for (let i = 0; i < records; i++) {
    index.add(`topic/${i % topics}`, i + 1, 1000 + i, i + 2, 64 + i * bytes, bytes);
  }
  return index;
}

test('a sidecar says what the index said, and any flipped bit is noticed', async () => {
  const index = indexOf(5000, 13, 300);
  const summary = index.summary(1, 5002, 2_000_000);
  const bytes = await encodeSidecar(index, summary, turn);
  assert.deepEqual(readSidecarHead(bytes), summary);
  const decoded = (await decodeSidecar(bytes, 1, turn)) ?? assert.fail();
  assert.deepEqual(decoded.blocks, index.blocks);
  assert.deepEqual(decoded.topics, index.topics);
  assert.deepEqual(decoded.blocksWith('topic/3'), index.blocksWith('topic/3'));
  assert.equal(await decodeSidecar(bytes, 2, turn), undefined);
  for (let bit = 0; bit < bytes.length * 8; bit += 7) {
    const harmed = bytes.slice();
    harmed[bit >> 3] = (harmed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(await decodeSidecar(harmed, 1, turn), undefined, `bit ${bit}`);
  }
});

test('the blocks of a filter are those in which its topics occur', () => {
  const index = indexOf(2000, 1000, 100);
  assert.equal(index.blocks.length, 4);
  assert.deepEqual([...(index.blocksWith('topic/999') ?? [])], [0, 1, 0, 1]);
  assert.deepEqual([...(index.blocksWith('topic/+') ?? [])], [1, 1, 1, 1]);
  assert.deepEqual([...(index.blocksWith('other') ?? [])], [0, 0, 0, 0]);
  assert.equal(index.blocksWith('#'), undefined);
});

test('an index of too many topics no longer tells them apart, and stays small', async () => {
  const many = indexOf(30_000, 30_000, 100);
  assert.equal(many.blocksWith('topic/1'), undefined);
  const spread = indexOf(450_000, 2000, 100_000);
  assert.equal(spread.topics, undefined);
  const summary = many.summary(1, 2, 3);
  const bytes = await encodeSidecar(many, summary, turn);
  assert.equal((await decodeSidecar(bytes, 1, turn))?.topics, undefined);
  assert.ok(bytes.length < 20_000);
});
