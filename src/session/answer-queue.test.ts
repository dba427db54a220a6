import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type ServerPacket } from '../packet/index.ts';
import { AnswerQueue } from './answer-queue.ts';

function puback(packetId: number): ServerPacket {
  return { type: PacketType.puback, packetId, reasonCode: 0, properties: undefined };
}

function started(): { queue: AnswerQueue; sent: number[] } {
  const sent: number[] = [];
  const queue = new AnswerQueue((packet) => {
    sent.push('packetId' in packet ? packet.packetId : 0);
  });
  return { queue, sent };
}

test('with nothing to wait for an answer passes through; behind one that waits it waits too', () => {
  const { queue, sent } = started();
  queue.add(puback(1), 0, 0);
  queue.add(puback(2), 5, 4);
  queue.add(puback(3), 0, 4);
  assert.deepEqual(sent, [1]);
  queue.flush(4);
  assert.deepEqual(sent, [1]);
  queue.flush(5);
  assert.deepEqual(sent, [1, 2, 3]);
  queue.add(puback(4), 5, 5);
  assert.deepEqual(sent, [1, 2, 3, 4]);
});

test('what is cleared is never sent', () => {
  const { queue, sent } = started();
  for (let id = 1; id <= 4; id++) queue.add(puback(id), id, 0);
  queue.flush(1);
  queue.clear();
  queue.flush(10);
  queue.add(puback(9), 0, 10);
  assert.deepEqual(sent, [1, 9]);
});

test('a CONNACK holds back until it went out itself', () => {
  const { queue } = started();
  const connack = { sessionPresent: false, reasonCode: 0, properties: undefined } as const;
  queue.add({ type: PacketType.connack, ...connack }, 2, 0);
  queue.add(puback(1), 9, 0);
  assert.equal(queue.holdsConnack, true);
  queue.flush(2);
  assert.equal(queue.holdsConnack, false);
});

test('the watermark may move in small steps under many answers, and their order stays', () => {
  const { queue, sent } = started();
  const count = 100_000;
  for (let id = 1; id <= count; id++) queue.add(puback(id), id, 0);
  for (let durable = 0; durable <= count; durable += 7) queue.flush(durable);
  queue.flush(count);
  assert.equal(sent.length, count);
  assert.ok(sent.every((id, index) => id === index + 1));
});
