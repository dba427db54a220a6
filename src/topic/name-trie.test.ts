import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NameTrie } from './name-trie.ts';

function walked<T>(trie: NameTrie<T>, topicFilter: string, limit = 1000): T[] {
  const walk = trie.walk(topicFilter);
  const found: T[] = [];
  while (!walk.done) found.push(...walk.next(limit));
  return found;
}

function trieOf(...topicNames: string[]): NameTrie<string> {
  const trie = new NameTrie<string>();
  for (const topicName of topicNames) trie.set(topicName, topicName);
  return trie;
}

describe('NameTrie', () => {
  test('one value per name: set, replace, get, delete', () => {
    const trie = new NameTrie<number>();
    trie.set('a/b', 1);
    trie.set('a/b', 2);
    trie.set('a', 3);
    assert.equal(trie.size, 2);
    assert.equal(trie.get('a/b'), 2);
    assert.equal(trie.get('a'), 3);
    assert.equal(trie.get('a/'), undefined);
    assert.equal(trie.get('b'), undefined);
    assert.equal(trie.delete('a/b'), true);
    assert.equal(trie.delete('a/b'), false);
    assert.equal(trie.delete('a/b/c'), false);
    assert.equal(trie.get('a/b'), undefined);
    assert.equal(trie.get('a'), 3);
    assert.equal(trie.size, 1);
  });

  test('a value may be undefined and is still a value', () => {
    const trie = new NameTrie<undefined>();
    trie.set('a', undefined);
    assert.equal(trie.size, 1);
    assert.deepEqual(walked(trie, '#'), [undefined]);
    assert.equal(trie.delete('a'), true);
  });

  test('nodes that no name needs are taken out', () => {
    const trie = trieOf('a/b/c', 'a/b', 'a/d');
    assert.equal(trie.nodes, 4);
    trie.delete('a/b');
    assert.equal(trie.nodes, 4);
    trie.delete('a/b/c');
    assert.equal(trie.nodes, 2);
    trie.delete('a/d');
    assert.equal(trie.nodes, 0);
  });

  test('many children come and go, found before and after', () => {
    const trie = new NameTrie<number>();
    for (let i = 0; i < 1000; i++) trie.set(`a/${i}`, i);
    for (let i = 0; i < 1000; i++) assert.equal(trie.get(`a/${i}`), i);
    for (let i = 0; i < 1000; i++) {
      assert.equal(trie.delete(`a/${i}`), true);
      assert.equal(trie.get(`a/${i}`), undefined);
      if (i < 999) assert.equal(trie.get('a/999'), 999);
    }
    assert.equal(trie.nodes, 0);
  });

  test('entries gives every name with its value, one at a time', () => {
    const trie = trieOf('a', 'a/b/c', '/', '$SYS/x', 'b/c');
    assert.deepEqual(
      [...trie.entries()].sort(),
      ['$SYS/x', '/', 'a', 'a/b/c', 'b/c'].map((name) => [name, name]),
    );
    for (const [topicName] of trie.entries()) trie.delete(topicName);
    assert.equal(trie.size, 0);
    assert.deepEqual([...trie.entries()], []);
  });
});

describe('a walk', () => {
  test('looks at no more nodes in a step than it is told to', () => {
    const trie = new NameTrie<number>();
    // Nodes without a value are looked at too: 1000 of them lead to no match.
    for (let i = 0; i < 1000; i++) trie.set(`a/${i}/x/deep`, i);
    const walk = trie.walk('a/+/y');
    let steps = 0;
    while (!walk.done) {
      assert.deepEqual(walk.next(10), []);
      steps++;
    }
    assert.ok(steps >= 100, `${steps} steps of 10 for 1000 nodes`);
    assert.ok(steps <= 300, `${steps} steps of 10 for 1000 nodes`);
  });

  test('of limit 1 finds the same as one of no limit', () => {
    const trie = trieOf('a', 'a/b', 'a/b/c', 'b/b', '/', '/b', '$SYS', '$SYS/b');
    for (const topicFilter of [
      '#',
      '+',
      '+/b',
      'a/#',
      '+/+/#',
      '$SYS/#',
      '/#',
      'a/b',
      'x',
      'x/#',
    ]) {
      assert.deepEqual(walked(trie, topicFilter, 1), walked(trie, topicFilter, Infinity));
    }
    assert.equal(walked(trie, '#').length, 6);
  });

  test('is not done before its first step and finds nothing after its last', () => {
    const walk = new NameTrie<string>().walk('#');
    assert.equal(walk.done, false);
    assert.deepEqual(walk.next(10), []);
    assert.equal(walk.done, true);
    assert.deepEqual(walk.next(10), []);
  });

  test('does not return a name that was deleted before the walk came to it', () => {
    const trie = trieOf('a/1', 'a/2', 'a/3', 'a/4');
    const walk = trie.walk('a/+');
    const first = walk.next(3);
    assert.equal(first.length, 1);
    for (const [topicName] of trie.entries()) if (topicName !== first[0]) trie.delete(topicName);
    const rest: string[] = [];
    while (!walk.done) rest.push(...walk.next(1));
    assert.deepEqual(rest, []);
  });

  test('goes on where the nodes it stands on, and their neighbours, are taken out', () => {
    const names = Array.from({ length: 50 }, (_, i) => `a/${i}/b`);
    const trie = trieOf(...names, 'z');
    const walk = trie.walk('#');
    const found = walk.next(30);
    const kept = new Set(['a/0/b', 'a/1/b', 'z', ...found]);
    for (const name of names) if (!kept.has(name)) trie.delete(name);
    while (!walk.done) found.push(...walk.next(1));
    assert.deepEqual([...found].sort(), [...kept].sort());
  });

  test('ends although names are deleted and set again faster than it goes', () => {
    const names = Array.from({ length: 100 }, (_, i) => `a/${i}`);
    const trie = trieOf(...names);
    const walk = trie.walk('a/#');
    let steps = 0;
    const found: string[] = [];
    while (!walk.done) {
      found.push(...walk.next(1));
      steps++;
      for (const name of found) {
        trie.delete(name);
        trie.set(name, name);
      }
      trie.set(`a/new-${steps}`, `a/new-${steps}`);
    }
    assert.ok(steps < 500, `${steps} steps`);
    assert.deepEqual(found.filter((name) => names.includes(name)).sort(), [...names].sort());
  });

  test('returns the value a name has at that moment', () => {
    const trie = new NameTrie<number>();
    trie.set('a', 1);
    trie.set('b', 1);
    const walk = trie.walk('+');
    trie.set('a', 2);
    trie.set('b', 3);
    assert.deepEqual(walk.next(100).sort(), [2, 3]);
  });

  test('goes through 65,536 levels without a deep stack', () => {
    const slashes = '/'.repeat(65_535);
    const trie = trieOf(slashes, 'a');
    assert.equal(trie.get(slashes), slashes);
    assert.equal(walked(trie, '#').length, 2);
    assert.deepEqual(walked(trie, slashes), [slashes]);
    assert.deepEqual(walked(trie, `${'+/'.repeat(32_767)}#`), [slashes]);
    assert.equal([...trie.entries()].length, 2);
    assert.equal(trie.delete(slashes), true);
    assert.equal(trie.nodes, 1);
  });
});
