import assert from 'node:assert/strict';
import test from 'node:test';
import { isOriginAllowed } from './web-origin.ts';

test('an Origin must be absent, on the same host named by address, or listed', () => {
  const listed = ['https://dash.example.com', 'http://panel.local:3000'];
  const table: [string | undefined, string | undefined, boolean][] = [
    [undefined, 'anything:9001', true],
    [undefined, undefined, true],
    ['http://192.168.1.20:18830', '192.168.1.20:9001', true],
    ['https://192.168.1.20', '192.168.1.20', true],
    ['http://[fd00::5]:8080', '[fd00::5]:9001', true],
    ['http://localhost:5173', 'localhost:9001', true],
    ['http://127.0.0.1', '127.0.0.1:9001', true],
    ['https://dash.example.com', '192.168.1.20:9001', true],
    ['https://DASH.example.com:443', 'broker.example.com', true],
    ['http://panel.local:3000', 'panel.local:9001', true],

    ['http://evil.example', '192.168.1.20:9001', false],
    ['http://evil.example', 'evil.example:9001', false], // A name that was pointed at us.
    ['http://broker.local', 'broker.local:9001', false],
    ['http://192.168.1.21', '192.168.1.20:9001', false],
    ['http://localhost', '127.0.0.1:9001', false],
    ['http://localhost.evil.example', 'localhost:9001', false],
    ['http://dash.example.com', '192.168.1.20', false], // Another scheme is another origin.
    ['https://dash.example.com:8443', '192.168.1.20', false],
    ['http://panel.local', 'panel.local', false],
    ['null', '192.168.1.20:9001', false],
    ['', '192.168.1.20:9001', false],
    ['http://192.168.1.20', undefined, false],
    ['http://192.168.1.20', '', false],
    ['*', '192.168.1.20', false],
    ['http://192.168.1.20@evil.example', '192.168.1.20', false],
  ];
  for (const [origin, host, expected] of table) {
    assert.equal(isOriginAllowed(origin, host, listed), expected, `${origin} at ${host}`);
  }
});

test('an asterisk in the list opens it to every page', () => {
  assert.equal(isOriginAllowed('http://evil.example', 'broker.local', ['*']), true);
});
