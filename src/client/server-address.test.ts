import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatServerAddress, parseServerUrl } from './server-address.ts';

const cases = [
  ['mqtt://host', 'tcp', 'host', 1883, '', 'mqtt://host:1883'],
  ['mqtt://host:1884/', 'tcp', 'host', 1884, '', 'mqtt://host:1884'],
  ['mqtts://host', 'tls', 'host', 8883, '', 'mqtts://host:8883'],
  ['mqtt://[::1]:1', 'tcp', '::1', 1, '', 'mqtt://[::1]:1'],
  ['ws://host', 'ws', 'host', 80, '/mqtt', 'ws://host:80/mqtt'],
  ['ws://host:9001/a/b?c=d', 'ws', 'host', 9001, '/a/b?c=d', 'ws://host:9001/a/b?c=d'],
  ['wss://host', 'wss', 'host', 443, '/mqtt', 'wss://host:443/mqtt'],
  ['unix:/run/x.sock', 'unix', '', 0, '/run/x.sock', 'unix:/run/x.sock'],
  ['unix:///run/x.sock', 'unix', '', 0, '/run/x.sock', 'unix:/run/x.sock'],
  ['unix:x.sock', 'unix', '', 0, 'x.sock', 'unix:x.sock'],
] as const;

for (const [url, transport, host, port, path, formatted] of cases) {
  test(`${url} is read and printed`, () => {
    const address = parseServerUrl(url);
    assert.deepEqual(address, {
      transport,
      host,
      port,
      path,
      username: undefined,
      password: undefined,
    });
    assert.equal(formatServerAddress(address), formatted);
  });
}

test('user name and password are percent-decoded and never printed', () => {
  const address = parseServerUrl('mqtt://a%40b:p%3Aw@host');
  assert.equal(address.username, 'a@b');
  assert.equal(address.password, 'p:w');
  assert.equal(formatServerAddress(address), 'mqtt://host:1883');
  assert.throws(
    () => parseServerUrl('mqtt://a:%ff@host'),
    (error: Error) => {
      assert.doesNotMatch(error.message, /%ff/);
      return true;
    },
  );
});
