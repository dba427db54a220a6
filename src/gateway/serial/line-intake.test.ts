/** What a port adds to its messages, and where lines go that are none. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  HandClock,
  type Keys,
  PuppetDriver,
  RecordingHost,
  seedLine,
  serialOptions,
} from './recording-host.test-kit.ts';
import { type SerialGateway, startSerialGateway } from './serial-gateway.ts';

interface Stage {
  readonly gateway: SerialGateway;
  readonly host: RecordingHost;
  readonly clock: HandClock;
  say(text: string | Uint8Array): void;
}

async function stage(context: TestContext, keys: Keys): Promise<Stage> {
  const host = new RecordingHost();
  const clock = new HandClock();
  const driver = new PuppetDriver(() => host.happened());
  const chooseDriver = async () => ({ driver, fallbackReason: undefined });
  const options = serialOptions({ name: 'a', path: 'tcp://h:1', ...keys });
  const gateway = startSerialGateway(options, Object.assign(host, { clock, chooseDriver }));
  context.after(() => gateway.stop());
  clock.advance(0);
  await host.untilState('a', 'open');
  return { gateway, host, clock, say: (text) => driver.last.events.data(Buffer.from(text)) };
}

test('by default nothing is added to a message: QoS 0, not retained, no properties', async (t) => {
  const { host, say } = await stage(t, {});
  say(`${seedLine}\r\n`);
  assert.equal(host.messages.length, 3);
  for (const { qos, retain, properties } of host.messages) {
    assert.deepEqual([qos, retain, properties], [0, false, undefined]);
  }
});

test('qos, retain, message_expiry and properties travel with every message', async (t) => {
  const keys = { qos: 1, retain: true, message_expiry: '90s', properties: true, publish: 'both' };
  const { host, clock, say } = await stage(t, keys);
  say('{"sensor_id":"A","t":1}\n');
  clock.advance(250);
  say('{"sensor_id":"A","t":2}\n');
  const expected = (seq: string, receivedAtMs: number, contentType: string): object => ({
    messageExpiryInterval: 90,
    contentType,
    userProperties: [
      ['received_at', String(receivedAtMs)],
      ['port', 'a'],
      ['seq', seq],
    ],
  });
  const atMs = clock.nowMs();
  assert.deepEqual(
    host.messages.map(({ qos, retain, properties }) => [qos, retain, properties]),
    [
      [1, true, expected('1', atMs - 250, 'text/plain')],
      [1, true, expected('1', atMs - 250, 'application/json')],
      [1, true, expected('2', atMs, 'text/plain')],
      [1, true, expected('2', atMs, 'application/json')],
    ],
  );
});

test('every line has one result, and the last refused lines are kept', async (t) => {
  const { gateway, host, say } = await stage(t, { max_line: 64, max_sensors: 1 });
  say('{"sensor_id":"A","t":1}\n\n   \n{"t":1}\nboot text\n{"sensor_id":"A","t":NaN}\n');
  say('x{"sensor_id":"A","t":2,"t":"\\ud800","n":1}\n{"sensor_id":"B"}\n');
  say(`${'y'.repeat(100)}\n`);
  say(Buffer.from([0x1b, 0xff, 0x0a]));
  const { lines, fieldsDropped, published, refused } =
    gateway.ports()[0]?.counters ?? assert.fail();
  assert.deepEqual(lines, {
    published: 1,
    salvaged: 1,
    log_line: 1,
    bad_json: 1,
    not_utf8: 1,
    oversize: 1,
    no_sensor_id: 1,
    duplicate: 0,
    rate_limited: 0,
    queue_dropped: 0,
    topic_too_long: 0,
    too_many_sensors: 1,
  });
  assert.equal(fieldsDropped.bad_string, 1);
  assert.deepEqual([published, refused], [4, 0]);
  assert.deepEqual(
    gateway.ports()[0]?.badLines.map(({ reason, text }) => `${reason} ${text}`),
    [
      'no_sensor_id {"t":1}',
      'bad_json {"sensor_id":"A","t":NaN}',
      'too_many_sensors {"sensor_id":"B"}',
      `oversize ${'y'.repeat(64)}`,
      'not_utf8 \\x1b\ufffd',
    ],
  );
  assert.equal(host.logged('serial.line.refused').length, 5, 'each reason once');
  for (let count = 0; count < 100; count += 1) say('{bad\n');
  assert.equal(gateway.ports()[0]?.badLines.length, 10);
  assert.equal(host.logged('serial.line.refused').length, 5, 'folded');
});

test('dedupe_ms and rate_limit drop and count', async (t) => {
  const { gateway, host, clock, say } = await stage(t, {
    dedupe_ms: 100,
    rate_limit: 5,
    publish: 'data',
  });
  say('{"sensor_id":"A","t":1}\n'.repeat(2));
  clock.advance(1000);
  for (let count = 0; count < 10; count += 1) say(`{"sensor_id":"A","t":${count}}\n`);
  assert.equal(host.messages.length, 6);
  const { lines } = gateway.ports()[0]?.counters ?? assert.fail();
  assert.deepEqual([lines.duplicate, lines.rate_limited], [1, 5]);
});

test('log_lines: topic publishes text lines, off says nothing, a flood is folded', async (t) => {
  const toTopic = await stage(t, { log_lines: 'topic' });
  toTopic.say('I (1220) wifi: connected\n');
  assert.deepEqual(toTopic.host.lines, ['iot/serial/a/log I (1220) wifi: connected']);
  assert.deepEqual(toTopic.host.logged('serial.log_line'), []);
  const off = await stage(t, { log_lines: 'off' });
  off.say('I (1220) wifi: connected\n');
  assert.deepEqual(off.host.logged('serial.log_line'), []);
  const debug = await stage(t, { log_lines: 'debug' });
  debug.say('\u001b[31mred\n');
  assert.deepEqual(
    debug.host.logged('serial.log_line').map(({ level, message }) => `${level} ${message}`),
    ['debug a: \\x1b[31mred'],
  );
  debug.say('again\n'.repeat(5000));
  assert.equal(debug.host.logged('serial.log_line').length, 100);
  debug.clock.advance(60_000);
  debug.say('later\n');
  assert.match(debug.host.logs.at(-1)?.message ?? '', /later \(and 4901 more like it before\)/);
});

test('error_topic gets the refused line and the reason', async (t) => {
  const { host, say } = await stage(t, { error_topic: 'plant/errors', max_line: 64 });
  say(`{"t":1}\n${'z'.repeat(70)}\nboot text\n`);
  assert.deepEqual(
    host.messages.map(({ topicName, payload, properties }) => [
      topicName,
      payload,
      properties?.userProperties?.at(-1),
    ]),
    [
      ['plant/errors', '{"t":1}', ['reason', 'no_sensor_id']],
      ['plant/errors', 'z'.repeat(64), ['reason', 'oversize']],
    ],
  );
});

test('what the broker refuses is counted and logged, and the rest goes on', async (t) => {
  const { gateway, host, say } = await stage(t, {});
  host.answer = ({ topicName }) =>
    topicName.endsWith('/data')
      ? { reasonCode: 0x87, matched: 0, reasonString: 'rule acl:3' }
      : { reasonCode: 0x10, matched: 0 };
  say(`${seedLine}\n${seedLine}\n`);
  const { published, refused } = gateway.ports()[0]?.counters ?? assert.fail();
  assert.deepEqual([published, refused], [4, 2]);
  assert.deepEqual(
    host.logged('serial.publish.refused').map(({ message }) => message),
    ['a: the broker refused iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/data: 0x87, rule acl:3'],
  );
});
