/** PINGREQ, PINGRESP, DISCONNECT, AUTH, and who may send what: see packets.test-kit.ts. */
import { PacketType } from './index.ts';
import {
  anyVersion,
  parseBytes,
  type RefusedPacket,
  refusedTable,
  type TestPacket,
  v3,
  v5,
} from './notation.test-kit.ts';

const { pingreq, pingresp, disconnect, auth } = PacketType;

export const controlPackets: readonly TestPacket[] = [
  {
    name: 'PINGREQ',
    versions: anyVersion,
    from: 'client',
    bytes: 'c0 00',
    packet: { type: pingreq },
  },
  {
    name: 'PINGRESP',
    versions: anyVersion,
    from: 'server',
    bytes: 'd0 00',
    packet: { type: pingresp },
  },
  {
    name: 'DISCONNECT of 3.x',
    versions: v3,
    from: 'client',
    bytes: 'e0 00',
    packet: { type: disconnect, reasonCode: 0, properties: undefined },
  },
  {
    name: 'an empty DISCONNECT of 5.0 is a normal disconnection',
    versions: v5,
    from: 'both',
    bytes: 'e0 00',
    packet: { type: disconnect, reasonCode: 0, properties: undefined },
  },
  {
    name: 'DISCONNECT of 5.0 with a Reason Code and no Property Length',
    versions: v5,
    from: 'client',
    bytes: 'e0 01 04',
    packet: { type: disconnect, reasonCode: 4, properties: undefined },
  },
  {
    name: '[MQTT-2.2.2-1] DISCONNECT of 5.0 with a Property Length of 0',
    versions: v5,
    from: 'both',
    bytes: 'e0 02 81 00',
    packet: { type: disconnect, reasonCode: 0x81, properties: undefined },
    encodesAs: 'e0 01 81',
  },
  {
    name: 'DISCONNECT from a client with every property it may have',
    versions: v5,
    from: 'client',
    bytes: "e0 ~ 00 { 11 0000000a 1f 'bye' 26 'k' 'v' }",
    packet: {
      type: disconnect,
      reasonCode: 0,
      properties: {
        sessionExpiryInterval: 10,
        reasonString: 'bye',
        userProperties: [['k', 'v']],
      },
    },
  },
  {
    name: 'DISCONNECT from the server with every property it may have',
    versions: v5,
    from: 'server',
    bytes: "e0 ~ 9d { 1f 'moved' 26 'k' 'v' 1c 'other:1883' }",
    packet: {
      type: disconnect,
      reasonCode: 0x9d,
      properties: {
        reasonString: 'moved',
        userProperties: [['k', 'v']],
        serverReference: 'other:1883',
      },
    },
  },
  {
    name: '[MQTT-3.15.2-1] AUTH that continues, with every property',
    versions: v5,
    from: 'both',
    bytes: "f0 ~ 18 { 15 'SCRAM' 16 0002 beef 1f 'next' 26 'k' 'v' }",
    packet: {
      type: auth,
      reasonCode: 0x18,
      properties: {
        authenticationMethod: 'SCRAM',
        authenticationData: parseBytes('beef'),
        reasonString: 'next',
        userProperties: [['k', 'v']],
      },
    },
  },
  {
    name: 'AUTH that re-authenticates, without data',
    versions: v5,
    from: 'client',
    bytes: "f0 ~ 19 { 15 'SCRAM' }",
    packet: {
      type: auth,
      reasonCode: 0x19,
      properties: { authenticationMethod: 'SCRAM' },
    },
  },
  {
    name: 'AUTH from the server that succeeds, with data',
    versions: v5,
    from: 'server',
    bytes: "f0 ~ 00 { 15 'SCRAM' 16 0001 aa }",
    packet: {
      type: auth,
      reasonCode: 0,
      properties: { authenticationMethod: 'SCRAM', authenticationData: parseBytes('aa') },
    },
  },
  {
    name: 'an empty AUTH from the server is Success',
    versions: v5,
    from: 'server',
    bytes: 'f0 00',
    packet: { type: auth, reasonCode: 0, properties: undefined },
  },
];

export const refusedControls: readonly RefusedPacket[] = [
  ...refusedTable(
    'client',
    `
[MQTT-2.1.3-1] [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] reserved flags of PINGREQ
  5     0x81  c1 00
  3.x   0x81  c8 00
a PINGREQ with a body
  all   0x81  c0 01 00
[MQTT3-3.14.1-1] reserved flags of DISCONNECT
  3.x   0x81  e4 00
a DISCONNECT of 3.x with a Reason Code
  3.x   0x81  e0 01 00
[MQTT-3.14.2-1] a Reason Code that a client has not in DISCONNECT
  5     0x82  e0 01 8b
a Server Reference from a client
  5     0x82  e0 ~ 00 { 1c 'x' }
[MQTT-3.15.2-1] AUTH with Success from a client
  5     0x82  f0 ~ 00 { 15 'SCRAM' }
[MQTT-3.15.2-1] an empty AUTH from a client
  5     0x82  f0 00
[MQTT-3.1.0-2] [MQTT3-3.1.0-2] a second CONNECT
  5     0x82  10 ~ 'MQTT' 05 02 003c {} 'a'
  3.x   0x82  10 ~ 'MQTT' 04 02 003c 'a'
CONNACK from a client
  all   0x82  20 02 00 00
SUBACK from a client
  all   0x82  90 03 0001 00
UNSUBACK from a client
  all   0x82  b0 02 0001
PINGRESP from a client
  all   0x82  d0 00
`,
  ),
  ...refusedTable(
    'server',
    `
[MQTT-2.1.3-1] [MQTT3-2.2.2-2] reserved flags of PINGRESP
  5     0x81  d1 00
  3.x   0x81  d2 00
a PINGRESP with a body
  all   0x81  d0 01 00
[MQTT-3.14.2-1] a Reason Code that the server has not in DISCONNECT
  5     0x82  e0 01 04
[MQTT-3.14.2-2] a Session Expiry Interval from the server
  5     0x82  e0 ~ 00 { 11 0000000a }
a DISCONNECT from a server of 3.x
  3.x   0x82  e0 00
[MQTT-3.15.2-1] AUTH with re-authenticate from the server
  5     0x82  f0 ~ 19 { 15 'SCRAM' }
CONNECT from the server
  all   0x82  10 ~ 'MQTT' 04 02 003c 'a'
SUBSCRIBE from the server
  all   0x82  82 ~ 0001 'a' 00
UNSUBSCRIBE from the server
  all   0x82  a2 ~ 0001 'a'
PINGREQ from the server
  all   0x82  c0 00
`,
  ),
  ...refusedTable(
    'both',
    `
[MQTT-3.14.1-1] reserved flags of DISCONNECT
  5     0x81  e1 00
[MQTT-3.14.2-1] a Reason Code that nobody has in DISCONNECT
  5     0x82  e0 01 10
a DISCONNECT with a byte behind its properties
  5     0x81  e0 03 00 00 00
a DISCONNECT with a Property Length beyond its end
  5     0x81  e0 02 00 05
[MQTT-3.15.1-1] reserved flags of AUTH
  5     0x81  f1 ~ 18 { 15 'SCRAM' }
AUTH without Authentication Method
  5     0x82  f0 ~ 18 {}
AUTH with data and no Authentication Method
  5     0x82  f0 ~ 18 { 16 0001 aa }
AUTH that ends behind its Reason Code
  5     0x81  f0 01 18
the packet type 15 in 3.x
  3.x   0x81  f0 00
the packet type 0
  all   0x81  00 00
a Remaining Length of five bytes
  all   0x81  30 8080808001
[MQTT-1.5.5-1] a Remaining Length with a byte too many
  5     0x81  30 8600 'a/b' {}
`,
  ),
];
