import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeBody, escapeJsonLine, escapeLine, quoteValue, shorten } from './escape.ts';

test('invisible characters are shown as escape sequences', () => {
  const table: readonly (readonly [string, string])[] = [
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['nul\u0000', 'nul\\x00'],
    ['\u007f\u009b2J', '\\x7f\\x9b2J'],
    ['left\u202eright', 'left\\u202eright'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['line\u2028end', 'line\\u2028end'],
    ['lone\ud800', 'lone\\ud800'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['24.3°C äöü 漢字 🙂', '24.3°C äöü 漢字 🙂'],
    ['back\\slash', 'back\\slash'],
  ];
  for (const [text, shown] of table) assert.equal(escapeLine(text), shown);
});

test('the body of a message keeps its lines and tabs, nothing else that moves the cursor', () => {
  assert.equal(escapeBody('{\n\t"a": 1\n}'), '{\n\t"a": 1\n}');
  assert.equal(escapeBody('a\rb\u001b[2J\u0085'), 'a\\rb\\x1b[2J\\x85');
});

test('a value is quoted exactly where it would be ambiguous', () => {
  assert.equal(quoteValue('/iot/user/ana/x'), '/iot/user/ana/x');
  assert.equal(quoteValue('acl:14 user bob'), '"acl:14 user bob"');
  assert.equal(quoteValue(''), '""');
  assert.equal(quoteValue('a=b'), '"a=b"');
  assert.equal(quoteValue('say "hi"\\'), '"say \\"hi\\"\\\\"');
  assert.equal(quoteValue('x\n06:41:00'), '"x\\n06:41:00"');
});

test('a JSON line stays the same value and loses what terminals obey', () => {
  const value = { topic: 'a\u009b2J\u2028\u202e\u200d🙂\n', tag: '\u{e0041}' };
  const line = escapeJsonLine(`${JSON.stringify(value)}\n`);
  assert.deepEqual(JSON.parse(line), value);
  assert.match(line, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\n$/u);
});

test('a long text is cut between characters and says how much is missing', () => {
  assert.equal(shorten('abc', 3), 'abc');
  assert.equal(shorten('abcdef', 3), 'abc…(+3)');
  assert.equal(shorten('ab🙂cd', 3), 'ab…(+4)');
});
