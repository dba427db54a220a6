import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownPayloadBytesMin } from '../packet/index.ts';
import { Message } from '../session/index.ts';
import { VirtualRuntime } from '../testing/index.ts';
import { matches } from '../topic/index.ts';
import { covers, type HistoryRange, type HistoryStep } from './history-range.ts';
import { HistoryRing } from './history-ring.ts';

const everything: HistoryRange = {
  topicFilter: '#',
  from: 1,
  to: Infinity,
  fromMs: -Infinity,
  toMs: Infinity,
  newestFirst: false,
};

interface Sample {
  readonly number: number;
  readonly topicName: string;
  readonly text: string;
  readonly timeMs: number;
}

function messageOf(
  { topicName, text, timeMs }: Sample,
  properties?: Message['properties'],
): Message {
  return new Message({
    topicName,
    payload: new TextEncoder().encode(text),
    qos: 1,
    retain: true,
    properties,
    publisherId: 'p',
    publisherName: 'name',
    nowMs: timeMs,
  });
}

/** Every step to the end. */
function readAll(ring: HistoryRing, range: HistoryRange): Sample[] {
  const samples: Sample[] = [];
  let rest: HistoryRange | undefined = range;
  while (rest !== undefined) {
    const step: HistoryStep = ring.read(rest);
    for (const { number, message } of step.found) {
      const text = new TextDecoder().decode(message.payload);
      const { topicName, receivedAtMs: timeMs } = message;
      samples.push({ number, topicName, text, timeMs });
    }
    rest = step.rest;
  }
  return samples;
}

test('a ring answers every range as a plain list of its messages would (60 seeds)', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const runtime = new VirtualRuntime(seed);
    const below = (count: number): number => Math.floor(runtime.random() * count);
    const ring = new HistoryRing(200_000 + below(400_000), 1 + below(1000));
    const firstNumber = ring.nextNumber;
    const model: Sample[] = [];
    let timeMs = 1000;
    for (let count = below(4000); count > 0; count--) {
      timeMs += below(3);
      const number = ring.nextNumber;
      const topicName = `t/${below(5)}/${below(3)}`;
      const longest = below(200) === 0 ? 100_000 : 300;
      const sample = { number, topicName, text: 'x'.repeat(below(longest)), timeMs };
      ring.add(messageOf(sample));
      model.push(sample);
    }
    assert.ok(ring.firstNumber >= firstNumber);
    const kept = model.filter(({ number }) => number >= ring.firstNumber);
    assert.equal(ring.count, kept.length);
    for (const topicFilter of ['#', 't/+/1', 't/3/#', 't/2/2', 'other']) {
      const from = firstNumber + below(model.length + 1);
      const to = from + below(model.length + 1);
      const fromMs = 1000 + below(timeMs - 999);
      const toMs = fromMs + below(timeMs - 999);
      const newestFirst = below(2) === 0;
      const range = { topicFilter, from, to, fromMs, toMs, newestFirst };
      const expected = kept.filter(
        (sample) =>
          sample.number >= from &&
          sample.number < to &&
          sample.timeMs >= fromMs &&
          sample.timeMs <= toMs &&
          matches(topicFilter, sample.topicName),
      );
      if (newestFirst) expected.reverse();
      assert.deepEqual(readAll(ring, range), expected, `seed ${seed} ${JSON.stringify(range)}`);
    }
  }
});

test('a ring stays within its bytes and keeps the newest message whatever its size', () => {
  const ring = new HistoryRing(300_000, 1);
  const sample = { number: 0, topicName: 'a', text: 'y'.repeat(500), timeMs: 1 };
  for (let count = 0; count < 5000; count++) {
    ring.add(messageOf(sample));
    assert.ok(ring.costBytes <= 300_000);
  }
  assert.ok(ring.count > 300);
  ring.add(messageOf({ ...sample, text: 'z'.repeat(1_000_000) }));
  assert.equal(ring.count, 1);
  assert.equal(readAll(ring, everything)[0]?.text.length, 1_000_000);
  ring.add(messageOf(sample));
  assert.ok(ring.costBytes < 300_000);
});

test('everything about a message is kept, and its bytes are not those of the network', () => {
  const ring = new HistoryRing(1_000_000, 7);
  const payload = new Uint8Array([1, 2, 3]);
  const properties = { contentType: 'x', userProperties: [['k', 'v']] as const };
  ring.add(
    new Message({
      topicName: 'a/b',
      payload,
      qos: 2,
      retain: false,
      properties,
      publisherId: 'me',
      publisherName: undefined,
      nowMs: 5.5,
    }),
  );
  payload.fill(0);
  ring.add(
    messageOf({ number: 8, topicName: 'c', text: 'q'.repeat(ownPayloadBytesMin), timeMs: 6 }),
  );
  const [first, second] = ring.read(everything).found;
  const { message } = first ?? assert.fail();
  assert.deepEqual([...message.payload], [1, 2, 3]);
  const { topicName, qos, retain, publisherId, publisherName, receivedAtMs } = message;
  assert.deepEqual(
    { number: first?.number, topicName, qos, retain, publisherId, publisherName, receivedAtMs },
    {
      number: 7,
      topicName: 'a/b',
      qos: 2,
      retain: false,
      publisherId: 'me',
      publisherName: undefined,
      receivedAtMs: 5.5,
    },
  );
  assert.deepEqual(message.properties, properties);
  assert.equal(second?.message.payloadBytes, ownPayloadBytesMin);
});

test('covers tells which filters leave nothing of another out', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['#', 'a/b', true],
    ['#', '#', true],
    ['#', '$SYS/#', false],
    ['$SYS/#', '$SYS/broker', true],
    ['a/#', 'a', true],
    ['a/#', 'a/+/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/#', false],
    ['a/+', 'a/b/c', false],
    ['a/b', 'a/+', false],
    ['+/b', 'a/b', true],
    ['a/b/c', 'a/b', false],
  ];
  for (const [wider, narrower, expected] of cases) {
    assert.equal(covers(wider, narrower), expected, `${wider} ${narrower}`);
  }
});
