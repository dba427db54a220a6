import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import {
  openPseudoTerminal,
  resolveSerialOptions,
  serialOptionsSchema,
  startSimulatedDevice,
} from '../gateway/serial/index.ts';
import { type SerialIo, serialCommands } from './serial.ts';

const { serialDoctor, serialForward, serialList, serialSimulate } = serialCommands;

class Streams implements SerialIo {
  readonly stdout: PassThrough = new PassThrough();
  readonly stderr: PassThrough = new PassThrough();
  readonly #stop = new AbortController();
  readonly #text = { stdout: '', stderr: '' };
  #looked: () => void = () => undefined;

  constructor() {
    for (const name of ['stdout', 'stderr'] as const) {
      this[name].setEncoding('utf8').on('data', (text: string) => {
        this.#text[name] += text;
        this.#looked();
      });
    }
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get out(): string {
    return this.#text.stdout;
  }

  get err(): string {
    return this.#text.stderr;
  }

  stop(): void {
    this.#stop.abort();
  }

  async until(what: string, fact: () => boolean): Promise<void> {
    const timeout = AbortSignal.timeout(10_000);
    while (!fact()) {
      await new Promise<void>((resolve, reject) => {
        this.#looked = resolve;
        timeout.addEventListener('abort', () => reject(new Error(`waited in vain until ${what}`)));
      });
    }
  }
}

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'linnet-cli-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const withoutTerminals: string | false = await openPseudoTerminal({
  methods: ['python3', 'socat', 'script'],
}).then(
  async (terminal) => {
    await terminal.close();
    return false as const;
  },
  () => 'needs a pseudo-terminal (apt install python3)',
);

test('simulate prints the path to open, writes lines there and leaves nothing behind', {
  skip: withoutTerminals,
}, async (t) => {
  const link = join(folder(t), 'esp32');
  const io = new Streams();
  const running = serialSimulate({ rate: 200, sensors: 2, bad: 10, link }, io);
  await io.until('the path is printed', () => io.out.includes('\n'));
  assert.equal(io.out, `${link}\n`);
  assert.match(io.err, /200 lines\/s from 2 sensors, 10 % garbage, seed 1/);
  const doctor = new Streams();
  assert.equal(await serialDoctor(link, { seconds: 5 }, doctor), 0);
  assert.match(doctor.out, /framing {2}json-lines/);
  assert.match(doctor.out, new RegExp(`- \\{ name: esp32, path: ${link}, baud: 115200 \\}`));
  assert.match(doctor.out, new RegExp(`linnet --serial ${link}:115200`));
  io.stop();
  assert.equal(await running, 0);
  assert.ok(!existsSync(link));
});

test('simulate refuses what makes no sense, all of it at once', async () => {
  const io = new Streams();
  assert.equal(await serialSimulate({ rate: 0, sensors: 0, bad: 101, seed: 1.5 }, io), 64);
  await io.until('it complains', () => io.err.split('\n').length === 5);
  assert.match(io.err, /--rate 0.*\n.*--sensors 0.*\n.*--bad 101.*\n.*--seed 1\.5/);
  assert.equal(io.out, '');
});

test('doctor says why a port cannot work', async (t) => {
  const file = join(folder(t), 'file');
  writeFileSync(file, '');
  for (const [path, text] of [
    ['/dev/does-not-exist', /is not there/],
    [file, /is not a serial device/],
    ['tcp://nowhere', /is neither a device nor tcp/],
  ] as const) {
    const io = new Streams();
    assert.equal(await serialDoctor(path, {}, io), 1);
    assert.match(io.out, text);
  }
});

test('doctor on a silent device says so, with what to try', {
  skip: withoutTerminals,
}, async (t) => {
  const device = await openPseudoTerminal();
  t.after(() => device.close());
  const io = new Streams();
  assert.equal(await serialDoctor(device.path, { seconds: 0.2, baud: 9600 }, io), 1);
  assert.match(io.out, /opens \(.*\), but nothing came within 0\.2 s/);
});

test('doctor on a device that only sends noise tries the usual baud rates', {
  skip: withoutTerminals,
}, async (t) => {
  const device = await openPseudoTerminal();
  t.after(() => device.close());
  const timer = setInterval(
    () => device.write(Buffer.from([0xff, 0x80, 0xfe, 0x0a, 0x91, 0x0a])),
    5,
  );
  t.after(() => clearInterval(timer));
  const io = new Streams();
  assert.equal(await serialDoctor(device.path, { seconds: 0.1 }, io), 1);
  assert.match(io.out, /115200 baud.*9600 baud.*921600 baud/s);
  assert.match(io.out, /gave no text at these baud rates/);
});

test('doctor reads network ports and guesses other framings', async (t) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('1,2,3\n4,5,6\n7,8,9\n'.repeat(10));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const io = new Streams();
  assert.equal(await serialDoctor(`tcp://127.0.0.1:${address.port}`, { seconds: 5 }, io), 0);
  assert.match(io.out, /comma separated values.*framing: lines/s);
  assert.doesNotMatch(io.out, /baud/);
});

test('list prints what is plugged in, or says that nothing is, and never fails', async () => {
  const text = new Streams();
  assert.equal(await serialList(text), 0);
  const json = new Streams();
  assert.equal(await serialList(json, { json: true }), 0);
  const devices = json.out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  for (const device of devices) assert.ok(text.out.includes(`${device.path}  `));
  assert.equal(text.out === '', devices.length === 0);
  assert.equal(text.err.includes('no serial device is plugged in'), devices.length === 0);
});

test('forward publishes through the given clients until it is stopped', {
  skip: withoutTerminals,
}, async (t) => {
  const device = await startSimulatedDevice({ rate: 200, sensors: 1, badShare: 0, seed: 1 });
  t.after(() => device.stop());
  const io = new Streams();
  const published: string[] = [];
  const options = resolveSerialOptions(
    serialOptionsSchema.parse({
      enabled: true,
      ports: [{ name: 'a', path: device.path, qos: 1, retain: true }],
    }),
  );
  const running = serialForward(
    options,
    {
      publishesUnderWay: 20,
      localClient: ({ clientId }) => ({
        clientId,
        publish: async ({ topicName, qos, retain }) => {
          published.push(`${topicName} ${qos} ${retain}`);
          if (published.length === 6) io.stop();
          return { reasonCode: 0, matched: 1 };
        },
        subscribe: () => Promise.reject(new Error('not used')),
        close: () => undefined,
      }),
      systemPublish: () => undefined,
    },
    io,
  );
  assert.equal(await running, 0);
  assert.equal(published[0], 'iot/sensors/fromserial/A0:B1:C2:D3:E4:F5/temperature 1 true');
  await io.until('the summary is printed', () =>
    /a: \d+ lines, \d+ messages, 0 refused/.test(io.err),
  );
  assert.match(io.err, /a: .* is open/);
});
