import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketReader, ProtocolError } from './index.ts';
import { parseBytes } from './packets.test-kit.ts';

type Sender = 'client' | 'server';

/** From the tables of MQTT 5.0: who sends the packet, its bytes around the code, the codes it may have. */
const tables: readonly (readonly [
  name: string,
  senders: readonly Sender[],
  around: (code: string) => string,
  codes: string,
])[] = [
  [
    '[MQTT-3.2.2-8] CONNACK',
    ['server'],
    (code) => `20 03 00 ${code} 00`,
    '00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f',
  ],
  [
    '[MQTT-3.4.2-1] PUBACK',
    ['client', 'server'],
    (code) => `40 03 0001 ${code}`,
    '00 10 80 83 87 90 91 97 99',
  ],
  [
    '[MQTT-3.5.2-1] PUBREC',
    ['client', 'server'],
    (code) => `50 03 0001 ${code}`,
    '00 10 80 83 87 90 91 97 99',
  ],
  ['[MQTT-3.6.2-1] PUBREL', ['client', 'server'], (code) => `62 03 0001 ${code}`, '00 92'],
  ['[MQTT-3.7.2-1] PUBCOMP', ['client', 'server'], (code) => `70 03 0001 ${code}`, '00 92'],
  [
    '[MQTT-3.9.3-2] SUBACK',
    ['server'],
    (code) => `90 04 0001 00 ${code}`,
    '00 01 02 80 83 87 8f 91 97 9e a1 a2',
  ],
  [
    '[MQTT-3.11.3-2] UNSUBACK',
    ['server'],
    (code) => `b0 04 0001 00 ${code}`,
    '00 11 80 83 87 8f 91',
  ],
  [
    '[MQTT-3.14.2-1] DISCONNECT of a client',
    ['client'],
    (code) => `e0 01 ${code}`,
    '00 04 80 81 82 83 90 93 94 95 96 97 98 99',
  ],
  [
    '[MQTT-3.14.2-1] DISCONNECT of the server',
    ['server'],
    (code) => `e0 01 ${code}`,
    // 8c: in the table of all Reason Codes (§2.4), though not in that of DISCONNECT.
    `00 80 81 82 83 87 89 8b 8c 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2`,
  ],
  ['[MQTT-3.15.2-1] AUTH of a client', ['client'], (code) => `f0 ~ ${code} { 15 'M' }`, '18 19'],
  ['[MQTT-3.15.2-1] AUTH of the server', ['server'], (code) => `f0 ~ ${code} { 15 'M' }`, '00 18'],
];

for (const [name, senders, around, codes] of tables) {
  test(`${name} may have its own Reason Codes and no others`, () => {
    const allowed = new Set(codes.split(' '));
    for (let value = 0; value < 256; value++) {
      const code = value.toString(16).padStart(2, '0');
      for (const sender of senders) {
        const reader = new PacketReader({
          role: sender === 'client' ? 'server' : 'client',
          version: 5,
        });
        reader.push(parseBytes(around(code)));
        if (allowed.has(code)) {
          assert.ok(reader.next() !== undefined, code);
        } else {
          assert.throws(
            () => reader.next(),
            (error) => error instanceof ProtocolError && error.reasonCode === 0x82,
            code,
          );
        }
      }
    }
  });
}
