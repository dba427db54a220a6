/** DISCONNECT (3.14), from clients and from the broker. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import {
  assertClosed,
  connected,
  forEachVersion,
  forV3,
  lasting,
  takeBytes,
} from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

/** Every reason for which the broker ends a 5.0 connection, with its code. */
const ends: readonly (readonly [
  string,
  ReasonCode,
  (client: TestClient, broker: TestBroker) => void,
])[] = [
  ['bytes that are no packet', 0x81, (client) => client.sendBytes(parseBytes('00 00'))],
  ['a Protocol Error', 0x82, (client) => client.sendBytes(parseBytes('d0 00'))],
  ['a hook that throws', 0x83, (client) => client.publish('throw')],
  ['Keep Alive', 0x8d, (_client, broker) => broker.advance(100_000)],
  ['another connection', 0x8e, (_client, broker) => connected(broker, { clientId: 'c' })],
  ['a Topic Name with a wildcard', 0x90, (client) => client.publish('#')],
  [
    'too many messages under way',
    0x93,
    (client) => {
      for (let packetId = 1; packetId <= 21; packetId++)
        client.publish('a', '', { qos: 2, packetId });
    },
  ],
  [
    'a Topic Alias that is too high',
    0x94,
    (client) => client.publish('a', '', { properties: { topicAlias: 11 } }),
  ],
  ['a packet that is too large', 0x95, (client) => client.sendBytes(parseBytes('30 ffffff7f'))],
  [
    'an administrator',
    0x98,
    (_client, broker) => {
      broker.broker.disconnectClient('c', ReasonCode.administrativeAction);
      broker.run();
    },
  ],
  [
    'the end of the broker',
    0x8b,
    (_client, broker) => {
      broker.broker.stop();
      broker.run();
    },
  ],
];

function start(version: MqttVersion) {
  const facts = new FactRecorder();
  const broker = new TestBroker({
    settings: { limits: { packetBytesMax: 10_000 } },
    plugins: [
      facts,
      {
        name: 'thrower',
        transformPublish: ({ topicName }) => {
          if (topicName === 'throw') throw new Error('broken');
          return undefined;
        },
      },
    ],
  });
  const client = connected(broker, { clientId: 'c', protocolVersion: version, keepAlive: 60 });
  return { facts, broker, client };
}

describe('DISCONNECT from the broker', () => {
  for (const [why, reasonCode, end] of ends) {
    test(`[MQTT-3.14.2-1] [MQTT-3.14.2-2] [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.2-1] tells of ${why}, is the last packet and closes the connection`, () => {
      const { broker, client } = start(5);
      end(client, broker);
      const last = client.inbox.at(-1);
      assert.equal(last?.type, PacketType.disconnect);
      const { reasonCode: told, properties } = client.take(PacketType.disconnect);
      assert.equal(told, reasonCode);
      assert.equal(properties?.sessionExpiryInterval, undefined);
      assert.equal(client.state, 'ended');
    });
  }

  // What only 5.0 forbids is no reason to end a 3.x connection.
  const onlyV5 = ['a Topic Alias that is too high', 'too many messages under way'];
  for (const [why, , end] of ends.filter(([name]) => !onlyV5.includes(name))) {
    forV3(`is not sent to 3.x: ${why} closes the connection`, (version) => {
      const { broker, client } = start(version);
      takeBytes(client);
      if (why === 'another connection')
        connected(broker, { clientId: 'c', protocolVersion: version });
      else end(client, broker);
      assertClosed(client);
      assert.deepEqual(takeBytes(client), new Uint8Array());
    });
  }

  test('has a Server Reference where a hook gave one at re-authentication', async () => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'mover',
          authenticate: () => ({ kind: 'accept', username: 'u' }),
          continueAuthentication: () => ({
            kind: 'refuse',
            reasonCode: ReasonCode.serverMoved,
            serverReference: 'other.example',
            rule: 'moved',
          }),
        },
      ],
    });
    const client = connected(broker, { clientId: 'c', properties: { authenticationMethod: 'M' } });
    const properties = { authenticationMethod: 'M' };
    client.send({ type: PacketType.auth, reasonCode: ReasonCode.reAuthenticate, properties });
    const disconnect = client.take(PacketType.disconnect);
    assert.equal(disconnect.reasonCode, ReasonCode.serverMoved);
    assert.equal(disconnect.properties?.serverReference, 'other.example');
  });
});

describe('DISCONNECT from a client', () => {
  forEachVersion('ends the connection without an answer, and is told to observers', (version) => {
    const { facts, broker, client } = start(version);
    takeBytes(client);
    client.disconnect();
    assert.equal(client.state, 'ended');
    assert.deepEqual(takeBytes(client), new Uint8Array());
    assert.deepEqual(
      facts.disconnects.map((fact) => [fact.clientId, fact.cause, fact.reasonCode]),
      [['c', 'client-disconnect', ReasonCode.normalDisconnection]],
    );
    assert.equal(broker.broker.gauges().clientsConnected, 0);
  });

  forEachVersion('is the last thing of it that is handled', (version) => {
    const broker = new TestBroker();
    const watcher = connected(broker, { clientId: 'w' });
    watcher.subscribe('#');
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.sendBytes(
      parseBytes(version === MqttVersion.v5 ? "e000 30 04 'a' 00" : "e000 30 03 'a'"),
    );
    client.publish('a', 'x');
    assert.deepEqual(watcher.takePublishes(), []);
  });

  forEachVersion('comes after the answers to what was sent before it', (version) => {
    const { client } = start(version);
    takeBytes(client);
    const publish = version === MqttVersion.v5 ? "32 06 'a' 0007 00" : "32 05 'a' 0007";
    client.sendBytes(parseBytes(`${publish} e000`));
    assert.equal(client.take(PacketType.puback).packetId, 7);
    assert.equal(client.state, 'ended');
  });

  test("[MQTT-3.14.2-1] with a reason code that is not a client's is a Protocol Error", () => {
    for (const code of ['8b', '10', '8e', 'ff']) {
      const { client } = start(5);
      client.sendBytes(parseBytes(`e0 01 ${code}`));
      assertClosed(client, ReasonCode.protocolError);
    }
  });

  test('that raises a Session Expiry Interval of 0 is a Protocol Error, and the Will is published', () => {
    const broker = new TestBroker();
    const watcher = connected(broker, { clientId: 'w' });
    watcher.subscribe('w');
    const will = { topicName: 'w', payload: new Uint8Array(1), qos: 0, retain: false } as const;
    const client = connected(broker, { clientId: 'c', will: { ...will, properties: undefined } });
    const properties = { sessionExpiryInterval: 5 };
    client.send({ type: PacketType.disconnect, reasonCode: 0, properties });
    assertClosed(client, ReasonCode.protocolError);
    assert.equal(watcher.takePublishes().length, 1);
    assert.equal(broker.broker.gauges().sessions, 1);
  });

  test('may keep the interval it has', () => {
    const broker = new TestBroker();
    const client = connected(broker, lasting(5, 'c', 100));
    const properties = { sessionExpiryInterval: 100 };
    client.send({ type: PacketType.disconnect, reasonCode: 0, properties });
    assert.deepEqual(client.inbox, []);
    assert.equal(broker.broker.gauges().sessions, 1);
  });
});
