import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownPayloadBytesMin } from '../packet/index.ts';
import { BodyArena, bodyArena, waitingBodies } from './body-arena.ts';
import { Message } from './message.ts';

/** A message whose body is on loan, and what takes the loan back. */
function lent(text: string): { message: Message; takeBack: () => void } {
  const chunk = new TextEncoder().encode(text);
  const message = new Message({
    topicName: 't',
    payload: chunk,
    qos: 1,
    retain: false,
    properties: undefined,
    publisherId: 'p',
    publisherName: undefined,
    nowMs: 0,
  });
  return { message, takeBack: () => chunk.fill(0xee) };
}

function text(message: Message): string {
  return new TextDecoder().decode(message.payload);
}

test('a body that is kept, held or isolated outlives the memory it came in, whatever its size', () => {
  const edges = [bodyArena, waitingBodies].flatMap(({ bodyBytesMax: max }) => [max, max + 1]);
  for (const length of [0, 1, 300, ...edges, ownPayloadBytesMin - 1]) {
    const body = 'b'.repeat(length);
    for (const keep of ['own', 'hold', 'isolate'] as const) {
      const { message, takeBack } = lent(body);
      message[keep]();
      takeBack();
      assert.equal(text(message), body);
      assert.equal(message.payloadBytes, length);
    }
  }
});

test('the last release frees the place of the body for others, and not before', () => {
  const body = 'x'.repeat(1000);
  const first = lent(body).message;
  first.hold();
  first.hold();
  const slab = bodyArena.slab;
  first.release();
  assert.equal(text(first), body);
  const bodies = slab.bodies;
  first.release();
  assert.equal(slab.bodies, bodies - 1);
  assert.equal(first.payload.length, 0);
  assert.throws(() => first.own(), /given back/);
});

test('what somebody keeps for good stays, although others held and released it', () => {
  type Step = (message: Message) => void;
  const own: Step = (message) => message.own();
  const hold: Step = (message) => message.hold();
  const isolate: Step = (message) => message.isolate();
  const release: Step = (message) => message.release();
  const orders: readonly (readonly Step[])[] = [
    [own, hold, release],
    [hold, own, release],
    [hold, hold, isolate, release],
    [hold, isolate, own, release],
    [isolate, own, hold, release],
    [isolate, hold, isolate, hold, release],
    [own, isolate],
  ];
  for (const body of ['y'.repeat(1000), 'y'.repeat(200)]) {
    for (const steps of orders) {
      const { message, takeBack } = lent(body);
      for (const step of steps) step(message);
      takeBack();
      // Enough to write to every slab that is free.
      for (const size of [1000, 200]) {
        const others = Array.from({ length: 3000 }, () => lent('z'.repeat(size)).message);
        for (const other of others) {
          other.hold();
          if (size === 200) other.isolate();
          other.release();
        }
      }
      assert.equal(text(message), body);
    }
  }
});

test('bodies never share a byte while they are held, and slabs are used again', () => {
  const held: { message: Message; body: string }[] = [];
  const slabs = new Set<unknown>();
  for (let round = 0; round < 20_000; round++) {
    const body = String.fromCharCode(97 + (round % 26)).repeat(1 + ((round * 37) % 900));
    const { message } = lent(body);
    message.hold();
    slabs.add(bodyArena.slab);
    held.push({ message, body });
    if (held.length < 200) continue;
    const [oldest] = held.splice((round * 7) % 100, 1);
    assert.equal(text(oldest?.message as Message), oldest?.body);
    oldest?.message.release();
  }
  for (const { message, body } of held) assert.equal(text(message), body);
  // Ten million bytes went through a fraction of their slabs.
  assert.ok(slabs.size < 100, `${slabs.size} slabs`);
});

test('an arena gives back a slab of which nothing is left, also when it turns to another at that moment', () => {
  const arena = new BodyArena(1024);
  const body = new Uint8Array(arena.bodyBytesMax);
  const first = arena.slab;
  for (let count = 0; count < 8; count++) arena.add(body);
  for (let count = 0; count < 8; count++) arena.giveBack(first);
  assert.equal(arena.slab, first);
  arena.add(body);
  const second = arena.slab;
  assert.notEqual(second, first);
  for (let count = 0; count < 8; count++) arena.add(body);
  assert.equal(arena.slab, first);
});
