import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCopy } from './own-copy.ts';

test('a level comes back as it was, whatever came before', () => {
  const levels = [
    '',
    'a',
    'ab',
    '+',
    'state',
    'a'.repeat(13),
    'ü'.repeat(12),
    'x'.repeat(33),
    '😀',
  ];
  for (let i = 0; i < 2000; i++) levels.push(`device-${i}`, `${i}`);
  for (const level of [...levels, ...levels.toReversed()]) assert.equal(ownCopy(level), level);
});
