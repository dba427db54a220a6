/** PUBLISH and its acknowledgements: see packets.test-kit.ts. */
import { PacketType, type PublishPacket } from './index.ts';
import {
  anyVersion,
  parseBytes,
  type RefusedPacket,
  refusedTable,
  type TestPacket,
  v3,
  v5,
} from './notation.test-kit.ts';

function publish(fields: Partial<PublishPacket>): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: 'a/b',
    payload: parseBytes('"hi"'),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
    ...fields,
  };
}

export const publishPackets: readonly TestPacket[] = [
  {
    name: '[MQTT-3.3.2-1] [MQTT-2.2.1-2] PUBLISH of 5.0 at QoS 0 has no Packet Identifier',
    versions: v5,
    from: 'both',
    bytes: '30 ~ \'a/b\' {} "hi"',
    packet: publish({}),
  },
  {
    name: '[MQTT3-3.3.2-1] [MQTT3-2.3.1-5] PUBLISH of 3.x at QoS 0 has no Packet Identifier',
    versions: v3,
    from: 'both',
    bytes: '30 ~ \'a/b\' "hi"',
    packet: publish({}),
  },
  {
    name: 'PUBLISH of 3.x at QoS 2 with every flag',
    versions: v3,
    from: 'both',
    bytes: '3d ~ \'a/b\' ffff "hi"',
    packet: publish({ qos: 2, dup: true, retain: true, packetId: 65_535 }),
  },
  {
    name: '[MQTT-3.3.1-1] PUBLISH of 5.0 at QoS 1 with DUP',
    versions: v5,
    from: 'both',
    bytes: '3a ~ \'a/b\' 0001 {} "hi"',
    packet: publish({ qos: 1, dup: true, packetId: 1 }),
  },
  {
    name: '[MQTT-3.3.1-6] PUBLISH may have an empty payload',
    versions: v5,
    from: 'both',
    bytes: "31 ~ 'a/b' {}",
    packet: publish({ retain: true, payload: new Uint8Array(0) }),
  },
  {
    name: '[MQTT3-3.3.1-10] PUBLISH of 3.x may have an empty payload',
    versions: v3,
    from: 'both',
    bytes: "31 ~ 'a/b'",
    packet: publish({ retain: true, payload: new Uint8Array(0) }),
  },
  {
    name: '[MQTT-3.3.2-13] [MQTT-3.3.2-19] [MQTT-3.3.2-18] PUBLISH of 5.0 with every property a client may send',
    versions: v5,
    from: 'both',
    bytes: `32 ~ 'a/b' 0102 { 01 01 02 0000003c 03 'json' 08 'r/t' 09 0002 0001
      26 'b' '1' 26 'a' '2' 26 'b' '3' 23 0005 } "hi"`,
    packet: publish({
      qos: 1,
      packetId: 0x102,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 60,
        contentType: 'json',
        responseTopic: 'r/t',
        correlationData: parseBytes('0001'),
        userProperties: [
          ['b', '1'],
          ['a', '2'],
          ['b', '3'],
        ],
        topicAlias: 5,
      },
    }),
  },
  {
    name: '[MQTT-3.3.4-3] [MQTT-3.3.4-4] PUBLISH from the server may have several Subscription Identifiers',
    versions: v5,
    from: 'server',
    bytes: '30 ~ \'a/b\' { 0b 01 0b 8001 0b ffffff7f } "hi"',
    packet: publish({ properties: { subscriptionIdentifiers: [1, 128, 268_435_455] } }),
  },
  {
    name: '[MQTT-3.3.2-12] PUBLISH with a Topic Alias may have an empty Topic Name',
    versions: v5,
    from: 'both',
    bytes: '30 ~ \'\' { 23 ffff } "hi"',
    packet: publish({ topicName: '', properties: { topicAlias: 65_535 } }),
  },
  {
    name: '[MQTT-1.5.4-3] U+FEFF at the beginning of a Topic Name stays there',
    versions: v5,
    from: 'both',
    bytes: '30 ~ 0006 efbbbf 61 c3bc {} "hi"',
    packet: publish({ topicName: '\ufeffaü' }),
  },
  {
    name: '[MQTT3-1.5.3-3] U+FEFF at the beginning of a Topic Name of 3.x stays there',
    versions: v3,
    from: 'both',
    bytes: '30 ~ 0006 efbbbf 61 c3bc "hi"',
    packet: publish({ topicName: '\ufeffaü' }),
  },
  {
    name: '[MQTT-1.5.4-1] characters of two, three and four bytes are read',
    versions: v5,
    from: 'both',
    bytes: '30 ~ 000b c3bc e282ac f09f9880 7f20 {} 00ff',
    packet: publish({ topicName: 'ü€😀\x7f ', payload: parseBytes('00ff') }),
  },
  {
    name: 'PUBLISH with a Remaining Length of two bytes and a long Topic Name',
    versions: v3,
    from: 'both',
    bytes: `30 ~ '${'level/'.repeat(30)}' "${'payload '.repeat(40)}"`,
    packet: publish({
      topicName: 'level/'.repeat(30),
      payload: new TextEncoder().encode('payload '.repeat(40)),
    }),
  },
  {
    name: 'U+0080, the first character of two bytes, is read',
    versions: v3,
    from: 'both',
    bytes: '30 04 0002 c280',
    packet: publish({ topicName: '\x80', payload: new Uint8Array(0) }),
  },
  {
    name: 'PUBLISH with a Property Length of two bytes',
    versions: v5,
    from: 'both',
    bytes: `30 ~ 'a/b' { 26 'k' '${'v'.repeat(200)}' } "hi"`,
    packet: publish({ properties: { userProperties: [['k', 'v'.repeat(200)]] } }),
  },
];

const acknowledgements = [
  ['PUBACK', PacketType.puback, '40', 0x87],
  ['PUBREC', PacketType.pubrec, '50', 0x97],
  ['PUBREL', PacketType.pubrel, '62', 0x92],
  ['PUBCOMP', PacketType.pubcomp, '70', 0x92],
] as const;

export const acknowledgementPackets: readonly TestPacket[] = acknowledgements.flatMap(
  ([name, type, first, code]): TestPacket[] => [
    {
      name: `${name} with nothing but a Packet Identifier`,
      versions: anyVersion,
      from: 'both',
      bytes: `${first} 02 1234`,
      packet: { type, packetId: 0x1234, reasonCode: 0, properties: undefined },
    },
    {
      name: `${name} with a Reason Code and no Property Length`,
      versions: v5,
      from: 'both',
      bytes: `${first} 03 0001 ${code.toString(16)}`,
      packet: { type, packetId: 1, reasonCode: code, properties: undefined },
    },
    {
      name: `[MQTT-2.2.2-1] ${name} with a Reason Code and a Property Length of 0`,
      versions: v5,
      from: 'both',
      bytes: `${first} 04 0001 00 00`,
      packet: { type, packetId: 1, reasonCode: 0, properties: undefined },
      encodesAs: `${first} 02 0001`,
    },
    {
      name: `${name} with every property`,
      versions: v5,
      from: 'both',
      bytes: `${first} ~ ffff ${code.toString(16)} { 1f 'why' 26 'k' 'v' }`,
      packet: {
        type,
        packetId: 65_535,
        reasonCode: code,
        properties: { reasonString: 'why', userProperties: [['k', 'v']] },
      },
    },
  ],
);

export const refusedPublishes: readonly RefusedPacket[] = [
  ...refusedTable(
    'both',
    `
[MQTT-3.3.1-4] [MQTT3-3.3.1-4] QoS 3
  5     0x81  36 ~ 'a/b' 0001 {} "hi"
  3.x   0x81  36 ~ 'a/b' 0001 "hi"
[MQTT-3.3.1-2] [MQTT3-3.3.1-2] DUP at QoS 0
  5     0x81  38 ~ 'a/b' {} "hi"
  3.x   0x81  38 ~ 'a/b' "hi"
[MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT3-2.3.1-1] the Packet Identifier 0
  5     0x82  32 ~ 'a/b' 0000 {} "hi"
  3.x   0x82  34 ~ 'a/b' 0000 "hi"
[MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT3-3.3.2-2] [MQTT3-4.7.1-1] a Topic Name with +
  5     0x90  30 ~ 'a/+' {}
  3.x   0x90  30 ~ '+'
[MQTT-3.3.2-2] [MQTT-4.7.0-1] a Topic Name with #
  5     0x90  30 ~ 'a/#' {}
[MQTT3-3.3.2-2] [MQTT3-4.7.1-1] a Topic Name with # inside
  3.x   0x90  30 ~ 'a#b'
[MQTT-4.7.3-1] an empty Topic Name without Topic Alias
  5     0x82  30 ~ '' {} "hi"
[MQTT-4.7.3-1] an empty Topic Name with other properties
  5     0x82  30 ~ '' { 01 01 } "hi"
[MQTT3-4.7.3-1] an empty Topic Name
  3.x   0x82  30 ~ '' "hi"
[MQTT-1.5.4-1] a Topic Name with a byte that UTF-8 has not
  5     0x81  30 ~ 0001 ff {}
[MQTT-1.5.4-1] a Topic Name with an overlong form
  5     0x81  30 ~ 0002 c0af {}
[MQTT-1.5.4-1] [MQTT3-1.5.3-1] a Topic Name with a surrogate
  5     0x81  30 ~ 0003 eda080 {}
  3.x   0x81  30 ~ 0003 edbfbf
[MQTT-1.5.4-1] a Topic Name with a pair of surrogates
  5     0x81  30 ~ 0006 eda080edb080 {}
[MQTT-1.5.4-1] a Topic Name above U+10FFFF
  5     0x81  30 ~ 0004 f4908080 {}
[MQTT-1.5.4-1] a Topic Name that ends within a character
  5     0x81  30 ~ 0002 e282 {}
[MQTT-1.5.4-2] [MQTT-4.7.3-2] [MQTT3-1.5.3-2] [MQTT3-4.7.3-2] a Topic Name with U+0000
  5     0x81  30 ~ 0003 610062 {}
  3.x   0x81  30 ~ 0001 00
[MQTT3-1.5.3-1] a Topic Name that is not UTF-8
  3.x   0x81  30 ~ 0002 c328
[MQTT-3.3.2-1] [MQTT3-3.3.2-1] a PUBLISH without Topic Name
  5     0x81  30 00
  3.x   0x81  30 00
a Topic Name longer than the packet
  3.x   0x81  30 04 0003 6162
a PUBLISH at QoS 1 that ends within its Packet Identifier
  3.x   0x81  32 ~ 'a' 00
[MQTT-2.2.2-1] a PUBLISH of 5.0 without Property Length
  5     0x81  30 ~ 'a'
a Property Length that reaches into the next packet
  5     0x81  30 04 'a' 03 230005
Correlation Data that reaches beyond its list into the payload
  5     0x81  30 ~ 'a' 04 09 0003 aa 0102
Correlation Data longer than the packet
  5     0x81  30 ~ 'a' { 09 00ff aa }
a User Property that reaches beyond its list into the payload
  5     0x81  30 ~ 'a' 04 26 0001 6b 0001 76
[MQTT-3.3.2-8] a Topic Alias of 0
  5     0x94  30 ~ 'a' { 23 0000 }
[MQTT-3.3.2-14] a Response Topic with +
  5     0x82  30 ~ 'a' { 08 '+/r' }
[MQTT-3.3.2-14] a Response Topic with #
  5     0x82  30 ~ 'a' { 08 'r/#' }
[MQTT-4.7.3-1] an empty Response Topic
  5     0x82  30 ~ 'a' { 08 '' }
[MQTT-3.3.2-13] a Response Topic that is not UTF-8
  5     0x81  30 ~ 'a' { 08 0001 80 }
[MQTT-3.3.2-19] a Content Type that is not UTF-8
  5     0x81  30 ~ 'a' { 03 0001 fe }
[MQTT-1.5.7-1] a name of a User Property that is not UTF-8
  5     0x81  30 ~ 'a' { 26 0001 ff 'v' }
[MQTT-1.5.7-1] a value of a User Property with U+0000
  5     0x81  30 ~ 'a' { 26 'k' 0001 00 }
`,
  ),
  ...refusedTable(
    'client',
    `
[MQTT-3.3.4-6] a Subscription Identifier from a client
  5     0x82  30 ~ 'a' { 0b 01 }
`,
  ),
  ...refusedTable(
    'server',
    `
a Subscription Identifier of 0
  5     0x82  30 ~ 'a' { 0b 00 }
`,
  ),
];

export const refusedAcknowledgements: readonly RefusedPacket[] = [
  ...acknowledgements.flatMap(([name, , first]) =>
    refusedTable(
      'both',
      `
[MQTT-2.2.1-5] [MQTT3-2.3.1-1] the Packet Identifier 0 in ${name}
  all   0x82  ${first} 02 0000
a ${name} that ends within its Packet Identifier
  all   0x81  ${first} 01 00
an empty ${name}
  all   0x81  ${first} 00
a ${name} of 3.x with a Reason Code
  3.x   0x81  ${first} 03 0001 00
a ${name} with a byte behind its properties
  5     0x81  ${first} 05 0001 00 00 00
a ${name} with a Property Length beyond its end
  5     0x81  ${first} 05 0001 00 02 1f
a Reason Code without a name in ${name}
  5     0x82  ${first} 03 0001 ff
`,
    ),
  ),
  ...refusedTable(
    'both',
    `
[MQTT-3.4.2-1] a Reason Code that PUBACK does not have
  5     0x82  40 03 0001 92
[MQTT-3.5.2-1] a Reason Code that PUBREC does not have
  5     0x82  50 03 0001 92
[MQTT-3.6.2-1] a Reason Code that PUBREL does not have
  5     0x82  62 03 0001 10
[MQTT-3.7.2-1] a Reason Code that PUBCOMP does not have
  5     0x82  70 03 0001 87
[MQTT-2.1.3-1] [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] reserved flags of PUBACK
  all   0x81  42 02 0001
[MQTT-2.1.3-1] [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] reserved flags of PUBREC
  all   0x81  58 02 0001
[MQTT-2.1.3-1] [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] reserved flags of PUBCOMP
  all   0x81  71 02 0001
[MQTT-3.6.1-1] [MQTT3-3.6.1-1] the flags 0 of PUBREL
  all   0x81  60 02 0001
[MQTT-3.6.1-1] [MQTT3-3.6.1-1] DUP of PUBREL
  5     0x81  6a 02 0001
  3.1.1 0x81  6a 02 0001
`,
  ),
];
