import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TelnetCodec } from './telnet-codec.ts';

function codecWithRecord(): { codec: TelnetCodec; replies: string[]; decode(hex: string): string } {
  const replies: string[] = [];
  const codec = new TelnetCodec((bytes) => replies.push(Buffer.from(bytes).toString('hex')));
  const decode = (hex: string): string =>
    Buffer.from(codec.decode(Buffer.from(hex, 'hex'))).toString('hex');
  return { codec, replies, decode };
}

test('offers are answered once, however often they come', () => {
  const { replies, decode } = codecWithRecord();
  assert.equal(decode('fffb00fffd00fffb00fffd00'), '', 'WILL and DO binary');
  assert.deepEqual(replies, ['fffd00', 'fffb00']);
  decode('fffb2cfffb2c');
  assert.deepEqual(replies.slice(2), ['fffe2c'], 'COM port control is refused');
  decode('fffc03fffe18');
  assert.deepEqual(replies.slice(3), [], 'a no to what was never agreed needs no answer');
  decode('fffc00');
  assert.deepEqual(replies.slice(3), ['fffe00'], 'taking back what was agreed does');
});

test('without binary mode a lone CR travels as CR NUL, in both directions', () => {
  const { codec, decode } = codecWithRecord();
  assert.equal(decode('610d00620d0a'), '610d620d0a');
  assert.equal(decode('610d'), '610d');
  assert.equal(decode('0062'), '62', 'cut between CR and NUL');
  assert.equal(Buffer.from(codec.encode(Buffer.from('a\rb\r\n'))).toString('hex'), '610d00620d0a');
  decode('fffb00fffd00');
  assert.equal(decode('610d0062'), '610d0062', 'binary: NUL is data');
  assert.equal(Buffer.from(codec.encode(Buffer.from('a\rb'))).toString('hex'), '610d62');
});

test('doubled 0xFF is one byte, commands and subnegotiations vanish, at every cut', () => {
  const stream = '41ffff42fff143fffa2c65ffff01fff044';
  const bytes = Buffer.from(stream, 'hex');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const { codec } = codecWithRecord();
    const parts = [codec.decode(bytes.subarray(0, cut)), codec.decode(bytes.subarray(cut))];
    assert.equal(Buffer.concat(parts).toString('hex'), '41ff424344', `cut at ${cut}`);
  }
});
