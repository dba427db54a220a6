/** `--log-messages seed`: what scripts around the seed's broker read from its output, to the byte. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { needs } from '../../src/cli/brokers.test-kit.ts';
import { spawnServer } from '../server.test-kit.ts';

const skip = needs('mosquitto_pub', 'mosquitto-clients');

async function publish(port: number, topicName: string, payload: string | Buffer): Promise<void> {
  const args = ['-h', '127.0.0.1', '-p', `${port}`, '-q', '1', '-t', topicName, '-s'];
  const child = spawn('mosquitto_pub', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(payload);
  assert.deepEqual(await once(child, 'close'), [0, null]);
}

test('(S1-06 to S1-11) start, messages and stop, with a payload that is no text between them', {
  skip,
}, async () => {
  await using server = await spawnServer({
    args: ['--mqtt-host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--log-messages', 'seed'],
  });
  await server.stdout.until(/Message logger active/);
  const port = server.port();
  await publish(port, 'sensors/temperature', '24.3°C');
  await publish(port, 'sensors/raw', Buffer.from('fffe00', 'hex'));
  await publish(port, 'device/status', 'operational');
  await server.stdout.until(/operational\n/);
  assert.deepEqual(await server.stop('SIGINT'), { code: 0, signal: null });
  assert.equal(
    server.stdout.text,
    [
      `[SERVER] Internal MQTT broker started at 127.0.0.1:${port}`,
      '[SERVER] Message logger active. Press Ctrl+C to exit.',
      '',
      '[MSG] Topic: sensors/temperature',
      'Payload: 24.3°C',
      '',
      '[MSG] Topic: sensors/raw',
      'Payload: 0xfffe00',
      '',
      '[MSG] Topic: device/status',
      'Payload: operational',
      '',
      '[SERVER] Keyboard interrupt received',
      '[SERVER] Broker stopped',
      '[SERVER] Event loop closed',
      '',
    ].join('\n'),
  );
});

test('a reader of the output that leaves does not take the broker with it in disorder', {
  skip,
}, async () => {
  await using server = await spawnServer({
    args: ['--mqtt-host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--log-messages', 'line'],
  });
  await server.stderr.until(/broker.ready/);
  server.closeOutput();
  await publish(server.port(), 'a', 'nobody reads this');
  assert.equal((await server.exited).code, 0);
});
