import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDotEnv } from './dot-env.ts';
import { pathParts, pathText } from './settings.ts';
import { editDistance, nearest } from './suggestion.ts';
import { soundsSecret } from './yaml-file.ts';

test('the distance of two words counts letters added, lost, changed and swapped', () => {
  assert.equal(editDistance('port', 'port'), 0);
  assert.equal(editDistance('prot', 'port'), 1);
  assert.equal(editDistance('prt', 'port'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});

test('only a word that is close is suggested, whatever its dashes and capitals', () => {
  assert.equal(nearest('prot', ['host', 'port']), 'port');
  assert.equal(nearest('Max-Conections', ['keepalive', 'max_connections']), 'max_connections');
  assert.equal(nearest('verbose', ['debug', 'info', 'warning', 'error']), undefined);
  assert.equal(nearest('x'.repeat(100_000), ['x']), undefined);
});

test('.env means what the dotenv package says, with line numbers', () => {
  const text = [
    '# A=0',
    'A=1 # one',
    'export B="two',
    'lines"',
    "C='#'",
    'this is nothing',
    'A=2',
    '',
    'D:  4',
    'E=',
  ].join('\r\n');
  const { entries, strayLines } = parseDotEnv(text);
  assert.deepEqual(
    [...entries].map(([name, { value, line }]) => [name, value, line]),
    [
      ['A', '2', 7],
      ['B', 'two\nlines', 3],
      ['C', '#', 5],
      ['D', '4', 9],
      ['E', '', 10],
    ],
  );
  assert.deepEqual(strayLines, [6]);
});

test('a key that sounds like a secret is one, also when it is mistyped', () => {
  for (const key of ['password', 'pasword', 'passwd', 'api-key', 'accessToken', 'pwd', 'paswrd']) {
    assert.ok(soundsSecret(key), key);
  }
  for (const key of ['port', 'host', 'key_file', 'path', 'level'])
    assert.ok(!soundsSecret(key), key);
});

test('paths are written and read the same way', () => {
  const parts = ['serial', 'ports', 0, 'baud'];
  assert.equal(pathText(parts), 'serial.ports[0].baud');
  assert.deepEqual(pathParts('serial.ports[0].baud'), parts);
});
