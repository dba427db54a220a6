import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutMembers, scanValue } from './json-source.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The same pseudo-random numbers for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('what scanValue accepts is what JSON.parse accepts', () => {
  const seed = 20_261_120;
  const random = seeded(seed);
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    'a',
    '"k"',
    '"a":',
    '1',
    '0',
    '-',
    '.',
    'e',
    'E',
    '+',
    'true',
    'false',
    'null',
    'NaN',
    ' ',
    '\t',
    '\\u00e9',
    '\\ud800',
    '\\x',
    '\u0001',
    '25.50',
    '[]',
    '{}',
  ];
  let valid = 0;
  for (let round = 0; round < 60_000; round += 1) {
    const length = 1 + Math.floor(random() * 9);
    let text = '';
    for (let count = 0; count < length; count += 1) {
      text += pieces[Math.floor(random() * pieces.length)] ?? '';
    }
    text = text.trim();
    const accepted = text !== '' && scanValue(text, 0) === text.length;
    assert.equal(accepted, isJson(text), `${JSON.stringify(text)} (seed ${seed})`);
    if (accepted) valid += 1;
  }
  assert.ok(valid > 500, `only ${valid} valid texts were made`);
});

test('mutations of a real line are judged as JSON.parse judges them', () => {
  const line =
    '{"sensor_id": "A0:B1", "t": -25.50e+1, "ok": true, "n": null, "l": [1, {"x": "\\u00b0\\n"}], "o": {}}';
  const random = seeded(7);
  for (let round = 0; round < 40_000; round += 1) {
    const at = Math.floor(random() * line.length);
    const inserted = line[Math.floor(random() * line.length)] ?? '';
    const text = (line.slice(0, at) + inserted + line.slice(at + (random() < 0.5 ? 1 : 0))).trim();
    const cut = cutMembers(text, 0);
    assert.equal(cut !== undefined && cut.end === text.length, isJson(text), text);
  }
});

test('cutMembers gives each value its source text, in order, duplicates included', () => {
  const text = '{"a":25.50,"b" : [1, 2 ],"a": "x\\u0041","":{ },"\\u0062":1E3}';
  const cut = cutMembers(text, 0);
  assert.ok(cut);
  assert.equal(cut.end, text.length);
  assert.deepEqual(
    cut.members.map(({ key, start, end }) => [key, text.slice(start, end)]),
    [
      ['a', '25.50'],
      ['b', '[1, 2 ]'],
      ['a', '"x\\u0041"'],
      ['', '{ }'],
      ['b', '1E3'],
    ],
  );
});

test('nesting a million levels deep neither throws nor overflows', () => {
  const depth = 1_000_000;
  assert.equal(scanValue('['.repeat(depth) + ']'.repeat(depth), 0), 2 * depth);
  assert.equal(scanValue('['.repeat(2 * depth), 0), -1);
  assert.equal(scanValue('{"a":'.repeat(depth), 0), -1);
});
