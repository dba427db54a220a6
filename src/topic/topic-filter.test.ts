import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FilterError, type ParsedFilter, parseSubscription } from './topic-filter.ts';

const MOST = 200;

function accepted(text: string): ParsedFilter {
  const parsed = parseSubscription(text, MOST);
  assert.ok(!(parsed instanceof FilterError), `${text}: ${JSON.stringify(parsed)}`);
  return parsed;
}

function refused(text: string, levelsMax: number = MOST): FilterError {
  const parsed = parseSubscription(text, levelsMax);
  assert.ok(parsed instanceof FilterError, `${JSON.stringify(text)} was accepted`);
  return parsed;
}

describe('Topic Filters', () => {
  test('[MQTT-4.7.1-1] [MQTT3-4.7.1-2] `#` stands alone or after a separator, and last', () => {
    for (const text of ['#', '/#', 'sport/tennis/#', 'sport/tennis/player1/#', '+/#', '//#']) {
      assert.deepEqual(accepted(text), { topicFilter: text, shareName: undefined });
    }
    for (const text of ['sport/tennis#', 'sport/tennis/#/ranking', '#/', '##', '#a', 'a/#b']) {
      assert.match(refused(text).reason, /'#' must be the last character and alone/, text);
    }
  });

  test('[MQTT-4.7.1-2] [MQTT3-4.7.1-3] `+` occupies a whole level, at any place', () => {
    for (const text of ['+', '+/tennis/#', 'sport/+/player1', '/+', '+/', '+/+', 'a/+', '//+//']) {
      assert.deepEqual(accepted(text), { topicFilter: text, shareName: undefined });
    }
    for (const text of ['sport+', '+sport', 'a/b+/c', 'a/+b', '++', '+/a+', '+ ', '+#']) {
      assert.match(refused(text).reason, /'\+' must be alone in its level/, text);
    }
  });

  test('[MQTT-4.7.3-1] [MQTT3-4.7.3-1] a Topic Filter has at least one character', () => {
    const error = refused('');
    assert.match(error.reason, /at least one character/);
    assert.equal(error.isShare, false);
  });

  test('[MQTT-4.7.3-2] [MQTT3-4.7.3-2] a Topic Filter does not contain U+0000', () => {
    for (const text of ['\0', 'a/\0/b', '$share/g/a\0', '$share/g\0/a']) {
      assert.match(refused(text).reason, /U\+0000/, JSON.stringify(text));
    }
  });

  test('one level more than allowed is refused', () => {
    assert.match(refused('a/b/c', 2).reason, /3 levels, at most 2/);
    assert.match(refused('+/+/#', 2).reason, /3 levels/);
    assert.ok(!(parseSubscription('a/#', 2) instanceof FilterError));
    assert.match(refused('/'.repeat(65_535)).reason, /65536 levels/);
  });
});

describe('Shared Subscriptions', () => {
  test('[MQTT-4.8.2-1] $share/ is followed by a ShareName of one character or more', () => {
    assert.deepEqual(accepted('$share/consumer1/sport/tennis/+'), {
      topicFilter: 'sport/tennis/+',
      shareName: 'consumer1',
    });
    assert.deepEqual(accepted('$share/consumer1//finance'), {
      topicFilter: '/finance',
      shareName: 'consumer1',
    });
    assert.deepEqual(accepted('$share/g/#'), { topicFilter: '#', shareName: 'g' });
    assert.match(refused('$share//a').reason, /ShareName must have at least one character/);
    assert.equal(refused('$share//a').isShare, true);
  });

  test('[MQTT-4.8.2-2] the ShareName has no `/`, `+` or `#` and is followed by a Topic Filter', () => {
    for (const text of ['$share/g+/a', '$share/+/a', '$share/#/a', '$share/a#b/c']) {
      assert.match(refused(text).reason, /must not contain '\+' or '#'/, text);
    }
    for (const text of ['$share', '$share/', '$share/g', '$share/#']) {
      assert.match(refused(text).reason, /the filter is missing/, text);
    }
    assert.match(refused('$share/g/').reason, /at least one character/);
    assert.match(refused('$share/g/a#').reason, /'#' must be the last/);
    assert.match(refused('$share/g/+a').reason, /'\+' must be alone/);
    assert.equal(refused('$share/g/+a').isShare, true);
  });

  test('only the filter of a Shared Subscription counts for the limit of levels', () => {
    assert.ok(!(parseSubscription('$share/g/a/b', 2) instanceof FilterError));
    assert.match(refused('$share/g/a/b/c', 2).reason, /3 levels, at most 2/);
  });

  test('a filter that only looks like $share is an ordinary one', () => {
    for (const text of ['$shared/a/b', '$sharex', '$SHARE/a/b', 'a/$share/b/c', '$SYS/#']) {
      assert.deepEqual(accepted(text), { topicFilter: text, shareName: undefined });
    }
  });
});
