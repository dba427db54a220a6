/** CONNECT: see packets.test-kit.ts. */
import { type ConnectPacket, PacketType } from './index.ts';
import {
  parseBytes,
  type RefusedPacket,
  refusedTable,
  type TestPacket,
  v5,
  v31,
  v311,
} from './notation.test-kit.ts';

const clean = { sessionExpiryInterval: 0 };

function connect(fields: Partial<ConnectPacket>): ConnectPacket {
  return {
    type: PacketType.connect,
    protocolVersion: 5,
    isBridge: false,
    clientId: 'a',
    cleanStart: true,
    keepAlive: 60,
    username: undefined,
    password: undefined,
    will: undefined,
    properties: undefined,
    ...fields,
  };
}

const will = {
  topicName: 'w/t',
  payload: parseBytes('"gone"'),
  qos: 0,
  retain: false,
  properties: undefined,
} as const;

export const connectPackets: readonly TestPacket[] = [
  {
    name: '[MQTT-3.1.2-1] CONNECT of 5.0 with nothing but a Client Identifier',
    versions: v5,
    from: 'client',
    bytes: "10 ~ 'MQTT' 05 02 003c {} 'a'",
    packet: connect({}),
  },
  {
    name: '[MQTT3-3.1.2-1] CONNECT of 3.1.1 with Clean Session 1 has a Session Expiry Interval of 0',
    versions: v311,
    from: 'client',
    bytes: "10 ~ 'MQTT' 04 02 003c 'a'",
    packet: connect({ protocolVersion: 4, properties: clean }),
  },
  {
    name: 'CONNECT of 3.1 names the protocol MQIsdp',
    versions: v31,
    from: 'client',
    bytes: "10 ~ 'MQIsdp' 03 02 003c 'a'",
    packet: connect({ protocolVersion: 3, properties: clean }),
  },
  {
    name: 'CONNECT of 3.1.1 with Clean Session 0 has a session that does not expire',
    versions: v311,
    from: 'client',
    bytes: "10 ~ 'MQTT' 04 00 0000 'a'",
    packet: connect({
      protocolVersion: 4,
      cleanStart: false,
      keepAlive: 0,
      properties: { sessionExpiryInterval: 0xffff_ffff },
    }),
  },
  {
    name: 'CONNECT of 3.1.1 from a bridge has bit 7 of the Protocol Version set',
    versions: v311,
    from: 'client',
    bytes: "10 ~ 'MQTT' 84 02 003c 'a'",
    packet: connect({ protocolVersion: 4, isBridge: true, properties: clean }),
  },
  {
    name: 'CONNECT of 3.1 from a bridge has bit 7 of the Protocol Version set',
    versions: v31,
    from: 'client',
    bytes: "10 ~ 'MQIsdp' 83 02 003c 'a'",
    packet: connect({ protocolVersion: 3, isBridge: true, properties: clean }),
  },
  {
    name: '[MQTT-3.1.3-6] [MQTT3-3.1.3-6] an empty Client Identifier is read',
    versions: v5,
    from: 'client',
    bytes: "10 ~ 'MQTT' 05 02 ffff {} ''",
    packet: connect({ clientId: '', keepAlive: 65_535 }),
  },
  {
    name: '[MQTT-3.1.3-1] [MQTT3-3.1.3-1] the payload fields come in their order',
    versions: v311,
    from: 'client',
    bytes: "10 ~ 'MQTT' 04 f6 000a 'a' 'w/t' 'gone' 'user' 'pass'",
    packet: connect({
      protocolVersion: 4,
      keepAlive: 10,
      will: { ...will, qos: 2, retain: true },
      username: 'user',
      password: parseBytes('"pass"'),
      properties: clean,
    }),
  },
  {
    name: '[MQTT-3.1.3-10] CONNECT of 5.0 with every property and a Will with every property',
    versions: v5,
    from: 'client',
    bytes: `10 ~ 'MQTT' 05 ec 003c
      { 11 0000000a 21 0014 27 00010000 22 000a 19 01 17 00 15 'SCRAM' 16 0002 0102 26 'k' 'v' 26 'k' '' }
      'a'
      { 18 00000005 01 01 02 0000003c 03 'text/plain' 08 'r/t' 09 0001 ff 26 'x' 'y' }
      'w/t' 'gone' 'user' 'pass'`,
    packet: connect({
      cleanStart: false,
      username: 'user',
      password: parseBytes('"pass"'),
      will: {
        ...will,
        qos: 1,
        retain: true,
        properties: {
          willDelayInterval: 5,
          payloadFormatIndicator: 1,
          messageExpiryInterval: 60,
          contentType: 'text/plain',
          responseTopic: 'r/t',
          correlationData: parseBytes('ff'),
          userProperties: [['x', 'y']],
        },
      },
      properties: {
        sessionExpiryInterval: 10,
        receiveMaximum: 20,
        maximumPacketSize: 65_536,
        topicAliasMaximum: 10,
        requestResponseInformation: true,
        requestProblemInformation: false,
        authenticationMethod: 'SCRAM',
        authenticationData: parseBytes('0102'),
        userProperties: [
          ['k', 'v'],
          ['k', ''],
        ],
      },
    }),
  },
  {
    name: '[MQTT-3.1.2-19] CONNECT of 5.0 may have a Password without a User Name',
    versions: v5,
    from: 'client',
    bytes: "10 ~ 'MQTT' 05 42 003c {} 'a' 0002 00ff",
    packet: connect({ password: parseBytes('00ff') }),
  },
  {
    name: '[MQTT-3.1.2-17] [MQTT-3.1.2-19] User Name and Password may be empty',
    versions: v5,
    from: 'client',
    bytes: "10 ~ 'MQTT' 05 c2 003c {} 'a' '' ''",
    packet: connect({ username: '', password: new Uint8Array(0) }),
  },
  {
    name: 'CONNECT of 3.1 may lack the User Name and Password that its flags promise',
    versions: v31,
    from: 'client',
    bytes: "10 ~ 'MQIsdp' 03 c2 003c 'a'",
    packet: connect({ protocolVersion: 3, properties: clean }),
    encodesAs: "10 ~ 'MQIsdp' 03 02 003c 'a'",
  },
  {
    name: 'CONNECT of 3.1 may set the bit of its Connect Flags that is not used',
    versions: v31,
    from: 'client',
    bytes: "10 ~ 'MQIsdp' 03 03 003c 'a'",
    packet: connect({ protocolVersion: 3, properties: clean }),
    encodesAs: "10 ~ 'MQIsdp' 03 02 003c 'a'",
  },
  {
    name: 'CONNECT of 3.1 without a Will has its Will QoS and Will Retain disregarded',
    versions: v31,
    from: 'client',
    bytes: "10 ~ 'MQIsdp' 03 3a 003c 'a'",
    packet: connect({ protocolVersion: 3, properties: clean }),
    encodesAs: "10 ~ 'MQIsdp' 03 02 003c 'a'",
  },
  {
    name: 'CONNECT of 3.1.1 may write its Remaining Length with a byte too many',
    versions: v311,
    from: 'client',
    bytes: "10 8d00 'MQTT' 04 02 003c 'a'",
    packet: connect({ protocolVersion: 4, properties: clean }),
    encodesAs: "10 ~ 'MQTT' 04 02 003c 'a'",
  },
  {
    name: 'the Will Payload may be empty',
    versions: v5,
    from: 'client',
    bytes: "10 ~ 'MQTT' 05 06 003c {} 'a' {} 'w/t' ''",
    packet: connect({ will: { ...will, payload: new Uint8Array(0) } }),
  },
];

export const refusedConnects: readonly RefusedPacket[] = [
  ...refusedTable(
    'client',
    `
[MQTT-3.1.2-1] [MQTT3-3.1.2-1] a protocol name that is not MQTT
  5     0x84  10 ~ 'HTTP' 05 02 003c {} 'a'
[MQTT-3.1.2-1] [MQTT3-3.1.2-1] a protocol name in the wrong case
  5     0x84  10 ~ 'mqtt' 05 02 003c {} 'a'
[MQTT-3.1.2-1] [MQTT3-3.1.2-1] a protocol name longer than the packet
  5     0x84  10 06 00ff "MQTT"
[MQTT-3.1.2-1] [MQTT3-3.1.2-1] a CONNECT of no bytes
  5     0x84  10 00
[MQTT-3.1.2-2] [MQTT3-3.1.2-2] version 6
  5     0x84  10 ~ 'MQTT' 06 02 003c {} 'a'
[MQTT3-3.1.2-2] version 3 under the name of 3.1.1
  3.1.1 0x84  10 ~ 'MQTT' 03 02 003c 'a'
[MQTT3-3.1.2-2] version 4 under the name of 3.1
  3.1   0x84  10 ~ 'MQIsdp' 04 02 003c 'a'
[MQTT-3.1.2-2] the bridge bit in 5.0
  5     0x84  10 ~ 'MQTT' 85 02 003c {} 'a'
[MQTT-3.1.2-2] [MQTT3-3.1.2-2] version 0
  3.1.1 0x84  10 ~ 'MQTT' 00 02 003c 'a'
[MQTT-3.1.2-3] [MQTT3-3.1.2-3] the reserved bit of the Connect Flags
  5     0x81  10 ~ 'MQTT' 05 03 003c {} 'a'
  3.1.1 0x81  10 ~ 'MQTT' 04 03 003c 'a'
[MQTT-3.1.2-11] [MQTT3-3.1.2-11] [MQTT3-3.1.2-13] Will QoS without a Will
  5     0x81  10 ~ 'MQTT' 05 0a 003c {} 'a'
  3.1.1 0x81  10 ~ 'MQTT' 04 0a 003c 'a'
[MQTT-3.1.2-13] [MQTT3-3.1.2-15] Will Retain without a Will
  5     0x81  10 ~ 'MQTT' 05 22 003c {} 'a'
  3.1.1 0x81  10 ~ 'MQTT' 04 22 003c 'a'
[MQTT-3.1.2-12] [MQTT3-3.1.2-14] Will QoS 3
  5     0x81  10 ~ 'MQTT' 05 1e 003c {} 'a' {} 'w' 'x'
  3.1.1 0x81  10 ~ 'MQTT' 04 1e 003c 'a' 'w' 'x'
Will QoS 3 in 3.1
  3.1   0x81  10 ~ 'MQIsdp' 03 1e 003c 'a' 'w' 'x'
[MQTT3-3.1.2-22] a Password without a User Name
  3.1.1 0x81  10 ~ 'MQTT' 04 42 003c 'a' 'p'
a Password without a User Name in 3.1
  3.1   0x81  10 ~ 'MQIsdp' 03 42 003c 'a' 'p'
[MQTT-3.1.2-9] [MQTT3-3.1.2-9] a Will Flag without Will fields
  5     0x81  10 ~ 'MQTT' 05 06 003c {} 'a'
  3.1.1 0x81  10 ~ 'MQTT' 04 06 003c 'a'
[MQTT-3.1.2-11] [MQTT3-3.1.2-11] Will fields without the Will Flag
  5     0x81  10 ~ 'MQTT' 05 02 003c {} 'a' {} 'w' 'x'
[MQTT-3.1.2-16] [MQTT3-3.1.2-18] a User Name without its flag
  5     0x81  10 ~ 'MQTT' 05 02 003c {} 'a' 'u'
  3.1.1 0x81  10 ~ 'MQTT' 04 02 003c 'a' 'u'
[MQTT-3.1.2-17] [MQTT3-3.1.2-19] a User Name Flag without the User Name
  5     0x81  10 ~ 'MQTT' 05 82 003c {} 'a'
  3.1.1 0x81  10 ~ 'MQTT' 04 82 003c 'a'
[MQTT-3.1.2-18] [MQTT3-3.1.2-20] a Password without its flag
  5     0x81  10 ~ 'MQTT' 05 82 003c {} 'a' 'u' 'p'
  3.1.1 0x81  10 ~ 'MQTT' 04 82 003c 'a' 'u' 'p'
[MQTT-3.1.2-19] [MQTT3-3.1.2-21] a Password Flag without the Password
  5     0x81  10 ~ 'MQTT' 05 c2 003c {} 'a' 'u'
  3.1.1 0x81  10 ~ 'MQTT' 04 c2 003c 'a' 'u'
a Password longer than the packet
  5     0x81  10 ~ 'MQTT' 05 42 003c {} 'a' 00ff 70
  3.1.1 0x81  10 ~ 'MQTT' 04 c2 003c 'a' 'u' 0002 70
[MQTT-3.1.3-3] [MQTT3-3.1.3-3] a CONNECT without a Client Identifier
  5     0x81  10 ~ 'MQTT' 05 02 003c {}
  3.1.1 0x81  10 ~ 'MQTT' 04 02 003c
[MQTT-1.5.4-1] [MQTT-3.1.3-4] [MQTT3-1.5.3-1] [MQTT3-3.1.3-4] a Client Identifier that is not UTF-8
  5     0x81  10 ~ 'MQTT' 05 02 003c {} 0001 ff
  3.1.1 0x81  10 ~ 'MQTT' 04 02 003c 0001 ff
[MQTT-3.1.3-11] [MQTT3-3.1.3-10] a Will Topic that is not UTF-8
  5     0x81  10 ~ 'MQTT' 05 06 003c {} 'a' {} 0002 c080 'x'
  3.1.1 0x81  10 ~ 'MQTT' 04 06 003c 'a' 0002 c080 'x'
[MQTT-3.1.3-12] [MQTT3-3.1.3-11] a User Name that is not UTF-8
  5     0x81  10 ~ 'MQTT' 05 82 003c {} 'a' 0003 eda080
  3.1.1 0x81  10 ~ 'MQTT' 04 82 003c 'a' 0003 eda080
[MQTT-1.5.4-2] [MQTT3-1.5.3-2] a User Name with U+0000
  5     0x81  10 ~ 'MQTT' 05 82 003c {} 'a' 0003 610062
  3.1.1 0x81  10 ~ 'MQTT' 04 82 003c 'a' 0003 610062
[MQTT-4.7.3-1] [MQTT3-4.7.3-1] an empty Will Topic
  5     0x82  10 ~ 'MQTT' 05 06 003c {} 'a' {} '' 'x'
  3.1.1 0x82  10 ~ 'MQTT' 04 06 003c 'a' '' 'x'
[MQTT-4.7.0-1] a Will Topic with +
  5     0x90  10 ~ 'MQTT' 05 06 003c {} 'a' {} 'w/+' 'x'
[MQTT3-4.7.1-1] a Will Topic with #
  3.1.1 0x90  10 ~ 'MQTT' 04 06 003c 'a' '#' 'x'
[MQTT-1.5.5-1] a Remaining Length with a byte too many
  5     0x81  10 8e00 'MQTT' 05 02 003c {} 'a'
[MQTT-3.1.4-1] bytes behind the end of the payload
  5     0x81  10 ~ 'MQTT' 05 02 003c {} 'a' 00
bytes behind the end of the payload of 3.1
  3.1   0x81  10 ~ 'MQIsdp' 03 02 003c 'a' 00
[MQTT-3.1.4-1] [MQTT3-3.1.4-1] a CONNECT that ends in its Keep Alive
  5     0x81  10 ~ 'MQTT' 05 02 00
[MQTT-3.1.4-1] a CONNECT that ends behind its Protocol Name
  5     0x81  10 ~ 'MQTT'
Authentication Data without Authentication Method in CONNECT
  5     0x82  10 ~ 'MQTT' 05 02 003c { 16 0001 aa } 'a'
`,
  ),
];
