/** The main job: a line on a serial port is at every MQTT client that subscribed, from one process. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { openPseudoTerminal } from '../../src/gateway/serial/index.ts';
import { createBroker } from '../../src/index.ts';

const seedLine = '{"sensor_id": "A0:B1:C2:D3:E4:F5", "temperature": 25.5, "humidity": 45.2}';
const main = join(import.meta.dirname, '../../src/cli/main.ts');
const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const needsTerminal =
  has('python3') || has('socat') ? false : 'needs python3 or socat (apt install python3)';
const needsSub = has('mosquitto_sub')
  ? needsTerminal
  : 'needs mosquitto_sub (apt install mosquitto-clients)';

const folder = mkdtempSync(join(tmpdir(), 'linnet-serial-'));
after(() => rmSync(folder, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Resolves with the first line that contains `text`. */
function lineWith(stream: NodeJS.ReadableStream | null, text: string): Promise<string> {
  assert.ok(stream !== null);
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => {
      if (line.includes(text)) resolve(line);
    });
    lines.on('close', () => reject(new Error(`ended without "${text}"`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGINT');
  await once(child, 'exit');
}

/** Starts the command line with a port, writes the line, and returns what mosquitto_sub printed. */
async function arrivesAtSubscriber(
  give: (path: string) => {
    argv: readonly string[];
    environment: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const terminal = await openPseudoTerminal();
  const port = await freePort();
  const { argv, environment } = give(terminal.path);
  const fixed = ['--mqtt-host', '127.0.0.1', '--mqtt-port', String(port), '--ephemeral'];
  const broker = spawn(process.execPath, [main, ...fixed, ...argv], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'pipe'],
    env: {
      ...process.env,
      BROKER_WEBSOCKET_ENABLED: 'false',
      BROKER_LOG_LEVEL: 'debug',
      ...environment,
    },
  });
  try {
    await lineWith(broker.stderr, 'serial.port.open');
    const subscribed = lineWith(broker.stderr, 'client.subscribed');
    const sub = spawn('mosquitto_sub', ['-p', String(port), '-v', '-t', 'iot/#', '-C', '3']);
    await subscribed;
    let printed = '';
    sub.stdout.on('data', (piece: Buffer) => {
      printed += piece.toString();
    });
    terminal.write(`${seedLine}\n`);
    await once(sub, 'close');
    return printed.trimEnd();
  } finally {
    await stop(broker);
    await terminal.close();
  }
}

const expected = [
  'iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/temperature 25.5',
  'iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/humidity 45.2',
  `iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/data ${seedLine}`,
].join('\n');

describe('the line of seed 000 (S0-12, S0-16, S0-17) arrives at mosquitto_sub', () => {
  test('with --serial PATH', { skip: needsSub }, async () => {
    const printed = await arrivesAtSubscriber((path) => ({
      argv: ['--serial', path],
      environment: {},
    }));
    assert.equal(printed, expected);
  });

  test('with BROKER_SERIAL_PORT', { skip: needsSub }, async () => {
    const printed = await arrivesAtSubscriber((path) => ({
      argv: [],
      environment: { BROKER_SERIAL_PORT: path },
    }));
    assert.equal(printed, expected);
  });
});

test('BROKER_SERIAL_ENABLED=false keeps the door closed though a port is given', async () => {
  const check = spawnSync(process.execPath, [main, '--dry-run', '--serial', '/dev/ttyUSB0'], {
    cwd: folder,
    env: { ...process.env, BROKER_SERIAL_ENABLED: 'false' },
    encoding: 'utf8',
  });
  assert.equal(check.status, 0, check.stderr);
  assert.match(check.stdout, /serial:[^\n]*\n\s+enabled: false/);
});

test('20,000 lines at full speed arrive complete and in order', {
  skip: needsTerminal,
}, async () => {
  const count = 20_000;
  const terminal = await openPseudoTerminal();
  await using broker = await createBroker({
    mqtt: { host: '127.0.0.1', port: 0 },
    serial: {
      enabled: true,
      ports: [{ name: 'fast', path: terminal.path, publish: 'fields', queue: 100_000 }],
    },
  });
  await new Promise<void>((resolve, reject) => {
    const seen = (message: { payload: Uint8Array }): void => {
      if (Buffer.from(message.payload).toString() === 'open') resolve();
    };
    broker.subscribe('$SYS/broker/serial/fast/state', seen).catch(reject);
  });
  const port = broker.server.listeners[0]?.address.port;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  try {
    await client.subscribeAsync('iot/sensors/fromserial/+/n');
    let next = 0;
    const complete = new Promise<void>((resolve, reject) => {
      client.on('message', (_topic, payload) => {
        if (Number(payload.toString()) !== next) {
          reject(new Error(`${payload} came, ${next} was due`));
        }
        next++;
        if (next === count) resolve();
      });
    });
    for (let n = 0; n < count; n++) {
      if (!terminal.write(`{"sensor_id":"s","n":${n}}\n`)) await terminal.drained();
    }
    await complete;
    assert.equal(broker.server.status().serial[0]?.counters.lines.published, count);
  } finally {
    await client.endAsync();
    await terminal.close();
  }
});
