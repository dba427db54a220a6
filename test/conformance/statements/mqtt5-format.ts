/** MQTT 5.0, chapters 1 and 2: data representation and packet format. */
import { type Statement, statementsOf } from './statement.ts';

export const mqtt5Format: readonly Statement[] = statementsOf('5.0', [
  [
    '1.5.4-1',
    'both',
    'Strings are well-formed UTF-8; surrogates (U+D800 to U+DFFF) are not encoded in them.',
  ],
  ['1.5.4-2', 'both', 'A string never holds U+0000.'],
  ['1.5.4-3', 'both', 'The bytes EF BB BF in a string are the character U+FEFF and stay in it.'],
  ['1.5.5-1', 'both', 'A Variable Byte Integer takes the fewest bytes that can hold its value.'],
  ['1.5.7-1', 'both', 'Name and value of a string pair each follow the rules for strings.'],
  [
    '2.1.3-1',
    'both',
    'Reserved flag bits of the first byte have the value listed for the packet type.',
  ],
  ['2.2.1-2', 'both', 'A PUBLISH with QoS 0 has no Packet Identifier.'],
  [
    '2.2.1-3',
    'both',
    'A client gives each new SUBSCRIBE, UNSUBSCRIBE and PUBLISH with QoS above 0 a Packet Identifier that is not 0 and not in use.',
  ],
  [
    '2.2.1-4',
    'server',
    'A server gives each new PUBLISH with QoS above 0 a Packet Identifier that is not 0 and not in use.',
  ],
  [
    '2.2.1-5',
    'both',
    'PUBACK, PUBREC, PUBREL and PUBCOMP carry the Packet Identifier of the PUBLISH they belong to.',
  ],
  [
    '2.2.1-6',
    'server',
    'SUBACK and UNSUBACK carry the Packet Identifier of the request they answer.',
  ],
  ['2.2.2-1', 'both', 'A packet without properties says so by a Property Length of 0.'],
]);
