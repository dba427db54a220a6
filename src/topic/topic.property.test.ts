import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilterTrie, matches, NameTrie, type NameWalk } from './index.ts';

/** Every run is the same run; another number is another one. */
const SEED = 20_240_611;

class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  /** 0 to below `end` (xorshift32). */
  below(end: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % end;
  }
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

const LEVELS = ['a', 'b', '', '$', 'a-level-of-more-than-thirteen', '$SYS'] as const;

function randomName(random: Random): string {
  for (;;) {
    const levels = Array.from({ length: 1 + random.below(5) }, () => random.of(LEVELS));
    const name = levels.join('/');
    if (name !== '') return name;
  }
}

function randomFilter(random: Random): string {
  for (;;) {
    const levels = Array.from({ length: random.below(5) }, () =>
      random.below(3) === 0 ? '+' : random.of(LEVELS),
    );
    if (levels.length === 0 || random.below(3) === 0) levels.push('#' as '+');
    const filter = levels.join('/');
    if (filter !== '') return filter;
  }
}

/** The rules of MQTT 5.0 §4.7 written down as plainly as they can be, level by level. */
function plainMatch(topicFilter: string, topicName: string): boolean {
  const filter = topicFilter.split('/');
  const name = topicName.split('/');
  if (topicName.startsWith('$') && (filter[0] === '#' || filter[0] === '+')) return false;
  if (filter.at(-1) === '#') {
    filter.pop();
    if (name.length < filter.length) return false;
    name.length = filter.length;
  }
  return (
    filter.length === name.length && filter.every((level, i) => level === '+' || level === name[i])
  );
}

test(`matches gives the plain rules' answer for 50,000 random pairs (seed ${SEED})`, () => {
  const random = new Random(SEED);
  let positive = 0;
  for (let i = 0; i < 50_000; i++) {
    const topicFilter = randomFilter(random);
    const topicName = randomName(random);
    const expected = plainMatch(topicFilter, topicName);
    if (expected) positive++;
    assert.equal(matches(topicFilter, topicName), expected, `${topicFilter} and ${topicName}`);
  }
  assert.ok(positive > 2000, `only ${positive} pairs match: the generator is no good`);
});

test(`FilterTrie finds what matches finds while filters come and go (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const trie = new FilterTrie<string>();
  const stored = new Map<string, Set<string>>();
  let found = 0;
  for (let i = 0; i < 30_000; i++) {
    const topicFilter = randomFilter(random);
    const value = `client-${random.below(i % 1000 < 500 ? 60 : 3)}`;
    const values = stored.get(topicFilter) ?? new Set<string>();
    if (random.below(5) < 3) {
      trie.add(topicFilter, value);
      stored.set(topicFilter, values.add(value));
    } else {
      assert.equal(trie.remove(topicFilter, value), values.delete(value), topicFilter);
      if (values.size === 0) stored.delete(topicFilter);
    }
    if (i % 20 !== 0) continue;
    const topicName = randomName(random);
    const before = trie.visited;
    const into: string[] = [];
    trie.match(topicName, into);
    assert.ok(trie.visited - before <= trie.nodes);
    const expected = [...stored]
      .filter(([filter]) => matches(filter, topicName))
      .flatMap(([, clients]) => [...clients]);
    assert.deepEqual(into.sort(), expected.sort(), topicName);
    found += into.length;
    assert.equal(trie.filters, stored.size);
    assert.equal(
      trie.values,
      [...stored.values()].reduce((sum, clients) => sum + clients.size, 0),
    );
  }
  assert.ok(found > 10_000);
  for (const [filter, clients] of stored) for (const client of clients) trie.remove(filter, client);
  assert.deepEqual([trie.filters, trie.values, trie.nodes], [0, 0, 0]);
});

type Watched = {
  readonly topicFilter: string;
  readonly walk: NameWalk<string>;
  /** Matching names that were there from the beginning and still are. */
  readonly stayed: Set<string>;
  readonly returned: Set<string>;
};

test(`NameTrie walks keep their promise while names come and go (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const trie = new NameTrie<string>();
  const stored = new Set<string>();
  const walks: Watched[] = [];
  let finished = 0;
  for (let i = 0; i < 60_000; i++) {
    const topicName = randomName(random);
    if (random.below(5) < 2) {
      trie.set(topicName, topicName);
      stored.add(topicName);
    } else {
      assert.equal(trie.delete(topicName), stored.delete(topicName), topicName);
      for (const watched of walks) watched.stayed.delete(topicName);
    }
    assert.equal(trie.size, stored.size);
    if (walks.length < 5) {
      const topicFilter = randomFilter(random);
      const stayed = new Set([...stored].filter((name) => matches(topicFilter, name)));
      walks.push({ topicFilter, walk: trie.walk(topicFilter), stayed, returned: new Set() });
    }
    const watched = random.of(walks);
    for (const name of watched.walk.next(1 + random.below(4))) {
      const what = `${name} for ${watched.topicFilter}`;
      assert.ok(stored.has(name), `${what} was deleted`);
      assert.ok(matches(watched.topicFilter, name), `${what} does not match`);
      assert.ok(!watched.returned.has(name), `${what} came twice`);
      watched.returned.add(name);
    }
    if (!watched.walk.done) continue;
    for (const name of watched.stayed) {
      assert.ok(watched.returned.has(name), `${name} for ${watched.topicFilter} was left out`);
    }
    walks.splice(walks.indexOf(watched), 1);
    finished++;
  }
  assert.ok(finished > 200, `only ${finished} walks came to their end`);
  assert.deepEqual([...trie.entries()].map(([name]) => name).sort(), [...stored].sort());
  for (const name of stored) trie.delete(name);
  assert.deepEqual([trie.size, trie.nodes], [0, 0]);
});
