/** What clients see when the disk is full, fails, or is slower than they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { takeAndAcknowledge } from '../conformance/each-version.ts';
import { type Lives, publish, started, textsOf } from './lives.test-kit.ts';

const large = 'x'.repeat(1000);

/** Fills the disk with messages for a client that is away. @returns how many were acknowledged */
async function fill(lives: Lives): Promise<number> {
  const keeper = await lives.connect('keeper');
  await lives.subscribe(keeper, 'kept/#', 1);
  keeper.disconnect();
  lives.place.disk.capacityBytes = 60_000;
  const sender = await lives.connect('sender', { cleanStart: true, properties: undefined });
  let acknowledged = 0;
  for (let packetId = 1; packetId <= 100; packetId++) {
    sender.send(publish(`kept/${packetId}`, large, { packetId }));
    await lives.rest();
    const answer = sender.inbox.shift();
    if (answer === undefined) break;
    assert.equal(answer.type, PacketType.puback);
    acknowledged++;
  }
  return acknowledged;
}

test('on a full disk QoS 0 flows, QoS 1 is refused, and with room again all goes on without a restart', async () => {
  const lives = await started('disk');
  const acknowledged = await fill(lives);
  assert.ok(acknowledged > 20 && acknowledged < 100, `${acknowledged}`);
  const watcher = await lives.connect('watcher', { cleanStart: true, properties: undefined });
  await lives.subscribe(watcher, 'live', 1);
  const sender = await lives.connect('other', { cleanStart: true, properties: undefined });
  sender.send(publish('live', 'flows', { qos: 0 }));
  sender.send(publish('live', 'refused', { packetId: 7 }));
  sender.send(publish('live', 'retained', { qos: 0, retain: true }));
  await lives.rest();
  assert.deepEqual(textsOf(watcher.takePublishes()), ['live flows']);
  const { packetId, reasonCode } = sender.take(PacketType.puback);
  assert.equal(packetId, 7);
  assert.equal(reasonCode, ReasonCode.quotaExceeded);

  const old = await lives.connect('old', {
    protocolVersion: MqttVersion.v311,
    cleanStart: true,
    properties: undefined,
  });
  old.send(publish('live', 'x', { packetId: 1 }));
  await lives.rest();
  assert.notEqual(
    old.state,
    'open',
    '3.1.1 cannot be told, so it keeps its message and comes again',
  );

  lives.place.disk.capacityBytes = 10_000_000;
  lives.place.scheduler.advance(1000);
  await lives.rest();
  sender.send(publish('live', 'again', { packetId: 8 }));
  await lives.rest();
  assert.equal(sender.take(PacketType.puback).reasonCode, ReasonCode.success);
  assert.deepEqual(textsOf(watcher.takePublishes()), ['live again']);
  await lives.kill();
  const keeper = await lives.connect('keeper');
  // One was appended when the disk was full, not answered, and kept after all.
  const kept = takeAndAcknowledge(keeper).length;
  assert.ok(kept >= acknowledged && kept <= acknowledged + 1, `${kept} of ${acknowledged}`);
});

test('after a failed sync nothing is acknowledged any more, and QoS 0 flows', async () => {
  const lives = await started('disk');
  const keeper = await lives.connect('keeper');
  await lives.subscribe(keeper, 'kept', 1);
  keeper.disconnect();
  const sender = await lives.connect('sender', { cleanStart: true, properties: undefined });
  const watcher = await lives.connect('watcher', { cleanStart: true, properties: undefined });
  await lives.subscribe(watcher, 'live', 0);
  let failures = 0;
  lives.place.disk.fault = (kind) => {
    if (kind !== 'sync') return undefined;
    return failures++ === 0 ? 'EIO' : undefined;
  };
  sender.send(publish('kept', '1', { packetId: 1 }));
  await lives.rest();
  assert.equal(failures, 1);
  assert.deepEqual(sender.inbox, [], 'what is not safe is not acknowledged');
  for (let packetId = 2; packetId < 5; packetId++) {
    sender.send(publish('kept', `${packetId}`, { packetId }));
    await lives.rest();
    assert.equal(sender.inbox.length, 0, 'answers keep the order of the requests');
  }
  sender.send(publish('live', 'flows', { qos: 0 }));
  await lives.rest();
  assert.deepEqual(textsOf(watcher.takePublishes()), ['live flows']);
});
