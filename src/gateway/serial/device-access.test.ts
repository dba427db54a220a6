import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkDevice, describeHolders, holdersOf, permissionText } from './device-access.ts';
import { machineRoots } from './device-finder.ts';
import { SerialPortError } from './port-driver.ts';
import { plug, scratchPath, withoutTerminals } from './recording-host.test-kit.ts';

test('permission denied names the group and the command that helps', async () => {
  const etc = scratchPath('etc');
  mkdirSync(etc);
  const user = userInfo().username;
  writeFileSync(
    join(etc, 'group'),
    `root:x:0:\ndialout:x:54321:somebody\nplugdev:x:54322:${user}\n`,
  );
  const roots = { ...machineRoots, etc };
  assert.equal(
    await permissionText('/dev/ttyUSB0', 54_321, roots),
    '/dev/ttyUSB0 — permission denied. You are not in group "dialout".' +
      '   fix   sudo usermod -aG dialout $USER   then log in again.',
  );
  assert.match(
    await permissionText('/dev/ttyUSB0', 54_322, roots),
    /after this login\. {3}fix {3}log in again/,
  );
  const ownGroup = process.getgid?.() ?? 0;
  assert.match(
    await permissionText('/dev/ttyUSB0', ownGroup, roots),
    /sudo chmod g\+rw \/dev\/ttyUSB0/,
  );
});

test('what is not there, a folder and a file are told apart before anything is opened', async () => {
  const codeOf = async (path: string): Promise<string> => {
    try {
      await checkDevice(path);
      return 'fine';
    } catch (error) {
      assert.ok(error instanceof SerialPortError);
      return error.code;
    }
  };
  const file = scratchPath('file');
  writeFileSync(file, '');
  assert.equal(await codeOf('/dev/does-not-exist'), 'absent');
  assert.equal(await codeOf('/dev'), 'unsuitable');
  assert.equal(await codeOf(file), 'unsuitable');
});

test('who holds a device is found through its links, and we are not counted', {
  skip: process.platform === 'linux' ? withoutTerminals : 'needs /proc',
}, async (t) => {
  const path = scratchPath();
  const device = await plug(path);
  t.after(() => device.close());
  const holders = await holdersOf(path);
  assert.equal(holders.length, 1);
  assert.match(describeHolders(holders), /^(socat|python\S*) \(pid \d+\)$/);
  await device.close();
  assert.deepEqual(await holdersOf(path), []);
});
