/** Keep Alive (3.1.2.10), Server Keep Alive (3.2.2.3.14) and PINGREQ (3.12). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forEachVersion, forV3, takeBytes } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

/** Milliseconds until the broker closes the connection, in steps of 100. */
function closedAfterMs(broker: TestBroker, client: TestClient, atMostMs: number): number {
  for (let ms = 100; ms <= atMostMs; ms += 100) {
    broker.advance(100);
    if (client.state !== 'open') return ms;
  }
  return Infinity;
}

describe('Keep Alive', () => {
  forEachVersion(
    '[MQTT-3.1.2-22] [MQTT3-3.1.2-24] the connection ends after one and a half times it, never early, at most 0.2 s late',
    (version) => {
      for (const keepAlive of [1, 7, 60]) {
        for (const offsetMs of [0, 1, 37, 99]) {
          const facts = new FactRecorder();
          const broker = new TestBroker({ plugins: [facts] });
          broker.runtime.elapse(offsetMs);
          const client = connected(broker, { clientId: 'c', protocolVersion: version, keepAlive });
          const ms = closedAfterMs(broker, client, keepAlive * 1500 + 1000);
          assert.ok(ms >= keepAlive * 1500, `${keepAlive} s: closed after ${ms} ms`);
          assert.ok(ms <= keepAlive * 1500 + 200, `${keepAlive} s: closed after ${ms} ms`);
          assertClosed(client, ReasonCode.keepAliveTimeout);
          assert.equal(facts.disconnects[0]?.cause, 'keep-alive-timeout');
        }
      }
    },
  );

  forEachVersion('every packet counts, not PINGREQ alone', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version, keepAlive: 10 });
    const signs = [
      () => client.ping(),
      () => client.publish('a'),
      () => client.publish('a', '', { qos: 2, packetId: 1 }),
      () => client.acknowledge(PacketType.pubrel, 1),
      () => client.acknowledge(PacketType.puback, 9),
      () => client.subscribe('b'),
      () => client.unsubscribe('b'),
    ];
    for (const sign of signs) {
      broker.advance(14_900);
      sign();
    }
    assert.equal(client.state, 'open');
    const ms = closedAfterMs(broker, client, 20_000);
    assert.ok(ms >= 15_000 && ms <= 15_200, `closed after ${ms} ms`);
  });

  forEachVersion('packets that the broker sends do not count', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version, keepAlive: 2 });
    client.subscribe('a');
    const publisher = connected(broker, { clientId: 'p', keepAlive: 60 });
    for (let i = 0; i < 20; i++) {
      publisher.publish('a');
      broker.advance(100);
    }
    assert.equal(client.state, 'open');
    for (let i = 0; i < 12; i++) {
      publisher.publish('a');
      broker.advance(100);
    }
    assert.notEqual(client.state, 'open');
  });

  forEachVersion('half of a packet does not count', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version, keepAlive: 2 });
    broker.advance(2900);
    client.sendBytes(parseBytes('c0'));
    broker.advance(300);
    assert.notEqual(client.state, 'open');
  });

  forV3('of a 3.x client stays what it asked for, 0 and more than the setting too', (version) => {
    const broker = new TestBroker({ settings: { serverKeepAlive: 60 } });
    const none = connected(broker, { clientId: 'none', protocolVersion: version, keepAlive: 0 });
    const long = connected(broker, { clientId: 'long', protocolVersion: version, keepAlive: 600 });
    broker.advance(899_000);
    assert.equal(long.state, 'open');
    broker.advance(1_200);
    assert.notEqual(long.state, 'open');
    assert.equal(none.state, 'open');
  });

  test("[MQTT-3.2.2-22] without a Server Keep Alive the client's own counts", () => {
    const broker = new TestBroker({ settings: { serverKeepAlive: 60 } });
    for (const keepAlive of [1, 30, 60]) {
      const client = broker.open();
      const connack = client.connect({ clientId: `c${keepAlive}`, keepAlive });
      assert.equal(connack.properties?.serverKeepAlive, undefined);
      const ms = closedAfterMs(broker, client, 100_000);
      assert.ok(ms >= keepAlive * 1500 && ms <= keepAlive * 1500 + 200);
    }
  });

  test('a 5.0 client that asks for none or for more gets Server Keep Alive, and is held to it', () => {
    const broker = new TestBroker({ settings: { serverKeepAlive: 60 } });
    for (const keepAlive of [0, 61, 65_535]) {
      const client = broker.open();
      const connack = client.connect({ clientId: `c${keepAlive}`, keepAlive });
      assert.equal(connack.properties?.serverKeepAlive, 60);
      const ms = closedAfterMs(broker, client, 100_000);
      assert.ok(ms >= 90_000 && ms <= 90_200, `closed after ${ms} ms`);
    }
  });

  test('with the setting 0 a 5.0 client keeps its own value, 0 included', () => {
    const broker = new TestBroker({ settings: { serverKeepAlive: 0 } });
    const client = broker.open();
    const connack = client.connect({ clientId: 'c', keepAlive: 0 });
    assert.equal(connack.properties?.serverKeepAlive, undefined);
    broker.advance(1_000_000);
    assert.equal(client.state, 'open');
  });
});

describe('PINGREQ', () => {
  forEachVersion('[MQTT-3.12.4-1] [MQTT3-3.12.4-1] is answered by PINGRESP', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    takeBytes(client);
    client.sendBytes(parseBytes('c000 c000 c000'));
    assert.deepEqual(takeBytes(client), parseBytes('d000 d000 d000'));
  });

  forEachVersion('piles up no answers for a client that does not read', (version) => {
    const outboundBytesMax = 100_000;
    const broker = new TestBroker({ settings: { limits: { outboundBytesMax } } });
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.stick();
    const chunk = new Uint8Array(2000).fill(0).map((_, index) => (index % 2 === 0 ? 0xc0 : 0));
    let chunks = 0;
    while (!client.isPaused && chunks < 10_000) {
      client.sendBytes(chunk);
      client.inbox.length = 0;
      client.bytes.length = 0;
      chunks++;
    }
    assert.ok(client.isPaused, 'the broker reads on for ever');
    assert.ok(
      client.pendingBytes < outboundBytesMax + 300_000,
      `${client.pendingBytes} bytes pend`,
    );
    client.read();
    assert.equal(client.isPaused, false);
    client.ping();
  });
});

describe('a connection without CONNECT', () => {
  test('is closed when its time is over, at most 0.2 s late, also after half a CONNECT', () => {
    const facts = new FactRecorder();
    const settings = { limits: { connectTimeoutMs: 5000 } };
    const broker = new TestBroker({ plugins: [facts], settings });
    const silent = broker.open();
    const half = broker.open();
    half.sendBytes(parseBytes("10 20 'MQTT' 05"));
    broker.advance(4900);
    assert.deepEqual([silent.state, half.state], ['open', 'open']);
    broker.advance(300);
    assert.deepEqual([silent.state, half.state], ['ended', 'ended']);
    assert.deepEqual([silent.bytes, half.bytes], [[], []]);
    assert.deepEqual(
      facts.refusals.map((fact) => fact.cause),
      ['connect-timeout', 'connect-timeout'],
    );
  });

  test('does not live longer while an authenticator takes its time', () => {
    const broker = new TestBroker({
      settings: { limits: { connectTimeoutMs: 5000 } },
      plugins: [{ name: 'stuck', authenticate: () => new Promise(() => undefined) }],
    });
    const client = broker.open();
    client.sendConnect({ clientId: 'c', protocolVersion: MqttVersion.v311 });
    broker.advance(5200);
    assert.equal(client.state, 'ended');
  });
});
