import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openPseudoTerminal, type PseudoTerminalMethod } from './pseudo-terminal.ts';
import { RecordingHost, scratchPath, serialOptions } from './recording-host.test-kit.ts';
import { startSerialGateway } from './serial-gateway.ts';

function missing(method: PseudoTerminalMethod): string | false {
  if (method === 'tcp') return false;
  if (process.platform === 'win32') return 'needs pseudo-terminals';
  const isThere = spawnSync(method, ['--version']).error === undefined;
  return isThere
    ? false
    : `needs ${method} (apt install ${method === 'script' ? 'bsdutils' : method})`;
}

for (const method of ['python3', 'socat', 'script', 'tcp'] as const) {
  test(`a device made by ${method} is read and written, and gone when it is closed`, {
    skip: missing(method),
  }, async (t) => {
    const host = new RecordingHost();
    let received = '';
    const link = method === 'tcp' ? undefined : scratchPath();
    const device = await openPseudoTerminal({
      methods: [method],
      link,
      received: (chunk) => {
        received += Buffer.from(chunk).toString();
        host.happened();
      },
    });
    t.after(() => device.close());
    assert.equal(device.method, method);
    const write = { enabled: true };
    const gateway = startSerialGateway(
      serialOptions({ name: 'a', path: device.path, write, publish: 'fields' }),
      host,
    );
    t.after(() => gateway.stop());
    await host.untilState('a', 'open');
    // A TCP device has nobody to write to before the connection has reached it: the command comes first.
    await gateway.write('a', 'hello');
    await host.until('the device got it', () => received.includes('hello\n'));
    device.write('{"sensor_id":"A","t":1}\n');
    await host.until('the line came', () => host.messages.length === 1);
    await device.close();
    await host.untilState('a', 'waiting');
    assert.ok(link === undefined || !existsSync(link));
  });
}

for (const method of ['python3', 'socat', 'script'] as const) {
  test(`${method} does not outlive a process that is killed`, {
    skip: missing(method),
  }, async () => {
    const module = fileURLToPath(new URL('./pseudo-terminal.ts', import.meta.url));
    const program = scratchPath('program');
    writeFileSync(
      `${program}.ts`,
      `import { openPseudoTerminal } from ${JSON.stringify(module)};
       const device = await openPseudoTerminal({ methods: ['${method}'] });
       process.stdout.write(device.path + '\\n');`,
    );
    const child = spawn(process.execPath, [`${program}.ts`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = await once(child.stdout, 'data');
    const path = String(chunk).trim();
    assert.ok(existsSync(path));
    const pid = child.pid ?? assert.fail();
    const helpers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const signal = AbortSignal.timeout(5000);
    while (helpers.some((helper) => isRunning(helper))) {
      assert.ok(!signal.aborted, `${method} still runs: ${helpers.join(' ')}`);
      await new Promise(setImmediate);
    }
  });
}

/** A zombie has ended; nobody has looked at its exit code yet. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a file under the name of the link is left alone', { skip: missing('python3') }, async () => {
  const link = scratchPath();
  writeFileSync(link, 'precious');
  await assert.rejects(openPseudoTerminal({ link, methods: ['python3'] }), /EEXIST/);
  assert.equal(readFileSync(link, 'utf8'), 'precious');
});
