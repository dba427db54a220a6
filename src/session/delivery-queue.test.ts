import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from './delivery.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { delivery, message, textOf } from './session.test-kit.ts';

const on = (topicName: string, text: string): Delivery =>
  delivery(text, 1, { message: message(text, { topicName }) });

function drain(queue: DeliveryQueue): string[] {
  const texts: string[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) texts.push(textOf(next));
  return texts;
}

test('deliveries leave in the order they came, and length and bytes tell what waits', () => {
  const queue = new DeliveryQueue();
  for (const text of ['a', 'bb', 'ccc']) queue.push(on('t', text));
  assert.deepEqual([queue.length, queue.bytes], [3, 6]);
  assert.deepEqual([...queue].map(textOf), ['a', 'bb', 'ccc']);
  assert.equal(textOf(queue.shift() as Delivery), 'a');
  assert.deepEqual([queue.length, queue.bytes], [2, 5]);
  assert.deepEqual(drain(queue), ['bb', 'ccc']);
  assert.deepEqual([queue.length, queue.bytes], [0, 0]);
  assert.equal(queue.shift(), undefined);
});

test('what is taken out of the middle leaves the others in their order', () => {
  const queue = new DeliveryQueue();
  for (const text of ['a', 'b', 'c', 'd', 'e']) queue.push(on('t', text));
  const taken = queue.extract((one) => ['a', 'c', 'e'].includes(textOf(one)));
  assert.deepEqual(taken.map(textOf), ['a', 'c', 'e']);
  assert.deepEqual([queue.length, queue.bytes], [2, 2]);
  queue.push(on('t', 'f'));
  assert.deepEqual(drain(queue), ['b', 'd', 'f']);
});

test('the latest on a Topic Name can be taken out, once, and not after it left', () => {
  const queue = new DeliveryQueue();
  queue.push(on('other', '0'));
  queue.pushLatest(on('t', '1'));
  queue.pushLatest(on('u', '2'));
  assert.equal(textOf(queue.takeLatest('t') as Delivery), '1');
  assert.equal(queue.takeLatest('t'), undefined);
  queue.pushLatest(on('t', '3'));
  assert.deepEqual(drain(queue), ['0', '2', '3']);
  assert.equal(queue.takeLatest('u'), undefined);
  assert.equal(queue.takeLatest('t'), undefined);
  assert.equal(queue.takeLatest('other'), undefined);
});

test('a long queue that is filled and emptied in turns does the same as a plain array', () => {
  const queue = new DeliveryQueue();
  const plain: string[] = [];
  let state = 7;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  for (let i = 0; i < 20_000; i++) {
    if (below(100) < (i < 10_000 ? 60 : 40)) {
      queue.push(on('t', `${i}`));
      plain.push(`${i}`);
    } else if (below(50) === 0) {
      const digit = `${below(10)}`;
      const isChosen = (text: string): boolean => text.endsWith(digit);
      const taken = queue.extract((one) => isChosen(textOf(one)));
      assert.deepEqual(taken.map(textOf), plain.filter(isChosen));
      plain.splice(0, plain.length, ...plain.filter((text) => !isChosen(text)));
    } else {
      const next = queue.shift();
      assert.equal(next === undefined ? undefined : textOf(next), plain.shift());
    }
    assert.equal(queue.length, plain.length);
  }
  assert.deepEqual(drain(queue), plain);
});
