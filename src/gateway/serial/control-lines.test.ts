/** A pseudo-terminal has no modem lines: what is asked of DTR and RTS is only seen at the driver's border. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Keys, portOptions } from './recording-host.test-kit.ts';
import { applyControlLines } from './serialport-driver.ts';

async function settings(
  keys: Keys,
  failure?: Error,
): Promise<{ set: string[]; warnings: string[] }> {
  const set: string[] = [];
  const warnings: string[] = [];
  const port = {
    set: async ({ dtr, rts }: { readonly dtr: boolean; readonly rts: boolean }): Promise<void> => {
      if (failure !== undefined) throw failure;
      set.push(`${dtr ? 'DTR' : 'dtr'} ${rts ? 'RTS' : 'rts'}`);
    },
  };
  await applyControlLines(port, portOptions(keys).line, (text) => warnings.push(text));
  return { set, warnings };
}

test('keep touches nothing, on and off set both lines at once', async () => {
  assert.deepEqual((await settings({})).set, []);
  assert.deepEqual((await settings({ dtr: 'off' })).set, ['dtr RTS']);
  assert.deepEqual((await settings({ dtr: 'on', rts: 'off' })).set, ['DTR rts']);
});

test('reset_on_open pulses RTS without DTR and then leaves the lines as configured', async () => {
  assert.deepEqual((await settings({ reset_on_open: true })).set, [
    'dtr RTS',
    'dtr rts',
    'DTR RTS',
  ]);
  assert.deepEqual((await settings({ reset_on_open: true, dtr: 'off', rts: 'off' })).set, [
    'dtr RTS',
    'dtr rts',
    'dtr rts',
  ]);
});

test('a port without modem lines gives one warning and is used', async () => {
  const failure = new Error('Inappropriate ioctl for device, cannot set');
  const { warnings } = await settings({ dtr: 'off', reset_on_open: true }, failure);
  assert.deepEqual(warnings, [
    'DTR and RTS cannot be set on this port (Inappropriate ioctl for device, cannot set); it is used without them',
  ]);
});
