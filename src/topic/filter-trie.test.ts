import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FilterTrie } from './filter-trie.ts';

function matched<T>(trie: FilterTrie<T>, topicName: string): T[] {
  const into: T[] = [];
  trie.match(topicName, into);
  return into;
}

function visitedBy(trie: FilterTrie<unknown>, topicName: string): number {
  const before = trie.visited;
  matched(trie, topicName);
  return trie.visited - before;
}

describe('FilterTrie', () => {
  test('match appends to what is in the array already', () => {
    const trie = new FilterTrie<number>();
    trie.add('a', 2);
    const into = [1];
    trie.match('a', into);
    assert.deepEqual(into, [1, 2]);
  });

  test('values of all matching filters come, once per filter', () => {
    const trie = new FilterTrie<string>();
    for (const topicFilter of ['a/b', 'a/+', '+/b', '+/+', 'a/#', '#', 'a/b/#', 'b', 'a/b/c']) {
      trie.add(topicFilter, 'client');
      trie.add(topicFilter, topicFilter);
    }
    const found = matched(trie, 'a/b');
    assert.deepEqual(
      found.filter((value) => value !== 'client').sort(),
      ['#', '+/+', '+/b', 'a/#', 'a/+', 'a/b', 'a/b/#'].sort(),
    );
    assert.equal(found.filter((value) => value === 'client').length, 7);
  });

  test('a value that is added again is stored once, and gone when removed once', () => {
    const trie = new FilterTrie<string>();
    trie.add('a', 'x');
    trie.add('a', 'x');
    trie.add('a', 'y');
    trie.add('a', 'y');
    assert.equal(trie.values, 2);
    assert.equal(trie.filters, 1);
    assert.equal(trie.remove('a', 'x'), true);
    assert.equal(trie.remove('a', 'x'), false);
    assert.deepEqual(matched(trie, 'a'), ['y']);
  });

  test('values that are arrays, undefined or objects with equal content are kept apart', () => {
    const trie = new FilterTrie<unknown>();
    const values: unknown[] = [[1], [1], undefined, null, {}, {}, 0, '', false];
    for (const value of values) trie.add('a', value);
    assert.equal(trie.values, values.length);
    assert.deepEqual(matched(trie, 'a'), values);
    for (const value of values) assert.equal(trie.remove('a', value), true);
    assert.deepEqual(matched(trie, 'a'), []);
    assert.equal(trie.filters, 0);
  });

  test('firstOf gives a value of exactly that filter, whatever else matches', () => {
    const trie = new FilterTrie<string>();
    assert.equal(trie.firstOf('a'), undefined);
    for (const topicFilter of ['a/b', 'a/+', 'a/#', '#', '/']) trie.add(topicFilter, topicFilter);
    for (const topicFilter of ['a/b', 'a/+', 'a/#', '#', '/']) {
      assert.equal(trie.firstOf(topicFilter), topicFilter);
      trie.add(topicFilter, 'second');
      assert.equal(trie.firstOf(topicFilter), topicFilter);
    }
    for (const topicFilter of ['a', '+', '+/b', 'a/c', 'a/b/#', '']) {
      assert.equal(trie.firstOf(topicFilter), undefined, topicFilter);
    }
  });

  test('removing what is not there changes nothing and says so', () => {
    const trie = new FilterTrie<string>();
    trie.add('a/b', 'x');
    trie.add('a/#', 'x');
    for (const [topicFilter, value] of [
      ['a/b', 'y'],
      ['a/#', 'y'],
      ['a', 'x'],
      ['a/b/c', 'x'],
      ['a/+', 'x'],
      ['#', 'x'],
      ['a/b/#', 'x'],
    ] as const) {
      assert.equal(trie.remove(topicFilter, value), false, topicFilter);
    }
    assert.equal(trie.values, 2);
    assert.deepEqual(matched(trie, 'a/b'), ['x', 'x']);
  });

  test('nodes that no filter needs are taken out, others stay', () => {
    const trie = new FilterTrie<string>();
    trie.add('a/b/c/d', 'x');
    assert.equal(trie.nodes, 4);
    trie.add('a/b', 'x');
    trie.add('a/+/e', 'x');
    trie.add('a/b/f/#', 'x');
    assert.equal(trie.nodes, 7);
    trie.remove('a/b/c/d', 'x');
    assert.equal(trie.nodes, 5);
    trie.remove('a/b/f/#', 'x');
    assert.equal(trie.nodes, 4);
    assert.deepEqual(matched(trie, 'a/b'), ['x']);
    trie.remove('a/b', 'x');
    assert.equal(trie.nodes, 3);
    assert.deepEqual(matched(trie, 'a/b/e'), ['x']);
    assert.deepEqual(matched(trie, 'a/b'), []);
    trie.remove('a/+/e', 'x');
    assert.equal(trie.nodes, 0);
    trie.add('#', 'x');
    assert.equal(trie.nodes, 0);
    assert.equal(trie.remove('#', 'x'), true);
    assert.equal(trie.filters, 0);
  });

  test('100,000 values under one filter can be added and removed in any order', () => {
    const trie = new FilterTrie<number>();
    const count = 100_000;
    for (let i = 0; i < count; i++) trie.add('a/b', i);
    assert.equal(trie.values, count);
    assert.equal(matched(trie, 'a/b').length, count);
    for (let i = 0; i < count; i += 2) assert.equal(trie.remove('a/b', i), true);
    assert.deepEqual(
      matched(trie, 'a/b').sort((a, b) => a - b),
      Array.from({ length: count / 2 }, (_, i) => 2 * i + 1),
    );
    for (let i = count - 1; i > 0; i -= 2) assert.equal(trie.remove('a/b', i), true);
    assert.equal(trie.values, 0);
    assert.equal(trie.filters, 0);
    assert.equal(trie.nodes, 0);
  });
});

describe('cost of a match', () => {
  test('every combination of a literal and `+` over 12 levels: no node is looked at twice', () => {
    const trie = new FilterTrie<number>();
    const levels = 12;
    for (let bits = 0; bits < 1 << levels; bits++) {
      const filter = Array.from({ length: levels }, (_, i) => (bits & (1 << i) ? '+' : 'a'));
      trie.add(filter.join('/'), bits);
    }
    assert.equal(trie.nodes, 2 ** (levels + 1) - 2);
    const topicName = `${'a/'.repeat(levels - 1)}a`;
    assert.equal(matched(trie, topicName).length, 1 << levels);
    assert.equal(visitedBy(trie, topicName), trie.nodes);
    assert.ok(visitedBy(trie, topicName.replaceAll('a', 'b')) <= levels);
  });

  test('filters that match nothing cost no more than the nodes on the way', () => {
    const trie = new FilterTrie<number>();
    for (let depth = 1; depth <= 100; depth++) trie.add(`${'+/'.repeat(depth)}x`, depth);
    assert.equal(trie.nodes, 200);
    assert.ok(visitedBy(trie, 'a/'.repeat(150)) <= trie.nodes);
    assert.deepEqual(matched(trie, 'a/'.repeat(150)), []);
  });

  test('100,000 siblings cost one look', () => {
    const trie = new FilterTrie<number>();
    for (let i = 0; i < 100_000; i++) trie.add(`site/device-${i}/state`, i);
    assert.deepEqual(matched(trie, 'site/device-77777/state'), [77_777]);
    assert.equal(visitedBy(trie, 'site/device-77777/state'), 3);
  });

  test('65,536 levels neither overflow the stack nor leave anything behind', () => {
    const trie = new FilterTrie<string>();
    const slashes = '/'.repeat(65_535);
    const plusses = `${'+/'.repeat(32_767)}+`;
    trie.add(slashes, 'empty levels');
    trie.add(plusses, 'plusses');
    trie.add('#', 'everything');
    assert.deepEqual(matched(trie, slashes).sort(), ['empty levels', 'everything']);
    assert.ok(matched(trie, '/'.repeat(32_767)).includes('plusses'));
    assert.equal(trie.nodes, 65_536 + 32_768);
    assert.equal(trie.remove(slashes, 'empty levels'), true);
    assert.equal(trie.remove(plusses, 'plusses'), true);
    assert.equal(trie.nodes, 0);
  });
});
