/** What waits for a Session: limits, overflow policies, slow readers, and very many messages. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BrokerSettings, defaultSettings } from '../../src/broker/index.ts';
import { PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, lasting, takeAndAcknowledge } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

interface Scene {
  readonly facts: FactRecorder;
  readonly broker: TestBroker;
  readonly publisher: TestClient;
}

function scene(
  limits: Partial<BrokerSettings['limits']>,
  settings: Partial<Omit<BrokerSettings, 'limits'>> = {},
): Scene {
  const facts = new FactRecorder();
  const broker = new TestBroker({ plugins: [facts], settings: { ...settings, limits } });
  return { facts, broker, publisher: connected(broker, { clientId: 'p', protocolVersion: 4 }) };
}

function publish(publisher: TestClient, topicName: string, from: number, to: number): void {
  for (let i = from; i < to; i++) publisher.publish(topicName, `${i}`, { qos: 1, packetId: 1 });
  publisher.inbox.length = 0;
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `t ${from + i}`);

describe('BROKER_MAX_QUEUED_MESSAGES', () => {
  forEachVersion(
    'counts the QoS 1 and 2 messages that wait beyond the window, not those in it',
    (version) => {
      const { facts, broker, publisher } = scene({
        inflightMessagesMax: 20,
        queuedMessagesMax: 100,
      });
      const subscriber = connected(broker, { clientId: 's', protocolVersion: version });
      subscriber.subscribe('t');
      publish(publisher, 't', 0, 120);
      assert.deepEqual(facts.drops, []);
      assert.equal(broker.broker.gauges().inflightMessages, 20);
      assert.equal(broker.broker.gauges().queuedMessages, 100);
      publish(publisher, 't', 120, 121);
      assert.equal(facts.drops.length, 1);
      assert.deepEqual(takeAndAcknowledge(subscriber), [...numbers(0, 20), ...numbers(21, 121)]);
    },
  );

  forEachVersion('counts for each Session by itself, away or not', (version) => {
    const { facts, broker, publisher } = scene({ queuedMessagesMax: 100 });
    const away = connected(broker, lasting(version, 'away'));
    away.subscribe('t');
    away.lose();
    const here = connected(broker, { clientId: 'here', protocolVersion: version });
    here.subscribe('t');
    for (let i = 0; i < 130; i++) {
      publish(publisher, 't', i, i + 1);
      takeAndAcknowledge(here);
    }
    assert.equal(facts.drops.length, 30);
    assert.ok(facts.drops.every((drop) => drop.clientId === 'away'));
    const back = connected(broker, lasting(version, 'away'));
    assert.deepEqual(takeAndAcknowledge(back), numbers(30, 130));
  });

  test('of 0 is no limit by count', () => {
    const { facts, broker, publisher } = scene({ queuedMessagesMax: 0 });
    const subscriber = connected(broker, { clientId: 's' });
    subscriber.subscribe('t');
    publish(publisher, 't', 0, 5000);
    assert.deepEqual(facts.drops, []);
    assert.deepEqual(takeAndAcknowledge(subscriber), numbers(0, 5000));
  });

  test('does not touch QoS 0 to a client that is connected', () => {
    const { facts, broker, publisher } = scene({ queuedMessagesMax: 1 });
    const subscriber = connected(broker, { clientId: 's', properties: { receiveMaximum: 1 } });
    subscriber.subscribe('t');
    publish(publisher, 't', 0, 2);
    for (let i = 0; i < 1000; i++) publisher.publish('t', 'x');
    assert.equal(subscriber.takePublishes().length, 1001);
    assert.deepEqual(facts.drops, []);
  });
});

describe('the overflow policy', () => {
  /** Five messages for a Session that is away and may keep three; the facts, and what it gets. */
  function overflow(
    overflowFor: BrokerSettings['overflowFor'],
    topics: readonly string[],
    limits: Partial<BrokerSettings['limits']> = { queuedMessagesMax: 3 },
  ) {
    const { facts, broker, publisher } = scene(limits, { overflowFor });
    const subscriber = connected(broker, lasting(5, 's'));
    subscriber.subscribe('#');
    subscriber.lose();
    topics.forEach((topicName, i) => {
      publish(publisher, topicName, i, i + 1);
    });
    const back = connected(broker, lasting(5, 's'));
    return { texts: takeAndAcknowledge(back), drops: facts.drops };
  }
  const same = ['a', 'a', 'a', 'a', 'a'];

  test('drop-oldest is the default: the oldest one gives way', () => {
    const { texts, drops } = overflow(defaultSettings.overflowFor, same);
    assert.deepEqual(texts, ['a 2', 'a 3', 'a 4']);
    assert.deepEqual(
      drops.map((drop) => [drop.cause, drop.clientId, drop.topicName, drop.publisherId, drop.rule]),
      [0, 1].map(() => ['queue-full', 's', 'a', 'p', 'max_queued 3 (drop-oldest)']),
    );
    assert.ok(drops.every((drop) => drop.reasonCode === ReasonCode.quotaExceeded));
  });

  test('drop-newest keeps what waits', () => {
    const { texts, drops } = overflow(() => 'drop-newest', same);
    assert.deepEqual(texts, ['a 0', 'a 1', 'a 2']);
    assert.deepEqual(
      drops.map((drop) => drop.rule),
      ['max_queued 3 (drop-newest)', 'max_queued 3 (drop-newest)'],
    );
  });

  test('keep-latest keeps one message for each topic, then goes on as drop-oldest', () => {
    const { texts, drops } = overflow(() => 'keep-latest', ['a', 'b', 'a', 'c', 'd']);
    assert.deepEqual(texts, ['a 2', 'c 3', 'd 4']);
    assert.deepEqual(
      drops.map((drop) => [drop.topicName, drop.rule]),
      [
        ['a', 'a newer message on its topic (keep-latest)'],
        ['b', 'max_queued 3 (keep-latest)'],
      ],
    );
  });

  test('may differ by topic', () => {
    const policies = { keep: 'drop-newest', last: 'keep-latest' } as const;
    const overflowFor = (topicName: string) =>
      topicName === 'keep' || topicName === 'last' ? policies[topicName] : 'drop-oldest';
    const { texts } = overflow(overflowFor, ['last', 'last', 'keep', 'any', 'keep', 'any']);
    assert.deepEqual(texts, ['keep 2', 'any 3', 'any 5']);
  });

  test('counts bytes too, and a message that would never fit drops no other', () => {
    const { facts, broker, publisher } = scene({ queuedBytesMax: 1000, queuedMessagesMax: 0 });
    const subscriber = connected(broker, lasting(5, 's'));
    subscriber.subscribe('#');
    subscriber.lose();
    const sized = (bytes: number) => publisher.publish('t', new Uint8Array(bytes), { qos: 1 });
    sized(400);
    sized(600);
    assert.equal(facts.drops.length, 0);
    sized(1001);
    sized(500);
    assert.deepEqual(
      facts.drops.map((drop) => [drop.payloadBytes, drop.rule]),
      [1001, 400, 600].map((bytes) => [bytes, 'queued_bytes_max 1000 (drop-oldest)']),
    );
    assert.equal(broker.broker.gauges().queuedBytes, 500);
  });

  forEachVersion('disconnect ends the connection with 0x97, and keeps what waits', (version) => {
    const { facts, broker, publisher } = scene(
      { queuedMessagesMax: 3, inflightMessagesMax: 1 },
      { overflowFor: () => 'disconnect' },
    );
    const subscriber = connected(broker, lasting(version, 's'));
    subscriber.subscribe('t');
    publish(publisher, 't', 0, 4);
    assert.equal(subscriber.state, 'open');
    publish(publisher, 't', 4, 5);
    assert.notEqual(subscriber.state, 'open');
    if (version === 5) {
      assert.equal(subscriber.take(PacketType.disconnect).reasonCode, ReasonCode.quotaExceeded);
    }
    assert.deepEqual(
      facts.disconnects.map((fact) => [fact.clientId, fact.cause]),
      [['s', 'queue-full']],
    );
    assert.equal(facts.drops[0]?.rule, 'max_queued 3 (disconnect)');
    const back = connected(broker, lasting(version, 's'));
    assert.deepEqual(takeAndAcknowledge(back), numbers(0, 4));
  });
});

describe('QoS 0 for a Session that is away', () => {
  test('is dropped unless the broker was told to keep it', () => {
    for (const queueQoS0Offline of [false, true]) {
      const { facts, broker, publisher } = scene({}, { queueQoS0Offline });
      const subscriber = connected(broker, lasting(5, 's'));
      subscriber.subscribe('t');
      subscriber.lose();
      publisher.publish('t', 'x');
      const back = connected(broker, lasting(5, 's'));
      assert.deepEqual(back.takeTexts(), queueQoS0Offline ? ['t x'] : []);
      assert.deepEqual(
        facts.drops.map((drop) => [drop.cause, drop.clientId, drop.rule]),
        queueQoS0Offline ? [] : [['offline-qos0', 's', 'queue_qos0_offline false']],
      );
    }
  });
});

describe('a reader that is slow', () => {
  test('is bounded in bytes, loses only QoS 0, and harms nobody else', () => {
    const { facts, broker, publisher } = scene({ outboundBytesMax: 100_000, queuedMessagesMax: 0 });
    const slow = connected(broker, { clientId: 'slow' });
    const quick = connected(broker, { clientId: 'quick' });
    slow.subscribe('t');
    quick.subscribe('t');
    slow.stick();
    const payload = new Uint8Array(1000);
    for (let i = 0; i < 1000; i++) {
      publisher.publish('t', payload);
      assert.equal(quick.takePublishes().length, 1);
    }
    assert.ok(slow.pendingBytes < 110_000, `${slow.pendingBytes} bytes`);
    const got = slow.takePublishes().length;
    assert.equal(facts.drops.length, 1000 - got);
    assert.ok(
      facts.drops.every(
        ({ cause, clientId, rule }) =>
          cause === 'slow-consumer' && clientId === 'slow' && rule === 'outbound_bytes_max',
      ),
    );
    for (let i = 0; i < 50; i++) publisher.publish('t', `${i}`, { qos: 1, packetId: 1 });
    assert.deepEqual(slow.takePublishes(), []);
    slow.read();
    assert.equal(takeAndAcknowledge(slow).length, 50);
    assert.equal(facts.drops.length, 1000 - got);
  });
});

describe('very many messages', () => {
  forEachVersion(
    '100,000 unacknowledged ones need no stack, neither to send nor to acknowledge',
    (version) => {
      const { facts, broker, publisher } = scene({
        inflightMessagesMax: 65_535,
        queuedMessagesMax: 0,
      });
      const subscriber = connected(broker, lasting(version, 's'));
      subscriber.subscribe('t');
      for (let i = 0; i < 100_000; i++) {
        publisher.publish('t', '', { qos: 1, packetId: 1 });
        publisher.inbox.length = 0;
      }
      assert.equal(broker.broker.gauges().inflightMessages, 65_535);
      assert.equal(broker.broker.gauges().queuedMessages, 100_000 - 65_535);
      subscriber.lose();
      const back = connected(broker, lasting(version, 's'));
      let received = 0;
      for (;;) {
        const publishes = back.takePublishes();
        if (publishes.length === 0) break;
        received += publishes.length;
        back.send(
          ...publishes.map(({ packetId }) => ({
            type: PacketType.puback,
            packetId,
            reasonCode: ReasonCode.success,
            properties: undefined,
          })),
        );
      }
      assert.equal(received, 100_000);
      assert.equal(broker.broker.gauges().inflightMessages, 0);
      assert.deepEqual(facts.errors, []);
    },
  );
});
