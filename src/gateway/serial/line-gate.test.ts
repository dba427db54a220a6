import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineGate } from './line-gate.ts';

test('a rate limit lets through a burst of one second and then that many a second', () => {
  const gate = new LineGate(10, 0);
  const line = Buffer.from('x');
  const passedAt = (nowMs: number, lines: number): number => {
    let passed = 0;
    for (let count = 0; count < lines; count += 1) {
      if (gate.refusal(line, nowMs) === undefined) passed += 1;
    }
    return passed;
  };
  assert.equal(passedAt(0, 50), 10);
  assert.equal(passedAt(100, 50), 1);
  assert.equal(passedAt(600, 50), 5);
  assert.equal(passedAt(60_000, 50), 10);
});

test('an identical line within dedupe_ms is a duplicate, also between others', () => {
  const gate = new LineGate(0, 1000);
  const judge = (text: string, nowMs: number): string | undefined =>
    gate.refusal(Buffer.from(text), nowMs);
  assert.equal(judge('a', 0), undefined);
  assert.equal(judge('b', 10), undefined);
  assert.equal(judge('a', 20), 'duplicate');
  assert.equal(judge('a', 999), 'duplicate');
  assert.equal(judge('a', 1000), undefined);
  for (let count = 0; count < 1000; count += 1)
    assert.equal(judge(`line ${count}`, 1001), undefined);
  assert.equal(judge('a', 1002), undefined, 'forgotten: the memory is bounded');
});
