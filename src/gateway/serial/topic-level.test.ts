import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeTopicLevel, unescapeTopicLevel } from './topic-level.ts';

test('the escape makes one safe level of any text and can be undone', () => {
  const rows: [string, string][] = [
    ['A0:B1:C2:D3:E4:F5', 'A0:B1:C2:D3:E4:F5'],
    ['A/B+#\0', 'A%2FB%2B%23%00'],
    ['$SYS', '%24SYS'],
    ['a$b', 'a$b'],
    ['', '%00'],
    ['100%', '100%25'],
    ['%2F', '%252F'],
    ['\n\u007f\u0080\u009f\u00a0', '%0A%7F%80%9F\u00a0'],
    ['größe ✓', 'größe ✓'],
  ];
  for (const [text, level] of rows) {
    assert.equal(escapeTopicLevel(text), level);
    assert.equal(unescapeTopicLevel(level), text);
  }
});
