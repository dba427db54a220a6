/**
 * The default gateways of the container this process runs in. A port published by a container engine is
 * often relayed through the gateway, so a client from anywhere appears with the gateway's private address.
 * Outside a container the set is empty: there the gateway is a router, a neighbour like any other.
 */
import { existsSync, readFileSync } from 'node:fs';
import { SocketAddress } from 'node:net';
import { endianness } from 'node:os';

/** What is looked at; tests put their own files in its place. */
export interface ContainerFacts {
  exists(path: string): boolean;
  /** The file's text, undefined where it cannot be read. */
  read(path: string): string | undefined;
  /** The variable that several engines set, `container=podman`. */
  readonly containerVariable: string | undefined;
}

const systemFacts: ContainerFacts = {
  exists: existsSync,
  read: (path) => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return undefined; // No such file: not Linux, or /proc is hidden. Then there are no hints to be had.
    }
  },
  containerVariable: process.env['container'],
};

export function containerGateways(facts: ContainerFacts = systemFacts): ReadonlySet<string> {
  if (!isContainer(facts)) return new Set();
  return new Set([
    ...gatewaysV4(facts.read('/proc/net/route') ?? ''),
    ...gatewaysV6(facts.read('/proc/net/ipv6_route') ?? ''),
  ]);
}

function isContainer(facts: ContainerFacts): boolean {
  if (facts.exists('/.dockerenv') || facts.exists('/run/.containerenv')) return true;
  if (facts.containerVariable !== undefined && facts.containerVariable !== '') return true;
  const controlGroups = facts.read('/proc/1/cgroup') ?? '';
  return /docker|kubepods|containerd|libpod|lxc/.test(controlGroups);
}

/** Lines `Iface Destination Gateway …`: addresses as a hexadecimal number in the machine's byte order. */
function gatewaysV4(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [, destination, gateway = ''] = line.trim().split(/\s+/);
    if (destination !== '00000000' || !/^[\dA-F]{8}$/i.test(gateway)) return [];
    const bytes = Buffer.from(gateway, 'hex');
    if (endianness() === 'LE') bytes.reverse();
    return bytes.every((byte) => byte === 0) ? [] : [bytes.join('.')];
  });
}

/** Lines `destination prefix source prefix next-hop …`: 32 hexadecimal digits in network order. */
function gatewaysV6(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [destination, prefix, , , nextHop = ''] = line.trim().split(/\s+/);
    if (destination !== '0'.repeat(32) || prefix !== '00') return [];
    if (!/^[\da-f]{32}$/i.test(nextHop) || /^0+$/.test(nextHop)) return [];
    const address = nextHop.match(/.{4}/g)?.join(':') ?? '';
    return [new SocketAddress({ address, family: 'ipv6' }).address];
  });
}
