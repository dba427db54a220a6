/**
 * From the operating system's `EADDRINUSE` to an error that says who, what and what instead.
 */
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { ListenError, type ListenErrorCode } from './listen-error.ts';
import type { BindAddress, ListenerOptions } from './options.ts';
import { findPortHolder, listeningPorts, type PortHolder } from './port-holder.ts';

/** `host:port`, with brackets around IPv6 addresses, or the path. */
export function formatAddress(address: BindAddress): string {
  if (address.path !== undefined) return address.path;
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export async function bindError(options: ListenerOptions, cause: Error): Promise<ListenError> {
  const { address } = options;
  const systemCode = 'code' in cause ? cause.code : undefined;
  switch (systemCode) {
    case 'EADDRINUSE': {
      const holder = await findPortHolder(address);
      return problem(options, 'port-in-use', `already in use by ${describeHolder(holder)}`, {
        cause,
        holder,
        freePort: await freePortAfter(address.port),
      });
    }
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT': {
      const own = ownAddresses().join(', ');
      const why = `this machine has no such address; it has ${own}, or use 0.0.0.0 for all`;
      return problem(options, 'address-not-available', why, { cause });
    }
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return problem(options, 'address-not-available', 'this host name has no address', { cause });
    case 'EACCES':
    case 'EPERM':
      return address.path === undefined
        ? problem(
            options,
            'permission-denied',
            'permission denied: a port below 1024 is a privilege',
            {
              cause,
              freePort: await freePortAfter(7999 + address.port),
            },
          )
        : folderProblem(options, address.path, cause);
    case 'ENAMETOOLONG':
    case 'EINVAL':
      if (address.path === undefined) break;
      return problem(options, 'socket-path', 'the path is too long (about 100 bytes)', { cause });
    default:
  }
  return problem(options, 'listen-failed', cause.message, { cause });
}

/** The runtime reports a missing folder as missing permission too. */
function folderProblem(options: ListenerOptions, path: string, cause: Error): ListenError {
  const folder = dirname(path);
  return existsSync(folder)
    ? problem(options, 'permission-denied', `permission denied: no right to write in ${folder}`, {
        cause,
      })
    : problem(options, 'socket-path', `the folder ${folder} does not exist`, { cause });
}

interface ProblemDetails {
  readonly cause?: unknown;
  readonly holder?: PortHolder | undefined;
  readonly freePort?: number | undefined;
}

export function problem(
  options: ListenerOptions,
  code: ListenErrorCode,
  why: string,
  details: ProblemDetails,
): ListenError {
  const address = formatAddress(options.address);
  const { port } = options.address;
  return new ListenError(code, `cannot listen on ${address} — ${why}`, {
    listenerName: options.name,
    option: 'bind',
    address,
    ...(port === undefined ? {} : { port }),
    ...details,
  });
}

function describeHolder(holder: PortHolder | undefined): string {
  const user = holder?.user;
  if (holder?.pid === undefined) {
    return user === undefined ? 'an unknown process' : `a process of user ${user}`;
  }
  const facts = [`pid ${holder.pid}`, ...(user === undefined ? [] : [`user ${user}`])];
  return `${holder.processName ?? 'a process'} (${facts.join(', ')})`;
}

/** The next port up that nobody listens on, where the system tells who listens. */
async function freePortAfter(port: number | undefined): Promise<number | undefined> {
  if (port === undefined) return undefined;
  const taken = await listeningPorts();
  let candidate = port + 1;
  while (taken.has(candidate)) candidate += 1;
  return candidate > 65_535 ? undefined : candidate;
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ scopeid = 0 }) => scopeid === 0)
    .map(({ address }) => address);
}
