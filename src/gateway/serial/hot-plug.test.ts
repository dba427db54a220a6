/** Devices found by their USB identity, on a tree of /dev and /sys laid by the test. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DeviceRoots, findDevices, listDevices, usbIdentityOf } from './device-finder.ts';
import {
  plug,
  RecordingHost,
  scratchPath,
  serialOptions,
  withoutTerminals,
} from './recording-host.test-kit.ts';
import { startSerialGateway } from './serial-gateway.ts';

interface FakeDevice {
  readonly tty: string;
  readonly vid: string;
  readonly pid: string;
  readonly serial: string;
  readonly byId: string;
}

const cp210x: FakeDevice = {
  tty: 'ttyUSB0',
  vid: '10C4',
  pid: 'ea60',
  serial: '0001',
  byId: 'usb-Silicon_Labs_CP2102_0001-if00-port0',
};
const second: FakeDevice = {
  ...cp210x,
  tty: 'ttyUSB1',
  serial: '0002',
  byId: 'usb-Silicon_Labs_CP2102_0002-if00-port0',
};

function fakeTree(): DeviceRoots {
  const root = scratchPath('tree');
  const roots = {
    dev: join(root, 'dev'),
    sys: join(root, 'sys'),
    proc: join(root, 'proc'),
    etc: join(root, 'etc'),
  };
  for (const path of [roots.dev, join(roots.sys, 'class/tty/tty0'), roots.proc, roots.etc]) {
    mkdirSync(path, { recursive: true });
  }
  const builtIn = join(roots.sys, 'class/tty/ttyS3');
  mkdirSync(join(builtIn, 'device'), { recursive: true });
  writeFileSync(join(builtIn, 'type'), '0\n');
  return roots;
}

/** What the kernel and udev do, in their order; `node` is what the device name leads to. */
function attach(roots: DeviceRoots, device: FakeDevice, node: string): void {
  const usb = join(roots.sys, `devices/pci0/usb1/1-${device.serial}`);
  const tty = join(usb, `1-1:1.0/${device.tty}`);
  mkdirSync(tty, { recursive: true });
  writeFileSync(join(usb, 'idVendor'), `${device.vid}\n`);
  writeFileSync(join(usb, 'idProduct'), `${device.pid}\n`);
  writeFileSync(join(usb, 'serial'), `${device.serial}\n`);
  writeFileSync(join(usb, 'product'), 'CP2102 USB to UART\n');
  const classEntry = join(roots.sys, 'class/tty', device.tty);
  mkdirSync(classEntry);
  symlinkSync(tty, join(classEntry, 'device'));
  symlinkSync(node, join(roots.dev, device.tty));
  mkdirSync(join(roots.dev, 'serial/by-id'), { recursive: true });
  symlinkSync(`../../${device.tty}`, join(roots.dev, 'serial/by-id', device.byId));
}

function detach(roots: DeviceRoots, device: FakeDevice): void {
  rmSync(join(roots.dev, 'serial/by-id', device.byId));
  rmSync(join(roots.dev, device.tty));
  rmSync(join(roots.sys, 'class/tty', device.tty), { recursive: true });
  rmSync(join(roots.sys, `devices/pci0/usb1/1-${device.serial}`), { recursive: true });
}

test('devices are listed with their lasting names and USB identity, virtual and empty ports are not', async () => {
  const roots = fakeTree();
  attach(roots, cp210x, '/dev/null');
  assert.deepEqual(await listDevices(roots), [
    {
      path: join(roots.dev, 'ttyUSB0'),
      byId: [join(roots.dev, 'serial/by-id', cp210x.byId)],
      usb: {
        vid: '10c4',
        pid: 'ea60',
        serial: '0001',
        manufacturer: undefined,
        product: 'CP2102 USB to UART',
      },
    },
  ]);
});

test('a match finds by every part, and all parts must agree', async () => {
  const roots = fakeTree();
  attach(roots, cp210x, '/dev/null');
  attach(roots, second, '/dev/null');
  const find = (
    match: Partial<Record<'vid' | 'pid' | 'serial' | 'byId', string>>,
  ): Promise<string[]> =>
    findDevices(
      { vid: undefined, pid: undefined, serial: undefined, byId: undefined, ...match },
      roots,
    );
  const device = (name: string): string => join(roots.dev, name);
  assert.deepEqual(await find({ vid: '10c4', pid: 'ea60' }), [
    device('ttyUSB0'),
    device('ttyUSB1'),
  ]);
  assert.deepEqual(await find({ serial: '0002' }), [device('ttyUSB1')]);
  assert.deepEqual(await find({ vid: '0403' }), []);
  assert.deepEqual(await find({ serial: '0002', vid: '0403' }), []);
  assert.deepEqual(await find({ byId: 'usb-Silicon_*_000?-if00-*' }), [
    device(`serial/by-id/${cp210x.byId}`),
    device(`serial/by-id/${second.byId}`),
  ]);
  assert.deepEqual(await find({ byId: 'usb-Silicon_Labs' }), [], 'a glob covers the whole name');
  assert.deepEqual(await find({ byId: '*', serial: '0002' }), [
    device(`serial/by-id/${second.byId}`),
  ]);
  const usb = await usbIdentityOf(device(`serial/by-id/${second.byId}`), roots);
  assert.equal(usb?.serial, '0002');
});

for (const match of [{ by_id: 'usb-Silicon_Labs_*' }, { vid: '10c4', pid: 'EA60' }]) {
  test(`hot-plug by ${Object.keys(match).join(' and ')}: opened when it comes, waited for when it goes, under another name too`, {
    skip: withoutTerminals,
  }, async (t) => {
    const roots = fakeTree();
    const host = Object.assign(new RecordingHost(), { roots });
    const gateway = startSerialGateway(
      serialOptions({ name: 'a', match, publish: 'fields' }),
      host,
    );
    t.after(() => gateway.stop());
    await host.until('it waits', () => host.logged('serial.port.waiting').length === 1);

    const first = await plug(scratchPath());
    t.after(() => first.close());
    attach(roots, cp210x, first.path);
    await host.untilState('a', 'open');
    const info = JSON.parse(host.system.get('$SYS/broker/serial/a/info') ?? '{}');
    await host.until('its identity is known', () => gateway.ports()[0]?.usb !== undefined);
    assert.equal(info.baud, 115_200);
    assert.equal(gateway.ports()[0]?.usb?.serial, '0001');

    await first.close();
    detach(roots, cp210x);
    await host.untilState('a', 'waiting');

    const back = await plug(scratchPath());
    t.after(() => back.close());
    attach(roots, { ...cp210x, tty: 'ttyUSB7' }, back.path);
    await host.untilState('a', 'open');
    back.write('{"sensor_id":"A","t":1}\n');
    await host.until('it is read', () => host.messages.length === 1);
  });
}

test('two ports with one match each take a device of their own', {
  skip: withoutTerminals,
}, async (t) => {
  const roots = fakeTree();
  const host = Object.assign(new RecordingHost(), { roots });
  const match = { vid: '10c4' };
  for (const device of [cp210x, second]) {
    const terminal = await plug(scratchPath());
    t.after(() => terminal.close());
    attach(roots, device, terminal.path);
  }
  const gateway = startSerialGateway(
    serialOptions({ name: 'a', match }, { name: 'b', match }),
    host,
  );
  t.after(() => gateway.stop());
  await host.untilState('a', 'open');
  await host.untilState('b', 'open');
  const serials = gateway.ports().map(({ path }) => path);
  assert.equal(new Set(serials).size, 2);
});
