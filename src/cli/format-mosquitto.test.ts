/** The same packets, printed by mosquitto_sub and by `linnet sub`, must be the same bytes. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ScriptedServer } from '../client/scripted-server.test-kit.ts';
import { PacketType, type PublishPacket, ReasonCode } from '../packet/index.ts';
import { needs, programPath } from './brokers.test-kit.ts';
import { completed } from './command-run.test-kit.ts';
import { runSub } from './sub.ts';

const skip = needs('mosquitto_sub', 'mosquitto-clients') || otherVersion();

/** Version 2.1 prints some things differently; 2.0 is the one that is followed. */
function otherVersion(): string | false {
  const path = programPath('mosquitto_sub') ?? '';
  try {
    execFileSync(path, ['--version']);
  } catch (error) {
    // --version exits with 1.
    const output = String((error as { stdout?: unknown }).stdout);
    if (/version 2\.0\./.test(output)) return false;
  }
  return 'needs mosquitto_sub of version 2.0';
}

function message(changes: Partial<PublishPacket>): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: 'topic/ü',
    payload: Buffer.from('payload'),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
    ...changes,
  };
}

/** Sends the packets to one subscriber and drops it when it disconnects. */
async function serve(server: ScriptedServer, packets: readonly PublishPacket[]): Promise<void> {
  const { peer } = await server.welcome();
  const { packetId } = await peer.receive(PacketType.subscribe);
  peer.send(
    {
      type: PacketType.suback,
      packetId,
      reasonCodes: [ReasonCode.grantedQoS1],
      properties: undefined,
    },
    ...packets,
  );
  while ((await peer.receiveAny()).type !== PacketType.disconnect);
  peer.drop();
}

async function compare(args: readonly string[], packets: readonly PublishPacket[]): Promise<void> {
  await using server = await ScriptedServer.start();
  const argv = ['-h', '127.0.0.1', '-p', String(server.port), '-t', '#', ...args];
  const served = serve(server, packets);
  const theirs = await promisify(execFile)('mosquitto_sub', argv, { encoding: 'latin1' });
  await served;
  const servedAgain = serve(server, packets);
  const ours = await completed(runSub, argv);
  await servedAgain;
  assert.equal(ours.exitCode, 0, ours.stderr);
  assert.equal(
    withoutTime(ours.stdout),
    withoutTime(Buffer.from(theirs.stdout, 'latin1').toString()),
  );
}

function withoutTime(text: string): string {
  return text.replaceAll(/"tst":\s*"[^"]*"/g, '"tst":""');
}

const properties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 4_294_967_295,
  contentType: 'text/plain',
  responseTopic: 'answer/ü',
  correlationData: Buffer.from('corr'),
  subscriptionIdentifiers: [9],
  userProperties: [
    ['k', 'v'],
    ['k', 'w"'],
  ],
} as const;

const fields = [...'ACDEFlmPpqRrStxX%'];
const format = ['', '-', '0', '12', '-12', '012', '3', '-3', '-03']
  .map((flags) => fields.map((letter) => `%${flags}${letter}`).join('|'))
  .concat(
    ['C', 'R', 't'].flatMap((letter) => ['.3', '8.3', '-8.3', '.'].map((f) => `%${f}${letter}`)),
  )
  .join(';');

test('every field with every flag prints as mosquitto_sub prints it', { skip }, async () => {
  const packets = [
    message({}),
    message({ payload: Buffer.alloc(0), retain: true }),
    message({ payload: Buffer.from([0, 1, 0xff, 0x0a]), qos: 1, packetId: 1234 }),
    message({ properties }),
  ];
  await compare(['-V', '5', '-C', '4', '-F', `${format}\\t\\\\@@`], packets);
});

const payloads = [
  '{"a":1,"b":[true,false,null],"c":{"d":"e"}}',
  ' [ 1 , 2.50 , -0 , 1e3 , 1E-7 , 123456789012 , 0.1 , 1e15 , 1e16 , 3.14159265358979312 ] \n',
  '[0.30000000000000004,1e400,-1e400,2147483647,2147483648,-2147483648,-2147483649,1e-5,0.0001]',
  '[5e-324,1.7976931348623157e308,123456.789e3,01,1.,-.5,100000000000000000000]',
  '{"1":1,"0":2,"1":3,"":4}',
  '"\\u00fc\\ud83d\\ude00\\n\\t\\b\\f\\r\\"\\/\\\\\\u0001"',
  '"\u00fc raw"',
  '{}',
  '[]',
  '[{},[],[{}]]',
  '"a\tb"',
  'plain',
  '{"a":}',
  '[1,]',
  '{"a":1} x',
  '"open',
  '"\\ud83d"',
  '"\\u00"',
  '\u{feff}1',
  'nul',
  '-',
  '1 2',
  '"a\u0000b"',
  '"\\u0000b"',
];

for (const conversion of ['%j', '%J']) {
  for (const pretty of [[], ['--pretty']]) {
    test(`${[conversion, ...pretty].join(' ')} prints every payload as mosquitto_sub does`, {
      skip,
    }, async () => {
      const packets = payloads.map((payload) => message({ payload: Buffer.from(payload) }));
      const bytes = message({ payload: Buffer.from([0x22, 0xff, 0x80, 0x22]) });
      const all = [...packets, bytes, message({ payload: Buffer.alloc(0) })];
      await compare(['-C', String(all.length), '-F', conversion, ...pretty, '--quiet'], all);
    });
  }
}

test('%j shows properties as mosquitto_sub does', { skip }, async () => {
  await compare(['-V', '5', '-C', '1', '-F', '%j'], [message({ properties })]);
});

for (const flags of [
  [],
  ['-v'],
  ['-N'],
  ['-v', '-N'],
  ['-R'],
  ['-T', 'topic/+'],
  ['-v', '-T', '#'],
]) {
  test(`sub ${flags.join(' ')} prints messages as mosquitto_sub does`, { skip }, async () => {
    const packets = [
      message({}),
      message({ payload: Buffer.alloc(0) }),
      message({ topicName: 'other', retain: true }),
      message({ topicName: '$SYS/x', payload: Buffer.from([0, 0xff]) }),
      message({ topicName: 'a/b/c', qos: 1, packetId: 3 }),
      message({ topicName: '$end' }),
    ];
    const count = { '-R': 5, '-T topic/+': 4, '-v -T #': 2 }[flags.join(' ')] ?? 6;
    await compare([...flags, '-C', String(count)], packets);
  });
}
