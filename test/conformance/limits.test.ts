/** Limits: what a client sees when one is reached, and that nobody else notices. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forEachVersion, forV3, lasting } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

/** The reason code of the CONNACK that refuses, as that version knows it. */
function refusedWith(client: TestClient, reasonCode: ReasonCode): void {
  const connack = client.take(PacketType.connack);
  const expected = client.version === 5 ? reasonCode : ReasonCode.serverUnavailable;
  assert.equal(connack.reasonCode, expected);
  assert.equal(client.state, 'ended');
}

describe('max_connections', () => {
  forEachVersion(
    'refuses one more by 0x97, in 3.x by 3, after its CONNECT; the others go on',
    (version) => {
      const facts = new FactRecorder();
      const broker = new TestBroker({ plugins: [facts], settings: { connectionsMax: 2 } });
      const clients = [1, 2].map((i) =>
        connected(broker, { clientId: `c${i}`, protocolVersion: version }),
      );
      const late = broker.open();
      assert.equal(late.state, 'open', 'it has to be told why');
      late.sendConnect({ clientId: 'late', protocolVersion: version });
      refusedWith(late, ReasonCode.quotaExceeded);
      for (const client of clients) client.ping();
      assert.deepEqual(
        facts.refusals.map((fact) => [fact.cause, fact.clientId, fact.reasonCode, fact.detail]),
        [['connection-limit', 'late', ReasonCode.quotaExceeded, 'max_connections 2']],
      );
      assert.deepEqual(broker.broker.counters.refusedByCause, { 'connection-limit': 1 });
      clients[0]?.disconnect();
      connected(broker, { clientId: 'next', protocolVersion: version });
    },
  );

  test('may be set for one listener, and does not touch another', () => {
    const facts = new FactRecorder();
    const broker = new TestBroker({ plugins: [facts] });
    const openAt = (listenerName: string) => broker.open({ listenerName }, { connectionsMax: 1 });
    openAt('a').connect({ clientId: 'a1' });
    const second = openAt('a');
    second.sendConnect({ clientId: 'a2' });
    refusedWith(second, ReasonCode.quotaExceeded);
    assert.equal(facts.refusals[0]?.detail, 'max_connections 1 of listener a');
    assert.equal(openAt('b').connect({ clientId: 'b1' }).reasonCode, ReasonCode.success);
  });

  test('of 0 is no limit', () => {
    const broker = new TestBroker({ settings: { connectionsMax: 0 } });
    for (let i = 0; i < 1500; i++) connected(broker, { clientId: `c${i}` });
    assert.equal(broker.broker.gauges().clientsConnected, 1500);
  });

  forEachVersion('lets a client replace its own connection', (version) => {
    const broker = new TestBroker({ settings: { connectionsMax: 1 } });
    const first = connected(broker, { clientId: 'c', protocolVersion: version });
    const second = connected(broker, { clientId: 'c', protocolVersion: version });
    assertClosed(first, ReasonCode.sessionTakenOver);
    second.ping();
    const late = broker.open();
    late.sendConnect({ clientId: 'other', protocolVersion: version });
    refusedWith(late, ReasonCode.quotaExceeded);
  });

  test('admits one that waited when a place became free before its CONNECT', () => {
    const broker = new TestBroker({ settings: { connectionsMax: 1 } });
    const first = connected(broker, { clientId: 'a' });
    const waiting = broker.open();
    first.disconnect();
    assert.equal(waiting.connect({ clientId: 'b' }).reasonCode, ReasonCode.success);
    const late = broker.open();
    late.sendConnect({ clientId: 'c' });
    refusedWith(late, ReasonCode.quotaExceeded);
  });

  test('lets 100 wait to be told, and closes more at once; all are counted', () => {
    const broker = new TestBroker({ settings: { connectionsMax: 1 } });
    const inside = connected(broker, { clientId: 'inside' });
    const waiting = Array.from({ length: 100 }, () => broker.open());
    assert.ok(waiting.every((client) => client.state === 'open'));
    for (let i = 0; i < 50; i++) assert.equal(broker.open().state, 'refused');
    assert.equal(broker.broker.counters.connectionsRefused, 50);
    for (const client of waiting.slice(0, 60)) {
      client.sendConnect({ clientId: 'x' });
      refusedWith(client, ReasonCode.quotaExceeded);
    }
    assert.equal(broker.broker.counters.connectionsRefused, 110);
    assert.equal(broker.open().state, 'open');
    inside.ping();
    broker.advance(10_200);
    assert.ok(
      waiting.every((client) => client.state === 'ended'),
      'nobody waits for ever',
    );
  });

  test('lets no more than 100 wait also where they name a client that is there, and are not decided yet', async () => {
    const broker = new TestBroker({
      settings: { connectionsMax: 1 },
      plugins: [
        {
          name: 'slow',
          authenticate: ({ connect }) =>
            connect.username === 'u'
              ? { kind: 'accept', username: 'u' }
              : new Promise<undefined>(() => undefined),
        },
      ],
    });
    connected(broker, { clientId: 'c', username: 'u' });
    let open = 0;
    for (let i = 0; i < 150; i++) {
      const client = broker.open();
      if (client.state === 'refused') continue;
      open++;
      client.sendConnect({ clientId: 'c', username: 'thief' });
    }
    await broker.settle();
    assert.equal(open, 100);
  });

  test('counts what is under way: a place is taken before CONNECT', () => {
    const broker = new TestBroker({ settings: { connectionsMax: 2 } });
    const silent = [broker.open(), broker.open()];
    const third = broker.open();
    third.sendConnect({ clientId: 'c' });
    refusedWith(third, ReasonCode.quotaExceeded);
    for (const client of silent) client.lose();
    connected(broker, { clientId: 'c' });
  });
});

describe('other limits', () => {
  forEachVersion('sessions_max refuses a new Session by 0x97, not one that is there', (version) => {
    const facts = new FactRecorder();
    const settings = { limits: { sessionsMax: 2 } };
    const broker = new TestBroker({ plugins: [facts], settings });
    connected(broker, lasting(version, 'a')).lose();
    connected(broker, lasting(version, 'b')).lose();
    const late = broker.open();
    late.sendConnect(lasting(version, 'c'));
    refusedWith(late, ReasonCode.quotaExceeded);
    assert.equal(facts.refusals[0]?.detail, 'sessions_max 2');
    connected(broker, lasting(version, 'a'));
  });

  forEachVersion(
    'subscriptions_per_client_max refuses one more by 0x97, not one made again',
    (version) => {
      const facts = new FactRecorder();
      const settings = { limits: { subscriptionsPerClientMax: 2 } };
      const broker = new TestBroker({ plugins: [facts], settings });
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      const failed = version === 5 ? ReasonCode.quotaExceeded : ReasonCode.unspecifiedError;
      assert.deepEqual(client.subscribe(['a', 'b', 'c', 'a']).reasonCodes, [2, 2, failed, 2]);
      assert.equal(facts.refusedSubscriptions[0]?.rule, 'subscriptions_per_client_max 2');
      client.unsubscribe('a');
      assert.deepEqual(client.subscribe('c').reasonCodes, [2]);
      const other = connected(broker, { clientId: 'other', protocolVersion: version });
      assert.deepEqual(other.subscribe(['a', 'b']).reasonCodes, [2, 2]);
    },
  );

  test('topic_filter_bytes_max refuses a longer filter', () => {
    const broker = new TestBroker({ settings: { limits: { topicFilterBytesMax: 10 } } });
    const client = connected(broker, { clientId: 'c' });
    const { reasonCodes } = client.subscribe(['a'.repeat(10), 'a'.repeat(11), 'ä'.repeat(6)]);
    const failed = ReasonCode.topicFilterInvalid;
    assert.deepEqual(reasonCodes, [2, failed, failed]);
  });

  forV3(
    '[MQTT3-4.8.0-2] memory_bytes_max ends the connection of a publisher that could not be told otherwise',
    (version) => {
      const broker = new TestBroker({ settings: { limits: { memoryBytesMax: 100 } } });
      const away = connected(broker, lasting(version, 'away'));
      away.subscribe('t');
      away.lose();
      const other = connected(broker, { clientId: 'other', protocolVersion: version });
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.publish('t', new Uint8Array(101), { qos: 1 });
      client.take(PacketType.puback);
      client.publish('t', 'x');
      assert.equal(client.state, 'open', 'QoS 0 may be dropped');
      client.publish('t', 'x', { qos: 1 });
      assertClosed(client, ReasonCode.quotaExceeded);
      other.ping();
      // It passes: once the messages are taken there is room again.
      connected(broker, { clientId: 'away', protocolVersion: version });
      other.publish('t', 'x', { qos: 1 });
      other.take(PacketType.puback);
    },
  );
});
