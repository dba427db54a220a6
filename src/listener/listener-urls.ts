/** Addresses that a person can copy: a wildcard is answered with the machine's own addresses. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { formatAddress } from './bind-error.ts';
import type { BindAddress, ListenerOptions } from './options.ts';

const schemes = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' } as const;

/**
 * `address` is the real one, with the port that the system chose; the host is shown as it was configured,
 * because certificates name hosts. The most useful URL comes first.
 */
export function listenerUrls(
  options: ListenerOptions,
  address: BindAddress,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): readonly string[] {
  if (options.type === 'unix' || address.path !== undefined) return [`unix:${address.path}`];
  const { port } = address;
  const host = options.address.host ?? address.host;
  const scheme = schemes[options.type];
  const path = options.webSocket?.paths[0] ?? '';
  return hostsOf(host, interfaces).map(
    (name) => `${scheme}://${formatAddress({ host: name, port, path: undefined })}${path}`,
  );
}

function hostsOf(host: string, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const lan = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  return [...lan, 'localhost'];
}
