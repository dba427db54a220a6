/** CONNACK: see packets.test-kit.ts. */
import { type ConnackPacket, PacketType } from './index.ts';
import {
  parseBytes,
  type RefusedPacket,
  refusedTable,
  type TestPacket,
  v3,
  v5,
  v31,
  v311,
} from './notation.test-kit.ts';

function connack(fields: Partial<ConnackPacket>): ConnackPacket {
  return {
    type: PacketType.connack,
    sessionPresent: false,
    reasonCode: 0,
    properties: undefined,
    ...fields,
  };
}

export const connackPackets: readonly TestPacket[] = [
  {
    name: '[MQTT-3.2.2-1] CONNACK of 5.0 that accepts',
    versions: v5,
    from: 'server',
    bytes: '20 03 00 00 00',
    packet: connack({}),
  },
  {
    name: '[MQTT-3.2.2-3] [MQTT3-3.2.2-2] CONNACK with Session Present',
    versions: v311,
    from: 'server',
    bytes: '20 02 01 00',
    packet: connack({ sessionPresent: true }),
  },
  {
    name: 'CONNACK of 3.1 has no Session Present: the byte is unused',
    versions: v31,
    from: 'server',
    bytes: '20 02 01 00',
    packet: connack({}),
    encodesAs: '20 02 00 00',
  },
  {
    name: '[MQTT-3.2.2-8] CONNACK of 5.0 with every property',
    versions: v5,
    from: 'server',
    bytes: `20 ~ 01 00 { 11 00000e10 21 0014 24 01 25 00 27 00100000 12 'auto-1' 22 000a 1f 'fine' 26 'k' 'v'
      28 01 29 00 2a 01 13 001e 1a 'info' 1c 'other:1883' 15 'SCRAM' 16 0001 aa }`,
    packet: connack({
      sessionPresent: true,
      properties: {
        sessionExpiryInterval: 3600,
        receiveMaximum: 20,
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: 1_048_576,
        assignedClientIdentifier: 'auto-1',
        topicAliasMaximum: 10,
        reasonString: 'fine',
        userProperties: [['k', 'v']],
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: true,
        serverKeepAlive: 30,
        responseInformation: 'info',
        serverReference: 'other:1883',
        authenticationMethod: 'SCRAM',
        authenticationData: parseBytes('aa'),
      },
    }),
  },
  {
    name: 'CONNACK of 5.0 that refuses with a Reason Code',
    versions: v5,
    from: 'server',
    bytes: '20 03 00 87 00',
    packet: connack({ reasonCode: 0x87 }),
  },
  ...(
    [
      [1, 0x84],
      [2, 0x85],
      [3, 0x88],
      [4, 0x86],
      [5, 0x87],
    ] as const
  ).map(
    ([returnCode, reasonCode]): TestPacket => ({
      name: `[MQTT3-3.2.2-6] CONNACK of 3.x with return code ${returnCode} is Reason Code ${reasonCode}`,
      versions: v3,
      from: 'server',
      bytes: `20 02 00 0${returnCode}`,
      packet: connack({ reasonCode }),
    }),
  ),
];

export const refusedConnacks: readonly RefusedPacket[] = [
  ...refusedTable(
    'server',
    `
[MQTT-3.2.2-1] [MQTT3-3.2.2-1] a reserved bit of the Connect Acknowledge Flags
  5     0x81  20 03 02 00 00
  3.1.1 0x81  20 02 80 00
[MQTT-3.2.2-6] [MQTT3-3.2.2-4] Session Present in a refusal
  5     0x82  20 03 01 87 00
  3.1.1 0x82  20 02 01 05
[MQTT-3.2.2-8] a Reason Code that CONNACK does not have
  5     0x82  20 03 00 10 00
a return code above 5
  3.x   0x82  20 02 00 06
a CONNACK of 3.x with a byte more
  3.x   0x81  20 03 00 00 00
[MQTT-2.2.2-1] a CONNACK of 5.0 without Property Length
  5     0x81  20 02 00 00
Authentication Data without Authentication Method in CONNACK
  5     0x82  20 ~ 00 00 { 16 0001 aa }
`,
  ),
];
