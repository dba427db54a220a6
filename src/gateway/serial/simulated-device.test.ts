import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJsonLine } from './line-decoder.ts';
import {
  RecordingHost,
  seedLine,
  serialOptions,
  withoutTerminals,
} from './recording-host.test-kit.ts';
import { startSerialGateway } from './serial-gateway.ts';
import { SimulatedLines, startSimulatedDevice } from './simulated-device.ts';

function linesOf(seed: number, sensors: number, badShare: number, count: number): string[] {
  const lines = new SimulatedLines({ seed, sensors, badShare });
  return Array.from({ length: count }, () => Buffer.from(lines.next()).toString('latin1'));
}

test("the first line is the founding document's, and one seed makes the same lines", () => {
  assert.equal(linesOf(1, 3, 0, 1)[0], `${seedLine}\n`);
  assert.deepEqual(linesOf(7, 3, 0.3, 500), linesOf(7, 3, 0.3, 500));
  assert.notDeepEqual(linesOf(7, 3, 0.3, 500), linesOf(8, 3, 0.3, 500));
});

test('sensors take turns, and the share of garbage is about what was asked for', () => {
  const lines = linesOf(3, 4, 0.25, 4000);
  const ids = new Set<string>();
  let good = 0;
  for (const line of lines) {
    const decoded = decodeJsonLine(Buffer.from(line.trimEnd(), 'latin1'));
    const id = /"sensor_id": "([^"]+)"/.exec(line)?.[1];
    if (decoded.kind !== 'object' || decoded.isSalvaged || id === undefined) continue;
    good += 1;
    ids.add(id);
  }
  assert.deepEqual([...ids].sort(), [
    'A0:B1:C2:D3:E4:F5',
    'A0:B1:C2:D3:E4:F6',
    'A0:B1:C2:D3:E4:F7',
    'A0:B1:C2:D3:E4:F8',
  ]);
  assert.ok(good > 2880 && good < 3120, `${good} of 4000 are good`);
});

test('a simulated device is read like a real one', { skip: withoutTerminals }, async (t) => {
  const options = { rate: 500, sensors: 2, badShare: 0, seed: 1 };
  const device = await startSimulatedDevice(options);
  t.after(() => device.stop());
  const host = new RecordingHost();
  const gateway = startSerialGateway(serialOptions({ name: 'a', path: device.path }), host);
  t.after(() => gateway.stop());
  await host.until('lines come', () => host.messages.length > 100);
  const { lines } = gateway.ports()[0]?.counters ?? assert.fail();
  assert.ok(lines.published > 30);
  assert.equal(lines.bad_json, 0);
  assert.ok(device.linesMade() >= lines.published);
});
