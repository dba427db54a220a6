import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PackedBodies, packedBytesMax, type Slab } from './packed-bodies.ts';

interface Kept {
  readonly slab: Slab;
  readonly place: number;
  readonly content: Uint8Array;
}

function keep(bodies: PackedBodies, content: Uint8Array): Kept {
  const slab = bodies.slabFor(content.length);
  return { slab, place: slab.put(content), content };
}

function contentOf({ slab, place, content }: Kept): Uint8Array {
  return slab.view(place, content.length);
}

test('bodies of every length come back as they were put', () => {
  const bodies = new PackedBodies();
  const kept: Kept[] = [];
  for (let length = 0; length <= packedBytesMax; length++) {
    kept.push(keep(bodies, new Uint8Array(length).fill(length)));
    kept.push(keep(bodies, new Uint8Array(length).fill(length + 1)));
  }
  for (const one of kept) assert.deepEqual(contentOf(one), one.content);
});

test('a body is a copy: what it was put from may change', () => {
  const source = new Uint8Array([1, 2, 3]);
  const slab = new PackedBodies().slabFor(3);
  const place = slab.put(source);
  source.fill(0);
  assert.deepEqual(slab.view(place, 3), new Uint8Array([1, 2, 3]));
});

test('whatever comes and goes, no body is written over, and places are used again', () => {
  const bodies = new PackedBodies();
  const kept: Kept[] = [];
  const slabs = new Set<Slab>();
  let state = 11;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  for (let step = 0; step < 30_000; step++) {
    const grows = Math.floor(step / 5000) % 2 === 0;
    if (kept.length > 0 && below(10) < (grows ? 3 : 7)) {
      const [gone] = kept.splice(below(kept.length), 1) as [Kept];
      assert.deepEqual(contentOf(gone), gone.content);
      gone.slab.giveBack(gone.place);
    } else {
      const content = new Uint8Array(100 + below(100)).fill(step);
      kept.push(keep(bodies, content));
      slabs.add((kept.at(-1) as Kept).slab);
    }
  }
  for (const one of kept) assert.deepEqual(contentOf(one), one.content);
  // 15,000 bodies were put; never more than about 2,000 were there at once, in slabs of 30.
  assert.ok(slabs.size < 400, `${slabs.size} slabs`);
  for (const one of kept) one.slab.giveBack(one.place);
});

test('slabs that nobody needs are given up, but for one of each size', () => {
  const bodies = new PackedBodies();
  const first = Array.from({ length: 3000 }, () => keep(bodies, new Uint8Array(64)));
  for (const one of first) one.slab.giveBack(one.place);
  const again = Array.from({ length: 3000 }, () => keep(bodies, new Uint8Array(64)));
  const known = new Set(first.map(({ slab }) => slab));
  const used = new Set(again.map(({ slab }) => slab).filter((slab) => known.has(slab)));
  assert.equal(known.size, 100);
  assert.equal(used.size, 1);
});
