import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, MqttVersion, PacketType } from '../packet/index.ts';
import { TestBroker } from '../testing/index.ts';

const version: MqttVersion = MqttVersion.v5;

function publishes(count: number): Uint8Array {
  const packet = encodePacket(
    {
      type: PacketType.publish,
      topicName: 't',
      payload: new Uint8Array(1),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
      properties: undefined,
    },
    version,
  );
  return Buffer.alloc(count * packet.length, packet);
}

test('what comes at once is handled in shares, in order, with the others in between', () => {
  const seen: number[] = [];
  let turn = 0;
  const test = new TestBroker({
    plugins: [{ name: 'turns', messagePublished: () => seen.push(turn) }],
  });
  const { runtime } = test;
  const afterTurn = runtime.afterTurn.bind(runtime);
  runtime.afterTurn = (callback) => {
    afterTurn(() => {
      turn++;
      callback();
    });
  };
  const client = test.open();
  client.connect({ clientId: 'flood' });
  const before = turn;
  client.sendBytes(publishes(20_000));
  assert.equal(seen.length, 20_000);
  const perTurn = new Map<number, number>();
  for (const each of seen) perTurn.set(each, (perTurn.get(each) ?? 0) + 1);
  assert.ok(Math.max(...perTurn.values()) <= 4096, [...perTurn.values()].join(' '));
  assert.ok(turn > before + 3);
  assert.equal(client.isPaused, false);
});

test('a client that leaves while it rests is not read from again', () => {
  let count = 0;
  const test = new TestBroker({
    plugins: [{ name: 'counts', messagePublished: () => count++ }],
  });
  const client = test.open();
  client.connect({ clientId: 'flood' });
  const { runtime } = test;
  runtime.runTurns = () => undefined;
  client.sendBytes(publishes(20_000));
  assert.equal(client.isPaused, true);
  const handled = count;
  client.lose();
  Reflect.deleteProperty(runtime, 'runTurns');
  test.run();
  assert.ok(handled > 0 && handled < 20_000);
  assert.equal(count, handled);
});
