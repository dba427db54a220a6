import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { parseClientOptions } from './client-options.ts';
import { connectOptions } from './client-options-connect.ts';
import type { ClientCommand, ClientSettings } from './client-options-settings.ts';
import { Collected } from './command-run.test-kit.ts';

function parse(
  command: ClientCommand,
  argv: readonly string[],
): { settings: ClientSettings | undefined; exitCode: number; stdout: string; stderr: string } {
  const stdout = new Collected();
  const stderr = new Collected();
  const parsed = parseClientOptions(command, argv, {
    stdin: new PassThrough(),
    stdout,
    stderr,
    environment: {},
    signal: new AbortController().signal,
    isTty: false,
  });
  return {
    settings: 'settings' in parsed ? parsed.settings : undefined,
    exitCode: 'exitCode' in parsed ? parsed.exitCode : 0,
    stdout: stdout.text,
    stderr: stderr.text,
  };
}

function settings(command: ClientCommand, line: string): ClientSettings {
  const { settings, stderr } = parse(command, line.split(' '));
  assert.ok(settings !== undefined, stderr);
  return settings;
}

test('the defaults are those of mosquitto', () => {
  const { host, port, protocolVersion, keepAlive, qos, cleanStart, inflightMax } = settings(
    'sub',
    '-t a',
  );
  assert.deepEqual(
    { host, port, protocolVersion, keepAlive, qos, cleanStart, inflightMax },
    {
      host: 'localhost',
      port: undefined,
      protocolVersion: 4,
      keepAlive: 60,
      qos: 0,
      cleanStart: true,
      inflightMax: 20,
    },
  );
});

test('a value may be attached, and may look like a flag', () => {
  assert.equal(settings('sub', '-t a -p1884').port, 1884);
  assert.equal(settings('sub', '--topic=a=b --port=1884').topics[0], 'a=b');
  assert.deepEqual(settings('pub', '-t -x -m -5').source, { kind: 'text', text: '-5' });
});

test('flags that repeat add up, others are overridden', () => {
  const sub = settings('sub', '-t a -t b -T c -T d -U e -U f -h one -h two');
  assert.deepEqual(sub.topics, ['a', 'b']);
  assert.deepEqual(sub.filterOut, ['c', 'd']);
  assert.deepEqual(sub.unsubscribe, ['e', 'f']);
  assert.equal(sub.host, 'two');
  assert.deepEqual(settings('pub', '-t a -t b -n').topics, ['b']);
});

test('-D takes two or three values behind the command, switches to MQTT 5 and fills the right packet', () => {
  const { properties, protocolVersion } = settings(
    'pub',
    '-t a -n -D PUBLISH content-type x -D publish user-property k v -D publish user-property k w ' +
      '-D connect receive-maximum 5 -D will will-delay-interval 3 -D disconnect reason-string bye',
  );
  assert.equal(protocolVersion, 5);
  assert.equal(properties.publish.contentType, 'x');
  assert.deepEqual(properties.publish.userProperties, [
    ['k', 'v'],
    ['k', 'w'],
  ]);
  assert.equal(properties.connect.receiveMaximum, 5);
  assert.equal(properties.will.willDelayInterval, 3);
  assert.equal(properties.disconnect.reasonString, 'bye');
});

for (const [text, seconds] of [
  ['10', 10],
  ['0x10', 16],
  ['-1', 0xffff_ffff],
  ['∞', 0xffff_ffff],
] as const) {
  test(`-x ${text} is a session expiry of ${seconds} seconds, in MQTT 5`, () => {
    const { sessionExpiryInterval, protocolVersion } = settings('sub', `-t a -i id -x ${text}`);
    assert.equal(sessionExpiryInterval, seconds);
    assert.equal(protocolVersion, 5);
  });
}

test('-c alone keeps the session for ever in MQTT 5', async () => {
  const kept = settings('sub', '-t a -c -i id -V 5');
  const options = await connectOptions(kept);
  assert.equal(options.cleanStart, false);
  assert.equal(options.properties?.sessionExpiryInterval, 0xffff_ffff);
});

for (const [line, url] of [
  ['', 'mqtt://localhost:1883'],
  ['-h h -p 1', 'mqtt://h:1'],
  ['-h ::1', 'mqtt://[::1]:1883'],
  ['--cafile f', 'mqtts://localhost:8883'],
  ['--capath d -p 1', 'mqtts://localhost:1'],
  ['--psk 00ff --psk-identity i', 'mqtts://localhost:8883'],
  ['--tls-use-os-certs', 'mqtts://localhost:1883'],
  ['-p 8883', 'mqtts://localhost:8883'],
  ['--unix /s', 'unix:/s'],
  ['--ws', 'ws://localhost:9001'],
  ['--ws --cafile f -p 2', 'wss://localhost:2'],
  ['-L mqtt://h/t', 'mqtt://h:1883'],
  ['-L MQTTS://h/t', 'mqtts://h:8883'],
  ['-L mqtt://u:p:w@h:5/t/u', 'mqtt://h:5'],
  ['-L mqtt://[::1]:5/t', 'mqtt://[::1]:5'],
  ['-L ws://h/t', 'ws://h:9001'],
  ['-L wss://h/t', 'wss://h:443'],
] as const) {
  test(`${line === '' ? 'no flag' : line} connects to ${url}`, async () => {
    const words = line === '' ? '-t a' : `-t a ${line}`;
    assert.equal((await connectOptions(settings('sub', words))).url, url);
  });
}

test('-L brings user name, password and topic', () => {
  const { username, password, topics } = settings('sub', '-L mqtt://u:p:w@h/a/b');
  assert.deepEqual(
    { username, password, topics },
    { username: 'u', password: 'p:w', topics: ['a/b'] },
  );
});

test('-I appends the process id', async () => {
  const options = await connectOptions(settings('sub', '-t a -I pre-'));
  assert.equal(options.clientId, `pre-${process.pid}`);
});

test('-C below 20 announces it as Receive Maximum', async () => {
  const options = await connectOptions(settings('sub', '-t a -C 3'));
  assert.equal(options.properties?.receiveMaximum, 3);
  assert.equal(
    (await connectOptions(settings('sub', '-t a -C 20'))).properties?.receiveMaximum,
    undefined,
  );
});

test('-o reads options from a file; the command line wins, topics add up', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'linnet-options-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'options');
  const lines = ['# comment', '-h filehost', '-u a user', '-p 1', '-t from/file', '-v', ''];
  await writeFile(file, lines.join('\r\n'));
  const { host, username, port, topics, isVerbose } = settings('sub', `-o ${file} -p 2 -t b`);
  assert.deepEqual(
    { host, username, port, topics, isVerbose },
    { host: 'filehost', username: 'a user', port: 2, topics: ['from/file', 'b'], isVerbose: true },
  );
});

for (const [command, line, sentence] of [
  ['sub', '-Z', "Unknown option '-Z'."],
  ['sub', '-m x -t a', "Unknown option '-m'."],
  ['pub', '-C 1 -t a', "Unknown option '-C'."],
  ['sub', 'word', "Unknown option 'word'."],
  ['sub', '-t a -p', '-p argument given but no port specified.'],
  ['sub', '-t a -p 65536', 'Invalid port given: 65536'],
  ['sub', '-t a -p x', 'Invalid port given: x'],
  ['sub', '-t a -q 3', 'Invalid QoS given: 3'],
  ['sub', '-t a -k 3', 'Invalid keepalive given, it must be between 5 and 65535 inclusive.'],
  ['sub', '-t a -V 7', 'Invalid protocol version argument given. Use 5, 311 or 31.'],
  ['sub', '-t a -i x -I y', '-i and -I argument cannot be used together.'],
  ['sub', '-t a -c', 'You must provide a client id if you are using the -c option.'],
  ['sub', '-t a -x abc', 'session-expiry-interval not a number.'],
  ['sub', '-t a -x 4294967296', 'session-expiry-interval out of range.'],
  [
    'sub',
    '-t a -x -1',
    'You must provide a client id if you are using an infinite session expiry interval.',
  ],
  ['sub', '-t a -C 0', 'Invalid message count "0".'],
  ['sub', '-t a -W 0', 'Invalid timeout "0".'],
  ['sub', '-t a -R --retained-only', "Combining '-R' and '--retained-only' makes no sense."],
  ['sub', '-t a --will-payload x', 'Will payload given, but no will topic given.'],
  ['sub', '-t a --will-retain', 'Will retain given, but no will topic given.'],
  ['sub', '-t a --cert x', 'Both certfile and keyfile must be provided if one of them is set.'],
  ['sub', '-t a --psk 00', '--psk-identity required if --psk used.'],
  ['sub', '-t a --proxy x', '--proxy is not available here: SOCKS proxies are not supported.'],
  ['sub', '-t a -L http://h/t', 'unsupported URL scheme. Use mqtt://, mqtts://, ws:// or wss://.'],
  ['sub', '-L mqtt://h', 'Invalid URL for -L argument specified - topic missing.'],
  ['sub', '-t a -P x', 'A password without a username (-u) needs MQTT 5 (-V 5).'],
  [
    'sub',
    '-h localhost',
    'You must specify a topic to subscribe to (-t) or unsubscribe from (-U).',
  ],
  ['sub', '-t a -D connect', '-D argument given but no property specified.'],
  [
    'sub',
    '-t a -D connect nothing 1',
    'Invalid property name nothing given in --property argument.',
  ],
  [
    'sub',
    '-t a -D publish receive-maximum 1',
    'receive-maximum property not allowed for publish in --property argument.',
  ],
  [
    'sub',
    '-t a -D connect user-property a',
    '--property argument given but not enough arguments specified.',
  ],
  [
    'sub',
    '-t a -D connect receive-maximum 1 -D connect receive-maximum 1',
    'Duplicate property receive-maximum for connect.',
  ],
  [
    'sub',
    '-t a -D connect receive-maximum x',
    'Property value (x) out of range for property receive-maximum: 1 to 65535.',
  ],
  ['pub', '-t a', 'Both topic (-t) and message (-m, -f, -l, -s or -n) must be supplied.'],
  ['pub', '-t a -m x -n', 'Only one type of message can be sent at once.'],
  [
    'pub',
    '-t a/# -m x',
    "Invalid publish topic 'a/#'. A Topic Name must not contain the wildcard character '#'.",
  ],
  ['pub', '-t a -m x --repeat 0', '--repeat argument must be >0.'],
  ['pub', '-t a -m x --repeat-delay -1', '--repeat-delay argument must be >=0.0.'],
  ['sub', '-t a -o /nonexistent/file', 'Cannot read the options file "/nonexistent/file": ENOENT'],
] as const) {
  test(`${command} ${line} is refused with exit code 1`, () => {
    const { exitCode, stdout, stderr } = parse(command, line.split(' '));
    assert.equal(exitCode, 1);
    assert.equal(stdout, '');
    assert.equal(stderr.startsWith(`Error: ${sentence}`), true, stderr);
    assert.match(stderr, new RegExp(`\n\nUse 'linnet ${command} --help' to see usage.\n$`));
  });
}

for (const command of ['pub', 'sub'] as const) {
  for (const word of ['--help', '-h']) {
    test(`${command} ${word} prints every flag on stdout`, () => {
      const { exitCode, stdout, stderr } = parse(command, [word]);
      assert.equal(exitCode, 0);
      assert.equal(stderr, '');
      assert.match(stdout, new RegExp(`Usage: linnet ${command} `));
      for (const flag of ['-t --topic', '--will-topic', '--cafile', '-D --property']) {
        assert.ok(stdout.includes(`  ${flag} `), flag);
      }
    });
  }

  test(`${command} --version prints the package's version`, () => {
    const { exitCode, stdout } = parse(command, ['--version']);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^linnet ${command} version \\d+\\.\\d+\\.\\d+\n$`));
  });
}
