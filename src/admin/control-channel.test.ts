import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ControlChannel, type ControlHost, controlSocketPath } from './control-channel.ts';
import { callControl } from './control-client.ts';
import { ControlError } from './control-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'linnet-control-'));
after(() => rmSync(folder, { recursive: true }));

function recordingHost(): ControlHost & { stops: number; levels: string[] } {
  return {
    stops: 0,
    levels: [],
    status: () => ({ version: 'x' }),
    setLogLevel(level) {
      if (level === 'LOUD') throw new RangeError('LOUD is no level');
      this.levels.push(level);
      return { level };
    },
    stop() {
      this.stops++;
    },
    async *history() {},
  };
}

test('only the owner may open the socket and its folder, and the routes answer', async () => {
  const path = controlSocketPath(join(folder, 'a/data'), false);
  const host = recordingHost();
  const channel = await ControlChannel.open(path, host);
  try {
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'a/data')).mode & 0o777, 0o700);
    assert.deepEqual((await callControl(path, 'GET', '/status')).body, { version: 'x' });
    const level = await callControl(path, 'PUT', '/log/level', { level: 'DEBUG' });
    assert.deepEqual([level.status, host.levels], [200, ['DEBUG']]);
    assert.equal((await callControl(path, 'POST', '/stop')).status, 202);
    assert.equal(host.stops, 1);
  } finally {
    await channel.close();
  }
});

test('what the routes do not understand is said, and changes nothing', async () => {
  const path = controlSocketPath(join(folder, 'b'), false);
  const host = recordingHost();
  const channel = await ControlChannel.open(path, host);
  try {
    const wrong = await callControl(path, 'PUT', '/log/level', { level: 'LOUD' });
    assert.deepEqual([wrong.status, wrong.body], [400, { error: 'LOUD is no level' }]);
    assert.equal((await callControl(path, 'PUT', '/log/level', { levle: 'DEBUG' })).status, 400);
    assert.equal((await callControl(path, 'GET', '/nothing')).status, 404);
    assert.deepEqual(host.levels, []);
  } finally {
    await channel.close();
  }
});

test('a second broker on the same directory is refused; a socket left behind is not in the way', async () => {
  const path = controlSocketPath(join(folder, 'c'), false);
  const first = await ControlChannel.open(path, recordingHost());
  await assert.rejects(ControlChannel.open(path, recordingHost()), (error) => {
    return error instanceof ControlError && error.code === 'data-dir-in-use';
  });
  await first.close();
  const second = await ControlChannel.open(path, recordingHost());
  await second.close();
});

test('a path too long for a socket gets one in the private folder', () => {
  const path = controlSocketPath(join(folder, 'x'.repeat(200)), false);
  assert.ok(Buffer.byteLength(path) < 104, path);
});

test('a directory that cannot be made is an error at once', async () => {
  await assert.rejects(
    ControlChannel.open('/proc/none/control.sock', recordingHost()),
    ControlError,
  );
});
