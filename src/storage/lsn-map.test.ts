import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LsnMap } from './lsn-map.ts';
import { SeededChance } from './seeded-chance.test-kit.ts';

test('it answers as a Map does, whatever is set and deleted', () => {
  const chance = new SeededChance(1);
  const map = new LsnMap<number>();
  const expected = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    const base = chance.oneIn(2) ? 0 : 2 ** 45;
    const lsn = base + chance.below(chance.oneIn(2) ? 300 : 200_000);
    if (chance.oneIn(2)) {
      map.set(lsn, i);
      expected.set(lsn, i);
    } else assert.equal(map.delete(lsn), expected.delete(lsn));
    assert.equal(map.size, expected.size);
    assert.equal(map.get(lsn), expected.get(lsn));
  }
  const sorted = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);
  assert.deepEqual(sorted(map.values()), sorted(expected.values()));
  for (const lsn of expected.keys()) map.delete(lsn);
  assert.equal(map.size, 0);
  assert.deepEqual([...map.values()], []);
});
