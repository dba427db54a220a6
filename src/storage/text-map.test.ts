import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededChance } from './seeded-chance.test-kit.ts';
import { TextMap } from './text-map.ts';

test('it answers as a Map does, whatever is set and deleted', () => {
  const chance = new SeededChance(1);
  const map = new TextMap<number>();
  const expected = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const text = chance.oneIn(100) ? '' : `room/${chance.below(3000)}/größe`;
    if (chance.below(3) > 0) {
      map.set(text, i);
      expected.set(text, i);
    } else assert.equal(map.delete(text), expected.delete(text));
    assert.equal(map.size, expected.size);
    assert.equal(map.get(text), expected.get(text));
  }
  for (const [text, value] of expected) assert.equal(map.get(text), value);
});
