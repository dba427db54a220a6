import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  cannotUse,
  HandClock,
  type Keys,
  PuppetDriver,
  plug,
  RecordingHost,
  scratchPath,
  serialOptions,
} from './recording-host.test-kit.ts';
import { type SerialGateway, startSerialGateway } from './serial-gateway.ts';

interface Stage {
  readonly gateway: SerialGateway;
  readonly host: RecordingHost;
  readonly clock: HandClock;
  readonly driver: PuppetDriver;
}

async function stage(context: TestContext, ...ports: Keys[]): Promise<Stage> {
  const host = new RecordingHost();
  const clock = new HandClock();
  const driver = new PuppetDriver(() => host.happened());
  const chooseDriver = async () => ({ driver, fallbackReason: undefined });
  const all = ports.map((keys, index) => ({
    name: ['a', 'b'][index],
    path: `tcp://127.0.0.1:${index + 1}`,
    write: { enabled: true },
    ...keys,
  }));
  const gateway = startSerialGateway(
    serialOptions(...all),
    Object.assign(host, { clock, chooseDriver }),
  );
  context.after(() => gateway.stop());
  clock.advance(0);
  for (const { name } of all) await host.untilState(name ?? '', 'open');
  return { gateway, host, clock, driver };
}

function resultsAt(host: RecordingHost, topicName: string): string[] {
  return host.messages.filter((message) => message.topicName === topicName).map((m) => m.payload);
}

test('write-back is off by default: nothing is subscribed, writing is refused', async (t) => {
  const { gateway, host, driver } = await stage(t, { write: { enabled: false } });
  assert.deepEqual(host.subscriptions, []);
  assert.deepEqual(await gateway.write('a', 'x'), { ok: false, error: 'disabled' });
  assert.deepEqual(driver.last.written, []);
});

test('a payload at tx goes to the device with a line feed, and the result is published', async (t) => {
  const { gateway, host, driver } = await stage(t, {});
  host.deliver('iot/serial/a/tx', 'led on');
  await host.until('a result', () => resultsAt(host, 'iot/serial/a/tx/result').length === 1);
  assert.deepEqual(driver.last.written, ['led on\n']);
  assert.deepEqual(resultsAt(host, 'iot/serial/a/tx/result'), ['{"ok":true}']);
  assert.equal(gateway.ports()[0]?.counters.tx.ok, 1);
  assert.ok(
    host.subscriptions.every(({ options }) => options?.noLocal && options.retainHandling === 2),
  );
});

test('a request gets its answer at the Response Topic with its Correlation Data', async (t) => {
  const { host } = await stage(t, {});
  const correlationData = Buffer.from('42');
  host.deliver('iot/serial/a/tx', 'x', {
    properties: { responseTopic: 'answers/me', correlationData },
  });
  await host.until('an answer', () => resultsAt(host, 'answers/me').length === 1);
  const answer = host.messages.find(({ topicName }) => topicName === 'answers/me');
  assert.equal(answer?.payload, '{"ok":true}');
  assert.equal(Buffer.from(answer?.properties?.correlationData ?? []).toString(), '42');
});

test('a value at toserial becomes a JSON line: JSON as it is, other text as a string', async (t) => {
  const { host, driver } = await stage(t, {});
  const rows: [topic: string, payload: string, line: string][] = [
    ['A0:B1/led', 'true', '{"sensor_id":"A0:B1","led":true}'],
    ['A/n', '25.50', '{"sensor_id":"A","n":25.50}'],
    ['A/n', ' {"x": [1, 2]} ', '{"sensor_id":"A","n":{"x": [1, 2]}}'],
    ['A/text', 'on', '{"sensor_id":"A","text":"on"}'],
    ['A/text', '"on"', '{"sensor_id":"A","text":"on"}'],
    ['A/text', '', '{"sensor_id":"A","text":""}'],
    ['A/text', '05', '{"sensor_id":"A","text":"05"}'],
    ['A%2FB/50%25', 'say "hi"', '{"sensor_id":"A/B","50%":"say \\"hi\\""}'],
    ['A/multi', 'a\nb', '{"sensor_id":"A","multi":"a\\nb"}'],
  ];
  for (const [topic, payload] of rows) host.deliver(`iot/sensors/toserial/${topic}`, payload);
  await host.until('all written', () => driver.last.written.length === rows.length);
  assert.deepEqual(
    driver.last.written,
    rows.map(([, , line]) => `${line}\n`),
  );
});

test('toserial uses the id as the device wrote it, and goes to the port that knows the sensor', async (t) => {
  const { host, driver } = await stage(t, { id_format: 'strip', id_field: 'mac' }, {});
  const [a, b] = driver.ports;
  assert.ok(a && b);
  a.say('{"mac":"A0:B1","t":1}\n');
  b.say('{"sensor_id":"B","t":1}\n');
  host.deliver('iot/sensors/toserial/A0B1/led', '1');
  host.deliver('iot/sensors/toserial/B/led', '2');
  host.deliver('iot/sensors/toserial/new/led', '3');
  await host.until('all written', () => a.written.length === 2 && b.written.length === 2);
  assert.deepEqual(a.written, ['{"mac":"A0:B1","led":1}\n', '{"mac":"new","led":3}\n']);
  assert.deepEqual(b.written, ['{"sensor_id":"B","led":2}\n', '{"sensor_id":"new","led":3}\n']);
});

test('what is refused says why and never reaches the device', async (t) => {
  const { gateway, host, driver } = await stage(t, { max_line: 64 });
  host.deliver('iot/serial/a/tx', 'a\nb');
  host.deliver('iot/serial/a/tx', 'x'.repeat(65));
  host.deliver('iot/serial/a/tx', 'stored', { retain: true });
  host.deliver('iot/sensors/toserial/A/t', Buffer.from([0xff]));
  host.deliver('iot/serial/a/tx', 'replayed', { retained: true });
  await host.until('four results', () => resultsAt(host, 'iot/serial/a/tx/result').length === 4);
  assert.deepEqual(resultsAt(host, 'iot/serial/a/tx/result').sort(), [
    '{"ok":false,"error":"line_feed"}',
    '{"ok":false,"error":"not_utf8"}',
    '{"ok":false,"error":"retained"}',
    '{"ok":false,"error":"too_long"}',
  ]);
  assert.deepEqual(driver.last.written, []);
  const { tx } = gateway.ports()[0]?.counters ?? assert.fail();
  assert.deepEqual([tx.line_feed, tx.not_utf8, tx.retained, tx.too_long, tx.ok], [1, 1, 1, 1, 0]);
});

test('nothing is queued for a closed port', async (t) => {
  const { gateway, host, driver } = await stage(t, {});
  driver.last.events.closed(new Error('the device hung up'));
  assert.deepEqual(await gateway.write('a', 'x'), { ok: false, error: 'closed' });
  host.deliver('iot/serial/a/tx', 'x');
  await host.until('a result', () => resultsAt(host, 'iot/serial/a/tx/result').length === 1);
  assert.deepEqual(resultsAt(host, 'iot/serial/a/tx/result'), ['{"ok":false,"error":"closed"}']);
});

test('a device that takes nothing: the queue is bounded and every command ends in its time', async (t) => {
  const { gateway, clock, driver } = await stage(t, {
    write: { enabled: true, queue: 2, timeout: '5s' },
  });
  driver.last.isDeaf = true;
  const results = ['1', '2', '3', '4'].map((line) => gateway.write('a', line));
  assert.deepEqual(await results[3], { ok: false, error: 'queue_full' });
  clock.advance(4999);
  assert.equal(gateway.ports()[0]?.queuedWrites, 2);
  clock.advance(1);
  for (const result of results.slice(0, 3)) {
    assert.deepEqual(await result, { ok: false, error: 'timeout' });
  }
  assert.equal(gateway.ports()[0]?.queuedWrites, 0);
});

test('commands that wait when the port closes end as closed', async (t) => {
  const { gateway, driver } = await stage(t, {});
  driver.last.isDeaf = true;
  const results = [gateway.write('a', '1'), gateway.write('a', '2')];
  await new Promise(setImmediate);
  driver.last.events.closed(new Error('the device hung up'));
  assert.deepEqual(await Promise.all(results), [
    { ok: false, error: 'closed' },
    { ok: false, error: 'closed' },
  ]);
});

test('chunks with pauses for small buffers, commands one after the other', async (t) => {
  const write = { enabled: true, chunk_bytes: 4, chunk_delay: '20ms' };
  const { gateway, host, clock, driver } = await stage(t, { write });
  const results = Promise.all([gateway.write('a', 'abcdefghi'), gateway.write('a', 'xy')]);
  await host.until('the first piece', () => driver.last.written.length === 1);
  clock.advance(19);
  assert.deepEqual(driver.last.written, ['abcd']);
  clock.advance(1);
  await host.until('the second piece', () => driver.last.written.length === 2);
  await new Promise(setImmediate);
  clock.advance(20);
  await results;
  assert.deepEqual(driver.last.written, ['abcd', 'efgh', 'i\n', 'xy\n']);
});

for (const name of ['serialport', 'stty'] as const) {
  test(`${name}: a real device gets the bytes while it sends, and one that does not read costs a timeout`, {
    skip: cannotUse(name),
  }, async (t) => {
    const paths = [scratchPath(), scratchPath()] as const;
    const host = new RecordingHost();
    let received = '';
    const device = await plug(paths[0], {
      received: (chunk) => {
        received += Buffer.from(chunk).toString();
        host.happened();
      },
    });
    t.after(() => device.close());
    const deaf = await plug(paths[1], { reads: false });
    t.after(() => deaf.close());
    const write = { enabled: true, timeout: '300ms', queue: 100 };
    const gateway = startSerialGateway(
      serialOptions(
        { name: 'a', path: paths[0], driver: name, write },
        { name: 'deaf', path: paths[1], driver: name, write },
      ),
      host,
    );
    t.after(() => gateway.stop());
    await host.untilState('a', 'open');
    await host.untilState('deaf', 'open');
    device.write('{"sensor_id":"A","t":1}\n'.repeat(100));
    assert.deepEqual(await gateway.write('a', 'hello'), { ok: true });
    await host.until('the device got it', () => received === 'hello\n');
    const big = 'z'.repeat(16_000);
    const results = await Promise.all(Array.from({ length: 10 }, () => gateway.write('deaf', big)));
    assert.ok(
      results.some((result) => !result.ok && result.error === 'timeout'),
      JSON.stringify(results),
    );
    deaf.write('{"sensor_id":"D","t":1}\n');
    await host.until('it is still read', () => host.lines.some((line) => line.includes('/D/t 1')));
    assert.equal(gateway.ports()[1]?.state, 'open');
    const stuck = gateway.write('deaf', big);
    await deaf.close();
    await host.until('the unplug is noticed', () => gateway.ports()[1]?.state === 'waiting');
    assert.equal((await stuck).ok, false);
  });
}
