/**
 * What is there again after a `kill -9`, on the level of the protocol: one broker after another on one simulated
 * disk, time going on between them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  MqttVersion,
  PacketType,
  type PublishPacket,
  type QoS,
  ReasonCode,
  type Will,
} from '../../src/packet/index.ts';
import { publish, started, textsOf } from './lives.test-kit.ts';

function willOf(text: string, delay: number | undefined, qos: QoS = 1): Will {
  const properties = delay === undefined ? undefined : { willDelayInterval: delay };
  return {
    topicName: 'will',
    payload: new TextEncoder().encode(text),
    qos,
    retain: false,
    properties,
  };
}

for (const mode of ['os', 'disk'] as const) {
  describe(`after a kill in mode ${mode}`, () => {
    test('a Session is present, and its subscriptions bring what is published', async () => {
      const lives = await started(mode);
      const before = await lives.connect('c');
      await lives.subscribe(before, 'a/+', 1);
      await lives.kill();
      const client = lives.broker.open();
      client.sendConnect({ clientId: 'c', cleanStart: false });
      await lives.rest();
      assert.equal(client.take(PacketType.connack).sessionPresent, true);
      await lives.publish('a/b', 'x');
      assert.deepEqual(textsOf(client.takePublishes()), ['a/b x']);
    });

    test('what was queued comes in its order, what was under way comes first and again with DUP', async () => {
      const lives = await started(mode);
      const before = await lives.connect('c', {
        properties: { sessionExpiryInterval: 1000, receiveMaximum: 2 },
      });
      await lives.subscribe(before, '#', 2);
      for (const text of ['1', '2', '3', '4']) await lives.publish('t', text, { qos: 2 });
      assert.deepEqual(textsOf(before.takePublishes()), ['t 1', 't 2']);
      await lives.rest();
      await lives.kill();
      const client = await lives.connect('c');
      const again = client.takePublishes();
      assert.deepEqual(textsOf(again), ['t 1 dup', 't 2 dup', 't 3', 't 4']);
      assert.equal(new Set(again.map(({ packetId }) => packetId)).size, 4);
    });

    test('a QoS 2 flow goes on where it was: PUBREL again after PUBREC, and no second PUBLISH', async () => {
      const lives = await started(mode);
      const before = await lives.connect('c');
      await lives.subscribe(before, 't', 2);
      await lives.publish('t', 'x', { qos: 2 });
      const [{ packetId }] = before.takePublishes() as [PublishPacket];
      before.acknowledge(PacketType.pubrec, packetId);
      await lives.rest();
      await lives.kill();
      const client = await lives.connect('c');
      assert.equal(client.take(PacketType.pubrel).packetId, packetId);
      client.acknowledge(PacketType.pubcomp, packetId);
      await lives.rest();
      assert.deepEqual(client.inbox, []);
      await lives.kill();
      const last = await lives.connect('c');
      assert.deepEqual(last.inbox, []);
    });

    test('a QoS 2 PUBLISH that comes again is not published twice', async () => {
      const lives = await started(mode);
      const receiver = await lives.connect('receiver');
      await lives.subscribe(receiver, 't', 1);
      receiver.disconnect();
      const sender = await lives.connect('sender');
      sender.send(publish('t', 'once', { qos: 2, packetId: 7 }));
      await lives.rest();
      sender.take(PacketType.pubrec);
      await lives.kill();
      const again = await lives.connect('sender');
      again.send(publish('t', 'once', { qos: 2, packetId: 7, dup: true }));
      await lives.rest();
      assert.equal(again.take(PacketType.pubrec).packetId, 7);
      again.acknowledge(PacketType.pubrel, 7);
      await lives.rest();
      assert.equal(again.take(PacketType.pubcomp).reasonCode, ReasonCode.success);
      assert.deepEqual(textsOf((await lives.connect('receiver')).takePublishes()), ['t once']);
    });

    test('a Retained Message is there, its successor too, and a removed one is not', async () => {
      const lives = await started(mode);
      await lives.publish('keeps', 'old', { retain: true });
      await lives.publish('keeps', 'new', { retain: true });
      await lives.publish('goes', 'x', { retain: true });
      await lives.publish('goes', '', { retain: true });
      await lives.kill();
      const client = await lives.connect('c');
      await lives.subscribe(client, '#');
      assert.deepEqual(textsOf(client.takePublishes()), ['keeps new retain']);
    });

    test('a Retained Message that a new subscription was to get is not lost', async () => {
      const lives = await started(mode);
      await lives.publish('r', 'x', { retain: true });
      const before = await lives.connect('c');
      await lives.subscribe(before, 'r', 1);
      assert.deepEqual(textsOf(before.takePublishes()), ['r x retain']);
      await lives.rest();
      await lives.kill();
      const client = await lives.connect('c');
      assert.deepEqual(textsOf(client.takePublishes()), ['r x dup retain']);
    });

    test('a Session that ended is gone, however it ended', async () => {
      const lives = await started(mode);
      for (const clientId of ['clean', 'zero']) {
        await lives.subscribe(await lives.connect(clientId), 't');
      }
      (await lives.connect('clean', { cleanStart: true, properties: undefined })).disconnect();
      (await lives.connect('zero', { properties: undefined })).disconnect();
      await lives.rest();
      await lives.kill();
      assert.equal(lives.broker.broker.gauges().sessions, 0);
      assert.equal(lives.broker.broker.gauges().subscriptions, 0);
    });
  });
}

describe('time goes on while the broker is down', () => {
  test('a Session expires, counted from when its client left', async () => {
    const lives = await started();
    for (const [clientId, seconds] of [
      ['short', 10],
      ['long', 100],
      ['for-ever', 0xffff_ffff],
    ] as const) {
      const client = await lives.connect(clientId, {
        properties: { sessionExpiryInterval: seconds },
      });
      client.disconnect();
    }
    await lives.rest();
    lives.advance(5000);
    await lives.kill(6000);
    assert.equal(lives.broker.broker.gauges().sessions, 2);
    lives.advance(88_000);
    assert.equal(lives.broker.broker.gauges().sessions, 2);
    lives.advance(2000);
    assert.equal(lives.broker.broker.gauges().sessions, 1);
  });

  test('a Session whose client was connected expires counted from the start', async () => {
    const lives = await started();
    await lives.connect('c', { properties: { sessionExpiryInterval: 10 } });
    lives.advance(100_000);
    await lives.kill(100_000);
    lives.advance(9000);
    assert.equal(lives.broker.broker.gauges().sessions, 1);
    lives.advance(2000);
    assert.equal(lives.broker.broker.gauges().sessions, 0);
  });

  test('a message expires in its queue, and a Retained Message too; others say what is left', async () => {
    const lives = await started();
    const before = await lives.connect('c');
    await lives.subscribe(before, '#', 1);
    before.disconnect();
    for (const [text, seconds] of [
      ['short', 10],
      ['long', 100],
    ] as const) {
      const properties = { messageExpiryInterval: seconds };
      await lives.publish(`q/${text}`, text, { properties });
      await lives.publish(`r/${text}`, text, { properties, retain: true });
    }
    await lives.kill(50_000);
    assert.equal(lives.broker.broker.gauges().retainedMessages, 1);
    const client = await lives.connect('c');
    const publishes = client.takePublishes();
    assert.deepEqual(textsOf(publishes), ['q/long long', 'r/long long']);
    assert.equal(publishes[0]?.properties?.messageExpiryInterval, 50);
  });
});

describe('Will Messages', () => {
  test('of clients that were connected are published after the kill, of any Session', async () => {
    const lives = await started();
    const watcher = await lives.connect('watcher');
    await lives.subscribe(watcher, 'will', 1);
    await lives.connect('lasting', { will: willOf('lasting', undefined) });
    await lives.connect('passing', { properties: undefined, will: willOf('passing', undefined) });
    (await lives.connect('polite', { will: willOf('polite', undefined) })).disconnect();
    await lives.rest();
    await lives.kill();
    const texts = textsOf((await lives.connect('watcher')).takePublishes());
    assert.deepEqual(texts.sort(), ['will lasting', 'will passing']);
    await lives.kill();
    const again = textsOf((await lives.connect('watcher')).takePublishes());
    assert.deepEqual(again.sort(), ['will lasting dup', 'will passing dup']);
    assert.equal(lives.broker.broker.gauges().sessions, 3);
  });

  test('keep their delay: it counts from when the client left, and the client may come back before', async () => {
    const lives = await started();
    await lives.subscribe(await lives.connect('watcher'), 'will', 1);
    (await lives.connect('gone', { will: willOf('gone', 60) })).lose();
    (await lives.connect('back', { will: willOf('back', 60) })).lose();
    await lives.rest();
    lives.advance(20_000);
    await lives.kill(20_000);
    const watcher = await lives.connect('watcher');
    await lives.connect('back');
    lives.advance(19_000);
    await lives.rest();
    assert.deepEqual(watcher.takePublishes(), []);
    lives.advance(2000);
    await lives.rest();
    assert.deepEqual(textsOf(watcher.takePublishes()), ['will gone']);
    await lives.kill(100_000);
    assert.deepEqual(textsOf((await lives.connect('watcher')).takePublishes()), ['will gone dup']);
  });
});

describe('Shared Subscriptions', () => {
  test('what waited for a member goes to another one, once', async () => {
    const lives = await started();
    for (const clientId of ['a', 'b']) {
      const member = await lives.connect(clientId);
      await lives.subscribe(member, '$share/g/t', 1);
      member.disconnect();
    }
    for (const text of ['1', '2', '3', '4']) await lives.publish('t', text);
    await lives.kill();
    const first = await lives.connect('a');
    const own = textsOf(first.takePublishes());
    first.lose();
    await lives.rest();
    const second = await lives.connect('b');
    const others = textsOf(second.takePublishes());
    const all = [...own, ...others].map((text) => text.replace(' dup', ''));
    assert.deepEqual([...new Set(all)].sort(), ['t 1', 't 2', 't 3', 't 4']);
    await lives.kill();
    assert.equal(lives.broker.broker.gauges().sharedSubscriptions, 2);
  });
});

describe('a clean stop', () => {
  for (const mode of ['none', 'os'] as const) {
    test(`keeps everything in mode ${mode}`, async () => {
      const lives = await started(mode);
      const before = await lives.connect('c', {
        properties: { sessionExpiryInterval: 1000, receiveMaximum: 1 },
      });
      await lives.subscribe(before, '#', 2);
      await lives.publish('r', 'retained', { retain: true, qos: 0 });
      before.takePublishes();
      for (const text of ['1', '2', '3']) await lives.publish('t', text, { qos: 2 });
      const sender = await lives.connect('sender');
      sender.send(publish('x', 'held', { qos: 2, packetId: 7 }));
      await lives.rest();
      await lives.stop();
      const client = await lives.connect('c');
      assert.deepEqual(textsOf(client.takePublishes()), ['t 1 dup', 't 2', 't 3', 'x held']);
      const again = await lives.connect('sender');
      again.send(publish('x', 'held', { qos: 2, packetId: 7, dup: true }));
      await lives.rest();
      assert.deepEqual(client.takePublishes(), []);
      const other = await lives.connect('other');
      await lives.subscribe(other, 'r');
      assert.deepEqual(textsOf(other.takePublishes()), ['r retained retain']);
    });
  }

  test('a kill in mode none loses all, and leaves nothing half there', async () => {
    const lives = await started('none');
    await lives.subscribe(await lives.connect('c'), 't');
    await lives.stop();
    assert.equal(lives.broker.broker.gauges().sessions, 1);
    await lives.kill();
    assert.equal(lives.broker.broker.gauges().sessions, 0);
  });
});

test('an old version of MQTT finds its Session as well', async () => {
  const lives = await started();
  const v311 = { protocolVersion: MqttVersion.v311, properties: undefined } as const;
  const before = await lives.connect('c', v311);
  await lives.subscribe(before, 't', 1);
  before.disconnect();
  await lives.publish('t', 'x');
  await lives.kill(1_000_000_000);
  const client = await lives.connect('c', v311);
  assert.deepEqual(textsOf(client.takePublishes()), ['t x']);
});
