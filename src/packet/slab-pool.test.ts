import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlabPool, slabBytesMax } from './slab-pool.ts';

test('a slab has room for what was asked, and comes back to who asks for as much', () => {
  const pool = new SlabPool();
  for (const bytes of [1, 1024, 1025, 5000, slabBytesMax]) {
    const slab = pool.take(bytes);
    assert.ok(slab.length >= bytes);
    assert.ok(slab.length <= slabBytesMax);
    pool.giveBack(slab);
    assert.equal(pool.take(bytes), slab);
  }
});

test('nobody gets a slab that another one has', () => {
  const pool = new SlabPool();
  const slabs = Array.from({ length: 100 }, () => pool.take(100));
  assert.equal(new Set(slabs).size, 100);
  for (const slab of slabs) pool.giveBack(slab);
  assert.equal(new Set(Array.from({ length: 100 }, () => pool.take(100))).size, 100);
});

test('what is larger than any slab is made for its purpose and not kept', () => {
  const pool = new SlabPool();
  const large = pool.take(slabBytesMax + 1);
  assert.equal(large.length, slabBytesMax + 1);
  pool.giveBack(large);
  assert.notEqual(pool.take(slabBytesMax + 1), large);
});

test('no more lies idle than 8 MiB of a size', () => {
  const pool = new SlabPool();
  const slabs = Array.from({ length: 200 }, () => pool.take(slabBytesMax));
  for (const slab of slabs) pool.giveBack(slab);
  const again = Array.from({ length: 200 }, () => pool.take(slabBytesMax));
  assert.equal(again.filter((slab) => slabs.includes(slab)).length, 128);
});
