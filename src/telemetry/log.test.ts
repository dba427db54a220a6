import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { events } from './events.ts';
import { createLog, type Log, type LogOptions } from './log.ts';

process.env['TZ'] = 'UTC';
const startMs = Date.parse('2026-11-20T06:41:00.123Z');
const directory = mkdtempSync(join(tmpdir(), 'linnet-log-'));
after(() => rmSync(directory, { recursive: true }));

class Screen extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

function openLog(options: Partial<LogOptions> = {}): { log: Log; screen: Screen } {
  const screen = new Screen();
  const log = createLog({
    level: 'INFO',
    levels: {},
    format: 'auto',
    file: undefined,
    directory,
    rotation: { sizeBytes: 0, keep: 5 },
    isTty: false,
    console: screen,
    now: () => startMs,
    ...options,
  });
  return { log, screen };
}

test('S2-02 S2-17 the life of the broker is logged under MQTTBroker in the form of old', async () => {
  const { log, screen } = openLog();
  log.module('broker').info('broker.started', { version: '1.0.0' });
  log.module('MQTTBroker').info('broker.stopped');
  await log.close();
  assert.deepEqual(screen.lines, [
    '2026-11-20 06:41:00,123 - MQTTBroker - INFO - MQTT Broker started successfully',
    '2026-11-20 06:41:00,123 - MQTTBroker - INFO - MQTT Broker stopped',
  ]);
});

test('S2-03 an unexpected failure is one line and its stack', async () => {
  const { log, screen } = openLog();
  const error = new Error('disk on fire');
  log.module('broker').error('broker.failed', { error }, `Unexpected error: ${error.message}`);
  await log.close();
  assert.match(screen.lines[0] ?? '', / - MQTTBroker - ERROR - Unexpected error: disk on fire$/);
  assert.match(screen.lines[1] ?? '', /^ {4}at .*log\.test\.ts/);
});

test('a terminal gets pretty lines, json is one object per line', async () => {
  const onTerminal = openLog({ isTty: true, colors: false });
  onTerminal.log.module('acl').warning('acl.publish.denied', { client: 'esp-7' });
  await onTerminal.log.close();
  assert.equal(onTerminal.screen.text, '06:41:00.123 WARN  acl.publish.denied   client=esp-7\n');

  const json = openLog({ format: 'json', isTty: true });
  json.log.module('acl').warning('acl.publish.denied', { client: 'e\n7' }, 'Sentence.');
  await json.log.close();
  assert.deepEqual(JSON.parse(json.screen.text), {
    level: 'WARNING',
    time: '2026-11-20T06:41:00.123Z',
    module: 'acl',
    event: 'acl.publish.denied',
    client: 'e\n7',
    message: 'Sentence.',
  });
  assert.equal(json.screen.lines.length, 1);
});

test('a client cannot forge log lines, in no format', async () => {
  const evil =
    'x\r\n2026-11-20 06:41:00,123 - MQTTBroker - INFO - MQTT Broker stopped\u001b[2J\u0085\u2028';
  for (const format of ['pretty', 'text', 'json'] as const) {
    const { log, screen } = openLog({ format });
    const client = log.module('client');
    client.info('client.connected', { client: evil }, `Client connected: ${evil}, Username: None`);
    client.warning('acl.publish.denied', { client: evil, topic: evil, user: evil });
    await log.close();
    assert.equal(screen.lines.length, 2, format);
    // One line feed each, and nothing else without a glyph.
    assert.match(screen.text.replaceAll('\n', ''), /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, format);
    for (const line of screen.lines) assert.ok(!line.startsWith('2026-11-20 06:41:00,123 - MQTT'));
  }
});

test('S2-20 levels are named in any case and stand for everything, a module, and those below it', async () => {
  const { log, screen } = openLog({
    level: 'warning',
    levels: { serial: 'Debug', 'broker.acl': 'ERROR' },
  });
  for (const name of ['client', 'serial', 'serial.port', 'acl']) {
    const module = log.module(name);
    module.debug(`${name}.d`);
    module.info(`${name}.i`);
    module.warning(`${name}.w`);
    module.error(`${name}.e`);
  }
  await log.close();
  assert.deepEqual(
    screen.lines.map((line) => line.split(' - ')[3]),
    [
      ...['client.w', 'client.e'],
      ...['serial.d', 'serial.i', 'serial.w', 'serial.e'],
      ...['serial.port.d', 'serial.port.i', 'serial.port.w', 'serial.port.e'],
      'acl.e',
    ],
  );
  assert.throws(
    () => openLog({ level: 'verbose' }),
    /"verbose".*DEBUG \| INFO \| WARNING \| ERROR/,
  );
});

test('S4-114 levels change while running: for everything, a module, a client', async () => {
  const { log, screen } = openLog();
  const client = log.module('client');
  const tryIn = (step: string): void => {
    client.debug(`${step}.debug`, { client: 'esp-7' });
    client.debug(`${step}.other`, { client: 'esp-8' });
    client.warning(`${step}.warning`);
  };
  tryIn('start');
  log.setLevel('DEBUG');
  tryIn('all');
  log.setLevel('ERROR', 'client');
  tryIn('module');
  log.clearLevel('client');
  tryIn('cleared');
  log.setLevel('info');
  log.setClientLevel('esp-7', 'debug');
  tryIn('watched');
  assert.equal(client.isEnabled('DEBUG', 'esp-7'), true);
  assert.equal(client.isEnabled('DEBUG', 'esp-8'), false);
  log.setClientLevel('esp-7', undefined);
  tryIn('end');
  await log.close();
  const shown = screen.lines.map((line) => line.split(' - ')[3]?.split(' ')[0]);
  assert.deepEqual(
    shown.filter((event) => event !== 'log.level.changed'),
    [
      'start.warning',
      ...['all.debug', 'all.other', 'all.warning'],
      ...['cleared.debug', 'cleared.other', 'cleared.warning'],
      ...['watched.debug', 'watched.warning'],
      'end.warning',
    ],
  );
  assert.equal(shown.filter((event) => event === 'log.level.changed').length, 6);
});

test('the levels in force can be asked, and a wrong name changes nothing', async () => {
  const { log } = openLog({ file: 'levels.log', levels: { serial: 'DEBUG' } });
  log.module('client');
  log.setLevel('warning', 'acl');
  log.setLevel('error');
  log.setClientLevel('esp-7', 'Debug');
  assert.throws(() => log.setLevel('loud'), { name: 'LogLevelError' });
  assert.throws(() => log.setClientLevel('esp-8', 'loud'), { name: 'LogLevelError' });
  assert.deepEqual(log.levels(), {
    level: 'ERROR',
    modules: { acl: 'WARNING', client: 'ERROR', log: 'ERROR', serial: 'DEBUG' },
    clients: { 'esp-7': 'DEBUG' },
    sinks: { console: 'ERROR', file: 'ERROR' },
  });
  await log.close();
});

test('S1-13 S2-19 console and file both get the lines, each by its own level', async () => {
  const { log, screen } = openLog({ file: 'both.log', fileLevel: 'DEBUG', format: 'pretty' });
  const module = log.module('client');
  module.debug('only.file');
  module.info('both');
  log.setSinkLevel('console', 'ERROR');
  module.warning('file.again');
  log.setSinkLevel('file', 'ERROR');
  module.warning('nowhere');
  log.setLevel('DEBUG', 'client');
  module.warning('held.back.by.the.sinks');
  await log.close();
  assert.deepEqual(screen.lines, ['06:41:00.123 INFO  both']);
  const file = readFileSync(join(directory, 'both.log'), 'utf8');
  assert.deepEqual(
    file.split('\n').map((line) => line.split(' - ')[3]?.split(' ')[0]),
    ['only.file', 'both', 'log.level.changed', 'file.again', undefined],
  );
});

test('S2-16 auto makes logs/broker_YYYYMMDD_HHMMSS.log of the start, and a link that stays', async () => {
  const { log } = openLog({ file: 'auto', format: 'json' });
  assert.equal(log.file, join(directory, 'logs', 'broker_20261120_064100.log'));
  log.module('broker').info('broker.started');
  await log.close();
  const linked = readFileSync(join(directory, 'logs', 'current'), 'utf8');
  assert.equal(JSON.parse(linked).message, 'MQTT Broker started successfully');
});

test('a log file that cannot be written is one line on the console, and it goes on', async () => {
  const { log, screen } = openLog({ file: '/dev/full' });
  const module = log.module('client');
  for (let i = 0; i < 100; i++) module.info('client.connected', { client: `c${i}` });
  log.flush();
  await log.close();
  const failures = screen.lines.filter((line) => line.includes('log.file.failed'));
  assert.equal(failures.length, 1);
  assert.match(
    failures[0] ?? '',
    /log - ERROR - log\.file\.failed file=\/dev\/full error=.*ENOSPC/,
  );
  assert.equal(screen.lines.filter((line) => line.includes('client=c')).length, 100);
});

test('lines logged just before the process ends are in the file and on the console', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))};
    const log = createLog({ level: 'INFO', levels: {}, format: 'text', file: 'exit.log',
      directory: ${JSON.stringify(directory)}, rotation: { sizeBytes: 0, keep: 1 }, isTty: false,
      console: process.stderr, now: Date.now });
    for (let i = 0; i < 1000; i++) log.module('m').info('line', { i });
    process.exit(3);`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const { code, stderr } = await run.then(
    () => assert.fail('the script ends with code 3'),
    (failure: { code: number; stderr: string }) => failure,
  );
  assert.equal(code, 3);
  const file = readFileSync(join(directory, 'exit.log'), 'utf8');
  for (let i = 0; i < 1000; i++) {
    assert.ok(file.includes(` i=${i}\n`), `line ${i} in the file`);
    assert.ok(stderr.includes(` i=${i}\n`), `line ${i} on the console`);
  }
});

test('every event of the table is named by the rules and belongs to a module', () => {
  for (const [name, row] of Object.entries(events)) {
    assert.match(name, /^[a-z]+(\.[a-z_]+)+$/);
    assert.match(row.module, /^[a-z]+$/);
    assert.match(row.meaning, /^[A-Z].*\.$/);
  }
});
