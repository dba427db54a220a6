import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import test from 'node:test';
import type { Reach } from '../broker/index.ts';
import { type ContainerFacts, containerGateways } from './container-gateways.ts';
import { reachOf, unmapAddress } from './reach.ts';

test('an address is loopback, private or public', () => {
  const table: [string, Reach][] = [
    ['', 'loopback'], // Unix socket
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.20', 'private'],
    ['::ffff:192.168.1.20', 'private'],
    ['::ffff:c0a8:114', 'private'],
    ['169.254.7.7', 'private'],
    ['fe80::1', 'private'],
    ['fe80::1%eth0', 'private'],
    ['febf::1', 'private'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['9.255.255.255', 'public'],
    ['11.0.0.0', 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['192.167.255.255', 'public'],
    ['192.169.0.0', 'public'],
    ['128.0.0.1', 'public'],
    ['100.64.0.1', 'public'], // shared address space of carriers
    ['0.0.0.0', 'public'],
    ['8.8.8.8', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['::', 'public'],
    ['2001:db8::1', 'public'],
    ['fec0::1', 'public'],
    ['64:ff9b::c0a8:101', 'public'], // NAT64
    ['::127.0.0.1', 'public'],
    ['not an address', 'public'],
  ];
  for (const [address, expected] of table) assert.equal(reachOf(address), expected, address);
});

test("a container's default gateway counts as public", () => {
  const gateways = new Set(['172.17.0.1', 'fe80::1']);
  assert.equal(reachOf('172.17.0.1', gateways), 'public');
  assert.equal(reachOf('::ffff:172.17.0.1', gateways), 'public');
  assert.equal(reachOf('fe80::1%eth0', gateways), 'public');
  assert.equal(reachOf('172.17.0.2', gateways), 'private');
});

test('only IPv4-mapped addresses are unmapped', () => {
  const table: [string, string][] = [
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['::ffff:999.0.2.1', '::ffff:999.0.2.1'],
    ['::fffe:192.0.2.1', '::fffe:192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
  ];
  for (const [address, expected] of table) assert.equal(unmapAddress(address), expected, address);
});

const gatewayHex = endianness() === 'LE' ? '010011AC' : 'AC110001';
const routes = [
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
  `eth0\t00000000\t${gatewayHex}\t0003\t0\t0\t0\t00000000\t0\t0\t0`,
  'eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
].join('\n');
const routesV6 = [
  `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003 eth0`,
  `fd000000000000000000000000000000 40 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000001 00000000 00000001 eth0`,
].join('\n');

function machine(
  facts: Partial<ContainerFacts>,
  files: Record<string, string> = {},
): ContainerFacts {
  const all: Record<string, string> = {
    '/proc/net/route': routes,
    '/proc/net/ipv6_route': routesV6,
    ...files,
  };
  return {
    exists: () => false,
    read: (path) => all[path],
    containerVariable: undefined,
    ...facts,
  };
}

test('inside a container the default gateways are found, by whichever sign it shows', () => {
  const expected = new Set(['172.17.0.1', 'fd00::1']);
  const containers: ContainerFacts[] = [
    machine({ exists: (path) => path === '/.dockerenv' }),
    machine({ exists: (path) => path === '/run/.containerenv' }),
    machine({ containerVariable: 'podman' }),
    machine({}, { '/proc/1/cgroup': '12:cpuset:/kubepods/besteffort/pod1\n' }),
    machine({}, { '/proc/1/cgroup': '1:name=systemd:/docker/0123\n' }),
  ];
  for (const container of containers) assert.deepEqual(containerGateways(container), expected);
});

test('outside a container a default gateway is a neighbour like any other', () => {
  assert.deepEqual(
    containerGateways(machine({}, { '/proc/1/cgroup': '0::/init.scope\n' })),
    new Set(),
  );
  assert.deepEqual(containerGateways(machine({ read: () => undefined })), new Set());
});

test('a container without routes has no gateways', () => {
  assert.deepEqual(
    containerGateways(machine({ exists: () => true, read: () => undefined })),
    new Set(),
  );
});
