import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches } from '../topic/index.ts';
import { RouteCache } from './route-cache.ts';

test('an answer is there until a filter that matches its name changes', () => {
  const cache = new RouteCache<string>(100);
  for (const name of ['a/b', 'a/c', 'b/c']) cache.set(name, name, 1);
  cache.forget('a/b');
  assert.deepEqual(
    [cache.get('a/b'), cache.get('a/c'), cache.get('b/c')],
    [undefined, 'a/c', 'b/c'],
  );
  cache.forget('+/c/#');
  assert.deepEqual([cache.get('a/c'), cache.get('b/c')], [undefined, undefined]);
  cache.set('a/c', 'anew', 1);
  assert.equal(cache.get('a/c'), 'anew');
  cache.forget('x/#');
  assert.equal(cache.get('a/c'), 'anew');
});

test('an answer stays while filters change that begin otherwise, and goes with one that begins alike', () => {
  const cache = new RouteCache<string>(100);
  const names = ['a', 'a/b', 'a/b/c', 'a/b/c/d/e', '/', 'x/y'];
  for (const [topicFilter, matching] of [
    ['#', names],
    ['+/+', names],
    ['a/#', ['a', 'a/b', 'a/b/c', 'a/b/c/d/e']],
    ['a/b/#', ['a/b', 'a/b/c', 'a/b/c/d/e']],
    ['a/b/c/#', ['a/b/c', 'a/b/c/d/e']],
    ['a/b/c/d/#', ['a/b/c', 'a/b/c/d/e']],
    ['a/b/x/#', []],
    ['x/z/#', []],
    ['/+', ['/']],
  ] as const) {
    for (const name of names) cache.set(name, name, 1);
    cache.forget(topicFilter);
    const gone = names.filter((name) => cache.get(name) === undefined);
    assert.deepEqual(gone, matching, topicFilter);
  }
});

test('a thousand clients that subscribe to what is their own leave nearly every answer to others', () => {
  const cache = new RouteCache<string>(1000);
  let lost = 0;
  for (let i = 0; i < 100; i++) cache.set(`live/${i}/state`, 'x', 1);
  for (let i = 0; i < 1000; i++) {
    cache.forget(`clients/${i}/#`);
    const name = `live/${i % 100}/state`;
    if (cache.get(name) !== undefined) continue;
    lost++;
    cache.set(name, 'x', 1);
  }
  assert.ok(lost < 200, `${lost} of 1000`);
});

test('what nobody asks for while filters change is let go', () => {
  const cache = new RouteCache<string>(100);
  for (let i = 0; i < 40; i++) cache.set(`t/${i}`, 'x', 1);
  for (let i = 0; i < 5000; i++) cache.forget(`x/${i}/#`);
  assert.equal(cache.size, 0);
});

test('no more names are kept than there is room for, and those in use stay', () => {
  const cache = new RouteCache<number>(100);
  cache.set('used', -1, 1);
  for (let i = 0; i < 1000; i++) {
    cache.set(`t/${i}`, i, 1);
    assert.equal(cache.get('used'), -1);
    assert.ok(cache.size <= 200, `${cache.size} names`);
  }
  assert.equal(cache.get('t/999'), 999);
  assert.equal(cache.get('t/0'), undefined);
});

test('answers with many receivers take the room of many names', () => {
  const cache = new RouteCache<number>(100);
  for (let i = 0; i < 1000; i++) {
    cache.set(`t/${i}`, i, 400);
    assert.ok(cache.size <= 8, `${cache.size} names`);
    assert.equal(cache.get(`t/${i}`), i);
  }
});

test('whatever comes and goes, no answer is older than the last change that concerns it', () => {
  const cache = new RouteCache<number>(30);
  const levels = ['a', 'b', 'c', '$x'];
  let state = 9;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  const level = (): string => levels[below(levels.length)] as string;
  const changedAt = new Map<string, number>();
  let found = 0;
  for (let now = 1; now < 50_000; now++) {
    if (below(4) === 0) {
      const topicFilter = [`${level()}/${level()}`, `+/${level()}`, `${level()}/#`, `${level()}/+`][
        below(4)
      ] as string;
      cache.forget(topicFilter);
      changedAt.set(topicFilter, now);
      continue;
    }
    const name = `${level()}/${level()}`;
    const answer = cache.get(name);
    if (answer === undefined) {
      cache.set(name, now, below(3));
      continue;
    }
    found++;
    for (const [topicFilter, at] of changedAt) {
      if (matches(topicFilter, name))
        assert.ok(at < answer, `${topicFilter} changed since, ${name}`);
    }
  }
  assert.ok(found > 1000, `only ${found} answers were remembered`);
});
