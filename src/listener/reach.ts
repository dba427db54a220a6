/**
 * How far away an address is, for access decisions. Everything that is not surely near is `public`: the
 * shared address space of carriers (RFC 6598, 100.64.0.0/10) is other people's machines, and translated
 * addresses (NAT64, 6to4) say nothing about where the peer is.
 */
import { BlockList, isIP } from 'node:net';
import type { Reach } from '../broker/index.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const nearby = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8], // RFC 1918
  ['172.16.0.0', 12], // RFC 1918
  ['192.168.0.0', 16], // RFC 1918
  ['169.254.0.0', 16], // link-local, RFC 3927
] as const) {
  nearby.addSubnet(network, prefix, 'ipv4');
}
nearby.addSubnet('fe80::', 10, 'ipv6'); // link-local, RFC 4291
nearby.addSubnet('fc00::', 7, 'ipv6'); // unique local, RFC 4193

/** `::ffff:192.0.2.1` and `::ffff:c000:201` become `192.0.2.1`; everything else stays as it is. */
export function unmapAddress(address: string): string {
  const match = /^(?:::|(?:0{1,4}:){5})ffff:(?:([\d.]+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i.exec(
    address,
  );
  if (match === null) return address;
  const [, dotted, high, low] = match;
  if (dotted !== undefined) return isIP(dotted) === 4 ? dotted : address;
  const bits = (Number.parseInt(high ?? '', 16) << 16) | Number.parseInt(low ?? '', 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

/**
 * `address` as the operating system or a proxy reports it; empty for a Unix socket. A container's default
 * gateway (`gateways`) stands for whoever reached a published port, so it counts as public.
 */
export function reachOf(address: string, gateways?: ReadonlySet<string>): Reach {
  if (address === '') return 'loopback';
  const [plain = ''] = unmapAddress(address).split('%');
  const version = isIP(plain);
  if (version === 0 || gateways?.has(plain) === true) return 'public';
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(plain, family)) return 'loopback';
  return nearby.check(plain, family) ? 'private' : 'public';
}
