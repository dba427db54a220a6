/** CONNACK, chapter 3.2, and how a CONNECT is answered (3.1.4). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuthenticationOutcome, BrokerPlugin } from '../../src/broker/index.ts';
import { connackReturnCode, MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, forV3, lasting, sinceV311, takeBytes } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';
import { HeldStore } from './held-store.ts';

function answering(outcome: AuthenticationOutcome | undefined): BrokerPlugin {
  return { name: 'answering', authenticate: () => outcome };
}

function refusing(reasonCode: ReasonCode, more: { serverReference?: string } = {}): BrokerPlugin {
  return answering({ kind: 'refuse', reasonCode, rule: 'test', ...more });
}

function connectTo(broker: TestBroker, version: MqttVersion): TestClient {
  const client = broker.open();
  client.sendConnect({ clientId: 'c', protocolVersion: version });
  return client;
}

describe('what comes before and after CONNACK', () => {
  forEachVersion(
    '[MQTT-3.2.0-1] [MQTT3-3.2.0-1] nothing comes before it, whatever the client sends behind its CONNECT',
    (version) => {
      const store = new HeldStore();
      const broker = new TestBroker({ store });
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const client = broker.open();
      client.sendConnect(lasting(version, 'c'));
      client.send({ type: PacketType.pingreq });
      client.publish('a', '', { qos: 1 });
      client.publish('a', '', { qos: 2 });
      client.acknowledge(PacketType.pubrel, 77);
      client.acknowledge(PacketType.pubrec, 78);
      publisher.publish('a', 'x', { retain: true });
      assert.equal(client.inbox.length, 0);
      store.release();
      broker.run();
      assert.equal(client.inbox[0]?.type, PacketType.connack);
      client.take(PacketType.pingresp);
      client.take(PacketType.puback);
    },
  );

  forEachVersion(
    '[MQTT-3.14.0-1] a connection that goes wrong before CONNACK is closed without DISCONNECT',
    (version) => {
      const store = new HeldStore();
      const broker = new TestBroker({ store });
      const client = broker.open();
      client.sendConnect(lasting(version, 'c'));
      client.sendBytes(parseBytes('c1 00'));
      assert.equal(client.state, 'ended');
      assert.deepEqual(client.inbox, []);
      store.release();
      broker.run();
      assert.deepEqual(client.inbox, []);
    },
  );

  forEachVersion('[MQTT-3.2.0-2] there is one CONNACK on a connection', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.subscribe('a');
    client.sendConnect({ clientId: 'c', protocolVersion: version });
    assert.ok(client.inbox.every((packet) => packet.type !== PacketType.connack));
  });

  forEachVersion(
    '[MQTT-3.1.4-5] [MQTT3-3.1.4-4] a CONNECT that is accepted is answered by CONNACK 0',
    (version) => {
      const client = connectTo(new TestBroker(), version);
      assert.equal(takeBytes(client)[3], 0);
      assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.success);
      client.ping();
    },
  );

  forEachVersion(
    '[MQTT-3.1.4-6] [MQTT3-3.1.4-5] what came behind a refused CONNECT is not handled',
    async (version) => {
      for (const delay of [false, true]) {
        const outcome = {
          kind: 'refuse',
          reasonCode: ReasonCode.notAuthorized,
          rule: 'no',
        } as const;
        const broker = new TestBroker({
          plugins: [
            {
              name: 'gate',
              authenticate: ({ clientId }) => {
                if (clientId !== 'bad') return { kind: 'accept', username: undefined };
                return delay ? Promise.resolve(outcome) : outcome;
              },
            },
          ],
        });
        const watcher = connected(broker, { clientId: 'w', protocolVersion: version });
        watcher.subscribe('#');
        const bad = broker.open();
        bad.sendConnect({ clientId: 'bad', protocolVersion: version });
        bad.publish('a', 'x', { qos: 1 });
        await broker.settle();
        bad.publish('a', 'y');
        bad.take(PacketType.connack);
        assert.deepEqual(bad.inbox, []);
        assert.equal(bad.state, 'ended');
        assert.deepEqual(watcher.takeTexts(), []);
      }
    },
  );
});

describe('Session Present', () => {
  sinceV311('[MQTT-3.2.2-1] the other flags are 0', (version) => {
    const broker = new TestBroker();
    for (const expected of [0, 1]) {
      const client = broker.open();
      client.connect(lasting(version, 'c'));
      assert.equal(takeBytes(client)[2], expected);
    }
  });

  forEachVersion(
    '[MQTT-3.2.2-2] [MQTT3-3.2.2-1] it is 0 after Clean Start 1, also where there was a Session',
    (version) => {
      const broker = new TestBroker();
      connected(broker, lasting(version, 'c')).lose();
      const client = broker.open();
      const connack = client.connect({ ...lasting(version, 'c'), cleanStart: true });
      assert.equal(connack.reasonCode, ReasonCode.success);
      assert.equal(connack.sessionPresent, false);
    },
  );

  sinceV311(
    '[MQTT-3.2.2-3] [MQTT3-3.2.2-2] [MQTT3-3.2.2-3] after Clean Start 0 it says whether there was a Session',
    (version) => {
      const broker = new TestBroker();
      const client = broker.open();
      const connack = client.connect(lasting(version, 'c'));
      assert.deepEqual([connack.reasonCode, connack.sessionPresent], [0, false]);
      client.lose();
      const again = broker.open().connect(lasting(version, 'c'));
      assert.deepEqual([again.reasonCode, again.sessionPresent], [0, true]);
    },
  );

  test('CONNACK of 3.1 has no Session Present: its flags are 0', () => {
    const broker = new TestBroker();
    connected(broker, lasting(3, 'c')).lose();
    const client = broker.open();
    client.sendConnect(lasting(3, 'c'));
    assert.deepEqual(takeBytes(client), parseBytes('20 02 00 00'));
  });

  forEachVersion(
    '[MQTT-3.2.2-6] [MQTT3-3.2.2-4] it is 0 in every refusal, also where there is a Session',
    (version) => {
      let isOpen = true;
      const broker = new TestBroker({
        plugins: [
          {
            name: 'gate',
            authenticate: () => (isOpen ? { kind: 'accept', username: undefined } : undefined),
          },
        ],
      });
      connected(broker, lasting(version, 'c')).lose();
      isOpen = false;
      const client = broker.open();
      client.sendConnect(lasting(version, 'c'));
      const bytes = takeBytes(client);
      assert.equal(bytes[2], 0);
      assert.notEqual(bytes[3], 0);
    },
  );
});

describe('refusals', () => {
  forEachVersion(
    '[MQTT-3.1.4-2] [MQTT-3.2.2-7] [MQTT3-3.2.2-5] the connection is closed after one',
    (version) => {
      const client = connectTo(new TestBroker({ plugins: [answering(undefined)] }), version);
      assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.notAuthorized);
      assert.equal(client.state, 'ended');
    },
  );

  const codes = [
    [ReasonCode.badUserNameOrPassword, 4, 'bad-credentials'],
    [ReasonCode.notAuthorized, 5, 'not-authorized'],
    [ReasonCode.serverUnavailable, 3, 'not-authorized'],
    [ReasonCode.serverBusy, 3, 'overload'],
    [ReasonCode.banned, 5, 'banned'],
    [ReasonCode.connectionRateExceeded, 3, 'rate'],
    [ReasonCode.clientIdentifierNotValid, 2, 'client-id'],
    [ReasonCode.useAnotherServer, 3, 'use-another-server'],
    [ReasonCode.serverMoved, 3, 'use-another-server'],
  ] as const;
  for (const [reasonCode, returnCode, cause] of codes) {
    forEachVersion(
      `[MQTT-3.2.2-8] an authenticator's 0x${reasonCode.toString(16)} is told as such, in 3.x as ${returnCode}`,
      (version) => {
        const facts = new FactRecorder();
        const broker = new TestBroker({ plugins: [refusing(reasonCode), facts] });
        const client = connectTo(broker, version);
        const expected = version === MqttVersion.v5 ? reasonCode : returnCode;
        assert.equal(takeBytes(client)[3], expected);
        assert.equal(client.state, 'ended');
        assert.deepEqual(
          facts.refusals.map((fact) => [fact.cause, fact.reasonCode, fact.clientId]),
          [[cause, reasonCode, 'c']],
        );
      },
    );
  }

  forEachVersion(
    '[MQTT-3.2.2-8] a broker that stops refuses new clients by 0x88, in 3.x by 3',
    (version) => {
      const broker = new TestBroker();
      broker.broker.stop();
      const client = connectTo(broker, version);
      const connack = client.take(PacketType.connack);
      assert.equal(connack.reasonCode, ReasonCode.serverUnavailable);
      assert.equal(client.state, 'ended');
    },
  );

  forV3(
    '[MQTT3-3.2.2-6] where no return code fits, the connection is closed without CONNACK',
    (version) => {
      const broker = new TestBroker();
      const client = broker.open();
      client.version = version;
      const topicName = 'a/'.repeat(300);
      const will = { topicName, payload: new Uint8Array(), qos: 0, retain: false } as const;
      client.sendConnect({ protocolVersion: version, will: { ...will, properties: undefined } });
      assert.equal(client.state, 'ended');
      assert.deepEqual(client.inbox, []);
    },
  );

  test("a Will Topic of the broker's own is refused as not allowed", () => {
    for (const version of [3, 4, 5] as const) {
      const client = new TestBroker().open();
      const will = {
        topicName: '$SYS/x',
        payload: new Uint8Array(),
        qos: 0,
        retain: false,
      } as const;
      client.sendConnect({ protocolVersion: version, will: { ...will, properties: undefined } });
      const connack = client.take(PacketType.connack);
      assert.equal(connack.reasonCode, ReasonCode.notAuthorized);
      assert.equal(takeBytes(client)[3], connackReturnCode(ReasonCode.notAuthorized, version));
    }
  });

  test('a Server Reference of a hook is told with 0x9C and 0x9D', () => {
    for (const reasonCode of [ReasonCode.useAnotherServer, ReasonCode.serverMoved]) {
      const plugin = refusing(reasonCode, { serverReference: 'other.example:1883' });
      const connack = connectTo(new TestBroker({ plugins: [plugin] }), 5).take(PacketType.connack);
      assert.equal(connack.reasonCode, reasonCode);
      assert.equal(connack.properties?.serverReference, 'other.example:1883');
    }
  });
});

describe('properties', () => {
  test('CONNACK tells the limits of this broker and nothing that is as the specification has it', () => {
    const { properties } = new TestBroker().open().connect({ keepAlive: 30 });
    const { receiveMaximum, topicAliasMaximum, ...others } = properties ?? {};
    assert.deepEqual([receiveMaximum, topicAliasMaximum], [20, 10]);
    assert.ok(Object.values(others).every((value) => value === undefined));
  });

  test('[MQTT-3.1.2-28] Response Information is returned only where it was asked for', () => {
    const outcome = {
      kind: 'accept',
      username: undefined,
      responseInformation: 'answers/1',
    } as const;
    const broker = new TestBroker({ plugins: [answering(outcome)] });
    for (const [requestResponseInformation, expected] of [
      [true, 'answers/1'],
      [false, undefined],
      [undefined, undefined],
    ] as const) {
      const connack = broker.open().connect({ properties: { requestResponseInformation } });
      assert.equal(connack.properties?.responseInformation, expected);
    }
  });
});
