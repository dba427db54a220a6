import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessFraming } from './guess-framing.ts';
import { seedLine } from './recording-host.test-kit.ts';

function guess(...lines: (string | Uint8Array)[]) {
  return guessFraming(
    lines.map((line) => Buffer.from(line)),
    'sensor_id',
  );
}

test('the look of lines is told apart', () => {
  assert.equal(guess(seedLine, seedLine).look, 'json');
  assert.equal(guess('boot', 'boot', 'boot', seedLine).look, 'json', 'boot messages outnumber');
  assert.equal(guess('$GPGGA,123519,4807.038,N*47').look, 'nmea');
  assert.equal(guess('25.5,45.2,1013', '25.6,45.1,1013').look, 'csv');
  assert.equal(guess('hello world').look, 'text');
  assert.equal(guess(Uint8Array.of(0xff, 0xfe)).look, 'binary');
  assert.equal(guess().look, 'nothing');
  assert.equal(guess('', '  ').look, 'nothing');
});

test('the field with the id is found by its name, or said to be missing', () => {
  assert.equal(guess(seedLine).idField, 'sensor_id');
  assert.equal(guess('{"mac":"A0:B1","t":1}', '{"mac":"A0:B2","t":1}').idField, 'mac');
  assert.equal(guess('{"id":{"x":1},"device":7}').idField, 'device');
  assert.equal(guess('{"t":1,"h":2}').idField, undefined);
  assert.equal(
    guess(seedLine, seedLine, '{"t":1}').idField,
    'sensor_id',
    'garbage does not hide it',
  );
});
