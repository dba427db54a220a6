/** The states of a port, with a clock moved by hand and a driver that lies when told to. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { SerialPortError } from './port-driver.ts';
import {
  HandClock,
  type Keys,
  PuppetDriver,
  plug,
  RecordingHost,
  scratchPath,
  serialOptions,
  withoutTerminals,
} from './recording-host.test-kit.ts';
import { type SerialGateway, startSerialGateway } from './serial-gateway.ts';

interface Stage {
  readonly gateway: SerialGateway;
  readonly host: RecordingHost;
  readonly clock: HandClock;
  readonly driver: PuppetDriver;
  /** Moves the clock in steps of 100 ms until the fact holds. @returns the time that took. */
  advanceUntil(what: string, fact: () => boolean, limitMs?: number): Promise<number>;
}

/** A port whose device always exists (a network path), so that only the driver decides. */
function stage(context: TestContext, keys: Keys = {}, failure?: Error): Stage {
  const host = new RecordingHost();
  const clock = new HandClock();
  const driver = new PuppetDriver(() => host.happened());
  driver.failure = failure;
  const chooseDriver = async () => ({ driver, fallbackReason: undefined });
  const options = serialOptions({ name: 'a', path: 'tcp://127.0.0.1:1', ...keys });
  const gateway = startSerialGateway(options, Object.assign(host, { clock, chooseDriver }));
  context.after(() => gateway.stop());
  clock.advance(0);
  const advanceUntil: Stage['advanceUntil'] = async (what, fact, limitMs = 120_000) => {
    const startMs = clock.monotonicMs();
    while (!fact()) {
      assert.ok(clock.monotonicMs() - startMs < limitMs, `${what} within ${limitMs} ms`);
      clock.advance(100);
      // What a timer started may need a few turns of the event loop.
      for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate);
    }
    return clock.monotonicMs() - startMs;
  };
  return { gateway, host, clock, driver, advanceUntil };
}

test('an open port is healthy only after its first valid line', async (t) => {
  const { gateway, host, driver } = stage(t);
  await host.untilState('a', 'open');
  assert.equal(gateway.ports()[0]?.isHealthy, false);
  driver.last.say('rst:0x1 (POWERON_RESET)\n');
  assert.equal(gateway.ports()[0]?.isHealthy, false);
  driver.last.say('{"sensor_id":"A","t":1}\n');
  assert.equal(gateway.ports()[0]?.isHealthy, true);
  const info = JSON.parse(host.system.get('$SYS/broker/serial/a/info') ?? '');
  assert.equal(info.healthy, true);
  assert.equal(info.path, 'tcp://127.0.0.1:1');
  assert.equal(info.counters.lines.log_line, 1);
  assert.match(info.last_line_at, /^\d{4}-.*Z$/);
});

test('silence makes a port stale, a valid line makes it open again, garbage does not', async (t) => {
  const { host, driver, advanceUntil } = stage(t, { silence: '60s' });
  await host.untilState('a', 'open');
  const tookMs = await advanceUntil('stale', () => host.states.at(-1) === 'stale');
  assert.ok(tookMs >= 60_000 && tookMs <= 61_500, `${tookMs} ms`);
  assert.equal(host.logged('serial.port.stale').length, 1);
  driver.last.say('garbage\n{"t":1}\n');
  assert.equal(host.states.at(-1), 'stale');
  driver.last.say('{"sensor_id":"A","t":1}\n');
  assert.equal(host.states.at(-1), 'open');
});

test('silence_reopen closes the silent port and opens it again', async (t) => {
  const { gateway, host, driver, advanceUntil } = stage(t, {
    silence: '10s',
    silence_reopen: true,
  });
  await host.untilState('a', 'open');
  await advanceUntil('reopened', () => driver.ports.length === 2);
  assert.equal(driver.ports[0]?.isClosed, true);
  await host.untilState('a', 'open');
  assert.deepEqual(host.states, ['waiting', 'open', 'stale', 'closed', 'open']);
  assert.equal(gateway.ports()[0]?.counters.reconnects, 1);
});

test('silence: 0 never makes a port stale', async (t) => {
  const { host, clock, advanceUntil } = stage(t, { silence: 0 });
  await host.untilState('a', 'open');
  const endMs = clock.monotonicMs() + 600_000;
  await advanceUntil('ten minutes', () => clock.monotonicMs() >= endMs, 700_000);
  assert.deepEqual(host.states, ['waiting', 'open']);
});

test('a driver that says open no longer but tells nobody is noticed within 5 seconds', async (t) => {
  const { host, driver, advanceUntil } = stage(t);
  await host.untilState('a', 'open');
  driver.last.isOpen = false;
  const tookMs = await advanceUntil('closed', () => host.states.includes('closed'));
  assert.ok(tookMs <= 5000, `${tookMs} ms`);
  await advanceUntil('healed', () => host.states.at(-1) === 'open');
});

test('a failing port is tried with growing pauses up to the maximum, and logged once', async (t) => {
  const keys = { reconnect: { min: '1s', max: '8s', factor: 2, jitter: 0 } };
  const failure = new SerialPortError('failed', 'tcp://127.0.0.1:1: strange');
  const { host, driver, clock, advanceUntil } = stage(t, keys, failure);
  const attemptsAtMs: number[] = [];
  for (let count = 1; count <= 7; count += 1) {
    await advanceUntil(`attempt ${count}`, () => driver.attempts >= count);
    attemptsAtMs.push(clock.monotonicMs());
  }
  const pausesMs = attemptsAtMs.slice(1).map((atMs, index) => atMs - (attemptsAtMs[index] ?? 0));
  const expectedMs = [1000, 2000, 4000, 8000, 8000, 8000];
  pausesMs.forEach((pauseMs, index) => {
    const difference = Math.abs(pauseMs - (expectedMs[index] ?? 0));
    assert.ok(difference <= 200, `pauses ${pausesMs.join(' ')}`);
  });
  assert.equal(host.states.at(-1), 'error');
  assert.equal(host.logged('serial.port.error').length, 1);
  driver.failure = undefined;
  await advanceUntil('open', () => host.states.at(-1) === 'open');
});

test('a port that stayed open begins with the first pause again, one that flaps does not', async (t) => {
  const keys = { reconnect: { min: '1s', max: '30s', factor: 4, jitter: 0, reset_after: '10s' } };
  const { host, driver, clock, advanceUntil } = stage(t, keys);
  const reopen = async (): Promise<number> => {
    const ports = driver.ports.length;
    driver.last.events.closed(new Error('the device hung up'));
    return advanceUntil('reopened', () => driver.ports.length > ports);
  };
  await host.untilState('a', 'open');
  const flapping = [await reopen(), await reopen(), await reopen()];
  assert.deepEqual(
    flapping.map((ms) => Math.round(ms / 1000)),
    [1, 4, 16],
  );
  const stableMs = clock.monotonicMs() + 11_000;
  await advanceUntil('stable', () => clock.monotonicMs() >= stableMs);
  assert.equal(Math.round((await reopen()) / 1000), 1);
});

test('permission denied is an error with the way out, retried at the longest pause', async (t) => {
  const text =
    '/dev/ttyUSB0 — permission denied. You are not in group "dialout".   fix   sudo usermod -aG dialout $USER   then log in again.';
  const { host, driver, advanceUntil } = stage(t, {}, new SerialPortError('permission', text));
  await advanceUntil('error', () => host.states.at(-1) === 'error');
  const [entry] = host.logged('serial.port.error');
  assert.equal(entry?.level, 'error');
  assert.equal(
    entry?.message,
    `a: ${text}   linnet keeps running; retrying every 30s (logged once)`,
  );
  const tookMs = await advanceUntil('second attempt', () => driver.attempts === 2);
  assert.ok(tookMs >= 29_000 && tookMs <= 31_000, `${tookMs} ms`);
  assert.equal(host.logged('serial.port.error').length, 1);
});

/** With the machine's clock, because the file system does not follow another one. */
function realStage(
  context: TestContext,
  path: string,
): { host: RecordingHost; driver: PuppetDriver } {
  const host = new RecordingHost();
  const driver = new PuppetDriver(() => host.happened());
  driver.failure = new SerialPortError('permission', `${path} — permission denied.`);
  const chooseDriver = async () => ({ driver, fallbackReason: undefined });
  const options = serialOptions({ name: 'a', path });
  const gateway = startSerialGateway(options, Object.assign(host, { chooseDriver }));
  context.after(() => gateway.stop());
  return { host, driver };
}

test('a refused device is tried again as soon as its rights change', {
  skip: withoutTerminals,
}, async (t) => {
  const path = scratchPath();
  const device = await plug(path);
  t.after(() => device.close());
  const { host, driver } = realStage(t, path);
  await host.untilState('a', 'error');
  driver.failure = undefined;
  chmodSync(path, 0o666);
  // The next attempt would be after 30 seconds.
  await host.untilState('a', 'open');
});

test('a device just plugged in may be without rights for a moment: no error is said', {
  skip: withoutTerminals,
}, async (t) => {
  const path = scratchPath();
  const { host, driver } = realStage(t, path);
  await host.until('it waits', () => host.logged('serial.port.waiting').length === 1);
  const device = await plug(path);
  t.after(() => device.close());
  await host.until('two attempts', () => driver.attempts >= 2);
  driver.failure = undefined;
  await host.untilState('a', 'open');
  assert.deepEqual(host.logged('serial.port.error'), []);
  assert.deepEqual(host.states, ['waiting', 'open']);
});

test('nobody at a network address: waiting, not an error', async (t) => {
  const failure = new SerialPortError('absent', 'tcp://127.0.0.1:1: refused');
  const { host, driver, advanceUntil } = stage(t, {}, failure);
  await advanceUntil('attempts', () => driver.attempts >= 3);
  assert.deepEqual(host.states, ['waiting']);
  assert.equal(host.logged('serial.port.waiting').length, 1);
  assert.deepEqual(
    host.logs.filter(({ level }) => level === 'error'),
    [],
  );
});

test('a path that is no serial device is an error', async (t) => {
  const path = scratchPath('file');
  writeFileSync(path, '');
  const host = new RecordingHost();
  const gateway = startSerialGateway(serialOptions({ name: 'a', path }), host);
  t.after(() => gateway.stop());
  await host.untilState('a', 'error');
  assert.match(host.logged('serial.port.error')[0]?.message ?? '', /is not a serial device/);
});

test('stop closes the port, says closed and offline, and opens nothing any more', async (t) => {
  const { gateway, host, driver, clock } = stage(t, { status_topic: 'plant/esp32' });
  await host.untilState('a', 'open');
  await gateway.stop();
  assert.equal(driver.last.isClosed, true);
  assert.equal(host.states.at(-1), 'closed');
  const status = host.messages.filter(({ topicName }) => topicName === 'plant/esp32');
  assert.deepEqual(
    status.map(({ payload, retain, qos }) => [payload, retain, qos]),
    [
      ['offline', true, 1],
      ['online', true, 1],
      ['offline', true, 1],
    ],
  );
  clock.advance(3_600_000);
  assert.equal(driver.attempts, 1);
  assert.deepEqual(clock.pending, []);
});

test('more than half of 20 lines not text: one hint about the baud rate for each time it is opened', async (t) => {
  const { host, driver } = stage(t, { baud: 9600 });
  await host.untilState('a', 'open');
  const garbage = Buffer.from([0xfe, 0x80, 0xf3, 0xff, 0x41, 0x0a]);
  for (let count = 0; count < 9; count += 1) driver.last.say('{"sensor_id":"A"}\n');
  for (let count = 0; count < 60; count += 1) driver.last.events.data(garbage);
  assert.deepEqual(
    host.logged('serial.port.baud').map(({ message }) => message),
    [
      'tcp://127.0.0.1:1 @9600 — 21 % of bytes are not text: wrong baud rate? usual: 115200 (linnet serial doctor tcp://127.0.0.1:1)',
    ],
  );
  assert.equal(host.logged('serial.line.refused').length, 1, 'folded');
});
