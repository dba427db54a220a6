import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseReplayFilter,
  parseSince,
  ReplayRequestError,
  requestOf,
  withoutReplay,
} from './history-request.ts';

const nowMs = Date.parse('2026-05-06T20:00:00Z');

test('since is a duration back from now or a time with its zone', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['90s', nowMs - 90_000],
    ['1.5h', nowMs - 5_400_000],
    ['24h', nowMs - 86_400_000],
    ['2w', nowMs - 1_209_600_000],
    ['250ms', nowMs - 250],
    ['2026-05-06', Date.parse('2026-05-06T00:00:00Z')],
    ['2026-05-06T19:00:00Z', nowMs - 3_600_000],
    ['2026-05-06T21:00+02:00', nowMs - 3_600_000],
    ['2030-01-01', nowMs],
    ['2026-05-06T19:00:00', undefined],
    ['2026-13-06', undefined],
    ['24', undefined],
    ['', undefined],
    ['-1h', undefined],
    ['yesterday', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseSince(text, nowMs), expected, text);
});

test('User Properties ask by since and last, and others mean nothing', () => {
  assert.equal(requestOf(undefined, nowMs), undefined);
  assert.equal(requestOf([['colour', 'red']], nowMs), undefined);
  assert.deepEqual(requestOf([['last', '100']], nowMs), { sinceMs: undefined, last: 100 });
  const both = [
    ['since', '1s'],
    ['x', ''],
    ['last', '5'],
  ] as const;
  assert.deepEqual(requestOf(both, nowMs), { sinceMs: nowMs - 1000, last: 5 });
  for (const [name, value] of [
    ['last', '0'],
    ['last', 'all'],
    ['last', '99999999999'],
    ['since', 'x'],
  ] as const) {
    const refused = requestOf([[name, value]], nowMs);
    assert.ok(
      refused instanceof ReplayRequestError &&
        refused.reason.startsWith(`${name}=${value}: expected`),
    );
  }
  assert.ok(
    requestOf(
      [
        ['last', '1'],
        ['last', '2'],
      ],
      nowMs,
    ) instanceof ReplayRequestError,
  );
});

test('$replay in front of a filter asks in any version', () => {
  assert.equal(parseReplayFilter('a/$replay/since=1h', nowMs), undefined);
  assert.deepEqual(parseReplayFilter('$replay/last=3/a/+/#', nowMs), {
    topicFilter: 'a/+/#',
    replay: { sinceMs: undefined, last: 3 },
  });
  for (const wrong of [
    '$replay/a/b',
    '$replay/since=1h',
    '$replay/',
    '$replay/since=/a',
    '$replay/from=1h/a',
  ]) {
    assert.ok(parseReplayFilter(wrong, nowMs) instanceof ReplayRequestError, wrong);
  }
  assert.equal(withoutReplay('$replay/since=24h/a/b'), 'a/b');
  assert.equal(withoutReplay('a/b'), 'a/b');
});
