import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { openPseudoTerminal } from '../../src/gateway/serial/index.ts';
import { runCommand, startServer } from '../server.test-kit.ts';

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const skip =
  has('python3') || has('socat') ? false : 'needs python3 or socat (apt install python3)';
const seedLine = '{"sensor_id": "A0:B1:C2:D3:E4:F5", "temperature": 25.5, "humidity": 45.2}';

test('linnet demo shows what simulated boards send through the broker, and leaves nothing behind', {
  skip,
}, async () => {
  const ports = ['--mqtt-port', '0', '--ws-port', '0'];
  await using demo = await runCommand(['demo', '--devices', '2', '--rate', '50', ...ports]);
  const [, device = ''] = await demo.stderr.until(/boards +(\/dev\/\S+)/);
  await demo.stdout.until(/^iot\/sensors\/fromserial\/A0:B1:C2:D3:E4:F5\/temperature -?\d+\.\d$/m);
  await demo.stdout.until(/^iot\/sensors\/fromserial\/A0:B1:C2:D3:E4:F6\/data \{"sensor_id"/m);
  demo.send('SIGINT');
  assert.deepEqual(await demo.exited, { code: 0, signal: null });
  assert.equal(existsSync(device), false, `${device} is still there`);
});

test('linnet demo ends by itself with --for, and says what is wrong with its flags', async () => {
  const ports = ['--mqtt-port', '0', '--ws-port', '0'];
  await using demo = await runCommand(['demo', '--devices', '1', '--for', '0.2', ...ports]);
  assert.equal((await demo.exited).code, 0, demo.stderr.text);
  await using wrong = await runCommand(['demo', '--devices', '0']);
  assert.equal((await wrong.exited).code, 64);
  assert.match(wrong.stderr.text, /^error {2}--devices: expected 1 to 50$/m);
});

test('linnet serial forward publishes the lines of a port to a broker elsewhere (S0-22)', {
  skip,
}, async () => {
  await using server = await startServer();
  const url = `mqtt://127.0.0.1:${server.port()}`;
  const terminal = await openPseudoTerminal();
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
  try {
    await client.subscribeAsync('iot/#');
    const seen: string[] = [];
    const complete = new Promise<void>((resolve) => {
      client.on('message', (topic, payload) => {
        seen.push(`${topic} ${payload}`);
        if (topic.endsWith('/data')) resolve();
      });
    });
    await using forward = await runCommand(['serial', 'forward', terminal.path, '--to', url]);
    await forward.stderr.until(/connected to mqtt/);
    await forward.stderr.until(/is open/);
    terminal.write(`${seedLine}\n`);
    await complete;
    assert.deepEqual(seen, [
      'iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/temperature 25.5',
      'iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/humidity 45.2',
      `iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/data ${seedLine}`,
    ]);
    forward.send('SIGTERM');
    assert.equal((await forward.exited).code, 0, forward.stderr.text);
  } finally {
    await client.endAsync();
    await terminal.close();
  }
});

test('linnet serial without a port to forward says what to write', async () => {
  await using forward = await runCommand(['serial', 'forward', '--to', 'mqtt://127.0.0.1:1']);
  assert.equal((await forward.exited).code, 64);
  assert.match(
    forward.stderr.text,
    /no serial port is given or configured\n +fix +linnet serial forward/,
  );
});
