/** CONNECT, chapter 3.1: protocol, flags and payload. Sessions, Wills and Keep Alive have files of their own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BrokerPlugin, ConnectRequest } from '../../src/broker/index.ts';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forEachVersion, sinceV311, takeBytes } from './each-version.ts';

/** Sends these bytes first on a connection; the answer is read in `version`. */
function first(version: MqttVersion, bytes: string, broker: TestBroker = new TestBroker()) {
  const client = broker.open();
  client.version = version;
  client.sendBytes(parseBytes(bytes));
  assert.equal(broker.broker.gauges().sessions, client.state === 'open' ? 1 : 0);
  return client;
}

/** 5.0: CONNACK with this code, then closed; 3.x: closed without a word. */
function assertRefused(client: TestClient, reasonCode: ReasonCode): void {
  assert.equal(client.state, 'ended');
  if (client.version === MqttVersion.v5) {
    const connack = client.take(PacketType.connack);
    assert.equal(connack.reasonCode, reasonCode);
    assert.equal(connack.sessionPresent, false);
  }
  assert.deepEqual(client.inbox, []);
}

/** A CONNECT of that version: flags in hexadecimal, then what follows the Client Identifier `c`. */
function connectBytes(version: MqttVersion, flags: string, rest = '', id = "'c'"): string {
  if (version === MqttVersion.v5) return `10 ~ 'MQTT' 05 ${flags} 0000 {} ${id} ${rest}`;
  const protocol = version === MqttVersion.v311 ? "'MQTT' 04" : "'MQIsdp' 03";
  return `10 ~ ${protocol} ${flags} 0000 ${id} ${rest}`;
}

/** A Will in the payload of that version. */
function will(version: MqttVersion, topic = "'w'"): string {
  return version === MqttVersion.v5 ? `{} ${topic} 'gone'` : `${topic} 'gone'`;
}

/** Remembers what an authenticator is asked. */
class Asked implements BrokerPlugin {
  readonly name = 'asked';
  requests: ConnectRequest[] = [];
  authenticate(request: ConnectRequest) {
    this.requests.push(request);
    return { kind: 'accept', username: request.connect.username } as const;
  }
}

describe('the first packet', () => {
  test('[MQTT-3.1.0-1] [MQTT3-3.1.0-1] anything but a CONNECT closes the connection without a word', () => {
    for (const bytes of [
      'c0 00',
      "30 ~ 'a'",
      'e0 00',
      '20 02 0000',
      "f0 ~ 18 { 15 'M' }",
      '"GET"',
    ]) {
      const client = first(5, bytes);
      assert.equal(client.state, 'ended', bytes);
      assert.deepEqual(client.bytes, []);
    }
  });

  forEachVersion(
    '[MQTT-3.1.0-2] [MQTT3-3.1.0-2] a second CONNECT ends the connection, also an equal one',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.sendConnect({ clientId: 'c', protocolVersion: version });
      assertClosed(client, ReasonCode.protocolError);
    },
  );

  test('[MQTT-3.1.2-1] [MQTT3-3.1.2-1] another protocol name closes the connection without a word', () => {
    for (const name of ["'MQTTS'", "'mqtt'", "'MQTT '", "''", "'HTTP'", '0004 ffffffff']) {
      const client = first(5, `10 ~ ${name} 05 02 0000 {} 'c'`);
      assert.equal(client.state, 'ended', name);
      assert.deepEqual(client.bytes, []);
    }
  });

  test('[MQTT-3.1.2-2] a version above 5 is answered by CONNACK 0x84', () => {
    const client = first(5, "10 ~ 'MQTT' 06 02 0000 {} 'c'");
    assertRefused(client, ReasonCode.unsupportedProtocolVersion);
  });

  test('[MQTT3-3.1.2-2] an unknown protocol level is answered by return code 1', () => {
    for (const protocol of ["'MQTT' 03", "'MQTT' 00", "'MQIsdp' 04", "'MQIsdp' 05"]) {
      const client = first(4, `10 ~ ${protocol} 02 0000 'c'`);
      assert.equal(client.state, 'ended', protocol);
      assert.deepEqual(takeBytes(client), parseBytes('20 02 00 01'));
    }
  });
});

describe('the Connect Flags', () => {
  sinceV311('[MQTT-3.1.2-3] [MQTT3-3.1.2-3] the reserved one must be 0', (version) => {
    assertRefused(first(version, connectBytes(version, '03')), ReasonCode.malformedPacket);
  });

  sinceV311(
    '[MQTT-3.1.2-9] [MQTT3-3.1.2-9] with the Will Flag there is a Will, with its QoS and RETAIN',
    (version) => {
      const asked = new Asked();
      const broker = new TestBroker({ plugins: [asked] });
      first(version, connectBytes(version, '36', will(version)), broker);
      const found = asked.requests[0]?.connect.will;
      assert.equal(found?.topicName, 'w');
      assert.deepEqual(found?.payload, parseBytes('"gone"'));
      assert.equal(found?.qos, 2);
      assert.equal(found?.retain, true);
      assertRefused(first(version, connectBytes(version, '06')), ReasonCode.malformedPacket);
    },
  );

  sinceV311('[MQTT3-3.1.2-11] without the Will Flag there is no Will in the payload', (version) => {
    const bytes = connectBytes(version, '02', will(version));
    assertRefused(first(version, bytes), ReasonCode.malformedPacket);
  });

  sinceV311(
    '[MQTT-3.1.2-11] [MQTT3-3.1.2-13] without the Will Flag the Will QoS is 0',
    (version) => {
      for (const flags of ['0a', '12', '1a']) {
        assertRefused(first(version, connectBytes(version, flags)), ReasonCode.malformedPacket);
      }
    },
  );

  sinceV311('[MQTT-3.1.2-12] [MQTT3-3.1.2-14] the Will QoS is 0, 1 or 2', (version) => {
    for (const flags of ['06', '0e', '16']) {
      const client = first(version, connectBytes(version, flags, will(version)));
      assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.success);
    }
    const bytes = connectBytes(version, '1e', will(version));
    assertRefused(first(version, bytes), ReasonCode.malformedPacket);
  });

  sinceV311(
    '[MQTT-3.1.2-13] [MQTT3-3.1.2-15] without the Will Flag Will Retain is 0',
    (version) => {
      assertRefused(first(version, connectBytes(version, '22')), ReasonCode.malformedPacket);
    },
  );

  sinceV311(
    '[MQTT-3.1.2-16] [MQTT3-3.1.2-18] a User Name without its flag is refused',
    (version) => {
      const bytes = connectBytes(version, '02', "'u'");
      assertRefused(first(version, bytes), ReasonCode.malformedPacket);
    },
  );

  sinceV311('[MQTT-3.1.2-17] [MQTT3-3.1.2-19] the flag of a User Name needs one', (version) => {
    assertRefused(first(version, connectBytes(version, '82')), ReasonCode.malformedPacket);
    const asked = new Asked();
    first(version, connectBytes(version, '82', "'u'"), new TestBroker({ plugins: [asked] }));
    assert.equal(asked.requests[0]?.connect.username, 'u');
  });

  sinceV311(
    '[MQTT-3.1.2-18] [MQTT3-3.1.2-20] a Password without its flag is refused',
    (version) => {
      const bytes = connectBytes(version, '82', "'u' 'p'");
      assertRefused(first(version, bytes), ReasonCode.malformedPacket);
    },
  );

  sinceV311('[MQTT-3.1.2-19] [MQTT3-3.1.2-21] the flag of a Password needs one', (version) => {
    assertRefused(first(version, connectBytes(version, 'c2', "'u'")), ReasonCode.malformedPacket);
    const asked = new Asked();
    first(version, connectBytes(version, 'c2', "'u' 'p'"), new TestBroker({ plugins: [asked] }));
    assert.deepEqual(asked.requests[0]?.connect.password, parseBytes('"p"'));
  });

  test('[MQTT3-3.1.2-22] a Password without a User Name is refused before 5.0', () => {
    for (const version of [MqttVersion.v31, MqttVersion.v311]) {
      const bytes = connectBytes(version, '42', "'p'");
      assertRefused(first(version, bytes), ReasonCode.malformedPacket);
    }
    const client = first(5, connectBytes(5, '42', "'p'"));
    assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.success);
  });
});

describe('the payload', () => {
  forEachVersion(
    '[MQTT-3.1.3-1] [MQTT-3.1.3-3] [MQTT3-3.1.3-1] [MQTT3-3.1.3-3] its fields are read in their order, the Client Identifier first',
    (version) => {
      const asked = new Asked();
      const broker = new TestBroker({ plugins: [asked] });
      const bytes = connectBytes(version, 'c6', `${will(version)} 'user' 'secret'`, "'id'");
      first(version, bytes, broker);
      const { connect } = asked.requests[0] ?? assert.fail('no authenticator was asked');
      assert.equal(connect.clientId, 'id');
      assert.equal(connect.will?.topicName, 'w');
      assert.deepEqual(connect.will?.payload, parseBytes('"gone"'));
      assert.equal(connect.username, 'user');
      assert.deepEqual(connect.password, parseBytes('"secret"'));
      const none =
        version === MqttVersion.v5 ? "10 ~ 'MQTT' 05 02 0000 {}" : "10 ~ 'MQTT' 04 02 0000";
      assertRefused(first(version, none), ReasonCode.malformedPacket);
    },
  );

  sinceV311(
    '[MQTT-3.1.3-4] [MQTT3-3.1.3-4] a Client Identifier that is no UTF-8 is refused',
    (version) => {
      const bytes = connectBytes(version, '02', '', '0001 ff');
      assertRefused(first(version, bytes), ReasonCode.malformedPacket);
    },
  );

  sinceV311(
    '[MQTT-3.1.3-11] [MQTT3-3.1.3-10] a Will Topic that is no UTF-8 is refused',
    (version) => {
      const bytes = connectBytes(version, '06', will(version, '0001 ff'));
      assertRefused(first(version, bytes), ReasonCode.malformedPacket);
    },
  );

  sinceV311(
    '[MQTT-3.1.3-12] [MQTT3-3.1.3-11] a User Name that is no UTF-8 is refused',
    (version) => {
      const bytes = connectBytes(version, '82', '0001 ff');
      assertRefused(first(version, bytes), ReasonCode.malformedPacket);
    },
  );

  test('[MQTT-3.1.4-1] a CONNECT with a wrong format is answered by CONNACK 0x81 or 0x82, then closed', () => {
    for (const [bytes, reasonCode] of [
      ["10 ~ 'MQTT' 05 02 00", ReasonCode.malformedPacket],
      ["10 ~ 'MQTT' 05 02 0000 {} 'c' 00", ReasonCode.malformedPacket],
      ["10 ~ 'MQTT' 05 02 0000 { 99 } 'c'", ReasonCode.malformedPacket],
      ["10 ~ 'MQTT' 05 02 0000 { 21 0000 } 'c'", ReasonCode.protocolError],
      ["10 ~ 'MQTT' 05 02 0000 { 21 0001 21 0001 } 'c'", ReasonCode.protocolError],
      ["10 ~ 'MQTT' 05 02 0000 { 16 0001 00 } 'c'", ReasonCode.protocolError],
    ] as const) {
      assertRefused(first(5, bytes), reasonCode);
    }
  });

  test('[MQTT3-3.1.4-1] a CONNECT with a wrong format closes the connection without CONNACK', () => {
    for (const bytes of [
      "10 ~ 'MQTT' 04 02 00",
      "10 ~ 'MQTT' 04 02 0000 'c' 00",
      "10 ~ 'MQTT' 04 02",
    ]) {
      assertRefused(first(4, bytes), ReasonCode.malformedPacket);
    }
  });

  forEachVersion(
    '[MQTT-4.7.3-1] [MQTT3-4.7.3-1] an empty Will Topic, or one with wildcards, is refused',
    (version) => {
      for (const topic of ["''", "'#'", "'a/+'"]) {
        const client = first(version, connectBytes(version, '06', will(version, topic)));
        const code = topic === "''" ? ReasonCode.protocolError : ReasonCode.topicNameInvalid;
        assertRefused(client, code);
      }
    },
  );
});
