import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineFramer } from './line-framer.ts';

function framerWithRecord(lineBytesMax = 64): {
  framer: LineFramer;
  lines: string[];
  oversize: string[];
} {
  const lines: string[] = [];
  const oversize: string[] = [];
  const framer = new LineFramer(lineBytesMax, {
    line: (bytes) => lines.push(Buffer.from(bytes).toString()),
    oversize: (bytes) => oversize.push(Buffer.from(bytes).toString()),
  });
  return { framer, lines, oversize };
}

test('lines come out whole wherever the stream is cut', () => {
  const stream = Buffer.from('{"a":"é"}\r\n\n{"b":2}\nlast\r\r\n');
  const expected = ['{"a":"é"}', '', '{"b":2}', 'last\r'];
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const { framer, lines, oversize } = framerWithRecord();
    framer.push(stream.subarray(0, cut));
    framer.push(stream.subarray(cut));
    assert.deepEqual(lines, expected, `cut at ${cut}`);
    assert.deepEqual(oversize, []);
  }
  const { framer, lines } = framerWithRecord();
  for (const byte of stream) framer.push(Uint8Array.of(byte));
  assert.deepEqual(lines, expected);
});

test('a chunk that is reused after push does not change a begun line', () => {
  const { framer, lines } = framerWithRecord();
  const chunk = Buffer.from('first');
  framer.push(chunk);
  chunk.fill('x');
  framer.push(Buffer.from(' half\n'));
  assert.deepEqual(lines, ['first half']);
});

test('a line above the limit is one oversize, and the line after it is good, at every cut', () => {
  const stream = Buffer.from(`${'x'.repeat(1000)}\ngood\n`);
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const { framer, lines, oversize } = framerWithRecord();
    framer.push(stream.subarray(0, cut));
    framer.push(stream.subarray(cut));
    assert.deepEqual(lines, ['good'], `cut at ${cut}`);
    assert.deepEqual(oversize, ['x'.repeat(64)], `cut at ${cut}`);
    assert.equal(framer.discardedBytes, 1000, `cut at ${cut}`);
  }
});

test('a line of exactly the limit passes with LF and with CRLF; one byte more does not', () => {
  for (const end of ['\n', '\r\n']) {
    for (const length of [64, 65]) {
      const stream = Buffer.from(`${'y'.repeat(length)}${end}`);
      for (let cut = 0; cut <= stream.length; cut += 1) {
        const { framer, lines, oversize } = framerWithRecord();
        framer.push(stream.subarray(0, cut));
        framer.push(stream.subarray(cut));
        assert.equal(lines.length, length === 64 ? 1 : 0);
        assert.equal(oversize.length, length === 64 ? 0 : 1);
      }
    }
  }
});

test('a megabyte without a line feed is told once and costs one line of memory', () => {
  const { framer, lines, oversize } = framerWithRecord(16_384);
  const chunk = new Uint8Array(4096).fill(0x41);
  for (let count = 0; count < 256; count += 1) framer.push(chunk);
  assert.equal(oversize.length, 1);
  framer.push(Buffer.from('\nnext\n'));
  assert.deepEqual(lines, ['next']);
  assert.equal(framer.discardedBytes, 1_048_576);
});

test('after reset nothing of before is joined with what follows', () => {
  const { framer, lines } = framerWithRecord();
  framer.push(Buffer.from('{"sensor_id":"A","t":2'));
  framer.reset();
  framer.push(Buffer.from('{"sensor_id":"B"}\n'));
  assert.deepEqual(lines, ['{"sensor_id":"B"}']);
  framer.push(Buffer.from('z'.repeat(200)));
  framer.reset();
  framer.push(Buffer.from('good\n'));
  assert.deepEqual(lines, ['{"sensor_id":"B"}', 'good']);
});
