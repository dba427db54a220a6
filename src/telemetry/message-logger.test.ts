import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Message, type MessageFields } from '../session/index.ts';
import {
  createMessageLogger,
  type MessageLogger,
  type MessageLoggerOptions,
  seedLines,
} from './message-logger.ts';

process.env['TZ'] = 'UTC';

class Screen extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function open(options: Partial<MessageLoggerOptions>): { logger: MessageLogger; screen: Screen } {
  const screen = new Screen();
  return { logger: createMessageLogger({ format: 'seed', output: screen, ...options }), screen };
}

function message(
  topicName: string,
  payload: string | Uint8Array,
  more: Partial<MessageFields> = {},
): Message {
  return new Message({
    topicName,
    payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload,
    qos: 0,
    retain: false,
    properties: undefined,
    publisherId: 'esp-7',
    publisherName: undefined,
    nowMs: Date.parse('2026-11-20T06:41:00.123Z'),
    ...more,
  });
}

async function show(
  options: Partial<MessageLoggerOptions>,
  ...messages: readonly Message[]
): Promise<string> {
  const { logger, screen } = open(options);
  for (const one of messages) logger.messagePublished?.(one, 0);
  await logger.close();
  return screen.text;
}

test('S1-08 S1-15 seed: an empty line, the topic, the payload, to the byte', async () => {
  assert.equal(
    await show(
      {},
      message('system/status', 'Client online'),
      message('sensors/temperature', '24.3°C'),
      message('empty', ''),
    ),
    '\n[MSG] Topic: system/status\nPayload: Client online\n' +
      '\n[MSG] Topic: sensors/temperature\nPayload: 24.3°C\n' +
      '\n[MSG] Topic: empty\nPayload: \n',
  );
});

test('S1-10 bytes that are no text are shown as hex, and it goes on', async () => {
  assert.equal(
    await show({}, message('bin', new Uint8Array([0xff, 0x00, 0x10])), message('next', 'text')),
    '\n[MSG] Topic: bin\nPayload: 0xff0010\n\n[MSG] Topic: next\nPayload: text\n',
  );
});

test('S1-07 every topic is seen except those below $, unless a filter names them', async () => {
  const messages = ['a', '/a', '$SYS/broker/uptime', 'iot/x/data'].map((name) =>
    message(name, 'x'),
  );
  const topics = async (topicFilters?: readonly string[]): Promise<string[]> => {
    const text = await show(topicFilters === undefined ? {} : { topicFilters }, ...messages);
    return [...text.matchAll(/Topic: (.*)\n/g)].map((match) => match[1] ?? '');
  };
  assert.deepEqual(await topics(), ['a', '/a', 'iot/x/data']);
  assert.deepEqual(await topics(['iot/+/data', '$SYS/#']), ['$SYS/broker/uptime', 'iot/x/data']);
});

test('line: time, QoS, retain, topic and payload on one line', async () => {
  assert.equal(
    await show(
      { format: 'line' },
      message('sensors/temperature', '24.3°C', { qos: 1, retain: true }),
      message('with blank', 'two\nlines'),
      message('bin', new Uint8Array([0xc3])),
    ),
    '06:41:00.123 q1r sensors/temperature 24.3°C\n' +
      '06:41:00.123 q0 "with blank" two\\nlines\n' +
      '06:41:00.123 q0 bin 0xc3\n',
  );
});

test('json: one object per line, base64 for what is no text', async () => {
  const text = await show(
    { format: 'json' },
    message('a', 'line\u2028\n"quoted"', { publisherName: 'ana' }),
    message('b', new Uint8Array([0xff, 0x00])),
  );
  const [first, second] = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  assert.deepEqual(first, {
    time: '2026-11-20T06:41:00.123Z',
    topic: 'a',
    qos: 0,
    retain: false,
    client: 'esp-7',
    username: 'ana',
    bytes: 16,
    payload: 'line\u2028\n"quoted"',
  });
  assert.equal(second.payload_base64, '/wA=');
  assert.equal(second.payload, undefined);
  assert.ok(!text.includes('\u2028'));
});

test('a message can neither move the cursor nor pose as another topic', async () => {
  const evil = message('a\n[MSG] Topic: b', 'x\u001b[2J\u009b1A\r\ny');
  assert.equal(
    await show({}, evil),
    '\n[MSG] Topic: a\\n[MSG] Topic: b\nPayload: x\\x1b[2J\\x9b1A\\r\ny\n',
  );
  const line = await show({ format: 'line' }, evil);
  assert.equal(line.indexOf('\n'), line.length - 1);
});

test('long payloads are cut, between characters', async () => {
  const options = { payloadBytesMax: 4 };
  assert.match(await show(options, message('a', 'abcdefgh')), /Payload: abcd… \(4 bytes more\)\n/);
  assert.match(await show(options, message('a', 'abc°defg')), /Payload: abc… \(5 bytes more\)\n/);
  const json = await show({ ...options, format: 'json' }, message('a', 'abcdefgh'));
  assert.deepEqual([JSON.parse(json).payload, JSON.parse(json).cut_bytes], ['abcd', 4]);
});

test('a byte order mark is part of the text and shown like every other character', async () => {
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x61]);
  assert.equal(await show({ format: 'line' }, message('t', bytes)), '06:41:00.123 q0 t \\ufeffa\n');
});

test('colours only where asked for', async () => {
  const text = await show({ colors: true }, message('a', 'x'));
  assert.ok(text.includes('\u001b[36ma\u001b[39m'));
});

test('a slow output costs messages, counted and told, never time', async () => {
  let open_: () => void = () => undefined;
  const pieces: string[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      pieces.push(chunk.toString());
      open_ = done;
    },
  });
  const logger = createMessageLogger({ format: 'line', output, waitingBytesMax: 100 });
  for (let i = 0; i < 1000; i++) logger.messagePublished?.(message(`t/${i}`, 'x'), 0);
  assert.equal(pieces.length, 1);
  assert.equal(logger.skipped, 994);
  open_();
  await setImmediate();
  assert.match(pieces[1] ?? '', /t\/5 x\n… 994 messages not shown: the output was too slow\n$/);
});

test('the payload is read while it is on loan', async () => {
  const { logger, screen } = open({});
  const payload = new TextEncoder().encode('first');
  logger.messagePublished?.(message('a', payload), 0);
  logger.messagePublished?.(message('b', payload), 0);
  payload.fill(0x78);
  await logger.close();
  assert.ok(!screen.text.includes('xxx'));
});

test('S1-06 S1-09 S1-11 the life-cycle lines of old', () => {
  assert.equal(
    seedLines.started('0.0.0.0:1883'),
    '[SERVER] Internal MQTT broker started at 0.0.0.0:1883',
  );
  assert.equal(seedLines.loggerActive, '[SERVER] Message logger active. Press Ctrl+C to exit.');
  assert.equal(seedLines.interrupted, '[SERVER] Keyboard interrupt received');
  assert.equal(seedLines.stopped, '[SERVER] Broker stopped');
  assert.equal(seedLines.closed, '[SERVER] Event loop closed');
});
