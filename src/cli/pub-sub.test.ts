/** `linnet pub` and `linnet sub` against each broker there is. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type BrokerUnderTest, brokerKinds, startLinnet } from './brokers.test-kit.ts';
import { CommandRun, completed } from './command-run.test-kit.ts';
import { runPub } from './pub.ts';
import { runSub } from './sub.ts';

function at(broker: BrokerUnderTest, line: string): string[] {
  return ['-h', '127.0.0.1', '-p', String(broker.port), ...line.split(' ')];
}

/** A subscriber whose subscription stands. */
async function subscribed(broker: BrokerUnderTest, line: string): Promise<CommandRun> {
  const command = new CommandRun(runSub, at(broker, `-d ${line}`));
  await command.stderr.until(/received SUBACK/);
  return command;
}

for (const { name, skip, start } of brokerKinds) {
  for (const version of ['31', '311', '5']) {
    for (const qos of ['0', '1', '2']) {
      test(`${name}: a message of version ${version} and QoS ${qos} arrives`, {
        skip,
      }, async () => {
        await using broker = await start();
        const sub = await subscribed(
          broker,
          `-V ${version} -q ${qos} -t a/# -C 1 -W 10 -F %t|%p|%q`,
        );
        const pub = await completed(runPub, at(broker, `-V ${version} -q ${qos} -t a/b -m hello`));
        assert.deepEqual(pub, { exitCode: 0, stdout: '', stderr: '' });
        assert.equal(await sub.exitCode, 0);
        assert.equal(sub.stdout.text, `a/b|hello|${qos}\n`);
      });
    }
  }

  test(`${name}: pub -l sends each line, the last one without a line end too`, {
    skip,
  }, async () => {
    await using broker = await start();
    const sub = await subscribed(broker, '-q 1 -t lines -C 4 -W 10');
    const input = Buffer.from('one\ntwo\r\n\u00fc\nlast');
    const pub = await completed(runPub, at(broker, '-q 1 -t lines -l'), input);
    assert.equal(pub.exitCode, 0, pub.stderr);
    assert.equal(await sub.exitCode, 0);
    assert.equal(sub.stdout.text, 'one\ntwo\r\n\u00fc\nlast\n');
  });

  test(`${name}: pub -l with many lines keeps their order`, { skip }, async () => {
    await using broker = await start();
    const sub = await subscribed(broker, '-q 2 -t lines -C 3000 -W 20');
    const input = Array.from({ length: 3000 }, (_, index) => `line ${index}\n`).join('');
    const pub = await completed(runPub, at(broker, '-q 2 -M 10 -t lines -l'), input);
    assert.equal(pub.exitCode, 0, pub.stderr);
    assert.equal(await sub.exitCode, 0);
    assert.equal(sub.stdout.text, input);
  });

  test(`${name}: pub -s, -f, -n and bytes that are no text`, { skip }, async () => {
    await using broker = await start();
    const sub = await subscribed(broker, '-t x -C 3 -W 10 -N -F [%p]');
    const bytes = Buffer.from([0, 0xff, 0x0a]);
    const file = join(tmpdir(), `linnet-pub-${process.pid}`);
    await writeFile(file, bytes);
    assert.equal((await completed(runPub, at(broker, '-t x -s'), bytes)).exitCode, 0);
    assert.equal((await completed(runPub, at(broker, `-t x -f ${file}`))).exitCode, 0);
    assert.equal((await completed(runPub, at(broker, '-t x -n'))).exitCode, 0);
    assert.equal(await sub.exitCode, 0);
    const bracketed = Buffer.concat([Buffer.from('['), bytes, Buffer.from(']')]);
    const expected = Buffer.concat([bracketed, bracketed, Buffer.from('[]')]);
    assert.deepEqual(sub.stdout.bytes, expected);
  });

  test(`${name}: pub --repeat sends the message so often`, { skip }, async () => {
    await using broker = await start();
    const sub = await subscribed(broker, '-t r -C 3 -W 10');
    const line = '-t r -m again --repeat 3 --repeat-delay 0.01 --json -q 1';
    const pub = await completed(runPub, at(broker, line));
    assert.equal(pub.exitCode, 0);
    assert.equal(pub.stdout.trimEnd().split('\n').length, 3);
    const [first = ''] = pub.stdout.split('\n');
    assert.deepEqual(JSON.parse(first), {
      topic: 'r',
      qos: 1,
      retain: false,
      payloadlen: 5,
      mid: 1,
      reason_code: 0,
      reason: 'Success',
    });
    assert.equal(await sub.exitCode, 0);
    assert.equal(sub.stdout.text, 'again\nagain\nagain\n');
  });

  test(`${name}: retained messages are printed, hidden, singled out and removed`, {
    skip,
  }, async () => {
    await using broker = await start();
    for (const topic of ['k/1', 'k/2', 'k/3']) {
      assert.equal((await completed(runPub, at(broker, `-t ${topic} -m ${topic} -r`))).exitCode, 0);
    }
    const all = await completed(runSub, at(broker, '-t k/# -C 3 -W 10 -F %t:%r'));
    assert.deepEqual(all.stdout.trimEnd().split('\n').sort(), ['k/1:1', 'k/2:1', 'k/3:1']);

    for (const version of ['311', '5']) {
      const fresh = await subscribed(broker, `-V ${version} -t k/# -R -C 1 -W 10`);
      await completed(runPub, at(broker, '-t k/new -m fresh'));
      assert.equal(await fresh.exitCode, 0);
      assert.equal(fresh.stdout.text, 'fresh\n');
    }

    const only = await subscribed(broker, '-t k/# --retained-only --remove-retained -T k/3 -W 10');
    await only.stdout.until(/k\/1\nk\/2|k\/2\nk\/1/);
    await completed(runPub, at(broker, '-t k/new -m stop'));
    assert.equal(await only.exitCode, 0);
    const left = await completed(runSub, at(broker, '-t k/# -W 1'));
    assert.equal(left.exitCode, 27);
    assert.equal(left.stdout, 'k/3\n');
  });

  test(`${name}: sub -c keeps the session, -E leaves after subscribing, -U unsubscribes`, {
    skip,
  }, async () => {
    await using broker = await start();
    const session = '-i keeper -c -q 1';
    const made = await completed(runSub, at(broker, `${session} -t s/# -t gone -E`));
    assert.equal(made.exitCode, 0, made.stderr);
    assert.equal((await completed(runSub, at(broker, `${session} -t s/# -U gone -E`))).exitCode, 0);
    await completed(runPub, at(broker, '-t gone -q 1 -m no'));
    await completed(runPub, at(broker, '-t s/1 -q 1 -m kept'));
    const resumed = await completed(runSub, at(broker, `${session} -t s/# -C 1 -v -W 10`));
    assert.equal(resumed.exitCode, 0);
    assert.equal(resumed.stdout, 's/1 kept\n');
  });

  test(`${name}: properties travel from pub -D to sub --json`, { skip }, async () => {
    await using broker = await start();
    const sub = await subscribed(
      broker,
      '-t p -C 2 -W 10 --json -D subscribe subscription-identifier 7',
    );
    const properties =
      '-D publish content-type text/plain -D publish response-topic back -D publish user-property k v';
    await completed(runPub, at(broker, `-t p -m text ${properties}`));
    await completed(runPub, at(broker, '-t p -s'), Buffer.from([0xff]));
    assert.equal(await sub.exitCode, 0);
    const [first, second] = sub.stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(first?.['payload'], 'text');
    assert.deepEqual(first['properties'], {
      'content-type': 'text/plain',
      'response-topic': 'back',
      'subscription-identifiers': [7],
      'user-properties': [['k', 'v']],
    });
    assert.equal(second?.['payload_base64'], '/w==');
    assert.equal(second['payloadlen'], 1);
  });

  test(`${name}: -W ends sub with 27, an interrupt with 0`, { skip }, async () => {
    await using broker = await start();
    const timed = await completed(runSub, at(broker, '-t nothing -W 1'));
    assert.deepEqual(timed, { exitCode: 27, stdout: '', stderr: 'Timed out\n' });
    const quiet = await completed(runSub, at(broker, '-t nothing -W 1 --quiet'));
    assert.deepEqual(quiet, { exitCode: 27, stdout: '', stderr: '' });
    const interrupted = await subscribed(broker, '-t nothing');
    interrupted.interrupt();
    assert.equal(await interrupted.exitCode, 0);
  });
}

test('a second sub of the same name ends the first one, which does not come back', async () => {
  await using broker = await startLinnet();
  const first = await subscribed(broker, '-V 5 -i same -t x');
  const second = await subscribed(broker, '-V 5 -i same -t x');
  assert.equal(await first.exitCode, 0);
  assert.match(first.stderr.text, /Session taken over \(0x8E\)/);
  second.interrupt();
  assert.equal(await second.exitCode, 0);
});
