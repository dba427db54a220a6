import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FilterTrie, matches, NameTrie } from './index.ts';

/** The same answer must come from all three ways to match. */
function answers(topicFilter: string, topicName: string): [boolean, boolean, boolean] {
  const filters = new FilterTrie<string>();
  filters.add(topicFilter, 'value');
  const receivers: string[] = [];
  filters.match(topicName, receivers);
  const names = new NameTrie<string>();
  names.set(topicName, 'value');
  const walk = names.walk(topicFilter);
  const found: string[] = [];
  while (!walk.done) found.push(...walk.next(1));
  return [matches(topicFilter, topicName), receivers.length === 1, found.length === 1];
}

function all(topicFilter: string, topicNames: readonly string[], expected: boolean): void {
  for (const topicName of topicNames) {
    assert.deepEqual(
      answers(topicFilter, topicName),
      [expected, expected, expected],
      `${topicFilter} and ${topicName} (matches, FilterTrie, NameTrie)`,
    );
  }
}

describe('matching', () => {
  test('[MQTT-4.7.1-1] [MQTT3-4.7.1-2] `#` matches the parent and any number of levels below it', () => {
    all(
      'sport/tennis/player1/#',
      [
        'sport/tennis/player1',
        'sport/tennis/player1/',
        'sport/tennis/player1/ranking',
        'sport/tennis/player1/score/wimbledon',
      ],
      true,
    );
    all(
      'sport/tennis/player1/#',
      ['sport/tennis/player2', 'sport/tennis', 'sport/tennis/player12'],
      false,
    );
    all('sport/#', ['sport', 'sport/', 'sport/a/b'], true);
    all('sport/#', ['sports', '/sport', 'Sport'], false);
    all('#', ['a', '/', '//', 'a/b/c', '/finance'], true);
    all('/#', ['/', '/a', '//', '/a/b'], true);
    all('/#', ['a', 'a/b'], false);
    all('+/#', ['a', 'a/b', '/', '/a/b'], true);
    all('a/+/#', ['a/b', 'a/', 'a/b/c', 'a//c'], true);
    all('a/+/#', ['a', 'b/a'], false);
  });

  test('[MQTT-4.7.1-2] [MQTT3-4.7.1-3] `+` matches exactly one level, an empty one too', () => {
    all('sport/tennis/+', ['sport/tennis/player1', 'sport/tennis/player2', 'sport/tennis/'], true);
    all('sport/tennis/+', ['sport/tennis/player1/ranking', 'sport/tennis'], false);
    all('sport/+', ['sport/'], true);
    all('sport/+', ['sport'], false);
    all('+/+', ['/finance', 'a/b', '/'], true);
    all('/+', ['/finance', '/'], true);
    all('+', ['finance'], true);
    all('+', ['/finance', 'a/', '/'], false);
    all('+/tennis/#', ['a/tennis', '/tennis/b'], true);
    all('a/+/c/+', ['a/b/c/d', 'a//c/'], true);
    all('a/+/c/+', ['a/b/c', 'a/b/d/d', 'a/b/c/d/e'], false);
  });

  test('[MQTT-4.7.2-1] [MQTT3-4.7.2-1] filters that begin with a wildcard match no name that begins with `$`', () => {
    all('#', ['$SYS', '$SYS/monitor/Clients', '$', '$share/a/b'], false);
    all('+/monitor/Clients', ['$SYS/monitor/Clients'], false);
    all('+', ['$SYS'], false);
    all('+/#', ['$SYS', '$SYS/a'], false);
    all('$SYS/#', ['$SYS', '$SYS/', '$SYS/monitor/Clients'], true);
    all('$SYS/monitor/+', ['$SYS/monitor/Clients'], true);
    all('$SYS/+/Clients', ['$SYS/monitor/Clients'], true);
    all('#', ['a/$SYS', '/$SYS', 'a$'], true);
    all('+/+', ['a/$b', '/$b'], true);
    all('a/+', ['a/$SYS'], true);
  });

  test('[MQTT-4.7.3-4] [MQTT3-4.7.3-4] names and filters are compared as they are, nothing is normalised', () => {
    all('ACCOUNTS', ['Accounts', 'accounts'], false);
    all('a', ['/a', 'a/', 'a ', ' a'], false);
    all('/a', ['a', '//a'], false);
    all('a//b', ['a/b', 'a///b'], false);
    all('a//b', ['a//b'], true);
    // The same letter as one code point and as two.
    all('caf\u00e9', ['cafe\u0301'], false);
    all('\ufeffa', ['a'], false);
    all('\ufeffa', ['\ufeffa'], true);
    all('温度/+', ['温度/😀'], true);
  });

  test('[MQTT-3.3.2-3] [MQTT3-3.3.2-3] a filter without wildcards matches the very same name only', () => {
    all('a/b', ['a/b'], true);
    all('a/b', ['a', 'a/', 'a/b/', 'a/bc', 'a/b/c', 'b/a', 'a/c'], false);
    all('/', ['/'], true);
    all('/', ['//', 'a', 'a/', '/a'], false);
  });

  test('levels with names that objects have are levels like others', () => {
    all('__proto__/constructor', ['__proto__/constructor'], true);
    all('+/toString', ['hasOwnProperty/toString'], true);
    all('constructor', ['__proto__', 'toString'], false);
  });
});
