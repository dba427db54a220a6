/** MQTT 3.1.1, chapters 4, 6 and 7: operational behaviour, WebSocket and conformance. */
import { type Statement, statementsOf } from './statement.ts';

export const mqtt311Operation: readonly Statement[] = statementsOf('3.1.1', [
  ['4.1.0-1', 'both', 'The state of a Session is kept as long as the Session lasts.'],
  ['4.1.0-2', 'both', 'A Session lasts at least as long as its connection.'],
  ['4.3.1-1', 'both', 'QoS 0, sender: PUBLISH with QoS 0 and DUP 0.'],
  [
    '4.3.2-1',
    'both',
    'QoS 1, sender: each new message goes out with an identifier that is not in use, QoS 1 and DUP 0, and is unacknowledged until its PUBACK is there.',
  ],
  [
    '4.3.2-2',
    'both',
    'QoS 1, receiver: PUBACK with the identifier once it has taken the message over; after that a PUBLISH with this identifier is a new message, whatever its DUP.',
  ],
  [
    '4.3.3-1',
    'both',
    'QoS 2, sender: each new message goes out with an identifier that is not in use, QoS 2 and DUP 0; PUBREC is answered by PUBREL with the same identifier, both are unacknowledged until answered, and after PUBREL the PUBLISH is not sent again.',
  ],
  [
    '4.3.3-2',
    'both',
    'QoS 2, receiver: PUBREC with the identifier once it has taken the message over; until PUBREL the same identifier gets PUBREC again and no second delivery; PUBREL is answered by PUBCOMP, and after that the identifier is a new message.',
  ],
  [
    '4.4.0-1',
    'both',
    'When a client comes back with Clean Session 0, unacknowledged PUBLISH and PUBREL are sent again with their identifiers.',
  ],
  [
    '4.5.0-1',
    'server',
    'A message taken over is added to the Session of every client with a matching subscription.',
  ],
  [
    '4.5.0-2',
    'client',
    'A client acknowledges every PUBLISH as its QoS asks, whatever it does with the message.',
  ],
  ['4.6.0-1', 'client', 'A client sends PUBLISH again in the order of the first time.'],
  ['4.6.0-2', 'client', 'A client sends PUBACK in the order in which the PUBLISH came.'],
  ['4.6.0-3', 'client', 'A client sends PUBREC in the order in which the PUBLISH came.'],
  ['4.6.0-4', 'client', 'A client sends PUBREL in the order in which the PUBREC came.'],
  ['4.6.0-5', 'server', 'Every topic is an ordered topic unless the server was told otherwise.'],
  [
    '4.6.0-6',
    'server',
    'On an ordered topic the server follows the four rules before, and messages of one client with one QoS reach a subscriber in the order they came.',
  ],
  ['4.7.1-1', 'both', 'Wildcard characters are for Topic Filters only, never in a Topic Name.'],
  [
    '4.7.1-2',
    'both',
    '`#` stands alone or after a separator, and is the last character of the filter.',
  ],
  ['4.7.1-3', 'both', '`+` may stand at any level and fills it.'],
  [
    '4.7.2-1',
    'server',
    'A filter that begins with a wildcard does not match a name that begins with `$`.',
  ],
  ['4.7.3-1', 'both', 'Topic Names and Topic Filters have at least one character.'],
  ['4.7.3-2', 'both', 'Topic Names and Topic Filters hold no U+0000.'],
  ['4.7.3-3', 'both', 'Topic Names and Topic Filters take 65,535 bytes at most.'],
  [
    '4.7.3-4',
    'server',
    'Matching changes nothing in names and filters: no normalisation, no substitution.',
  ],
  [
    '4.8.0-1',
    'both',
    'A protocol violation ends the connection it came on, unless the specification says otherwise.',
  ],
  [
    '4.8.0-2',
    'both',
    'A packet that cannot be handled because of a passing error (no memory, full buffer) ends the connection it came on.',
  ],
  [
    '6.0.0-1',
    'both',
    'Over WebSocket packets travel in binary frames; any other data frame ends the connection.',
  ],
  ['6.0.0-2', 'both', 'Packets need not begin or end with a WebSocket frame.'],
  ['6.0.0-3', 'client', 'A client offers the WebSocket sub-protocol "mqtt".'],
  ['6.0.0-4', 'server', 'The server selects the WebSocket sub-protocol "mqtt".'],
  [
    '7.0.0-1',
    'server',
    'A server that also connects to other servers conforms as a client too.',
    'This server opens no MQTT connections itself; what publishes to a remote broker is an ordinary client beside it.',
  ],
  [
    '7.0.0-2',
    'both',
    'No extension from outside the specification is needed to work with another implementation.',
    'An absence: no single test shows it. Every end-to-end test speaks plain MQTT, and the interoperability suites and foreign clients connect without any setting.',
  ],
  [
    '7.1.1-1',
    'server',
    'A server supports at least one transport with an ordered, lossless stream of bytes in both directions.',
  ],
  ['7.1.2-1', 'client', 'A client supports at least one such transport.'],
]);
