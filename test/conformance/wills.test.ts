/** Will Messages (3.1.2.5, 3.1.3.2 to 3.1.3.4): when they are published, and as what. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MqttVersion, PacketType, ReasonCode, type Will } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, forV3, lasting } from './each-version.ts';

const gone = new TextEncoder().encode('gone');

function will(fields: Partial<Will> = {}): Will {
  return { topicName: 'w', payload: gone, qos: 0, retain: false, properties: undefined, ...fields };
}

function watcherOf(broker: TestBroker, version: MqttVersion): TestClient {
  const watcher = connected(broker, { clientId: 'watcher', protocolVersion: version });
  watcher.subscribe('w/#');
  return watcher;
}

/** Every way in which a connection ends without DISCONNECT 0x00. */
const ends: Readonly<Record<string, (client: TestClient, broker: TestBroker) => void>> = {
  'the network breaks': (client) => client.lose(),
  'the client breaks the protocol': (client) => client.sendBytes(parseBytes('c1 00')),
  'Keep Alive passes': (_, broker) => broker.advance(15_200),
  'another connection takes over': (client, broker) => {
    connected(broker, { clientId: 'c', protocolVersion: client.version });
  },
  'an administrator disconnects it': (_, broker) => {
    broker.broker.disconnectClient('c', ReasonCode.administrativeAction);
    broker.run();
  },
  'the broker stops': (_, broker) => {
    broker.broker.stop();
    broker.run();
  },
};

describe('a Will Message', () => {
  for (const [how, end] of Object.entries(ends)) {
    forEachVersion(
      `[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT3-3.1.2-8] is published once when ${how}`,
      (version) => {
        const broker = new TestBroker();
        const watcher = watcherOf(broker, version);
        const fields = { clientId: 'c', protocolVersion: version, keepAlive: 10 };
        const client = connected(broker, { ...fields, will: will() });
        assert.deepEqual(watcher.takeTexts(), []);
        end(client, broker);
        assert.notEqual(client.state, 'open');
        assert.deepEqual(watcher.takeTexts(), ['w gone']);
      },
    );
  }

  forEachVersion(
    '[MQTT-3.1.2-10] [MQTT-3.14.4-3] [MQTT3-3.1.2-10] [MQTT3-3.14.4-3] is gone after DISCONNECT',
    (version) => {
      const broker = new TestBroker({ settings: { serverKeepAlive: 0 } });
      const watcher = watcherOf(broker, version);
      connected(broker, { ...lasting(version, 'c'), will: will() }).disconnect();
      broker.advance(100_000);
      // Nor does the Session know it any more.
      connected(broker, lasting(version, 'c')).lose();
      assert.deepEqual(watcher.takeTexts(), []);
    },
  );

  forEachVersion(
    '[MQTT-3.1.2-10] [MQTT3-3.1.2-10] is gone once it was published, also where its Session goes on',
    (version) => {
      const broker = new TestBroker();
      const watcher = watcherOf(broker, version);
      connected(broker, { ...lasting(version, 'c'), will: will() }).lose();
      assert.deepEqual(watcher.takeTexts(), ['w gone']);
      connected(broker, lasting(version, 'c')).lose();
      broker.advance(2_000_000);
      assert.deepEqual(watcher.takeTexts(), []);
    },
  );

  test('is published after a DISCONNECT with any code but 0x00', () => {
    for (const reasonCode of [
      ReasonCode.disconnectWithWillMessage,
      ReasonCode.unspecifiedError,
      ReasonCode.administrativeAction,
    ]) {
      const broker = new TestBroker();
      const watcher = watcherOf(broker, 5);
      connected(broker, { clientId: 'c', will: will() }).disconnect(reasonCode);
      assert.deepEqual(watcher.takeTexts(), ['w gone']);
    }
  });

  forV3('[MQTT3-3.1.2-12] is not published where there was none', (version) => {
    const broker = new TestBroker();
    const watcher = connected(broker, { clientId: 'watcher', protocolVersion: version });
    watcher.subscribe('#');
    connected(broker, { clientId: 'c', protocolVersion: version }).lose();
    assert.deepEqual(watcher.takeTexts(), []);
  });

  forEachVersion(
    '[MQTT-3.1.2-14] [MQTT3-3.1.2-16] with Will Retain 0 is an ordinary message',
    (version) => {
      const broker = new TestBroker();
      const watcher = watcherOf(broker, version);
      connected(broker, { clientId: 'c', protocolVersion: version, will: will() }).lose();
      assert.equal(watcher.takePublishes()[0]?.retain, false);
      watcher.subscribe('w');
      assert.deepEqual(watcher.takeTexts(), []);
    },
  );

  forEachVersion(
    '[MQTT-3.1.2-15] [MQTT3-3.1.2-17] with Will Retain 1 becomes the Retained Message',
    (version) => {
      const broker = new TestBroker();
      const watcher = watcherOf(broker, version);
      watcher.publish('w', 'before', { retain: true });
      assert.deepEqual(watcher.takeTexts(), ['w before']);
      const fields = { clientId: 'c', protocolVersion: version };
      connected(broker, { ...fields, will: will({ retain: true }) }).lose();
      assert.deepEqual(watcher.takeTexts(), ['w gone']);
      watcher.subscribe('w');
      const [retained] = watcher.takePublishes();
      assert.equal(retained?.retain, true);
      assert.deepEqual(retained?.payload, gone);
    },
  );

  forEachVersion("goes out with its QoS, and to its own client's Session too", (version) => {
    for (const qos of [0, 1, 2] as const) {
      const broker = new TestBroker();
      const watcher = watcherOf(broker, version);
      const client = connected(broker, { ...lasting(version, 'c'), will: will({ qos }) });
      client.subscribe('w');
      client.lose();
      assert.equal(watcher.takePublishes()[0]?.qos, qos);
      const back = connected(broker, lasting(version, 'c'));
      assert.deepEqual(back.takeTexts(), qos === 0 ? [] : ['w gone']);
    }
  });

  test('[MQTT-3.1.3-10] carries its properties and User Properties in their order, without its delay', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    const properties = {
      payloadFormatIndicator: 1,
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Uint8Array.of(1, 2, 3),
      userProperties: [
        ['b', '1'],
        ['a', '2'],
        ['b', '1'],
        ['', ''],
      ],
    } as const;
    const withDelay = { ...properties, willDelayInterval: 5, messageExpiryInterval: 60 };
    connected(broker, { ...lasting(5, 'c'), will: will({ properties: withDelay }) }).lose();
    broker.advance(5200);
    const [packet] = watcher.takePublishes();
    const { messageExpiryInterval, ...others } = packet?.properties ?? {};
    // It counts from the moment of publication.
    assert.equal(messageExpiryInterval, 60);
    const present = Object.entries(others).filter(([, value]) => value !== undefined);
    assert.deepEqual(Object.fromEntries(present), properties);
  });

  forEachVersion(
    'may be refused by the authorizer of PUBLISH, and the CONNECT with it',
    (version) => {
      const broker = new TestBroker({
        plugins: [
          {
            name: 'acl',
            authorizePublish: ({ isWill, topicName }) =>
              isWill && topicName === 'w/no'
                ? { allow: false, reasonCode: ReasonCode.notAuthorized, rule: 'acl:1' }
                : { allow: true },
          },
        ],
      });
      const fields = { clientId: 'c', protocolVersion: version };
      connected(broker, { ...fields, will: will() });
      const client = broker.open();
      client.sendConnect({ ...fields, will: will({ topicName: 'w/no' }) });
      assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.notAuthorized);
      assert.equal(client.state, 'ended');
    },
  );

  forEachVersion(
    'that a hook fails on is reported, and its connection still ends whole',
    (version) => {
      const broker = new TestBroker({
        plugins: [
          {
            name: 'broken',
            transformPublish: ({ isWill }) => {
              if (isWill) throw new Error('broken');
              return undefined;
            },
          },
        ],
      });
      const fields = { clientId: 'c', protocolVersion: version };
      connected(broker, { ...fields, will: will() }).lose();
      assert.equal(broker.broker.gauges().sessions, 0);
      assert.equal(broker.internalErrors.length, 1);
      // Nor does it hurt a client that takes over.
      connected(broker, { ...fields, will: will() });
      connected(broker, fields).ping();
      assert.equal(broker.internalErrors.length, 2);
    },
  );
});

describe('the Will Delay Interval', () => {
  const delayed = (seconds: number) => will({ properties: { willDelayInterval: seconds } });

  test('[MQTT-3.1.2-8] puts it off, never too short, at most 0.2 s too long', () => {
    for (const offsetMs of [0, 50, 99]) {
      const broker = new TestBroker();
      const watcher = watcherOf(broker, 5);
      broker.runtime.elapse(offsetMs);
      connected(broker, { ...lasting(5, 'c', 100), will: delayed(10) }).lose();
      broker.advance(9900);
      assert.deepEqual(watcher.takeTexts(), []);
      broker.advance(300);
      assert.deepEqual(watcher.takeTexts(), ['w gone']);
      broker.advance(50_000);
      assert.deepEqual(watcher.takeTexts(), []);
    }
  });

  test('[MQTT-3.1.2-8] is cut short by the end of the Session', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    connected(broker, { ...lasting(5, 'c', 10), will: delayed(1000) }).lose();
    broker.advance(9900);
    assert.deepEqual(watcher.takeTexts(), []);
    broker.advance(300);
    assert.deepEqual(watcher.takeTexts(), ['w gone']);
  });

  test('[MQTT-3.1.2-8] does not count where the Session ends with its connection', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    connected(broker, { clientId: 'c', will: delayed(1000) }).lose();
    assert.deepEqual(watcher.takeTexts(), ['w gone']);
  });

  test('[MQTT-3.1.3-9] a client that is back before it is over keeps the Will Message from being sent', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    connected(broker, { ...lasting(5, 'c'), will: delayed(10) }).lose();
    broker.advance(9900);
    const back = connected(broker, lasting(5, 'c'));
    broker.advance(20_000);
    back.disconnect();
    broker.advance(20_000);
    assert.deepEqual(watcher.takeTexts(), []);
  });

  test('[MQTT-3.1.3-9] so does one that takes over at once', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    connected(broker, { ...lasting(5, 'c'), will: delayed(10) });
    connected(broker, lasting(5, 'c'));
    broker.advance(20_000);
    assert.deepEqual(watcher.takeTexts(), []);
  });

  test('a client that is back with Clean Start ends the Session, and so has the Will Message published', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    connected(broker, { ...lasting(5, 'c'), will: delayed(10) }).lose();
    connected(broker, { clientId: 'c' });
    assert.deepEqual(watcher.takeTexts(), ['w gone']);
  });

  test('the Will of the new CONNECT takes the place of the old one', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    connected(broker, { ...lasting(5, 'c'), will: delayed(10) }).lose();
    const other = will({ topicName: 'w/2' });
    connected(broker, { ...lasting(5, 'c'), will: other }).lose();
    broker.advance(20_000);
    assert.deepEqual(watcher.takeTexts(), ['w/2 gone']);
  });

  test('does not keep a broker without a store from publishing it when it stops', () => {
    const broker = new TestBroker();
    const watcher = watcherOf(broker, 5);
    connected(broker, { ...lasting(5, 'c'), will: delayed(1000) }).lose();
    broker.broker.stop();
    broker.run();
    assert.deepEqual(watcher.takeTexts(), ['w gone']);
    assert.equal(watcher.take(PacketType.disconnect).reasonCode, ReasonCode.serverShuttingDown);
  });
});
