/**
 * Which web pages may open a WebSocket here. A browser lets any page connect anywhere and sends only the
 * page's origin along, so without this check every web site could talk to the broker in its visitor's
 * home. Pages served from the same machine are let in where that machine was named by address: behind a
 * name, `Host` and `Origin` also agree when an attacker's name is pointed at a private address.
 */
import { isIP } from 'node:net';
import { normaliseOrigin } from './options.ts';

/** `origin` and `host` are the headers as received; `allowed` are normalised origins or `*`. */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.includes('*')) return true;
  const normalised = normaliseOrigin(origin);
  if (normalised === undefined || normalised === '*') return false;
  if (allowed.includes(normalised)) return true;
  const page = hostnameOf(origin);
  return page !== undefined && isOwnName(page) && page === hostnameOf(`http://${host ?? ''}`);
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : undefined;
}

function isOwnName(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname) !== 0;
}
