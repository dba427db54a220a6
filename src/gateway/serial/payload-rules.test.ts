/** The rules from the bytes of a line to topics and payloads, as one table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldMapper } from './field-mapper.ts';
import { decodeJsonLine } from './line-decoder.ts';
import { resolveSerialOptions, type SerialPortOptions } from './options.ts';
import { serialOptionsSchema } from './options-schema.ts';

const base = 'iot/sensors/fromserial/';

function portOptions(keys: Readonly<Record<string, unknown>>): SerialPortOptions {
  const config = serialOptionsSchema.parse({ ports: [{ path: '/dev/ttyUSB0', ...keys }] });
  const port = resolveSerialOptions(config).ports[0];
  assert.ok(port);
  return port;
}

/** What becomes of a line: `topic payload` for each message, `!reason` for a refusal or a dropped field. */
function outcome(
  line: string | Uint8Array,
  keys: Readonly<Record<string, unknown>> = {},
): string[] {
  const drops: string[] = [];
  const mapper = new FieldMapper(portOptions(keys), (reason) => drops.push(`!${reason}`));
  const decoded = decodeJsonLine(typeof line === 'string' ? Buffer.from(line) : line);
  if (decoded.kind !== 'object') return [`!${decoded.kind}`];
  const mapped = mapper.map(decoded);
  if (mapped.kind !== 'mapped') return [`!${mapped.kind}`];
  const messages = [...mapped.fields, ...(mapped.data === undefined ? [] : [mapped.data])];
  const sent = messages.map(({ topicName, payload }) => {
    assert.ok(topicName.startsWith(base), topicName);
    return `${topicName.slice(base.length)} ${payload}`;
  });
  return [...(decoded.isSalvaged ? ['(salvaged)'] : []), ...sent, ...drops];
}

const seedLine = '{"sensor_id": "A0:B1:C2:D3:E4:F5", "temperature": 25.5, "humidity": 45.2}';

const fields = { publish: 'fields' };
const rows: readonly (readonly [
  name: string,
  line: string | Uint8Array,
  expected: readonly string[],
  keys?: Readonly<Record<string, unknown>>,
])[] = [
  [
    'the line of the founding document',
    seedLine,
    [
      'A0:B1:C2:D3:E4:F5/temperature 25.5',
      'A0:B1:C2:D3:E4:F5/humidity 45.2',
      `A0:B1:C2:D3:E4:F5/data ${seedLine}`,
    ],
  ],
  [
    'fields only',
    seedLine,
    ['A0:B1:C2:D3:E4:F5/temperature 25.5', 'A0:B1:C2:D3:E4:F5/humidity 45.2'],
    fields,
  ],
  ['data only', seedLine, [`A0:B1:C2:D3:E4:F5/data ${seedLine}`], { publish: 'data' }],
  ['a blank line', ' \t', ['!blank']],
  [
    'white space around is trimmed, inside kept',
    '  {"sensor_id" : "A" , "t":1}\t',
    ['A/t 1', 'A/data {"sensor_id" : "A" , "t":1}'],
  ],
  [
    'numbers keep their text',
    '{"sensor_id":"A","a":25.50,"b":1E3,"c":-0,"d":12345678901234567890,"e":0.1e-7}',
    ['A/a 25.50', 'A/b 1E3', 'A/c -0', 'A/d 12345678901234567890', 'A/e 0.1e-7'],
    fields,
  ],
  [
    'literals, strings, arrays, empty objects',
    '{"sensor_id":"A","t":true,"n":null,"s":"a\\"\\u00b0\\n","l":[1, "x",{}],"o":{},"e":""}',
    ['A/t true', 'A/n null', 'A/s a"°\n', 'A/l [1, "x",{}]', 'A/o {}', 'A/e '],
    fields,
  ],
  [
    'objects become deeper topics',
    '{"sensor_id":"A","env":{"t":1,"deep":{"h":2.0}},"z":3}',
    ['A/env/t 1', 'A/env/deep/h 2.0', 'A/z 3'],
    fields,
  ],
  [
    'below max_depth an object stays source JSON',
    '{"sensor_id":"A","a":{"b":{"c":{"d":{"e": 1 }}}}}',
    ['A/a/b/c/d {"e": 1 }'],
    fields,
  ],
  [
    'max_depth 2',
    '{"sensor_id":"A","a":{"b":{"c":1}}}',
    ['A/a/b {"c":1}'],
    { ...fields, max_depth: 2 },
  ],
  [
    'nested: json',
    '{"sensor_id":"A","a":{ "b":1.0}}',
    ['A/a { "b":1.0}'],
    { ...fields, nested: 'json' },
  ],
  ['a numeric id keeps its text', '{"sensor_id":007.0}', ['!bad_json']],
  ['a number as id', '{"sensor_id":7.50,"t":1}', ['7.50/t 1'], fields],
  ['no id', '{"t":1}', ['!no_sensor_id']],
  ['an id that is neither text nor number', '{"sensor_id":null,"t":1}', ['!no_sensor_id']],
  ['an id with a lone surrogate', '{"sensor_id":"\\ud800","t":1}', ['!no_sensor_id']],
  ['default_id', '{"t":1}', ['esp32-a/t 1'], { ...fields, default_id: 'esp32-a' }],
  [
    'another id_field',
    '{"sensor_id":"A","mac":"B"}',
    ['B/sensor_id A'],
    { ...fields, id_field: 'mac' },
  ],
  ['an array is no object', '[{"sensor_id":"A"}]', ['!no_sensor_id']],
  ['a number alone is no object', '25.5', ['!no_sensor_id']],
  [
    'two half lines run together',
    '{"sensor_id":"A","t":1}{"sensor_id":"B","t":2}',
    ['(salvaged)', 'B/t 2', 'B/data {"sensor_id":"B","t":2}'],
  ],
  [
    'a half line before a whole one',
    '{"sensor_id":"A","t{"sensor_id":"B","t":2}',
    ['(salvaged)', 'B/t 2'],
    fields,
  ],
  [
    'boot text before the first object',
    'ets Jun  8 2016 {"sensor_id":"A","t":1}',
    ['(salvaged)', 'A/t 1'],
    fields,
  ],
  [
    'boot garbage that is not UTF-8',
    Buffer.from([0xff, 0x80, ...Buffer.from('{"sensor_id":"A","t":1}')]),
    ['(salvaged)', 'A/t 1', 'A/data {"sensor_id":"A","t":1}'],
  ],
  ['a byte order mark', '\ufeff{"sensor_id":"A","t":1}', ['(salvaged)', 'A/t 1'], fields],
  [
    'the fourth later brace is tried',
    '{{{{{"sensor_id":"A","t":1}',
    ['(salvaged)', 'A/t 1'],
    fields,
  ],
  ['the fifth is not', '{{{{{{"sensor_id":"A","t":1}', ['!bad_json']],
  ['not UTF-8 at all', Uint8Array.of(0xc3, 0x28, 0xff), ['!not_utf8']],
  ['not UTF-8 behind the brace', Buffer.from([0x7b, 0xff, 0x7d]), ['!not_utf8']],
  ['boot text of an ESP32', 'rst:0x1 (POWERON_RESET),boot:0x13', ['!log_line']],
  ['a log line of ESP-IDF', 'I (1220) wifi: connected', ['!log_line']],
  ['the tail of a half line', '"temperature": 25.5}', ['!log_line']],
  ['the head of a half line', '{"sensor_id": "A", "temp', ['!bad_json']],
  ...['NaN', 'Infinity', '.5', '05', "'x'", '1.', '+1', 'undefined', '0x10'].map(
    (value) => [`${value} is not JSON`, `{"sensor_id":"A","t":${value}}`, ['!bad_json']] as const,
  ),
  ['a trailing comma', '{"sensor_id":"A","t":1,}', ['!bad_json']],
  ['text behind the object', '{"sensor_id":"A","t":1} ok', ['!bad_json']],
  [
    'a lone surrogate drops its field only',
    '{"sensor_id":"A","s":"\\ud83d","t":1}',
    ['A/t 1', '!bad_string'],
    fields,
  ],
  [
    'a key with a lone surrogate',
    '{"sensor_id":"A","\\udc00":1,"t":1}',
    ['A/t 1', '!bad_string'],
    fields,
  ],
  [
    'a pair of surrogates is a character',
    '{"sensor_id":"A","s":"\\ud83d\\ude00"}',
    ['A/s 😀'],
    fields,
  ],
  [
    'duplicate keys: the last wins',
    '{"sensor_id":"A","t":1,"h":2,"t":3,"sensor_id":"B"}',
    ['B/t 3', 'B/h 2'],
    fields,
  ],
  ['duplicates by decoded key', '{"sensor_id":"A","t":1,"\\u0074":2}', ['A/t 2'], fields],
  [
    'a duplicate object replaces the whole first one',
    '{"sensor_id":"A","e":{"t":1},"e":{"h":2}}',
    ['A/e/h 2'],
    fields,
  ],
  [
    'a field named data is shadowed',
    '{"sensor_id":"A","data":5,"t":1}',
    ['A/t 1', 'A/data {"sensor_id":"A","data":5,"t":1}', '!field_shadowed'],
  ],
  ['with fields only it is a field', '{"sensor_id":"A","data":5}', ['A/data 5'], fields],
  [
    'members of an object named data are not shadowed',
    '{"sensor_id":"A","data":{"t":1}}',
    ['A/data/t 1', 'A/data {"sensor_id":"A","data":{"t":1}}'],
  ],
  [
    'ids and fields are escaped',
    '{"sensor_id":"A/B+#\\u0000","$x":1,"":2,"50%":3,"\\u0085":4}',
    [
      'A%2FB%2B%23%00/%24x 1',
      'A%2FB%2B%23%00/%00 2',
      'A%2FB%2B%23%00/50%25 3',
      'A%2FB%2B%23%00/%85 4',
    ],
    fields,
  ],
  ['an empty id', '{"sensor_id":"","t":1}', ['%00/t 1'], fields],
  [
    '__proto__ and its kind are ordinary fields',
    '{"sensor_id":"A","__proto__":{"x":1},"constructor":2,"toString":3}',
    ['A/__proto__/x 1', 'A/constructor 2', 'A/toString 3'],
    fields,
  ],
  ['an id of 257 characters', `{"sensor_id":"${'i'.repeat(257)}","t":1}`, ['!topic_too_long']],
  [
    'a field of 257 characters',
    `{"sensor_id":"A","${'f'.repeat(257)}":1,"t":1}`,
    ['A/t 1', '!topic_too_long'],
    fields,
  ],
  [
    '256 characters outside the basic plane pass',
    `{"sensor_id":"${'😀'.repeat(256)}","t":1}`,
    [`${'😀'.repeat(256)}/t 1`],
    fields,
  ],
  [
    'fields beyond max_fields',
    '{"sensor_id":"A","a":1,"b":2,"c":3,"d":4}',
    ['A/a 1', 'A/b 2', '!too_many_fields', '!too_many_fields'],
    { ...fields, max_fields: 2 },
  ],
  [
    'id_format: strip',
    seedLine,
    ['A0B1C2D3E4F5/temperature 25.5', 'A0B1C2D3E4F5/humidity 45.2'],
    { ...fields, id_format: 'strip' },
  ],
  [
    "id_format of one's own",
    '{"sensor_id":"Aa-Bb:Cc","t":1}',
    ['aabbcc/t 1'],
    { ...fields, id_format: { remove: ':-', letters: 'lower' } },
  ],
  ['an object with nothing but its id', '{"sensor_id":"A"}', ['A/data {"sensor_id":"A"}']],
];

for (const [name, line, expected, keys] of rows) {
  test(`payload rule: ${name}`, () => {
    assert.deepEqual(outcome(line, keys), expected);
  });
}

test('nested 5000 levels deep: the value is passed on as it is', () => {
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  const line = `{"sensor_id":"A","l":${deep}}`;
  assert.deepEqual(outcome(line), [`A/l ${deep}`, `A/data ${line}`]);
});

test('max_sensors: known sensors go on, a further one is refused', () => {
  const mapper = new FieldMapper(portOptions({ max_sensors: 2 }), assert.fail);
  const kinds = ['A', 'B', 'C', 'A', 'C'].map((id) => {
    const decoded = decodeJsonLine(Buffer.from(`{"sensor_id":"${id}","t":1}`));
    assert.equal(decoded.kind, 'object');
    return mapper.map(decoded).kind;
  });
  assert.deepEqual(kinds, ['mapped', 'mapped', 'too_many_sensors', 'mapped', 'too_many_sensors']);
});

test('a topic above 65535 bytes is dropped', () => {
  const long = 'ä'.repeat(256);
  const keys = Array.from({ length: 16 }, () => `{"${long}":`).join('');
  const line = `{"sensor_id":"A","deep":${keys}1${'}'.repeat(16)}}`;
  const base4096 = 'b'.repeat(4000);
  const mapped = (topicBytes: string): string[] => {
    const drops: string[] = [];
    const options = { ...portOptions({ publish: 'fields', max_depth: 16 }), baseTopic: topicBytes };
    const decoded = decodeJsonLine(Buffer.from(line));
    assert.equal(decoded.kind, 'object');
    new FieldMapper(options, (reason) => drops.push(reason)).map(decoded);
    return drops;
  };
  assert.deepEqual(mapped(`${base4096}/`), []);
  assert.deepEqual(mapped(`${'b'.repeat(60_000)}/`), ['topic_too_long']);
});
