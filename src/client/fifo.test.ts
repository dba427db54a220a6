import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fifo } from './fifo.ts';

test('items come out in the order they went in, however many pass through', () => {
  const fifo = new Fifo<number>();
  let next = 0;
  let expected = 0;
  for (let round = 0; round < 5_000; round++) {
    fifo.push(next++);
    fifo.push(next++);
    assert.equal(fifo.shift(), expected++);
  }
  assert.equal(fifo.length, 5_000);
  assert.deepEqual([...fifo].slice(0, 2), [expected, expected + 1]);
  while (fifo.length > 0) assert.equal(fifo.shift(), expected++);
  assert.equal(fifo.shift(), undefined);
  assert.equal(expected, next);
});
