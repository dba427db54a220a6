import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isValidUtf8 } from './index.ts';
import { utf8Length } from './utf8.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
function decodes(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test('isValidUtf8 agrees with the decoder on every lead byte and what may or may not follow it', () => {
  for (let lead = 0; lead < 256; lead++) {
    assert.equal(isValidUtf8(Uint8Array.of(lead)), decodes(Uint8Array.of(lead)));
    for (const second of [0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]) {
      const pair = Uint8Array.of(lead, second);
      assert.equal(isValidUtf8(pair), decodes(pair), pair.toString());
      for (const third of [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff]) {
        const three = Uint8Array.of(lead, second, third);
        assert.equal(isValidUtf8(three), decodes(three), three.toString());
        const four = Uint8Array.of(lead, second, 0x80, third);
        assert.equal(isValidUtf8(four), decodes(four), four.toString());
      }
    }
  }
});

test('isValidUtf8 takes U+0000 and text of any length', () => {
  assert.ok(isValidUtf8(new Uint8Array(1000)));
  assert.ok(isValidUtf8(new TextEncoder().encode('ü€😀 '.repeat(1000))));
  assert.ok(isValidUtf8(new Uint8Array(0)));
});

test('utf8Length is the length that encoding gives', () => {
  const boundaries = ['\x7f', '\x80', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff'];
  const pairs = ['\ud800\udc00', '\udbff\udfff', '\udbff\udc00', '\ud800\udfff'];
  const alone = ['\ud800', '\udbff', '\udc00', '\udfff', '\udc00\ud800', '\ud800a', '\ud800\ue000'];
  for (const text of ['', 'abc', 'ü', '€', 'a😀b', ...boundaries, ...pairs, ...alone]) {
    assert.equal(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});
