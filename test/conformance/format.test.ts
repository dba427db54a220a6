/** Data representation and packet format: chapters 1.5, 2.1 and 2.2. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { parseBytes } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forEachVersion, takeBytes } from './each-version.ts';

/** A client that sent these bytes; the bytes of other clients go on as before. */
function afterBytes(version: MqttVersion, bytes: string): TestClient {
  const broker = new TestBroker();
  const client = connected(broker, { clientId: 'c', protocolVersion: version });
  const other = connected(broker, { clientId: 'other', protocolVersion: version });
  client.sendBytes(parseBytes(bytes));
  other.ping();
  return client;
}

const is5 = (version: MqttVersion) => version === MqttVersion.v5;

/** `40 02 0001`, or whatever else the part between header and payload is in that version. */
function inVersion(version: MqttVersion, v5: string, v3: string): string {
  return is5(version) ? v5 : v3;
}

/** The first byte of each packet in a stream. */
function firstBytesOf(stream: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at < stream.length; ) {
    found.push(stream[at] ?? 0);
    let remainingLength = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = stream[++at] ?? 0;
      remainingLength |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += 1 + remainingLength;
  }
  return found;
}

describe('strings', () => {
  const wrong = {
    'a byte that UTF-8 has not': '0001 ff',
    'an overlong form': '0002 c080',
    'a surrogate': '0003 eda080',
    'a pair of surrogates': '0006 eda080edb080',
    'a character that is cut off': '0002 61c3',
    'a character above U+10FFFF': '0004 f4908080',
  };
  for (const [fault, text] of Object.entries(wrong)) {
    forEachVersion(
      `[MQTT-1.5.4-1] [MQTT3-1.5.3-1] ${fault} in a Topic Name ends the connection`,
      (version) => {
        const client = afterBytes(version, inVersion(version, `30 ~ ${text} {}`, `30 ~ ${text}`));
        assertClosed(client, ReasonCode.malformedPacket);
      },
    );
  }

  forEachVersion(
    '[MQTT-1.5.4-2] [MQTT3-1.5.3-2] U+0000 in a Topic Name or Topic Filter ends the connection',
    (version) => {
      for (const [v5, v3] of [
        ['30 ~ 0003 610062 {}', '30 ~ 0003 610062'],
        ['82 ~ 0001 {} 0003 610062 00', '82 ~ 0001 0003 610062 00'],
        ['a2 ~ 0001 {} 0001 00', 'a2 ~ 0001 0001 00'],
      ] as const) {
        const client = afterBytes(version, inVersion(version, v5, v3));
        assertClosed(client, ReasonCode.malformedPacket);
      }
    },
  );

  forEachVersion(
    '[MQTT-1.5.4-3] [MQTT3-1.5.3-3] U+FEFF is a character: it is neither taken away nor skipped over',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe(['\ufeffa']);
      client.publish('a');
      assert.deepEqual(client.takeTexts(), []);
      takeBytes(client);
      client.publish('\ufeffa', 'x');
      assert.deepEqual(client.takeTexts(), ['\ufeffa x']);
      assert.deepEqual(takeBytes(client).subarray(2, 8), parseBytes('0004 efbbbf61'));
    },
  );

  test('[MQTT-1.5.7-1] name and value of a User Property are strings like all others', () => {
    for (const property of ["26 0001 ff 'v'", "26 'n' 0001 ff", "26 'n' 0001 00"]) {
      assertClosed(afterBytes(5, `30 ~ 'a' { ${property} }`), ReasonCode.malformedPacket);
    }
  });

  const stringsOf5 = {
    '[MQTT-3.3.2-1] a Topic Name that is not UTF-8 ends the connection': '30 ~ 0001 ff {}',
    '[MQTT-3.3.2-13] a Response Topic that is not UTF-8 ends the connection':
      "30 ~ 'a' { 08 0001 ff }",
    '[MQTT-3.3.2-19] a Content Type that is not UTF-8 ends the connection':
      "30 ~ 'a' { 03 0001 ff }",
    '[MQTT-3.8.3-1] a Topic Filter of SUBSCRIBE that is not UTF-8 ends the connection':
      '82 ~ 0001 {} 0001 ff 00',
    '[MQTT-3.10.3-1] a Topic Filter of UNSUBSCRIBE that is not UTF-8 ends the connection':
      'a2 ~ 0001 {} 0001 ff',
  };
  for (const [name, bytes] of Object.entries(stringsOf5)) {
    test(name, () => {
      assertClosed(afterBytes(5, bytes), ReasonCode.malformedPacket);
    });
  }
  const stringsOf3 = {
    '[MQTT3-3.3.2-1] a Topic Name that is not UTF-8 ends the connection': '30 ~ 0001 ff',
    '[MQTT3-3.8.3-1] a Topic Filter of SUBSCRIBE that is not UTF-8 ends the connection':
      '82 ~ 0001 0001 ff 00',
    '[MQTT3-3.10.3-1] a Topic Filter of UNSUBSCRIBE that is not UTF-8 ends the connection':
      'a2 ~ 0001 0001 ff',
  };
  for (const [name, bytes] of Object.entries(stringsOf3)) {
    test(name, () => {
      for (const version of [MqttVersion.v31, MqttVersion.v311]) {
        assertClosed(afterBytes(version, bytes), ReasonCode.malformedPacket);
      }
    });
  }
});

describe('the fixed header', () => {
  test('[MQTT-1.5.5-1] a length with a byte too many ends the connection', () => {
    for (const bytes of ["30 8600 'a/b' {}", "30 ~ 'a/b' 8000", 'c0 8000']) {
      assertClosed(afterBytes(5, bytes), ReasonCode.malformedPacket);
    }
  });

  forEachVersion(
    '[MQTT-1.5.5-1] the broker writes every length with the fewest bytes',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe('t');
      takeBytes(client);
      const overhead = 3 + (is5(version) ? 1 : 0);
      for (const [length, varint] of [
        [127, '7f'],
        [128, '8001'],
        [16_383, 'ff7f'],
        [16_384, '808001'],
        [2_097_151, 'ffff7f'],
        [2_097_152, '80808001'],
      ] as const) {
        client.publish('t', new Uint8Array(length - overhead));
        const bytes = takeBytes(client);
        const expected = parseBytes(`30 ${varint}`);
        assert.deepEqual(bytes.subarray(0, expected.length), expected);
        assert.equal(bytes.length, expected.length + length);
      }
    },
  );

  const flagged = [
    ['PUBACK', '41 02 0001'],
    ['PUBREC', '52 02 0001'],
    ['PUBREL', '60 02 0001'],
    ['PUBREL', '6f 02 0001'],
    ['PUBCOMP', '78 02 0001'],
    ['PINGREQ', 'c1 00'],
    ['DISCONNECT', 'e1 00'],
  ] as const;
  for (const [name, bytes] of flagged) {
    forEachVersion(
      `[MQTT-2.1.3-1] [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] the flags ${bytes[1]} of ${name} end the connection`,
      (version) => {
        assertClosed(afterBytes(version, bytes), ReasonCode.malformedPacket);
      },
    );
  }

  const ownFlags = {
    '[MQTT-3.6.1-1] other flags of PUBREL are malformed': '60 02 0001',
    '[MQTT-3.8.1-1] other flags of SUBSCRIBE are malformed': "80 ~ 0001 {} 'a' 00",
    '[MQTT-3.10.1-1] other flags of UNSUBSCRIBE are malformed': "a0 ~ 0001 {} 'a'",
    '[MQTT-3.14.1-1] other flags of DISCONNECT are malformed': 'e2 00',
    '[MQTT-3.15.1-1] other flags of AUTH are malformed': "f1 ~ 18 { 15 'M' }",
  };
  for (const [name, bytes] of Object.entries(ownFlags)) {
    test(name, () => assertClosed(afterBytes(5, bytes), ReasonCode.malformedPacket));
  }
  const ownFlagsOf3 = {
    '[MQTT3-3.6.1-1] other flags of PUBREL end the connection': '60 02 0001',
    '[MQTT3-3.8.1-1] other flags of SUBSCRIBE end the connection': "80 ~ 0001 'a' 00",
    '[MQTT3-3.10.1-1] other flags of UNSUBSCRIBE end the connection': "a0 ~ 0001 'a'",
    '[MQTT3-3.14.1-1] other flags of DISCONNECT end the connection': 'e2 00',
  };
  for (const [name, bytes] of Object.entries(ownFlagsOf3)) {
    test(name, () => {
      for (const version of [MqttVersion.v31, MqttVersion.v311]) {
        assertClosed(afterBytes(version, bytes), ReasonCode.malformedPacket);
      }
    });
  }

  forEachVersion(
    '[MQTT-2.1.3-1] [MQTT3-2.2.2-1] the broker sends every packet with the flags of its type',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe('t');
      client.unsubscribe('u');
      client.ping();
      client.publish('q', '', { qos: 1, packetId: 7 });
      client.publish('q', '', { qos: 2, packetId: 8 });
      client.acknowledge(PacketType.pubrel, 8);
      client.publish('t', '', { qos: 2, packetId: 9 });
      client.acknowledge(PacketType.pubrec, client.takePublishes()[0]?.packetId ?? 0);
      assert.deepEqual(
        new Set(firstBytesOf(takeBytes(client))),
        new Set([0x20, 0x90, 0xb0, 0xd0, 0x40, 0x50, 0x70, 0x34, 0x62]),
      );
    },
  );
});

describe('Packet Identifiers', () => {
  forEachVersion(
    '[MQTT-2.2.1-2] [MQTT3-2.3.1-5] a PUBLISH with QoS 0 has none, in either direction',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe('t');
      takeBytes(client);
      const bytes = parseBytes(inVersion(version, `30 ~ 't' {} "abc"`, `30 ~ 't' "abc"`));
      client.sendBytes(bytes);
      assert.deepEqual(client.takeTexts(), ['t abc']);
      assert.deepEqual(takeBytes(client), bytes);
    },
  );

  forEachVersion(
    '[MQTT-2.2.1-3] [MQTT3-2.3.1-1] 0 in PUBLISH, SUBSCRIBE or UNSUBSCRIBE ends the connection',
    (version) => {
      for (const [v5, v3] of [
        ["32 ~ 'a' 0000 {}", "32 ~ 'a' 0000"],
        ["34 ~ 'a' 0000 {}", "34 ~ 'a' 0000"],
        ["82 ~ 0000 {} 'a' 00", "82 ~ 0000 'a' 00"],
        ["a2 ~ 0000 {} 'a'", "a2 ~ 0000 'a'"],
      ] as const) {
        const client = afterBytes(version, inVersion(version, v5, v3));
        assertClosed(client, ReasonCode.protocolError);
      }
    },
  );

  forEachVersion(
    '[MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT3-2.3.1-4] the broker gives each new PUBLISH one that is not 0 and not in use',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe('t');
      const inUse = new Set<number>();
      // Every third message is left unacknowledged for long, so that identifiers come back in any order.
      const late: number[] = [];
      for (let i = 0; i < 3000; i++) {
        client.publish('t', '', { qos: 1, packetId: 1 });
        for (const { packetId } of client.takePublishes()) {
          assert.ok(packetId > 0 && !inUse.has(packetId), `identifier ${packetId} is in use`);
          inUse.add(packetId);
          if (i % 3 === 0) late.push(packetId);
          const done =
            i % 3 === 0 && late.length <= 15 ? undefined : i % 3 === 0 ? late.shift() : packetId;
          if (done === undefined) continue;
          client.acknowledge(PacketType.puback, done);
          inUse.delete(done);
        }
        client.inbox.length = 0;
      }
      assert.equal(inUse.size, 15);
    },
  );

  forEachVersion(
    '[MQTT-2.2.1-5] [MQTT3-2.3.1-6] PUBACK, PUBREC, PUBREL and PUBCOMP carry the one of their PUBLISH',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe('t');
      client.publish('t', '', { qos: 1, packetId: 500 });
      assert.equal(client.take(PacketType.puback).packetId, 500);
      client.publish('t', '', { qos: 2, packetId: 65_535 });
      assert.equal(client.take(PacketType.pubrec).packetId, 65_535);
      client.acknowledge(PacketType.pubrel, 65_535);
      assert.equal(client.take(PacketType.pubcomp).packetId, 65_535);
      const [, exactlyOnce] = client.takePublishes();
      assert.ok(exactlyOnce);
      client.acknowledge(PacketType.pubrec, exactlyOnce.packetId);
      assert.equal(client.take(PacketType.pubrel).packetId, exactlyOnce.packetId);
    },
  );

  forEachVersion(
    '[MQTT-2.2.1-6] [MQTT3-2.3.1-7] SUBACK and UNSUBACK carry the one of their request',
    (version) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.sendBytes(parseBytes(inVersion(version, "82 ~ 1234 {} 'a' 00", "82 ~ 1234 'a' 00")));
      assert.equal(client.take(PacketType.suback).packetId, 0x1234);
      client.sendBytes(parseBytes(inVersion(version, "a2 ~ ffff {} 'a'", "a2 ~ ffff 'a'")));
      assert.equal(client.take(PacketType.unsuback).packetId, 0xffff);
    },
  );
});
