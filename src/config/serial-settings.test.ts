import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusalLines } from './loading.test-kit.ts';

const serial = (given: Parameters<typeof load>[0]): unknown[] => {
  const { isEnabled, ports } = load(given).config.serial;
  return [isEnabled, ...ports.map(({ name, path, line }) => `${name} ${path} ${line.baud}`)];
};

test('--serial makes a port, with its baud rate where one is given', () => {
  const flags = (text: string): Record<string, string> => ({ 'serial.ports[0]': text });
  assert.deepEqual(serial({ flags: flags('/dev/ttyUSB0') }), [true, 'ttyusb0 /dev/ttyUSB0 115200']);
  assert.deepEqual(serial({ flags: flags('COM3:9600') }), [true, 'com3 COM3 9600']);
  assert.deepEqual(serial({ flags: flags('tcp://127.0.0.1:7001') }), [
    true,
    'tcp-127-0-0-1-7001 tcp://127.0.0.1:7001 115200',
  ]);
});

test('the variables make a port and switch serial on unless it is switched off', () => {
  const environment = { BROKER_SERIAL_PORT: '/dev/ttyUSB0' };
  assert.deepEqual(serial({ environment }), [true, 'ttyusb0 /dev/ttyUSB0 115200']);
  const off = { ...environment, BROKER_SERIAL_ENABLED: 'false' };
  assert.deepEqual(serial({ environment: off }), [false, 'ttyusb0 /dev/ttyUSB0 115200']);
  const flags = { 'serial.ports[0]': '/dev/ttyACM0' };
  assert.deepEqual(serial({ environment: off, flags }), [false, 'ttyacm0 /dev/ttyACM0 115200']);
  const yaml = 'serial: { enabled: false }';
  assert.deepEqual(serial({ environment, yaml }), [true, 'ttyusb0 /dev/ttyUSB0 115200']);
});

test('the variables come from different sources and change the one port of the file', () => {
  const { config, origins } = load({
    flags: { 'serial.ports[0]': '/dev/ttyACM0' },
    environment: { BROKER_SERIAL_PUBLISH: 'fields' },
    dotEnv: 'BROKER_SERIAL_BAUD=9600\nBROKER_SERIAL_BASE_TOPIC=a/b\n',
    yaml: 'serial: { ports: [{ name: esp, match: { vid: 10c4 }, baud: 300, retain: true }] }',
  });
  const [port] = config.serial.ports;
  assert.deepEqual(
    [
      port?.name,
      port?.path,
      port?.match,
      port?.line.baud,
      port?.baseTopic,
      port?.publish,
      port?.retain,
    ],
    ['esp', '/dev/ttyACM0', undefined, 9600, 'a/b/', 'fields', true],
  );
  assert.equal(origins.get('serial.ports[0].baud')?.source, '.env');
  assert.equal(origins.get('serial.ports[0].path')?.name, '--serial');
  assert.equal(origins.get('serial.enabled')?.name, '--serial');
});

test('a port of the file switches serial on unless it is switched off', () => {
  const ports = 'ports: [{ path: /dev/ttyUSB0 }]';
  assert.equal(serial({ yaml: `serial: { ${ports} }` })[0], true);
  assert.equal(serial({ yaml: `serial: { ${ports}, enabled: false }` })[0], false);
  assert.equal(
    serial({ yaml: `serial: { ${ports} }`, environment: { BROKER_SERIAL_ENABLED: 'off' } })[0],
    false,
  );
  assert.deepEqual(serial({}), [false]);
});

test('with several ports in the file nobody can say which one a variable means', () => {
  const yaml = 'serial: { ports: [{ path: /dev/a }, { path: /dev/b }] }';
  assert.deepEqual(refusalLines({ yaml, environment: { BROKER_SERIAL_BAUD: '9600' } }), [
    'error  serial.ports[0].baud (BROKER_SERIAL_BAUD) — means the only serial port, but linnet.yaml lists 2; set it there',
  ]);
});

test('a baud rate without a port is a warning', () => {
  const { config, warnings } = load({ environment: { BROKER_SERIAL_BAUD: '9600' } });
  assert.deepEqual(config.serial, { isEnabled: false, ports: [] });
  assert.match(warnings[0]?.problem ?? '', /^has no effect: no serial port is named/);
});

test('the keys of a port are checked like all others', () => {
  const yaml =
    'serial:\n  ports:\n    - { path: /dev/a, bauds: 9600 }\n    - { path: /dev/b, baud: 1, silence: 60 }\n    - { match: { vid: 0403 } }\n';
  assert.deepEqual(refusalLines({ yaml }), [
    'error  linnet.yaml:3:23  serial.ports[0].bauds — unknown key. Did you mean "baud"?',
    '         2 │   ports:',
    '         3 │     - { path: /dev/a, bauds: 9600 }',
    '           │                       ^^^^^',
    'error  serial.ports[1].baud 1 (linnet.yaml:4:29) — expected a whole number from 50 to 4000000',
    'error  serial.ports[1].silence 60 (linnet.yaml:4:41) — expected a duration with its unit, such as 500ms, 60s or 2m, 100ms to 7d, or 0 (off); got "60"',
  ]);
});
