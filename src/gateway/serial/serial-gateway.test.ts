/** The door as a whole, on real pseudo-terminals. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { SerialOptions } from './options.ts';
import type { PseudoTerminal, PseudoTerminalOptions } from './pseudo-terminal.ts';
import {
  cannotUse,
  plug,
  RecordingHost,
  scratchPath,
  seedLine,
  serialOptions,
  withoutTerminals,
} from './recording-host.test-kit.ts';
import { type SerialGateway, startSerialGateway } from './serial-gateway.ts';

function start(context: TestContext, options: SerialOptions): [SerialGateway, RecordingHost] {
  const host = new RecordingHost();
  const gateway = startSerialGateway(options, host);
  context.after(() => gateway.stop());
  return [gateway, host];
}

async function plugged(
  context: TestContext,
  path: string,
  more?: PseudoTerminalOptions,
): Promise<PseudoTerminal> {
  const terminal = await plug(path, more);
  context.after(() => terminal.close());
  return terminal;
}

const seedMessages = [
  'iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/temperature 25.5',
  'iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/humidity 45.2',
  `iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/data ${seedLine}`,
];

for (const driver of ['serialport', 'stty'] as const) {
  test(`${driver}: the seed's line becomes exactly three messages`, {
    skip: cannotUse(driver),
  }, async (t) => {
    const path = scratchPath();
    const device = await plugged(t, path);
    const [gateway, host] = start(t, serialOptions({ name: 'esp32-a', path, driver }));
    await host.untilState('esp32-a', 'open');
    device.write(`${seedLine}\n`);
    await host.until('the line is published', () => host.messages.length === 3);
    assert.deepEqual(host.lines, seedMessages);
    assert.ok(host.messages.every(({ qos, retain }) => qos === 0 && !retain));
    assert.deepEqual(host.identities, [
      { clientId: '$serial/esp32-a', username: '$serial/esp32-a' },
    ]);
    const [status] = gateway.ports();
    assert.equal(status?.driver, driver);
    assert.equal(status?.isHealthy, true);
    assert.equal(status?.counters.lines.published, 1);
    assert.equal(status?.counters.published, 3);
    assert.equal(status?.counters.bytes, seedLine.length + 1);
    await gateway.stop();
    assert.equal(host.system.get('$SYS/broker/serial/esp32-a/state'), 'closed');
    assert.equal(host.closedClients, 1);
    assert.deepEqual(host.lines, seedMessages, 'nothing else under iot/, no state outside of $SYS');
  });

  test(`${driver}: 20000 lines arrive complete and in order`, {
    skip: cannotUse(driver),
  }, async (t) => {
    const path = scratchPath();
    const device = await plugged(t, path);
    const [, host] = start(t, serialOptions({ name: 'a', path, driver, publish: 'fields' }));
    await host.untilState('a', 'open');
    for (let block = 0; block < 200; block += 1) {
      let text = '';
      for (let line = 0; line < 100; line += 1) {
        text += `{"sensor_id":"S","n":${block * 100 + line}}\r\n`;
      }
      if (!device.write(text)) await device.drained();
    }
    await host.until('all lines came', () => host.messages.length >= 20_000);
    const numbers = host.messages.map(({ payload }) => Number(payload));
    assert.deepEqual(
      numbers,
      Array.from({ length: 20_000 }, (_, index) => index),
    );
  });
}

test('a megabyte without line feed, boot garbage, then good lines', {
  skip: withoutTerminals,
}, async (t) => {
  const path = scratchPath();
  const device = await plugged(t, path);
  const [gateway, host] = start(t, serialOptions({ name: 'a', path, publish: 'data' }));
  await host.untilState('a', 'open');
  const chunk = Buffer.alloc(65_536, 'x');
  for (let count = 0; count < 16; count += 1) {
    if (!device.write(chunk)) await device.drained();
  }
  device.write('\nets Jun  8 2016 00:22:57\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n');
  device.write(Buffer.from([0xff, 0xfe, 0x80, 0x0a]));
  device.write('I (1220) wifi: mode : sta{"sensor_id":"A","t":1}\n{"sensor_id":"B","t":2}\n');
  await host.until('the good lines came', () => host.messages.length === 2);
  assert.deepEqual(
    host.messages.map(({ payload }) => payload),
    ['{"sensor_id":"A","t":1}', '{"sensor_id":"B","t":2}'],
  );
  const { lines, discardedBytes } = gateway.ports()[0]?.counters ?? assert.fail();
  assert.equal(discardedBytes, 1_048_576);
  assert.equal(lines.oversize, 1);
  assert.equal(lines.log_line, 2);
  assert.equal(lines.not_utf8, 1);
  assert.equal(lines.salvaged, 1);
  assert.equal(lines.published, 1);
  assert.deepEqual(
    host.logged('serial.log_line').map(({ level, message }) => `${level} ${message}`),
    ['info a: ets Jun  8 2016 00:22:57', 'info a: rst:0x1 (POWERON_RESET),boot:0x13'],
  );
});

test('two ports at once, each under its own name', { skip: withoutTerminals }, async (t) => {
  const paths = [scratchPath(), scratchPath()] as const;
  const one = await plugged(t, paths[0]);
  const two = await plugged(t, paths[1]);
  const [, host] = start(
    t,
    serialOptions(
      { name: 'one', path: paths[0], base_topic: 'a' },
      { name: 'two', path: paths[1], base_topic: 'b/', framing: 'lines' },
    ),
  );
  await host.untilState('one', 'open');
  await host.untilState('two', 'open');
  one.write('{"sensor_id":"S","t":1}\n');
  two.write('any text \r\n\n{"not":"read"}\n');
  await host.until('both published', () => host.messages.length === 4);
  assert.deepEqual(
    host.messages.filter(({ clientId }) => clientId === '$serial/one').map((m) => m.topicName),
    ['a/S/t', 'a/S/data'],
  );
  assert.deepEqual(
    host.messages
      .filter(({ clientId }) => clientId === '$serial/two')
      .map((m) => `${m.topicName} ${m.payload}`),
    ['b/two/data any text ', 'b/two/data {"not":"read"}'],
  );
});

test('two ports that lead to one device are refused at start', {
  skip: withoutTerminals,
}, async (t) => {
  const path = scratchPath();
  const other = scratchPath();
  await plugged(t, path);
  symlinkSync(path, other);
  const host = new RecordingHost();
  const options = serialOptions({ name: 'one', path }, { name: 'two', path: other });
  assert.throws(() => startSerialGateway(options, host), /"one" and "two" lead to one device/);
  assert.deepEqual(host.identities, [], 'nothing was half started');
});

test('a port that is not there is waited for and opened when it comes', {
  skip: withoutTerminals,
}, async (t) => {
  const path = scratchPath();
  const [, host] = start(t, serialOptions({ name: 'a', path }));
  await host.until('it waits', () => host.logged('serial.port.waiting').length === 1);
  assert.equal(host.system.get('$SYS/broker/serial/a/state'), 'waiting');
  assert.deepEqual(
    host.logs.filter(({ level }) => level === 'error'),
    [],
  );
  await plugged(t, path);
  await host.untilState('a', 'open');
});

test('after a replug the half line of before is not joined with the first one after', {
  skip: withoutTerminals,
}, async (t) => {
  const path = scratchPath();
  const first = await plugged(t, path);
  const [gateway, host] = start(t, serialOptions({ name: 'a', path, publish: 'fields' }));
  await host.untilState('a', 'open');
  first.write('{"sensor_id":"A","t":1}\n{"sensor_id":"A","t":2');
  await host.until('the first line came', () => host.messages.length === 1);
  await first.close();
  await host.untilState('a', 'waiting');
  const second = await plugged(t, path);
  await host.untilState('a', 'open');
  second.write('}\n{"sensor_id":"A","t":3}\n');
  await host.until('the line after came', () => host.messages.length === 2);
  assert.deepEqual(
    host.lines.map((line) => line.split('/').at(-1)),
    ['t 1', 't 3'],
  );
  assert.deepEqual(host.states, ['waiting', 'open', 'closed', 'waiting', 'open']);
  assert.equal(gateway.ports()[0]?.counters.reconnects, 1);
});

test('a disabled port is listed and nothing is opened for it', async (t) => {
  const [gateway, host] = start(t, serialOptions({ name: 'a', path: '/dev/none', enabled: false }));
  assert.deepEqual(
    gateway.ports().map(({ name, state }) => [name, state]),
    [['a', 'disabled']],
  );
  assert.deepEqual(host.identities, []);
  assert.equal((await gateway.write('a', 'x')).ok, false);
  await assert.rejects(gateway.write('b', 'x'), /no serial port "b"; there are: a/);
});
