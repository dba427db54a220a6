import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type ServerPacket } from '../packet/index.ts';
import { AnswerQueue } from './answer-queue.ts';

function puback(packetId: number): ServerPacket {
  return { type: PacketType.puback, packetId, reasonCode: 0, properties: undefined };
}

function started() {
  const sent: number[] = [];
  const queue = new AnswerQueue();
  const sender = {
    sendAnswer: (packet: ServerPacket): void => {
      sent.push('packetId' in packet ? packet.packetId : 0);
    },
  };
  const flush = (durable: number): void => queue.flush(durable, sender);
  return { queue, sent, flush };
}

test('an answer leaves when it is safe, and behind one that is not it waits too', () => {
  const { queue, sent, flush } = started();
  queue.add(puback(2), 5);
  queue.add(puback(3), 0);
  flush(4);
  assert.deepEqual(sent, []);
  assert.equal(queue.isEmpty, false);
  flush(5);
  assert.deepEqual(sent, [2, 3]);
  assert.equal(queue.isEmpty, true);
});

test('a CONNACK holds back until it went out itself', () => {
  const { queue, flush } = started();
  const connack = { sessionPresent: false, reasonCode: 0, properties: undefined } as const;
  queue.add({ type: PacketType.connack, ...connack }, 2);
  queue.add(puback(1), 9);
  assert.equal(queue.holdsConnack, true);
  flush(2);
  assert.equal(queue.holdsConnack, false);
});

test('the watermark may move in small steps under many answers, and their order stays', () => {
  const { queue, sent, flush } = started();
  const count = 100_000;
  for (let id = 1; id <= count; id++) queue.add(puback(id), id);
  for (let durable = 0; durable <= count; durable += 7) flush(durable);
  flush(count);
  assert.equal(sent.length, count);
  assert.ok(sent.every((id, index) => id === index + 1));
});
