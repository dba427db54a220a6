import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ConnackPacket,
  type ConnectPacket,
  encodePacket,
  type Packet,
  PacketReader,
  PacketType,
  PacketWriter,
  type PublishPacket,
  packetSize,
  writePacket,
} from './index.ts';
import { parseBytes, withoutUndefined } from './packets.test-kit.ts';

test('each primitive is written as the specification says', () => {
  const writer = new PacketWriter();
  writer.byte(0xab);
  writer.uint16(0x1234);
  writer.uint32(0xfedc_ba98);
  writer.string('aü');
  writer.binary(parseBytes('0102'));
  writer.bytes(parseBytes('ff'));
  assert.deepEqual(writer.take(), parseBytes('ab 1234 fedcba98 0003 61c3bc 0002 0102 ff'));
});

test('[MQTT-1.5.5-1] a Variable Byte Integer is written in the fewest bytes', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [16_383, 'ff7f'],
    [16_384, '808001'],
    [2_097_151, 'ffff7f'],
    [2_097_152, '80808001'],
    [268_435_455, 'ffffff7f'],
  ];
  for (const [value, bytes] of table) {
    const writer = new PacketWriter();
    writer.varint(value);
    assert.deepEqual(writer.take(), parseBytes(bytes));
  }
});

test('the buffer grows with what is written, and take() empties it', () => {
  const writer = new PacketWriter();
  const taken: Uint8Array[] = [];
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < round; count++) writer.string(`text ${count}`);
    const length = writer.length;
    taken.push(writer.take());
    assert.equal(taken.at(-1)?.length, length);
    assert.equal(writer.length, 0);
  }
  // What was taken belongs to the caller: later writing has not touched it.
  taken.forEach((bytes, round) => {
    const expected = new PacketWriter();
    for (let count = 0; count < round; count++) expected.string(`text ${count}`);
    assert.deepEqual(bytes, expected.take());
  });
});

test('truncate() forgets the end of what was not taken', () => {
  const writer = new PacketWriter();
  writer.string('taken');
  writer.take();
  writer.uint16(0x0102);
  writer.uint16(0x0304);
  writer.truncate(4);
  writer.truncate(3);
  assert.deepEqual(writer.take(), parseBytes('010203'));
  writer.byte(1);
  assert.throws(() => writer.truncate(2), RangeError);
  assert.throws(() => writer.truncate(-1), RangeError);
});

function publish(fields: Partial<PublishPacket>): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: 'a',
    payload: new Uint8Array(0),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
    ...fields,
  };
}

function connack(fields: Partial<ConnackPacket>): ConnackPacket {
  return {
    type: PacketType.connack,
    sessionPresent: false,
    reasonCode: 0,
    properties: undefined,
    ...fields,
  };
}

const connect: ConnectPacket = {
  type: PacketType.connect,
  protocolVersion: 4,
  isBridge: false,
  clientId: 'a',
  cleanStart: true,
  keepAlive: 0,
  username: undefined,
  password: new Uint8Array(1),
  will: undefined,
  properties: undefined,
};

const { puback, subscribe, unsubscribe, disconnect, auth } = PacketType;
const unsendable: readonly (readonly [name: string, packet: Packet, version: 3 | 4 | 5])[] = [
  ['[MQTT-1.5.4-2] U+0000 in a Topic Name', publish({ topicName: 'a\0b' }), 5],
  ['[MQTT-1.5.4-1] a lone surrogate in a Topic Name', publish({ topicName: 'a\ud800' }), 5],
  ['a Topic Name of more than 65,535 bytes', publish({ topicName: 'ü'.repeat(32_768) }), 5],
  ['U+0000 in a long Topic Name', publish({ topicName: `${'a'.repeat(100)}\0` }), 5],
  [
    'a Password of more than 65,535 bytes',
    { ...connect, username: 'u', password: new Uint8Array(65_536) },
    4,
  ],
  ['U+0000 in a property', publish({ properties: { contentType: '\0' } }), 5],
  [
    'Correlation Data of more than 65,535 bytes',
    publish({ properties: { correlationData: new Uint8Array(65_536) } }),
    5,
  ],
  ['[MQTT-2.2.1-4] PUBLISH at QoS 1 without Packet Identifier', publish({ qos: 1 }), 5],
  ['a Packet Identifier above 65,535', publish({ qos: 1, packetId: 65_536 }), 4],
  ['an empty Topic Name without Topic Alias', publish({ topicName: '' }), 5],
  ['an empty Topic Name in 3.x', publish({ topicName: '', properties: { topicAlias: 1 } }), 4],
  [
    'PUBACK with the Packet Identifier 0',
    { type: puback, packetId: 0, reasonCode: 0, properties: undefined },
    4,
  ],
  ['a Receive Maximum above 65,535', connack({ properties: { receiveMaximum: 65_536 } }), 5],
  [
    '[MQTT-3.8.3-2] SUBSCRIBE without Topic Filter',
    { type: subscribe, packetId: 1, subscriptions: [], properties: undefined },
    5,
  ],
  [
    '[MQTT-3.10.3-2] UNSUBSCRIBE without Topic Filter',
    { type: unsubscribe, packetId: 1, topicFilters: [], properties: undefined },
    5,
  ],
  ['[MQTT3-3.1.2-22] a Password without User Name in 3.1.1', connect, 4],
  [
    'DISCONNECT with a Reason Code in 3.x',
    { type: disconnect, reasonCode: 0x8b, properties: undefined },
    4,
  ],
  ['AUTH in 3.x', { type: auth, reasonCode: 0x18, properties: undefined }, 4],
];
for (const [name, packet, version] of unsendable) {
  test(`${name} is not sent: an error, and the writer is as before`, () => {
    const writer = new PacketWriter();
    writer.byte(0x77);
    assert.throws(() => writePacket(writer, packet, version), isBug);
    assert.throws(() => encodePacket(packet, version), isBug);
    assert.deepEqual(writer.take(), parseBytes('77'));
  });
}

function isBug(error: unknown): boolean {
  return error instanceof Error && error.name !== 'ProtocolError';
}

test('the size of a PUBLISH is known before it has its Packet Identifier', () => {
  assert.equal(packetSize(publish({ qos: 1 }), 4), packetSize(publish({ qos: 1, packetId: 9 }), 4));
});

test('[MQTT-1.5.5-1] Remaining Length and Property Length are right where they need one more byte', () => {
  for (const length of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const packet = publish({ payload: new Uint8Array(length - 3).fill(0x61) });
    const bytes = encodePacket(packet, 4);
    assert.equal(bytes.length, 1 + varintBytes(length) + length);
    assert.equal(packetSize(packet, 4), bytes.length);
    const reader = new PacketReader({ role: 'server', version: 4 });
    reader.push(bytes);
    assert.deepEqual(withoutUndefined(reader.next()), withoutUndefined(packet));
  }
  for (const length of [127, 128, 16_383, 16_384]) {
    const contentType = 'c'.repeat(length - 3);
    const packet = publish({ properties: { contentType } });
    const bytes = encodePacket(packet, 5);
    assert.equal(packetSize(packet, 5), bytes.length);
    assert.equal(bytes.length, publishHeadBytes(bytes) + 3 + varintBytes(length) + length);
    const reader = new PacketReader({ role: 'server', version: 5 });
    reader.push(bytes);
    assert.deepEqual(withoutUndefined(reader.next()), withoutUndefined(packet));
  }
});

function varintBytes(value: number): number {
  return value < 128 ? 1 : 1 + varintBytes(Math.floor(value / 128));
}

/** First byte and Remaining Length. */
function publishHeadBytes(bytes: Uint8Array): number {
  return 2 + bytes.subarray(1).findIndex((byte) => byte < 128);
}

test('[MQTT-4.7.3-3] [MQTT3-4.7.3-3] strings and Binary Data of 65,535 bytes are written and read', () => {
  for (const topicName of ['t'.repeat(65_535), `${'ü'.repeat(32_767)}t`]) {
    const packet = publish({
      topicName,
      properties: { correlationData: new Uint8Array(65_535), contentType: topicName },
    });
    const bytes = encodePacket(packet, 5);
    assert.equal(packetSize(packet, 5), bytes.length);
    const reader = new PacketReader({ role: 'server', version: 5 });
    reader.push(bytes);
    assert.deepEqual(withoutUndefined(reader.next()), withoutUndefined(packet));
  }
});

test('what 3.x has no place for is left out', () => {
  const properties = { reasonString: 'why', userProperties: [['k', 'v']] as const };
  const table: readonly (readonly [Packet, string])[] = [
    [publish({ properties: { contentType: 'x' } }), "30 ~ 'a'"],
    [connack({ reasonCode: 0x9d, properties }), '20 02 00 03'],
    [{ type: puback, packetId: 1, reasonCode: 0x97, properties }, '40 02 0001'],
    [
      { type: PacketType.suback, packetId: 1, reasonCodes: [2, 0x87, 0xa2], properties },
      '90 05 0001 02 80 80',
    ],
    [{ type: PacketType.unsuback, packetId: 1, reasonCodes: [0x11], properties }, 'b0 02 0001'],
    [
      {
        type: subscribe,
        packetId: 1,
        subscriptions: [
          { topicFilter: 'a', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 },
        ],
        properties: { subscriptionIdentifier: 1 },
      },
      "82 ~ 0001 'a' 01",
    ],
    [{ type: unsubscribe, packetId: 1, topicFilters: ['a'], properties }, "a2 ~ 0001 'a'"],
    [{ type: disconnect, reasonCode: 0, properties }, 'e0 00'],
  ];
  for (const [packet, bytes] of table) {
    for (const version of [3, 4] as const) {
      assert.deepEqual(encodePacket(packet, version), parseBytes(bytes));
      assert.equal(packetSize(packet, version), parseBytes(bytes).length);
    }
  }
});

test('a Topic Name is the same on the wire whatever was written before it', () => {
  const long = 'l'.repeat(200);
  const names = ['', 'a/1', 'a/2', 'a/22', long, 'b'];
  const writer = new PacketWriter();
  for (const first of names) {
    for (const second of names) {
      for (const name of [first, first, first, second, first]) {
        assert.equal(writer.topicName(name), true);
        const written = writer.take();
        writer.string(name);
        assert.deepEqual(written, writer.take());
      }
    }
  }
  assert.equal(writer.topicName('ü'), false);
  assert.equal(writer.topicName('\0'), false);
  assert.equal(writer.length, 0);
});
