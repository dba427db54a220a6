import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDurationMs } from './duration.ts';
import { resolveSerialOptions } from './options.ts';
import { serialOptionsSchema } from './options-schema.ts';
import { parsePortPath, parseSerialArgument, portNameFromPath } from './port-path.ts';
import { serialOptions } from './recording-host.test-kit.ts';

test('the defaults are those of the reference page', () => {
  assert.deepEqual(resolveSerialOptions(serialOptionsSchema.parse({})), {
    isEnabled: false,
    ports: [],
  });
  const [port] = serialOptions({ path: '/dev/ttyUSB0' }).ports;
  assert.deepEqual(port, {
    name: 'ttyusb0',
    isEnabled: true,
    path: '/dev/ttyUSB0',
    match: undefined,
    driver: 'auto',
    line: {
      baud: 115_200,
      dataBits: 8,
      parity: 'none',
      stopBits: 1,
      flow: 'none',
      dtr: 'keep',
      rts: 'keep',
      resetOnOpen: false,
      hangupOnClose: false,
    },
    framing: 'json-lines',
    lineBytesMax: 16_384,
    idField: 'sensor_id',
    defaultId: undefined,
    idFormat: { remove: '', letters: 'keep' },
    baseTopic: 'iot/sensors/fromserial/',
    publish: 'both',
    depthMax: 4,
    fieldsMax: 64,
    sensorsMax: 1000,
    qos: 0,
    retain: false,
    messageExpiryInterval: undefined,
    properties: false,
    dedupeMs: 0,
    rateLimit: 0,
    queuedLinesMax: 1000,
    silenceMs: 60_000,
    silenceReopen: false,
    reconnect: { minMs: 500, maxMs: 30_000, factor: 2, jitter: 0.2, resetAfterMs: 10_000 },
    logLines: 'info',
    errorTopic: undefined,
    statusTopic: undefined,
    write: {
      isEnabled: false,
      chunkBytes: 0,
      chunkDelayMs: 0,
      queuedWritesMax: 16,
      timeoutMs: 5000,
    },
    homeAssistantPrefix: undefined,
  });
});

test('the base topic gets its slash, Home Assistant its status topic, an expiry its seconds', () => {
  const [port] = serialOptions({
    name: 'x',
    path: 'COM3',
    base_topic: 'a/b',
    message_expiry: '1500ms',
    nested: 'json',
    match: undefined,
    homeassistant: { enabled: true },
  }).ports;
  assert.equal(port?.baseTopic, 'a/b/');
  assert.equal(port?.statusTopic, 'linnet/serial/x/status');
  assert.equal(port?.messageExpiryInterval, 2);
  assert.equal(port?.depthMax, 1);
});

test('what is wrong is refused with its key and what is allowed', () => {
  const path = '/dev/ttyUSB0';
  const rows: [ports: object[], key: string, text: RegExp][] = [
    [[{ path, bauds: 9600 }], 'ports.0', /Unrecognized key: "bauds"/],
    [[{ path, write: { on: true } }], 'ports.0.write', /Unrecognized key: "on"/],
    [[{}], 'ports.0.path', /path \(or match\)/],
    [[{ path, match: { vid: '10c4' } }], 'ports.0.match', /either path or match/],
    [[{ match: {} }], 'ports.0.match', /at least one of vid, pid, serial, by_id/],
    [[{ match: { vid: 403 } }], 'ports.0.match.vid', /in quotes/],
    [[{ path: 'tcp://host' }], 'ports.0.path', /tcp:\/\/HOST:PORT/],
    [[{ path: 'http://host:1' }], 'ports.0.path', /tcp:\/\/HOST:PORT/],
    [[{ path, baud: 0 }], 'ports.0.baud', />=50/],
    [[{ path, baud: -1 }], 'ports.0.baud', />=50/],
    [[{ path, max_line: 63 }], 'ports.0.max_line', />=64/],
    [[{ path, framing: 'nmea' }], 'ports.0.framing', /"nmea" is not available yet/],
    [[{ path, base_topic: 'a/#' }], 'ports.0.base_topic', /no "\+", no "#"/],
    [[{ path, base_topic: '$SYS/x' }], 'ports.0.base_topic', /does not start with "\$"/],
    [[{ path, silence: 60 }], 'ports.0.silence', /with its unit/],
    [[{ path, silence: '1ms' }], 'ports.0.silence', /100ms to 7d/],
    [[{ path, driver: 'telnet' }], 'ports.0.driver', /serialport or stty/],
    [[{ path: 'tcp://h:1', driver: 'stty' }], 'ports.0.driver', /auto or tcp/],
    [[{ path, name: 'Big' }], 'ports.0.name', /a-z 0-9/],
    [[{ path, reconnect: { min: '5s', max: '1s' } }], 'ports.0.reconnect', /at least min/],
    [
      [{ path, publish: 'data', homeassistant: { enabled: true } }],
      'ports.0.homeassistant',
      /fields or both/,
    ],
    [
      [
        { path, name: 'a' },
        { path: 'COM3', name: 'a' },
      ],
      'ports.1.name',
      /taken by ports\[0\]/,
    ],
    [
      [
        { path, name: 'a' },
        { path, name: 'b' },
      ],
      'ports.1.path',
      /can be read once/,
    ],
  ];
  for (const [ports, key, text] of rows) {
    const issues = serialOptionsSchema.safeParse({ ports }).error?.issues ?? [];
    const found = issues.find((issue) => issue.path.join('.') === key && text.test(issue.message));
    assert.ok(found, `${JSON.stringify(ports)}: ${JSON.stringify(issues)}`);
  }
});

test('durations are read with their unit and written in the largest that fits', () => {
  const rows: [string | number, number | undefined][] = [
    ['500ms', 500],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    [0, 0],
    ['0', 0],
    [60, undefined],
    ['60', undefined],
    ['-1s', undefined],
    ['1 s', undefined],
  ];
  for (const [text, ms] of rows) assert.equal(parseDurationMs(text), ms, String(text));
  assert.equal(formatDuration(90_000), '90s');
  assert.equal(formatDuration(120_000), '2m');
  assert.equal(formatDuration(1500), '1500ms');
});

test('PATH[:BAUD] of the command line', () => {
  const rows: [string, string, number | undefined][] = [
    ['/dev/ttyUSB0', '/dev/ttyUSB0', undefined],
    ['/dev/ttyUSB0:9600', '/dev/ttyUSB0', 9600],
    ['COM3:115200', 'COM3', 115_200],
    [
      '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0',
      '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0',
      undefined,
    ],
    ['tcp://10.0.0.5:7001', 'tcp://10.0.0.5:7001', undefined],
  ];
  for (const [text, path, baud] of rows)
    assert.deepEqual(parseSerialArgument(text), { path, baud });
  assert.deepEqual(parsePortPath('tcp://[::1]:7001/'), { kind: 'tcp', host: '::1', port: 7001 });
  assert.equal(parsePortPath('tcp://h:70000'), undefined);
  assert.equal(portNameFromPath('tcp://10.0.0.5:7001'), 'tcp-10-0-0-5-7001');
  assert.equal(
    portNameFromPath('/dev/serial/by-id/usb-Silicon_Labs_CP2102_USB_to_UART_0001'),
    'usb-silicon_labs_cp2102_usb_to_u',
  );
  assert.equal(portNameFromPath('/'), 'serial');
});
