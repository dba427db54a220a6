import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededChance } from '../seeded-chance.test-kit.ts';
import { RecordError, RecordReader } from './record-reader.ts';
import { RecordWriter } from './record-writer.ts';

test('numbers and texts come back as they were written, also those seen before', () => {
  const chance = new SeededChance(4);
  const texts = ['', 'a', 'b', 'client-17', 'ü', '\u0000', '🐦', 'x'.repeat(48), 'y'.repeat(64)];
  texts.push('z'.repeat(65), 'é'.repeat(40), 'w'.repeat(1000));
  for (let i = 0; i < 3000; i++) texts.push(`sensor ${i}`);
  const writer = new RecordWriter();
  const expected: [string, number, number][] = [];
  for (let i = 0; i < 20_000; i++) {
    const text = texts[chance.below(chance.oneIn(2) ? 20 : texts.length)] as string;
    const number = Math.floor(2 ** chance.below(54)) - 1;
    const float = [Infinity, -1.5, number / 3][chance.below(3)] as number;
    writer.string(text);
    writer.varint(number);
    writer.float64(float);
    expected.push([text, number, float]);
  }
  const reader = new RecordReader(writer.bytes, 0, writer.length);
  for (const [index, [text, number, float]] of expected.entries()) {
    const found = index % 2 === 0 ? reader.repeatedString() : reader.string();
    assert.deepEqual([found, reader.varint(), reader.float64()], [text, number, float]);
  }
  assert.equal(reader.remaining, 0);
  assert.throws(() => reader.repeatedString(), RecordError);
});

test('a text that is cut off or is no UTF-8 is refused', () => {
  for (const bytes of [
    [5, 97],
    [2, 0xc3, 0x28],
    [0x80],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
  ]) {
    const reader = new RecordReader(Uint8Array.from(bytes));
    assert.throws(() => reader.repeatedString(), RecordError, bytes.join());
  }
});
