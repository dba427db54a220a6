import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type PublishPacket } from '../packet/index.ts';
import { FormatError, MessageFormat } from './format.ts';

const message: PublishPacket = {
  type: PacketType.publish,
  topicName: 'a/ü',
  payload: Buffer.from('hello'),
  qos: 1,
  retain: true,
  dup: false,
  packetId: 7,
  properties: undefined,
};

const properties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 60,
  contentType: 'text/plain',
  responseTopic: 'answer',
  correlationData: Buffer.from([0x63, 0x00, 0xff]),
  subscriptionIdentifiers: [9],
  topicAlias: 3,
  userProperties: [
    ['k', 'v'],
    ['k', 'w'],
  ],
} as const;

const time = new Date(2026, 10, 5, 6, 7, 8, 9);

function printed(format: string, changes: Partial<PublishPacket> = {}, isPretty = false): string {
  const complain = (sentence: string): void => assert.fail(sentence);
  return new MessageFormat(format, { isPretty, complain })
    .print({ ...message, ...changes }, time)
    .toString();
}

for (const [format, expected] of [
  ['%t', 'a/ü'],
  ['%p', 'hello'],
  ['%x %X', '68656c6c6f 68656C6C6F'],
  ['%l %m %q %r', '5 7 1 1'],
  ['100%%', '100%'],
  ['[%8t]', '[    a/ü]'],
  ['[%-8t]', '[a/ü    ]'],
  ['[%8.1t]', '[       a]'],
  ['[%.2t]', '[a/]'],
  ['[%05l]', '[00005]'],
  ['[%-5l]', '[5    ]'],
  ['[%-05l]', '[5    ]'],
  ['[%8p]', '[   hello]'],
  ['[%08p]', '[000hello]'],
  ['[%-8p]', '[hello   ]'],
  ['[%3p]', '[hel]'],
  ['[%5x]', '[ 6865]'],
  ['[%-5X]', '[6865 ]'],
  ['[%-p]', '[hello     ]'],
  ['%A%C%D%E%F%P%R%S', ''],
  ['[%4A%04E%3C%2R]', '[    0000   ]'],
  ['\\\\ \\a\\e\\n\\r\\t\\v', '\\ \x07\x1b\n\r\t\v'],
  ['@Y-@m-@d @H:@M:@S.@N @@', '2026-11-05 06:07:08.009000000 @'],
  ['%U', `${Math.floor(time.getTime() / 1000)}.009000000`],
] as const) {
  test(`the format ${JSON.stringify(format)} prints ${JSON.stringify(expected)}`, () => {
    assert.equal(printed(format), expected);
  });
}

test('properties are printed, correlation data as bytes', () => {
  assert.equal(
    printed('%A %C %E %F %P %R %S', { properties }),
    '3 text/plain 60 1 k:v k:w answer 9',
  );
  const format = new MessageFormat('%D\\0', { isPretty: false, complain: () => undefined });
  const bytes = format.print({ ...message, properties }, time);
  assert.deepEqual([...bytes], [0x63, 0x00, 0xff, 0x00]);
});

test('a payload that is no text passes through unchanged', () => {
  const payload = Buffer.from([0, 0xff, 0x80, 0x0a]);
  const format = new MessageFormat('%p', { isPretty: false, complain: () => undefined });
  assert.deepEqual(format.print({ ...message, payload }, time), payload);
});

test('%j is JSON with the payload as a string, %J with the payload as a value', () => {
  const zone = printed('@z');
  const head = `{"tst":"2026-11-05T06:07:08.009000${zone}","topic":"a/ü","qos":1,"retain":1,"payloadlen":`;
  assert.equal(printed('%j'), `${head}5,"mid":7,"payload":"hello"}`);
  const payload = Buffer.from('{"b":1.0,"1":"x","b":[]}');
  assert.equal(printed('%J', { payload }), `${head}24,"mid":7,"payload":{"b":1,"1":"x","b":[]}}`);
  assert.equal(printed('%J', { payload: Buffer.alloc(0) }), `${head}0,"mid":7,"payload":null}`);
});

test('--pretty indents with tabs', () => {
  const payload = Buffer.from('{"a":[1,{"b":2}],"c":{}}');
  const lines = printed('%J', { payload, qos: 0 }, true).split('\n').slice(5);
  assert.deepEqual(
    lines,
    [
      '\t"payloadlen":\t24,',
      '\t"payload":\t{',
      '\t\t"a":\t[1, {',
      '\t\t\t\t"b":\t2',
      '\t\t\t}],',
      '\t\t"c":\t{',
      '\t\t}',
      '\t}',
      '}',
    ].slice(0),
  );
});

test('%J with a payload that is no JSON complains and prints the rest', () => {
  const complaints: string[] = [];
  const complain = (sentence: string): void => {
    complaints.push(sentence);
  };
  const format = new MessageFormat('[%J]', { isPretty: false, complain });
  assert.equal(format.print(message, time).toString(), '[]');
  assert.deepEqual(complaints, ['Message payload is not valid JSON on topic a/ü.']);
});

for (const [format, sentence] of [
  ['%', 'Incomplete format specifier.'],
  ['%5', 'Incomplete format specifier.'],
  ['%-', 'Incomplete format specifier.'],
  ['%5.', 'Incomplete format specifier.'],
  ['a @', 'Incomplete format specifier.'],
  ['%z', "Invalid format specifier 'z'."],
  ['\\', 'Incomplete escape specifier.'],
  ['\\q', "Invalid escape specifier 'q'."],
] as const) {
  test(`the format ${JSON.stringify(format)} is refused`, () => {
    assert.throws(
      () => new MessageFormat(format, { isPretty: false, complain: () => undefined }),
      new FormatError(sentence),
    );
  });
}
