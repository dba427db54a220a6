import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDriver, driverChooser } from './choose-driver.ts';
import { type PortDriver, SerialPortError } from './port-driver.ts';
import {
  cannotUse,
  plug,
  RecordingHost,
  scratchPath,
  serialOptions,
  withoutTerminals,
} from './recording-host.test-kit.ts';
import { startSerialGateway } from './serial-gateway.ts';
import { sttyArguments } from './stty-driver.ts';

const text =
  'the package "serialport" does not load here (no native build); run: npm install serialport';
const withoutAddon = driverChooser(async (): Promise<PortDriver> => {
  throw new SerialPortError('driver_missing', text);
});

test('auto takes serialport for devices, and what the path says for networks', async () => {
  const nameOf = async (wanted: 'auto' | 'stty' | 'serialport', path: string): Promise<string> =>
    (await chooseDriver(wanted, path)).driver.name;
  assert.equal(await nameOf('auto', 'tcp://h:1'), 'tcp');
  assert.equal(await nameOf('auto', 'telnet://[::1]:1'), 'telnet');
  assert.equal(await nameOf('stty', '/dev/ttyUSB0'), 'stty');
  if (!cannotUse('serialport')) assert.equal(await nameOf('auto', '/dev/ttyUSB0'), 'serialport');
});

test('where the addon does not load, Linux falls back to stty, says so once, and the main job works', {
  skip: process.platform === 'linux' ? withoutTerminals : 'needs Linux',
}, async (t) => {
  const path = scratchPath();
  const device = await plug(path);
  t.after(() => device.close());
  const host = Object.assign(new RecordingHost(), { chooseDriver: withoutAddon });
  const gateway = startSerialGateway(serialOptions({ name: 'a', path, publish: 'fields' }), host);
  t.after(() => gateway.stop());
  await host.untilState('a', 'open');
  device.write('{"sensor_id":"A","t":1}\n');
  await host.until('the line came', () => host.messages.length === 1);
  assert.equal(gateway.ports()[0]?.driver, 'stty');
  assert.deepEqual(
    host.logged('serial.driver.fallback').map(({ message }) => message),
    [`a: driver stty is used instead of serialport: ${text}`],
  );
});

test('driver: serialport does not fall back: the port is in error and says what to install', {
  skip: withoutTerminals,
}, async (t) => {
  const path = scratchPath();
  const device = await plug(path);
  t.after(() => device.close());
  const host = Object.assign(new RecordingHost(), { chooseDriver: withoutAddon });
  const gateway = startSerialGateway(
    serialOptions({ name: 'a', path, driver: 'serialport' }),
    host,
  );
  t.after(() => gateway.stop());
  await host.untilState('a', 'error');
  assert.match(gateway.ports()[0]?.lastError ?? '', /npm install serialport/);
});

test('stty gets every line setting', () => {
  const [port] = serialOptions({
    path: '/dev/x',
    baud: 9600,
    data_bits: 7,
    parity: 'odd',
    stop_bits: 2,
    flow: 'hardware',
    hangup_on_close: true,
  }).ports;
  assert.ok(port);
  assert.equal(
    sttyArguments(port.line).join(' '),
    '9600 raw -echo clocal hupcl cs7 parenb parodd cstopb crtscts -ixon -ixoff',
  );
});

test('a second reader of one port is told who has it, and gets it when it is free', {
  skip: cannotUse('serialport'),
}, async (t) => {
  const path = scratchPath();
  const device = await plug(path);
  t.after(() => device.close());
  const first = new RecordingHost();
  const one = startSerialGateway(serialOptions({ name: 'one', path, driver: 'serialport' }), first);
  t.after(() => one.stop());
  await first.untilState('one', 'open');
  const second = new RecordingHost();
  const two = startSerialGateway(
    serialOptions({ name: 'two', path, driver: 'serialport' }),
    second,
  );
  t.after(() => two.stop());
  await second.untilState('two', 'error');
  assert.match(
    second.logged('serial.port.error')[0]?.message ?? '',
    /is in use by .*close it there/,
  );
  await one.stop();
  await second.untilState('two', 'open');
});
