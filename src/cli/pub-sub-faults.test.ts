/** Exit codes and messages of `linnet pub` and `linnet sub` when things go wrong, and what they send. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { connack, type ScriptedPeer, ScriptedServer } from '../client/scripted-server.test-kit.ts';
import { PacketType, type PublishPacket, ReasonCode } from '../packet/index.ts';
import { CommandRun, completed } from './command-run.test-kit.ts';
import { runPub } from './pub.ts';
import { runSub } from './sub.ts';

const none = undefined;

function at(server: ScriptedServer, line: string): string[] {
  return ['-h', '127.0.0.1', '-p', String(server.port), ...line.split(' ')];
}

function publication(changes: Partial<PublishPacket>): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: 'a',
    payload: Buffer.from('x'),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: none,
    ...changes,
  };
}

/** Answers the next SUBSCRIBE. */
async function grant(peer: ScriptedPeer, ...reasonCodes: readonly ReasonCode[]): Promise<void> {
  const { packetId } = await peer.receive(PacketType.subscribe);
  peer.send({ type: PacketType.suback, packetId, reasonCodes, properties: none });
}

for (const [run, line] of [
  [runPub, '-t a -m x'],
  [runSub, '-t a'],
] as const) {
  for (const returnCode of [1, 2, 3, 4, 5]) {
    test(`${run.name} exits with return code ${returnCode} of a CONNACK of 3.1.1`, async () => {
      await using server = await ScriptedServer.start();
      const command = completed(run, at(server, line));
      const peer = await server.accept();
      await peer.receive(PacketType.connect);
      peer.sendBytes(0x20, 2, 0, returnCode);
      const { exitCode, stderr } = await command;
      assert.equal(exitCode, returnCode);
      assert.match(stderr, new RegExp(`^Connection error: .* \\(${returnCode}\\)\n$`));
    });
  }

  for (const reasonCode of [0x80, 0x87, 0x9f] as const) {
    test(`${run.name} exits with reason code ${reasonCode} of a CONNACK of 5.0`, async () => {
      await using server = await ScriptedServer.start();
      const command = completed(run, at(server, `-V 5 ${line}`));
      await server.welcome(connack(reasonCode, { reasonString: 'because' }));
      const { exitCode, stderr } = await command;
      assert.equal(exitCode, reasonCode);
      assert.match(stderr, /because\n$/);
    });
  }

  test(`${run.name} exits with 1 when nobody listens, and --quiet says nothing`, async () => {
    const server = await ScriptedServer.start();
    const argv = at(server, line);
    await server[Symbol.asyncDispose]();
    const { exitCode, stderr } = await completed(run, argv);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Error: Cannot connect to mqtt:\/\/127\.0\.0\.1:\d+: connection refused/);
    const quiet = await completed(run, [...argv, '--quiet']);
    assert.deepEqual(quiet, { exitCode: 1, stdout: '', stderr: '' });
  });

  test(`${run.name} sends the Will Message, user name and password it was given`, async () => {
    await using server = await ScriptedServer.start();
    const will = '--will-topic w --will-payload bye --will-qos 2 --will-retain';
    const command = new CommandRun(run, at(server, `${line} -u ann -P secret ${will} -k 9 -i me`));
    const peer = await server.accept();
    const connect = await peer.receive(PacketType.connect);
    assert.equal(connect.clientId, 'me');
    assert.equal(connect.keepAlive, 9);
    assert.equal(connect.username, 'ann');
    assert.equal(Buffer.from(connect.password ?? []).toString(), 'secret');
    assert.equal(connect.will?.topicName, 'w');
    assert.equal(Buffer.from(connect.will.payload).toString(), 'bye');
    assert.deepEqual([connect.will.qos, connect.will.retain], [2, true]);
    command.interrupt();
    await command.exitCode;
  });
}

test('pub exits with 7 when the connection is lost before the acknowledgement', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runPub, at(server, '-t a -m x -q 1'));
  const { peer } = await server.welcome();
  await peer.receive(PacketType.publish);
  peer.drop();
  const { exitCode, stderr } = await command;
  assert.equal(exitCode, 7);
  assert.match(stderr, /^Error: The connection was lost/);
});

test('pub exits with 4 when the server ends the connection', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runPub, at(server, '-V 5 -t a -m x -q 1'));
  const { peer } = await server.welcome();
  await peer.receive(PacketType.publish);
  const reasonCode = ReasonCode.serverShuttingDown;
  peer.send({ type: PacketType.disconnect, reasonCode, properties: none });
  const { exitCode, stderr } = await command;
  assert.equal(exitCode, 4);
  assert.equal(stderr, 'Error: The server ended the connection: Server shutting down (0x8B)\n');
});

test('pub warns about a message that the server refused, and exits with 0 as mosquitto_pub does', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runPub, at(server, '-V 5 -t a -m x -q 1 --json'));
  const { peer } = await server.welcome();
  const { packetId } = await peer.receive(PacketType.publish);
  const properties = { reasonString: 'rule 7' };
  peer.send({
    type: PacketType.puback,
    packetId,
    reasonCode: ReasonCode.notAuthorized,
    properties,
  });
  const { exitCode, stderr, stdout } = await command;
  assert.equal(exitCode, 0);
  assert.equal(stderr, 'Warning: Publish 1 failed: Not authorized. rule 7\n');
  const result: unknown = JSON.parse(stdout);
  assert.deepEqual(result, {
    topic: 'a',
    qos: 1,
    retain: false,
    payloadlen: 1,
    mid: 1,
    reason_code: 135,
    reason: 'Not authorized',
    reason_string: 'rule 7',
  });
});

test('pub -l connects again and loses no line', async () => {
  await using server = await ScriptedServer.start();
  const command = new CommandRun(runPub, at(server, '-i me -t a -l -q 1'));
  command.stdin.write('one\n');
  const { peer } = await server.welcome();
  await peer.receive(PacketType.publish);
  peer.drop();
  await command.stderr.until(/Connecting again/);
  command.stdin.end('two\n');
  const { peer: second } = await server.welcome();
  for (const expected of ['one', 'two']) {
    const { payload, packetId } = await second.receive(PacketType.publish);
    assert.equal(Buffer.from(payload).toString(), expected);
    const reasonCode = ReasonCode.success;
    second.send({ type: PacketType.puback, packetId, reasonCode, properties: none });
  }
  await second.receive(PacketType.disconnect);
  assert.equal(await command.exitCode, 0);
});

test('pub -l with nothing on stdin connects, publishes nothing and exits with 0', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runPub, at(server, '-t a -l'));
  const { peer } = await server.welcome();
  await peer.receive(PacketType.disconnect);
  assert.equal((await command).exitCode, 0);
});

test('pub -l reads no further while the server takes nothing', async () => {
  await using server = await ScriptedServer.start();
  const command = new CommandRun(runPub, at(server, '-t a -l -q 1 -M 2'));
  const { peer } = await server.welcome();
  command.stdin.end('1\n2\n3\n4\n');
  const first = await peer.receive(PacketType.publish);
  const second = await peer.receive(PacketType.publish);
  assert.equal(peer.unread.length, 0);
  const reasonCode = ReasonCode.success;
  for (const { packetId } of [first, second]) {
    peer.send({ type: PacketType.puback, packetId, reasonCode, properties: none });
    const next = await peer.receive(PacketType.publish);
    peer.send({
      type: PacketType.puback,
      packetId: next.packetId,
      reasonCode,
      properties: none,
    });
  }
  assert.equal(await command.exitCode, 0);
});

test('pub -s with an empty stdin and pub -f without the file send nothing', async () => {
  const empty = await completed(runPub, ['-t', 'a', '-s']);
  assert.equal(empty.exitCode, 1);
  assert.match(empty.stderr, /^Error: stdin is empty/);
  const missing = await completed(runPub, ['-t', 'a', '-f', '/nonexistent/file']);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /^Error: Cannot read the message: ENOENT/);
});

test('an interrupted pub exits with 130', async () => {
  await using server = await ScriptedServer.start();
  const waiting = new CommandRun(runPub, at(server, '-t a -m x -q 1'));
  const { peer } = await server.welcome();
  await peer.receive(PacketType.publish);
  waiting.interrupt();
  assert.equal(await waiting.exitCode, 130);
  const reading = new CommandRun(runPub, at(server, '-t a -l'));
  await server.welcome();
  reading.interrupt();
  assert.equal(await reading.exitCode, 130);
  assert.equal(reading.stderr.text, '');
});

test('sub says when all subscriptions are denied, and exits with 0 as mosquitto_sub does', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runSub, at(server, '-V 5 -t a -t b'));
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.notAuthorized, ReasonCode.quotaExceeded);
  await peer.receive(PacketType.disconnect);
  const { exitCode, stderr } = await command;
  assert.equal(exitCode, 0);
  assert.equal(stderr, 'All subscription requests were denied.\n');
});

test('sub warns about the one subscription of several that was denied', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runSub, at(server, '-V 5 -t a -t b -C 1'));
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.grantedQoS0, ReasonCode.notAuthorized);
  peer.send(publication({}));
  const { exitCode, stderr, stdout } = await command;
  assert.equal(exitCode, 0);
  assert.equal(stdout, 'x\n');
  assert.equal(stderr, 'Warning: The subscription to b was denied: Not authorized.\n');
});

test('sub connects again after a lost connection and subscribes again', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runSub, at(server, '-t a -C 2'));
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.grantedQoS0);
  peer.send(publication({ payload: Buffer.from('1') }));
  peer.socket.end();
  const { peer: second } = await server.welcome();
  await grant(second, ReasonCode.grantedQoS0);
  second.send(publication({ payload: Buffer.from('2') }));
  const { exitCode, stdout, stderr } = await command;
  assert.equal(exitCode, 0);
  assert.equal(stdout, '1\n2\n');
  assert.match(stderr, /^Warning: The connection was lost\. Connecting again\.\n$/);
});

test('sub does not connect again when a reconnect is refused: the code is the exit code', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runSub, at(server, '-V 5 -t a'));
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.grantedQoS0);
  peer.socket.end();
  await server.welcome(connack(ReasonCode.banned));
  assert.equal((await command).exitCode, 0x8a);
});

test('sub -W ends with 27 although the server never answers CONNECT', async () => {
  await using server = await ScriptedServer.start();
  const { exitCode, stderr } = await completed(runSub, at(server, '-t a -W 1'));
  assert.equal(exitCode, 27);
  assert.equal(stderr, 'Timed out\n');
});

test('sub ends with 2 when the server breaks the protocol', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runSub, at(server, '-t a'));
  const { peer } = await server.welcome();
  peer.sendBytes(0xf0, 0xff, 0xff, 0xff, 0xff);
  const { exitCode, stderr } = await command;
  assert.equal(exitCode, 2);
  assert.match(stderr, /^Error: The server broke the protocol: /);
});

test('sub sends the reason and properties of its DISCONNECT', async () => {
  await using server = await ScriptedServer.start();
  const line = '-V 5 -t a -D disconnect user-property k v';
  const command = new CommandRun(runSub, at(server, line));
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.grantedQoS0);
  command.interrupt();
  const { reasonCode, properties } = await peer.receive(PacketType.disconnect);
  assert.equal(reasonCode, ReasonCode.disconnectWithWillMessage);
  assert.deepEqual(properties?.userProperties, [['k', 'v']]);
  assert.equal(await command.exitCode, 0);
});

test('sub asks for retain as published and retain handling in MQTT 5', async () => {
  await using server = await ScriptedServer.start();
  const line = '-V 5 -q 2 -t a --retain-as-published --retain-handling new';
  const command = new CommandRun(runSub, at(server, line));
  const { peer } = await server.welcome();
  const { subscriptions } = await peer.receive(PacketType.subscribe);
  assert.deepEqual(subscriptions, [
    { topicFilter: 'a', qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 },
  ]);
  command.interrupt();
  assert.equal(await command.exitCode, 0);
});

test('sub --remove-retained leaves only when the removals are acknowledged', async () => {
  await using server = await ScriptedServer.start();
  const command = completed(runSub, at(server, '-t # -C 1 --remove-retained'));
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.grantedQoS0);
  peer.send(publication({ topicName: 'old', retain: true }));
  const removal = await peer.receive(PacketType.publish);
  assert.deepEqual([removal.topicName, removal.retain, removal.qos], ['old', true, 1]);
  assert.equal(removal.payload.length, 0);
  assert.equal(peer.unread.length, 0, 'no DISCONNECT yet');
  const { packetId } = removal;
  peer.send({
    type: PacketType.puback,
    packetId,
    reasonCode: ReasonCode.success,
    properties: none,
  });
  await peer.receive(PacketType.disconnect);
  assert.equal((await command).exitCode, 0);
});

test('sub ends quietly when nobody reads its output any more', async () => {
  await using server = await ScriptedServer.start();
  const stdout = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
  });
  const command = new CommandRun(runSub, at(server, '-t a'), { stdout });
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.grantedQoS0);
  peer.send(publication({}));
  await peer.receive(PacketType.disconnect);
  assert.equal(await command.exitCode, 0);
  assert.equal(command.stderr.text, '');
});

test('a slow reader of sub slows the server down, and every message arrives', async () => {
  await using server = await ScriptedServer.start();
  const held: (() => void)[] = [];
  let bytes = 0;
  const firstHeld = Promise.withResolvers<void>();
  const stdout = new Writable({
    highWaterMark: 1024,
    write: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      held.push(done);
      firstHeld.resolve();
    },
  });
  const count = 200;
  const size = 256 * 1024;
  const command = new CommandRun(runSub, at(server, `-t a -C ${count} -N`), { stdout });
  const { peer } = await server.welcome();
  await grant(peer, ReasonCode.grantedQoS0);
  for (let index = 0; index < count; index++) {
    peer.send(publication({ payload: Buffer.alloc(size, index) }));
  }
  await firstHeld.promise;
  assert.ok(peer.socket.writableLength > 0, 'the server is held up');
  // From now on the reader keeps up.
  stdout._write = (chunk: Buffer, _encoding, done) => {
    bytes += chunk.length;
    done();
  };
  for (const done of held) done();
  assert.equal(await command.exitCode, 0);
  assert.equal(bytes, count * size);
});
