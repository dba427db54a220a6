/**
 * What a port's `path` says: a device of this machine, or a serial server in the network. Pure text work;
 * nothing is opened here.
 */

export type PortTarget =
  | { readonly kind: 'device'; readonly path: string }
  | { readonly kind: 'tcp' | 'telnet'; readonly host: string; readonly port: number };

const networkPath = /^(tcp|telnet):\/\/(\[[0-9a-fA-F:.]+\]|[^/:\s[\]]+):(\d{1,5})\/?$/;

/** @returns undefined when the path starts like a network path but is not one. */
export function parsePortPath(path: string): PortTarget | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return { kind: 'device', path };
  const match = networkPath.exec(path);
  const port = Number(match?.[3]);
  if (match?.[2] === undefined || port < 1 || port > 65_535) return undefined;
  const host = match[2].replace(/^\[|\]$/g, '');
  return { kind: match[1] === 'tcp' ? 'tcp' : 'telnet', host, port };
}

/**
 * `PATH[:BAUD]`, as the command line takes it. A network path never carries a baud rate: the number
 * behind its last colon is the TCP port.
 */
export function parseSerialArgument(text: string): { path: string; baud: number | undefined } {
  const match = /^(.+):(\d+)$/.exec(text);
  if (match?.[1] === undefined || text.includes('://')) return { path: text, baud: undefined };
  return { path: match[1], baud: Number(match[2]) };
}

/** A port name made from its path: `/dev/ttyUSB0` -> `ttyusb0`, `tcp://10.0.0.5:7001` -> `tcp-10-0-0-5-7001`. */
export function portNameFromPath(path: string): string {
  const tail = path.includes('://') ? path : path.slice(path.lastIndexOf('/') + 1);
  const name = tail
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '');
  return name === '' ? 'serial' : name;
}
