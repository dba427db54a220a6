/** The Client Identifier (3.1.3.1), and what happens when two connections use the same one (3.1.4). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker } from '../../src/testing/index.ts';
import {
  assertClosed,
  connected,
  forEachVersion,
  forV3,
  lasting,
  sinceV311,
} from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

describe('the Client Identifier', () => {
  forEachVersion(
    '[MQTT-3.1.3-2] [MQTT3-3.1.3-2] names the Session: another one sees nothing of it',
    (version) => {
      const broker = new TestBroker();
      const first = connected(broker, lasting(version, 'c1'));
      first.subscribe('a');
      first.lose();
      const other = broker.open();
      assert.equal(other.connect(lasting(version, 'C1')).sessionPresent, false);
      other.publish('a', 'x', { qos: 1 });
      assert.deepEqual(other.takeTexts(), []);
      const again = connected(broker, lasting(version, 'c1'));
      assert.deepEqual(again.takeTexts(), ['a x']);
    },
  );

  forEachVersion(
    '[MQTT-3.1.3-5] [MQTT3-3.1.3-5] may be 1 to 23 digits and Latin letters, and from 3.1.1 on anything else',
    (version) => {
      const broker = new TestBroker();
      connected(broker, { clientId: '0123456789abcdefghijklm', protocolVersion: version });
      connected(broker, { clientId: 'nopqrstuvwxyzABCDEFGHIJ', protocolVersion: version });
      connected(broker, { clientId: 'KLMNOPQRSTUVWXYZ', protocolVersion: version });
      connected(broker, { clientId: 'ä/#+$SYS 漢', protocolVersion: version });
      const long = broker
        .open()
        .connect({ clientId: 'x'.repeat(65_535), protocolVersion: version });
      const expected =
        version === MqttVersion.v31 ? ReasonCode.clientIdentifierNotValid : ReasonCode.success;
      assert.equal(long.reasonCode, expected);
    },
  );

  sinceV311(
    '[MQTT-3.1.3-6] [MQTT3-3.1.3-6] is assigned where it is empty, a new one each time',
    (version) => {
      const facts = new FactRecorder();
      const broker = new TestBroker({ plugins: [facts] });
      const clients = [1, 2, 3].map(() =>
        connected(broker, { clientId: '', protocolVersion: version }),
      );
      assert.ok(clients.every((client) => client.state === 'open'));
      const ids = facts.connects.map((fact) => fact.clientId);
      assert.equal(new Set(ids).size, 3);
      assert.ok(!ids.includes(''));
    },
  );

  test('[MQTT-3.1.3-7] [MQTT-3.2.2-16] an assigned one is returned in CONNACK, unused by others, and names the Session', () => {
    const broker = new TestBroker();
    const client = broker.open();
    const connack = client.connect({ ...lasting(5, ''), cleanStart: true });
    const assigned = connack.properties?.assignedClientIdentifier ?? '';
    assert.ok(assigned.length > 0);
    client.subscribe('a');
    client.lose();
    const other = broker.open().connect({ clientId: '' });
    assert.notEqual(other.properties?.assignedClientIdentifier, assigned);
    const again = broker.open().connect(lasting(5, assigned));
    assert.equal(again.sessionPresent, true);
    assert.equal(again.properties?.assignedClientIdentifier, undefined);
  });

  test('[MQTT-3.1.3-8] one that a hook refuses is answered by 0x85, then the connection is closed', () => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'names',
          authenticate: ({ clientId }) =>
            clientId.startsWith('sensor-')
              ? { kind: 'accept', username: undefined }
              : { kind: 'refuse', reasonCode: ReasonCode.clientIdentifierNotValid, rule: 'names' },
        },
      ],
    });
    connected(broker, { clientId: 'sensor-1' });
    const client = broker.open();
    const connack = client.connect({ clientId: 'c' });
    assert.equal(connack.reasonCode, ReasonCode.clientIdentifierNotValid);
    assert.equal(client.state, 'ended');
  });

  test('[MQTT3-3.1.3-8] an empty one with Clean Session 0 is answered by return code 2', () => {
    const broker = new TestBroker();
    const client = broker.open();
    const connack = client.connect({ clientId: '', protocolVersion: 4, cleanStart: false });
    assert.equal(connack.reasonCode, ReasonCode.clientIdentifierNotValid);
    assert.equal(client.bytes[0]?.[3], 2);
    assert.equal(client.state, 'ended');
    assert.equal(broker.broker.gauges().sessions, 0);
  });

  forV3('[MQTT3-3.1.3-9] one that is refused is answered by return code 2', (version) => {
    const facts = new FactRecorder();
    const broker = new TestBroker({
      plugins: [
        facts,
        {
          name: 'names',
          authenticate: () => ({
            kind: 'refuse',
            reasonCode: ReasonCode.clientIdentifierNotValid,
            rule: 'names',
          }),
        },
      ],
    });
    const client = broker.open();
    client.sendConnect({ clientId: 'c', protocolVersion: version });
    assert.equal(client.bytes[0]?.[3], 2);
    assert.equal(client.state, 'ended');
    assert.equal(facts.refusals[0]?.cause, 'client-id');
  });

  test('one of 3.1 has 1 to 23 characters; any other is answered by return code 2', () => {
    for (const clientId of ['', 'x'.repeat(24)]) {
      const client = new TestBroker().open();
      client.sendConnect({ clientId, protocolVersion: 3 });
      assert.equal(client.bytes[0]?.[3], 2);
      assert.equal(client.state, 'ended');
    }
  });
});

describe('a second connection with the same Client Identifier', () => {
  forEachVersion(
    '[MQTT-3.1.4-3] [MQTT3-3.1.4-2] ends the first one, which is told 0x8E in 5.0',
    (version) => {
      const facts = new FactRecorder();
      const broker = new TestBroker({ plugins: [facts] });
      const first = connected(broker, { clientId: 'c', protocolVersion: version });
      const second = connected(broker, { clientId: 'c', protocolVersion: version });
      assertClosed(first, ReasonCode.sessionTakenOver);
      second.ping();
      assert.deepEqual(
        facts.disconnects.map((fact) => [fact.clientId, fact.cause, fact.reasonCode]),
        [['c', 'session-taken-over', ReasonCode.sessionTakenOver]],
      );
      assert.equal(broker.broker.gauges().clientsConnected, 1);
    },
  );

  forEachVersion('takes over the Session, with what was under way', (version) => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
    const first = connected(broker, lasting(version, 'c'));
    first.subscribe('a');
    publisher.publish('a', '1', { qos: 1 });
    assert.deepEqual(first.takeTexts(), ['a 1']);
    const second = broker.open();
    second.sendConnect(lasting(version, 'c'));
    const [again] = second.takePublishes();
    assert.equal(again?.dup, true);
    publisher.publish('a', '2', { qos: 1 });
    assert.deepEqual(second.takeTexts(), ['a 2']);
    assert.deepEqual(first.takeTexts(), []);
  });

  forEachVersion('may speak another version than the first', (version) => {
    for (const other of [MqttVersion.v31, MqttVersion.v311, MqttVersion.v5]) {
      const broker = new TestBroker();
      const first = connected(broker, lasting(version, 'c'));
      first.subscribe('a');
      connected(broker, { clientId: 'p' }).publish('a', '1', {
        qos: 2,
        properties: { contentType: 'x' },
      });
      assert.deepEqual(first.takeTexts(), ['a 1']);
      const second = connected(broker, lasting(other, 'c'));
      assertClosed(first, ReasonCode.sessionTakenOver);
      assert.deepEqual(second.takeTexts(), ['a 1']);
    }
  });

  forEachVersion('that is refused does not disturb the first one', (version) => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'password',
          authenticate: ({ connect }) =>
            connect.username === 'u' ? { kind: 'accept', username: 'u' } : undefined,
        },
      ],
    });
    const first = connected(broker, { clientId: 'c', protocolVersion: version, username: 'u' });
    const second = broker.open();
    second.sendConnect({ clientId: 'c', protocolVersion: version, username: 'x' });
    second.take(PacketType.connack);
    assert.equal(second.state, 'ended');
    first.ping();
  });

  test('ends the first one also when both wait for the same asynchronous authenticator', async () => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'slow',
          authenticate: () => Promise.resolve({ kind: 'accept', username: undefined } as const),
        },
      ],
    });
    const clients = [broker.open(), broker.open(), broker.open()];
    for (const client of clients) client.sendConnect({ clientId: 'c' });
    await broker.settle();
    assert.deepEqual(
      clients.map((client) => client.state),
      ['ended', 'ended', 'open'],
    );
    assert.equal(broker.broker.gauges().clientsConnected, 1);
    assert.equal(broker.broker.gauges().sessions, 1);
  });
});
