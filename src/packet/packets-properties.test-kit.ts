/**
 * Every property in every packet: where it is not allowed, twice, cut off, and with values it may not
 * have (MQTT 5.0 §2.2.2). See packets.test-kit.ts.
 */
import { type RefusedPacket, v5 } from './notation.test-kit.ts';

type Owner = keyof typeof carriers;

/** A packet of each kind around a property list, and who sends it. */
const carriers = {
  CONNECT: ['client', (list: string) => `10 ~ 'MQTT' 05 02 003c { ${list} } 'a'`],
  Will: ['client', (list: string) => `10 ~ 'MQTT' 05 06 003c {} 'a' { ${list} } 'w' 'x'`],
  CONNACK: ['server', (list: string) => `20 ~ 00 00 { ${list} }`],
  PUBLISH: ['server', (list: string) => `30 ~ 'a' { ${list} }`],
  PUBACK: ['both', (list: string) => `40 ~ 0001 00 { ${list} }`],
  PUBREC: ['both', (list: string) => `50 ~ 0001 00 { ${list} }`],
  PUBREL: ['both', (list: string) => `62 ~ 0001 00 { ${list} }`],
  PUBCOMP: ['both', (list: string) => `70 ~ 0001 00 { ${list} }`],
  SUBSCRIBE: ['client', (list: string) => `82 ~ 0001 { ${list} } 'a' 00`],
  SUBACK: ['server', (list: string) => `90 ~ 0001 { ${list} } 00`],
  UNSUBSCRIBE: ['client', (list: string) => `a2 ~ 0001 { ${list} } 'a'`],
  UNSUBACK: ['server', (list: string) => `b0 ~ 0001 { ${list} } 00`],
  // Session Expiry Interval belongs to the client's DISCONNECT, Server Reference to the server's.
  DISCONNECT: ['client', (list: string) => `e0 ~ 00 { ${list} }`],
  'DISCONNECT of the server': ['server', (list: string) => `e0 ~ 00 { ${list} }`],
  AUTH: ['both', (list: string) => `f0 ~ 18 { 15 'M' ${list} }`],
} as const;

const everywhere = Object.keys(carriers) as Owner[];
const reasons = everywhere.filter(
  (owner) => !['CONNECT', 'Will', 'PUBLISH', 'SUBSCRIBE', 'UNSUBSCRIBE'].includes(owner),
);
const message: readonly Owner[] = ['PUBLISH', 'Will'];
const handshake: readonly Owner[] = ['CONNECT', 'CONNACK'];
const disconnects: readonly Owner[] = ['DISCONNECT', 'DISCONNECT of the server'];

/** Table 2-4: name, a good one, where, and values that are refused with 0x82 (or the code given). */
const properties: readonly (readonly [string, string, readonly Owner[], (readonly string[])?])[] = [
  ['Payload Format Indicator', '01 01', message, ['01 02', '01 ff']],
  ['Message Expiry Interval', '02 0000003c', message],
  ['Content Type', "03 'x'", message],
  ['Response Topic', "08 'x'", message, ["08 ''", "08 'a/+'", "08 '#'"]],
  ['Correlation Data', '09 0001 00', message],
  ['Subscription Identifier', '0b 01', ['PUBLISH', 'SUBSCRIBE'], ['0b 00']],
  ['Session Expiry Interval', '11 00000001', [...handshake, ...disconnects]],
  ['Assigned Client Identifier', "12 'x'", ['CONNACK']],
  ['Server Keep Alive', '13 0001', ['CONNACK']],
  ['Authentication Method', "15 'M'", [...handshake, 'AUTH']],
  ['Authentication Data', '16 0001 00', [...handshake, 'AUTH']],
  ['Request Problem Information', '17 00', ['CONNECT'], ['17 02']],
  ['Will Delay Interval', '18 00000001', ['Will']],
  ['Request Response Information', '19 01', ['CONNECT'], ['19 02']],
  ['Response Information', "1a 'x'", ['CONNACK']],
  ['Server Reference', "1c 'x'", ['CONNACK', ...disconnects]],
  ['Reason String', "1f 'x'", reasons],
  ['Receive Maximum', '21 0001', handshake, ['21 0000']],
  ['Topic Alias Maximum', '22 0000', handshake],
  ['Topic Alias', '23 0001', ['PUBLISH']],
  ['Maximum QoS', '24 00', ['CONNACK'], ['24 02']],
  ['Retain Available', '25 00', ['CONNACK'], ['25 02']],
  ['User Property', "26 'k' 'v'", everywhere],
  ['Maximum Packet Size', '27 00000001', handshake, ['27 00000000']],
  ['Wildcard Subscription Available', '28 00', ['CONNACK'], ['28 02']],
  ['Subscription Identifiers Available', '29 00', ['CONNACK'], ['29 02']],
  ['Shared Subscription Available', '2a 00', ['CONNACK'], ['2a 02']],
];

function inPacket(owner: Owner, name: string, reasonCode: number, list: string): RefusedPacket {
  const [from, around] = carriers[owner];
  const bytes = around(list);
  return { name: `${name} in ${owner} is refused`, versions: v5, from, bytes, reasonCode };
}

const misplaced = properties.flatMap(([name, good, owners]) =>
  everywhere
    .filter((owner) => !owners.includes(owner))
    .map((owner) => inPacket(owner, name, 0x81, good)),
);

const badValues = properties.flatMap(([name, , owners, values = []]) =>
  owners.flatMap((owner) =>
    values.map((value) => inPacket(owner, `${name} with the value ${value.slice(3)}`, 0x82, value)),
  ),
);

/** May be repeated where a list of them has a meaning. */
const repeatable = (name: string, owner: Owner) =>
  name === 'User Property' || (name === 'Subscription Identifier' && owner === 'PUBLISH');

/** These two are refused in one of the directions for another reason. */
const isWrongSide = (name: string, owner: Owner) =>
  (name === 'Session Expiry Interval' && owner === 'DISCONNECT of the server') ||
  (name === 'Server Reference' && owner === 'DISCONNECT');

const isGivenAnyway = (name: string, owner: Owner) =>
  name === 'Authentication Method' && owner === 'AUTH';

const repeated = properties.flatMap(([name, good, owners]) =>
  owners
    .filter((owner) => !repeatable(name, owner) && !isWrongSide(name, owner))
    .map((owner) => {
      const method = name === 'Authentication Data' && owner !== 'AUTH' ? "15 'M' " : '';
      return inPacket(owner, `${name} twice`, 0x82, `${method}${good} ${good}`);
    }),
);

/** The list ends before the value does, whatever follows the list. */
const truncated = properties.flatMap(([name, good, owners]) =>
  owners
    .filter((owner) => !isGivenAnyway(name, owner))
    .map((owner) => inPacket(owner, `${name} without its value`, 0x81, good.slice(0, 2))),
);

export const refusedProperties: readonly RefusedPacket[] = [
  ...misplaced,
  ...badValues,
  ...repeated,
  ...truncated,
  ...everywhere.flatMap((owner) => [
    inPacket(owner, 'a property that does not exist (00)', 0x81, '00'),
    inPacket(owner, 'a property that does not exist (2b)', 0x81, '2b 00'),
    inPacket(owner, 'a Property Identifier of two bytes', 0x81, '8101 00'),
    inPacket(
      owner,
      '[MQTT-1.5.5-1] a Property Identifier with a byte too many',
      0x81,
      "a600 'k' 'v'",
    ),
  ]),
  inPacket('PUBLISH', '[MQTT-3.3.2-8] Topic Alias with the value 0', 0x94, '23 0000'),
];

/** Every property in every packet where it belongs, for decoding without error. */
export const allowedProperties: readonly (readonly [name: string, from: string, bytes: string])[] =
  properties.flatMap(([name, good, owners]) =>
    owners
      .filter((owner) => !isWrongSide(name, owner))
      .filter((owner) => !isGivenAnyway(name, owner))
      .map((owner) => {
        const [from, around] = carriers[owner];
        const method = name === 'Authentication Data' && owner !== 'AUTH' ? "15 'M' " : '';
        return [`${name} in ${owner}`, from, around(method + good)] as const;
      }),
  );
