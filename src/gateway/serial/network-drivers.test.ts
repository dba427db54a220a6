import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  plug,
  RecordingHost,
  scratchPath,
  seedLine,
  serialOptions,
  withoutTerminals,
} from './recording-host.test-kit.ts';
import { startSerialGateway } from './serial-gateway.ts';

/** A serial server: its port, and the next connection to it. */
async function serve(context: TestContext): Promise<{ server: net.Server; port: number }> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { server, port: address.port };
}

async function accept(server: net.Server): Promise<net.Socket> {
  const [socket] = await once(server, 'connection');
  assert.ok(socket instanceof net.Socket);
  return socket;
}

function collected(socket: net.Socket): { bytes: Buffer; until(length: number): Promise<void> } {
  const state = {
    bytes: Buffer.alloc(0),
    until: async (length: number): Promise<void> => {
      while (state.bytes.length < length) await once(socket, 'data');
    },
  };
  socket.on('data', (chunk: Buffer) => {
    state.bytes = Buffer.concat([state.bytes, chunk]);
  });
  return state;
}

test('tcp: lines are read, commands are written, a server that goes is waited for', async (t) => {
  const { server, port } = await serve(t);
  const host = new RecordingHost();
  const path = `tcp://127.0.0.1:${port}`;
  const accepted = accept(server);
  const reconnect = { min: '10ms', max: '20ms' };
  const gateway = startSerialGateway(
    serialOptions({ name: 'a', path, write: { enabled: true }, reconnect }),
    host,
  );
  t.after(() => gateway.stop());
  const socket = await accepted;
  const received = collected(socket);
  socket.write(`${seedLine}\n`);
  await host.until('the line came', () => host.messages.length === 3);
  assert.equal(gateway.ports()[0]?.driver, 'tcp');
  assert.equal(gateway.ports()[0]?.baud, 115_200);
  assert.deepEqual(await gateway.write('a', 'on\u00ff'), { ok: true });
  await received.until(5);
  assert.equal(received.bytes.toString(), 'on\u00ff\n');
  const again = accept(server);
  socket.end();
  (await again).write('{"sensor_id":"B","t":1}\n');
  await host.until('it reconnected', () => host.lines.some((line) => line.includes('/B/t 1')));
});

test('telnet: negotiation is answered and stripped, doubled bytes are single, in any cut', async (t) => {
  // The greeting of ser2net with telnet(rfc2217), and its option 44 as a subnegotiation.
  const greeting = Buffer.from('fffb03fffd03fffb01fffe01fffd00fffb00fffd2cfffa2c6401fff0', 'hex');
  const line = Buffer.from('{"sensor_id":"A","s":"\u00ff\u00fe"}\n');
  const utf8 = Buffer.from(line.toString('latin1'), 'latin1');
  const doubled = Buffer.from(
    utf8.toString('latin1').replaceAll('\u00ff', '\u00ff\u00ff'),
    'latin1',
  );
  const { server, port } = await serve(t);
  const host = new RecordingHost();
  const accepted = accept(server);
  const gateway = startSerialGateway(
    serialOptions({ name: 'a', path: `telnet://127.0.0.1:${port}`, write: { enabled: true } }),
    host,
  );
  t.after(() => gateway.stop());
  const socket = await accepted;
  socket.setNoDelay(true);
  const received = collected(socket);
  for (const byte of Buffer.concat([greeting, doubled])) socket.write(Buffer.of(byte));
  await host.until('the line came', () => host.messages.length === 2);
  assert.equal(host.messages[1]?.payload, utf8.toString().trimEnd());
  assert.deepEqual(await gateway.write('a', Buffer.from([0x61, 0xff, 0x0d, 0x62])), { ok: true });
  const expected = 'fffd03fffb03fffe01fffb00fffd00fffc2c' + '61ffff0d620a';
  await received.until(expected.length / 2);
  assert.equal(received.bytes.toString('hex'), expected);
});

test('an address where nobody listens is waiting, with the reason', async (t) => {
  const { server, port } = await serve(t);
  server.close();
  const host = new RecordingHost();
  const gateway = startSerialGateway(
    serialOptions({ name: 'a', path: `tcp://127.0.0.1:${port}` }),
    host,
  );
  t.after(() => gateway.stop());
  await host.until('it says so', () => host.logged('serial.port.waiting').length === 1);
  assert.match(gateway.ports()[0]?.lastError ?? '', /ECONNREFUSED/);
  assert.equal(gateway.ports()[0]?.state, 'waiting');
});

const hasSer2net = spawnSync('ser2net', ['-v']).error === undefined;
const withoutSer2net = hasSer2net ? withoutTerminals : 'needs ser2net (apt install ser2net)';

for (const protocol of ['tcp', 'telnet'] as const) {
  test(`a real ser2net over ${protocol}`, { skip: withoutSer2net }, async (t) => {
    const probe = net.createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    assert.ok(address !== null && typeof address === 'object');
    probe.close();
    await once(probe, 'close');
    const host = new RecordingHost();
    let received = '';
    const device = await plug(scratchPath(), {
      received: (chunk) => {
        received += Buffer.from(chunk).toString('latin1');
        host.happened();
      },
    });
    t.after(() => device.close());
    const accepter = protocol === 'tcp' ? 'tcp' : 'telnet(rfc2217),tcp';
    const config = `${scratchPath('ser2net')}.yaml`;
    writeFileSync(
      config,
      `connection: &a\n  accepter: ${accepter},127.0.0.1,${address.port}\n  connector: "serialdev,${device.path},115200n81,local"\n`,
    );
    const ser2net = spawn('ser2net', ['-n', '-d', '-c', config, '-P', scratchPath('pid')], {
      stdio: 'ignore',
    });
    t.after(async () => {
      ser2net.kill('SIGKILL');
      if (ser2net.exitCode === null) await once(ser2net, 'exit');
    });
    const path = `${protocol}://127.0.0.1:${address.port}`;
    const reconnect = { min: '20ms', max: '50ms' };
    const gateway = startSerialGateway(
      serialOptions({ name: 'a', path, write: { enabled: true }, reconnect, publish: 'fields' }),
      host,
    );
    t.after(() => gateway.stop());
    await host.untilState('a', 'open');
    assert.deepEqual(await gateway.write('a', Buffer.from([0x68, 0x69, 0xff])), { ok: true });
    await host.until('the device got it', () => received === 'hi\u00ff\n');
    device.write('{"sensor_id":"A","t":25.50}\n');
    await host.until('the line came', () => host.messages.length === 1);
    assert.deepEqual(host.lines, ['iot/sensors/fromserial/A/t 25.50']);
  });
}
