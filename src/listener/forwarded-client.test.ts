import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import test from 'node:test';
import { type ForwardedClient, TrustedProxies } from './forwarded-client.ts';

const proxies = new TrustedProxies(['10.0.0.1', '10.9.0.0/16', 'fd00::/8']);

function clientOf(peer: string, headers: IncomingHttpHeaders): ForwardedClient {
  return proxies.clientOf(peer, headers);
}

test('without a proxy the peer is the client', () => {
  assert.deepEqual(clientOf('192.168.1.5', {}), { address: '192.168.1.5', origin: 'direct' });
});

test('whom a proxy that is not listed serves is unknown, whatever it says', () => {
  const signs: IncomingHttpHeaders[] = [
    { 'x-forwarded-for': '192.168.1.5' },
    { 'x-real-ip': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
    { 'x-forwarded-proto': 'https' },
    { via: '1.1 proxy' },
    { 'cf-connecting-ip': '127.0.0.1' },
  ];
  for (const headers of signs) {
    const expected: ForwardedClient = { address: '192.168.1.9', origin: 'unknown' };
    assert.deepEqual(clientOf('192.168.1.9', headers), expected, JSON.stringify(headers));
  }
});

test('a listed proxy names the client', () => {
  const table: [IncomingHttpHeaders, string][] = [
    [{ 'x-forwarded-for': '203.0.113.7' }, '203.0.113.7'],
    [{ 'x-forwarded-for': '203.0.113.7:4711' }, '203.0.113.7'],
    [{ 'x-forwarded-for': '::ffff:203.0.113.7' }, '203.0.113.7'],
    [{ 'x-forwarded-for': '192.168.1.5' }, '192.168.1.5'],
    [{ 'x-real-ip': '2001:db8::7' }, '2001:db8::7'],
    [{ forwarded: 'for=203.0.113.7;proto=https;by=10.0.0.1' }, '203.0.113.7'],
    [{ forwarded: 'proto=https;For="[2001:db8::7]:4711"' }, '2001:db8::7'],
    [{ 'x-forwarded-for': '203.0.113.7', 'x-real-ip': '203.0.113.7' }, '203.0.113.7'],
    [{ 'x-forwarded-for': '203.0.113.7, 10.9.1.1', 'x-real-ip': '10.9.1.1' }, '203.0.113.7'],
  ];
  for (const [headers, address] of table) {
    const expected: ForwardedClient = { address, origin: 'forwarded' };
    assert.deepEqual(clientOf('10.0.0.1', headers), expected, JSON.stringify(headers));
  }
});

test('the chain is read from the right, through listed proxies only', () => {
  const table: [string, string][] = [
    ['127.0.0.1, 203.0.113.7', '203.0.113.7'], // The left one is the client's own claim.
    ['203.0.113.7, 10.9.1.1, fd00::5', '203.0.113.7'],
    ['127.0.0.1, 203.0.113.7, 10.9.1.1', '203.0.113.7'],
    ['10.9.1.1, 8.8.8.8, 10.9.1.2', '8.8.8.8'],
  ];
  for (const [header, address] of table) {
    assert.equal(clientOf('10.0.0.1', { 'x-forwarded-for': header }).address, address, header);
  }
});

test('a listed proxy that does not say clearly whom it serves leaves the client unknown', () => {
  const unclear: IncomingHttpHeaders[] = [
    {},
    { 'x-forwarded-for': 'unknown' },
    { 'x-forwarded-for': '127.0.0.1, garbage' },
    { 'x-forwarded-for': '203.0.113.7,' },
    { 'x-forwarded-for': '10.9.1.1' },
    { forwarded: 'for=_hidden' },
    { forwarded: 'for=", for="[2001:db8::7]"' },
    { forwarded: 'proto=https' },
    { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=127.0.0.1' },
    { 'x-real-ip': '203.0.113.7', 'x-forwarded-for': '127.0.0.1' },
  ];
  for (const headers of unclear) {
    const expected: ForwardedClient = { address: '10.0.0.1', origin: 'unknown' };
    assert.deepEqual(clientOf('10.0.0.1', headers), expected, JSON.stringify(headers));
  }
});

test('a proxy that is no address is an error', () => {
  assert.throws(() => new TrustedProxies(['nginx']), /trusted proxy "nginx" is no IP address/);
});
