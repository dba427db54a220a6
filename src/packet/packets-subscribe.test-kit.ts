/** SUBSCRIBE, UNSUBSCRIBE and their answers: see packets.test-kit.ts. */
import { PacketType, type SubscriptionRequest } from './index.ts';
import {
  type RefusedPacket,
  refusedTable,
  type TestPacket,
  v3,
  v5,
  v31,
} from './notation.test-kit.ts';

function request(fields: Partial<SubscriptionRequest>): SubscriptionRequest {
  return {
    topicFilter: 'a/+',
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    ...fields,
  };
}

const { subscribe, suback, unsubscribe, unsuback } = PacketType;

export const subscribePackets: readonly TestPacket[] = [
  {
    name: 'SUBSCRIBE of 3.x with three Topic Filters',
    versions: v3,
    from: 'client',
    bytes: "82 ~ 000a 'a/+' 00 '#' 01 '$share/g/x' 02",
    packet: {
      type: subscribe,
      packetId: 10,
      subscriptions: [
        request({}),
        request({ topicFilter: '#', qos: 1 }),
        request({ topicFilter: '$share/g/x', qos: 2 }),
      ],
      properties: undefined,
    },
  },
  {
    name: 'SUBSCRIBE of 3.1 may have DUP set',
    versions: v31,
    from: 'client',
    bytes: "8a ~ 000a 'a/+' 00",
    packet: { type: subscribe, packetId: 10, subscriptions: [request({})], properties: undefined },
    encodesAs: "82 ~ 000a 'a/+' 00",
  },
  {
    name: '[MQTT-3.8.3-3] SUBSCRIBE of 5.0 with every option and property',
    versions: v5,
    from: 'client',
    bytes: "82 ~ 000a { 0b ffffff7f 26 'k' 'v' } 'a/+' 2e 'b' 11 'c' 00",
    packet: {
      type: subscribe,
      packetId: 10,
      subscriptions: [
        request({ qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 }),
        request({ topicFilter: 'b', qos: 1, retainHandling: 1 }),
        request({ topicFilter: 'c' }),
      ],
      properties: { subscriptionIdentifier: 268_435_455, userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'an empty or senseless Topic Filter is read: each filter gets its own answer',
    versions: v5,
    from: 'client',
    bytes: "82 ~ 0001 {} '' 00 'a/#/b' 01",
    packet: {
      type: subscribe,
      packetId: 1,
      subscriptions: [request({ topicFilter: '' }), request({ topicFilter: 'a/#/b', qos: 1 })],
      properties: undefined,
    },
  },
  {
    name: '[MQTT3-3.9.3-2] SUBACK of 3.x',
    versions: v3,
    from: 'server',
    bytes: '90 ~ 000a 00 01 02 80',
    packet: { type: suback, packetId: 10, reasonCodes: [0, 1, 2, 0x80], properties: undefined },
  },
  {
    name: '[MQTT-3.9.3-2] SUBACK of 5.0 with every property',
    versions: v5,
    from: 'server',
    bytes: "90 ~ 000a { 1f 'why' 26 'k' 'v' } 00 01 02 80 83 87 8f 91 97 9e a1 a2",
    packet: {
      type: suback,
      packetId: 10,
      reasonCodes: [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'UNSUBSCRIBE of 3.x',
    versions: v3,
    from: 'client',
    bytes: "a2 ~ 000a 'a/+' '#'",
    packet: { type: unsubscribe, packetId: 10, topicFilters: ['a/+', '#'], properties: undefined },
  },
  {
    name: 'UNSUBSCRIBE of 3.1 may have DUP set',
    versions: v31,
    from: 'client',
    bytes: "aa ~ 000a 'a/+'",
    packet: { type: unsubscribe, packetId: 10, topicFilters: ['a/+'], properties: undefined },
    encodesAs: "a2 ~ 000a 'a/+'",
  },
  {
    name: 'PUBREL of 3.1 may have DUP set',
    versions: v31,
    from: 'both',
    bytes: '6a 02 000a',
    packet: { type: PacketType.pubrel, packetId: 10, reasonCode: 0, properties: undefined },
    encodesAs: '62 02 000a',
  },
  {
    name: 'UNSUBSCRIBE of 5.0 with User Properties',
    versions: v5,
    from: 'client',
    bytes: "a2 ~ 000a { 26 'k' 'v' 26 'k' 'w' } 'a/+' ''",
    packet: {
      type: unsubscribe,
      packetId: 10,
      topicFilters: ['a/+', ''],
      properties: {
        userProperties: [
          ['k', 'v'],
          ['k', 'w'],
        ],
      },
    },
  },
  {
    name: 'UNSUBACK of 3.x has no Reason Codes',
    versions: v3,
    from: 'server',
    bytes: 'b0 02 000a',
    packet: { type: unsuback, packetId: 10, reasonCodes: [], properties: undefined },
  },
  {
    name: '[MQTT-3.11.3-2] UNSUBACK of 5.0 with every property',
    versions: v5,
    from: 'server',
    bytes: "b0 ~ 000a { 1f 'why' 26 'k' 'v' } 00 11 80 83 87 8f 91",
    packet: {
      type: unsuback,
      packetId: 10,
      reasonCodes: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
];

export const refusedSubscribes: readonly RefusedPacket[] = [
  ...refusedTable(
    'client',
    `
[MQTT-3.8.1-1] [MQTT3-3.8.1-1] other flags of SUBSCRIBE
  5     0x81  80 ~ 0001 {} 'a' 00
  3.1.1 0x81  8a ~ 0001 'a' 00
[MQTT-3.8.1-1] DUP of SUBSCRIBE
  5     0x81  8a ~ 0001 {} 'a' 00
the flags 0 of SUBSCRIBE in 3.1
  3.1   0x81  80 ~ 0001 'a' 00
[MQTT-2.2.1-3] [MQTT3-2.3.1-1] the Packet Identifier 0 in SUBSCRIBE
  5     0x82  82 ~ 0000 {} 'a' 00
  3.x   0x82  82 ~ 0000 'a' 00
[MQTT-3.8.3-2] [MQTT3-3.8.3-3] a SUBSCRIBE without Topic Filter
  5     0x82  82 03 0001 00
  3.x   0x82  82 02 0001
[MQTT-3.8.3-2] a Topic Filter without Subscription Options
  5     0x81  82 ~ 0001 {} 'a'
[MQTT3-3.8.3-3] a Topic Filter without its QoS
  3.x   0x81  82 ~ 0001 'a' 00 'b'
[MQTT-3.8.3-5] bit 6 of the Subscription Options
  5     0x81  82 ~ 0001 {} 'a' 40
[MQTT-3.8.3-5] bit 7 of the Subscription Options
  5     0x81  82 ~ 0001 {} 'a' 80
[MQTT3-3.8.3-4] bit 2 of the requested QoS
  3.x   0x81  82 ~ 0001 'a' 04
[MQTT3-3.8.3-4] bit 7 of the requested QoS
  3.x   0x81  82 ~ 0001 'a' 81
a Maximum QoS of 3
  5     0x82  82 ~ 0001 {} 'a' 03
[MQTT3-3.8.3-4] a requested QoS of 3
  3.x   0x81  82 ~ 0001 'a' 03
a Retain Handling of 3
  5     0x82  82 ~ 0001 {} 'a' 30
[MQTT-3.8.3-1] [MQTT3-3.8.3-1] a Topic Filter that is not UTF-8
  5     0x81  82 ~ 0001 {} 0001 ff 00
  3.x   0x81  82 ~ 0001 0001 ff 00
[MQTT-1.5.4-2] [MQTT-4.7.3-2] [MQTT3-1.5.3-2] [MQTT3-4.7.3-2] a Topic Filter with U+0000
  5     0x81  82 ~ 0001 {} 0001 00 00
  3.x   0x81  82 ~ 0001 0001 00 00
a Subscription Identifier of 0 in SUBSCRIBE
  5     0x82  82 ~ 0001 { 0b 00 } 'a' 00
a second Subscription Identifier in SUBSCRIBE
  5     0x82  82 ~ 0001 { 0b 01 0b 02 } 'a' 00
[MQTT-1.5.5-1] a Subscription Identifier with a byte too many
  5     0x81  82 ~ 0001 { 0b 8100 } 'a' 00
a Subscription Identifier of five bytes
  5     0x81  82 ~ 0001 { 0b 8080808001 } 'a' 00
[MQTT-3.10.1-1] [MQTT3-3.10.1-1] other flags of UNSUBSCRIBE
  5     0x81  a0 ~ 0001 {} 'a'
  3.1.1 0x81  a3 ~ 0001 'a'
[MQTT-2.2.1-3] [MQTT3-2.3.1-1] the Packet Identifier 0 in UNSUBSCRIBE
  5     0x82  a2 ~ 0000 {} 'a'
  3.x   0x82  a2 ~ 0000 'a'
[MQTT-3.10.3-2] [MQTT3-3.10.3-2] an UNSUBSCRIBE without Topic Filter
  5     0x82  a2 03 0001 00
  3.x   0x82  a2 02 0001
[MQTT-3.10.3-1] [MQTT3-3.10.3-1] a Topic Filter of UNSUBSCRIBE that is not UTF-8
  5     0x81  a2 ~ 0001 {} 0001 c1
  3.x   0x81  a2 ~ 0001 0001 c1
a Topic Filter of UNSUBSCRIBE that is cut off
  5     0x81  a2 ~ 0001 {} 'a' 0002 61
  3.x   0x81  a2 ~ 0001 'a' 0002 61
`,
  ),
  ...refusedTable(
    'server',
    `
[MQTT-2.1.3-1] [MQTT3-2.2.2-2] reserved flags of SUBACK
  5     0x81  92 04 0001 00 00
  3.x   0x81  92 03 0001 00
[MQTT-2.1.3-1] [MQTT3-2.2.2-2] reserved flags of UNSUBACK
  5     0x81  b2 04 0001 00 00
  3.x   0x81  b2 02 0001
[MQTT-2.2.1-6] the Packet Identifier 0 in SUBACK
  5     0x82  90 04 0000 00 00
[MQTT-2.2.1-6] the Packet Identifier 0 in UNSUBACK
  5     0x82  b0 04 0000 00 00
[MQTT-3.8.4-6] a SUBACK without Reason Code
  5     0x82  90 03 0001 00
[MQTT3-3.8.4-5] a SUBACK without return code
  3.x   0x82  90 02 0001
[MQTT-3.11.3-1] an UNSUBACK of 5.0 without Reason Code
  5     0x82  b0 03 0001 00
[MQTT-3.9.3-2] a Reason Code that SUBACK does not have
  5     0x82  90 04 0001 00 03
[MQTT3-3.9.3-2] a return code that SUBACK does not have
  3.x   0x82  90 03 0001 87
[MQTT-3.11.3-2] a Reason Code that UNSUBACK does not have
  5     0x82  b0 04 0001 00 97
an UNSUBACK of 3.x with a byte more
  3.x   0x81  b0 03 0001 00
`,
  ),
];
