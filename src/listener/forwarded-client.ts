/**
 * Who is behind a reverse proxy. Forwarding headers are believed only from proxies that the operator
 * listed, and read from the right: each listed proxy vouches for the entry before it, and the first
 * address that is not a listed proxy is the client. Whatever stays unclear keeps the proxy's address and
 * counts as public, because the alternative would let a stranger claim to be a neighbour.
 *
 * Where several headers are there they have to agree: a proxy that sets one of them usually hands the
 * others through as the client wrote them.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { addToBlockList } from './options.ts';
import { unmapAddress } from './reach.ts';

/** Headers that show a proxy in between. The first three are read, the others only noticed. */
const forwardingHeaders = [
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'via',
] as const;

export interface ForwardedClient {
  readonly address: string;
  /**
   * `direct`: no proxy to be seen. `forwarded`: the address comes from a listed proxy. `unknown`: a proxy
   * is in between and whom it serves cannot be told.
   */
  readonly origin: 'direct' | 'forwarded' | 'unknown';
}

export class TrustedProxies {
  readonly #proxies = new BlockList();

  /** IP addresses and CIDR blocks; throws a TypeError for anything else. */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) {
      if (!addToBlockList(this.#proxies, proxy)) {
        throw new TypeError(`trusted proxy "${proxy}" is no IP address and no CIDR block`);
      }
    }
  }

  /** `peer`: the unmapped address at the other end of the socket. */
  clientOf(peer: string, headers: IncomingHttpHeaders): ForwardedClient {
    const isForwarded = forwardingHeaders.some((name) => headers[name] !== undefined);
    if (!this.#isListed(peer)) return { address: peer, origin: isForwarded ? 'unknown' : 'direct' };
    const claims = new Set(
      [
        addressesIn(headers['x-forwarded-for']?.toString().split(',') ?? []),
        addressesIn(forwardedFor(headers.forwarded ?? '')),
        addressesIn([headers['x-real-ip']?.toString() ?? []].flat()),
      ].flatMap((hops) => this.#firstStranger(hops)),
    );
    const [address] = claims;
    if (claims.size !== 1 || address === undefined || address === '') {
      return { address: peer, origin: 'unknown' };
    }
    return { address, origin: 'forwarded' };
  }

  /** Nothing when every hop is a listed proxy; an empty text when the deciding entry is no address. */
  #firstStranger(hops: readonly string[]): string[] {
    const stranger = hops.findLast((hop) => !this.#isListed(hop));
    return stranger === undefined ? [] : [stranger];
  }

  #isListed(address: string): boolean {
    const [plain = ''] = address.split('%');
    const version = isIP(plain);
    return version !== 0 && this.#proxies.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  }
}

/** `192.0.2.1`, `192.0.2.1:80`, `"[2001:db8::1]:80"`; anything else becomes an empty text. */
function addressesIn(entries: readonly string[]): string[] {
  return entries.map((entry) => {
    const text = entry.trim().replace(/^"(.*)"$/, '$1');
    const match = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text);
    const address = match?.[1] ?? match?.[2] ?? text;
    return isIP(address) === 0 ? '' : unmapAddress(address);
  });
}

/** The `for` parameters of RFC 7239 §4, leftmost first. */
function forwardedFor(header: string): string[] {
  const pattern = /(?:^|[;,\s])for=("[^"]*"|[^;,\s]+)/gi;
  return Array.from(header.matchAll(pattern), (match) => match[1] ?? '');
}
