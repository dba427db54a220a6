/**
 * The serial door under load: lines at a rate for some seconds through a real pseudo-terminal and the
 * server in a process of its own, while another client pings. Prints whether every line arrived in order
 * and how long PINGRESP took. `node bench/serial-load.ts [lines a second] [seconds]`
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';
import { openPseudoTerminal } from '../src/gateway/serial/index.ts';

const rate = Number(process.argv[2] ?? 10_000);
const seconds = Number(process.argv[3] ?? 10);
const count = rate * seconds;
const port = 18_899;
const pingEveryMs = 10;
const writeEveryMs = 10;

const terminal = await openPseudoTerminal();
const broker = spawn(
  process.execPath,
  [
    join(import.meta.dirname, '../src/cli/main.ts'),
    ...['--mqtt-host', '127.0.0.1', '--mqtt-port', String(port), '--ephemeral'],
    ...['--serial', terminal.path],
  ],
  {
    env: { ...process.env, BROKER_WEBSOCKET_ENABLED: 'false', BROKER_SERIAL_PUBLISH: 'fields' },
    stdio: ['ignore', 'ignore', 'pipe'],
  },
);
await new Promise<void>((resolve) => {
  createInterface({ input: broker.stderr }).on('line', (line) => {
    if (line.includes('serial.port.open')) resolve();
  });
});

const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
await client.subscribeAsync('iot/sensors/fromserial/+/n');
let next = 0;
let outOfOrder = 0;
const complete = new Promise<void>((resolve) => {
  client.on('message', (_topic, payload) => {
    if (Number(payload.toString()) !== next) outOfOrder++;
    next++;
    if (next === count) resolve();
  });
});

const pings: number[] = [];
const pinger = connect(port, '127.0.0.1');
await once(pinger, 'connect');
pinger.write(Buffer.from('101000044d5154540402003c000470696e67', 'hex'));
await once(pinger, 'data');
let askedAt = 0;
pinger.on('data', () => {
  pings.push(performance.now() - askedAt);
});
const pingTimer = setInterval(() => {
  askedAt = performance.now();
  pinger.write(Buffer.from('c000', 'hex'));
}, pingEveryMs);

const startedMs = performance.now();
let written = 0;
const writeTimer = setInterval(() => {
  const due = Math.min(count, Math.floor(((performance.now() - startedMs) * rate) / 1000));
  let lines = '';
  for (; written < due; written++) lines += `{"sensor_id":"s","n":${written}}\n`;
  if (lines !== '') terminal.write(lines);
  if (written === count) clearInterval(writeTimer);
}, writeEveryMs);

await complete;
const tookMs = performance.now() - startedMs;
clearInterval(pingTimer);
pings.sort((a, b) => a - b);
const at = (share: number): string =>
  `${(pings[Math.floor(pings.length * share)] ?? 0).toFixed(1)} ms`;
console.log(
  `lines      ${next} of ${count} in ${(tookMs / 1000).toFixed(1)} s, ${outOfOrder} out of order`,
);
console.log(`PINGRESP   p50 ${at(0.5)}   p99 ${at(0.99)}   of ${pings.length}`);

pinger.destroy();
await client.endAsync();
broker.kill('SIGINT');
await once(broker, 'exit');
await terminal.close();
assert.equal(outOfOrder, 0);
