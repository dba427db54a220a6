/**
 * Cost of finding receivers: `node --expose-gc bench/topic-match.ts`.
 *
 * 20,000 filters over names of six levels as a building full of sensors has them; then one million
 * subscriptions on 100,000 filters, for the memory they take; then a walk over 100,000 names.
 */
import { FilterTrie, matches, NameTrie } from '../src/topic/index.ts';
import { bytesInUse, line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const ROUNDS = 100_000;

function sensorName(i: number): string {
  const levels = [`site-${i % 5}`, `building-${i % 20}`, `floor-${i % 7}`, `room-${i % 400}`];
  // `join` makes flat strings, as those from the wire are; concatenation would not.
  return [...levels, `sensor-${i}`, 'temperature'].join('/');
}

function filterOf(i: number): string {
  const levels = sensorName(i).split('/');
  if (i % 20 === 0) levels[1] = '+';
  if (i % 20 === 1) levels[3] = '+';
  if (i % 20 === 2) levels.splice(5, 1, '#');
  return levels.join('/');
}

function benchMatch(): void {
  const trie = new FilterTrie<number>();
  for (let i = 0; i < 20_000; i++) trie.add(filterOf(i), i);
  const names = Array.from({ length: 1000 }, (_, i) => sensorName((i * 17) % 20_000));
  const into: number[] = [];
  const run = (): void => {
    for (let i = 0; i < ROUNDS; i++) {
      into.length = 0;
      trie.match(names[i % 1000] as string, into);
    }
  };
  const ns = nsPerCall(ROUNDS, run);
  const before = trie.visited;
  run();
  line('FilterTrie.match, 20,000 filters, 6 levels', ns, 'ns');
  line('  nodes looked at per match', (trie.visited - before) / ROUNDS, 'nodes');

  const shallow = new FilterTrie<number>();
  for (let i = 0; i < 20_000; i++) shallow.add(`iot/device-${i}/data`, i);
  const shallowNames = Array.from({ length: 1000 }, (_, i) => `iot/device-${i * 17}/data`);
  const shallowNs = nsPerCall(ROUNDS, () => {
    for (let i = 0; i < ROUNDS; i++) {
      into.length = 0;
      shallow.match(shallowNames[i % 1000] as string, into);
    }
  });
  line('FilterTrie.match, 20,000 filters, 3 levels', shallowNs, 'ns');

  const filter = 'site-1/+/floor-3/#';
  const matchesNs = nsPerCall(ROUNDS, () => {
    for (let i = 0; i < ROUNDS; i++) matches(filter, names[i % 1000] as string);
  });
  line('matches, one filter, 6 levels', matchesNs, 'ns');
}

function benchMemory(): void {
  const filters = Array.from({ length: 100_000 }, (_, i) => filterOf(i));
  const clients = Array.from({ length: 1_000_000 }, (_, i) => ({ client: i }));
  const before = bytesInUse();
  const trie = new FilterTrie<{ client: number }>();
  const startedAt = performance.now();
  clients.forEach((client, i) => {
    trie.add(filters[i % 100_000] as string, client);
  });
  const addMs = performance.now() - startedAt;
  line('FilterTrie, 1M values on 100k filters', (bytesInUse() - before) / 2 ** 20, 'MiB');
  line('  one add', (addMs * 1e6) / clients.length, 'ns');
  const removedAt = performance.now();
  clients.forEach((client, i) => {
    trie.remove(filters[i % 100_000] as string, client);
  });
  line('  one remove', ((performance.now() - removedAt) * 1e6) / clients.length, 'ns');
}

function benchWalk(): void {
  const names = Array.from({ length: 100_000 }, (_, i) => sensorName(i));
  const before = bytesInUse();
  const trie = new NameTrie<string>();
  for (const name of names) trie.set(name, name);
  line('NameTrie, 100k names', (bytesInUse() - before) / 2 ** 20, 'MiB');
  const ns = nsPerCall(100_000, () => {
    const walk = trie.walk('#');
    while (!walk.done) walk.next(256);
  });
  line('  walk over all of them in steps of 256, per name', ns, 'ns');
}

benchWalk();
benchMemory();
benchMatch();
