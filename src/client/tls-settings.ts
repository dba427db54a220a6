import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, getCACertificates } from 'node:tls';
import { ClientError } from './client-error.ts';
import type { TlsOptions } from './connect-options.ts';

/**
 * The options of `node:tls` for a connection to `host`.
 * @throws {ClientError} `address`, when a file cannot be read.
 */
export function tlsSettings(options: TlsOptions, host: string): ConnectionOptions {
  const name = options.serverName ?? host;
  const authorities = certificateAuthorities(options);
  const { psk } = options;
  return {
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(options.certFile === undefined ? {} : { cert: read(options.certFile, 'certificate') }),
    ...(options.keyFile === undefined ? {} : { key: read(options.keyFile, 'private key') }),
    ...(options.insecure ? { checkServerIdentity: () => undefined } : {}),
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [options.alpn] }),
    ...versionRange(options.version),
    ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
    ...(psk === undefined ? {} : pskSettings(psk, options.ciphers)),
  };
}

function versionRange(version: TlsOptions['version']): ConnectionOptions {
  return version === undefined
    ? { minVersion: 'TLSv1.2' }
    : { minVersion: version, maxVersion: version };
}

function pskSettings(
  psk: { readonly key: Uint8Array; readonly identity: string },
  ciphers: string | undefined,
): ConnectionOptions {
  return {
    pskCallback: () => ({ psk: psk.key, identity: psk.identity }),
    // Pre-shared keys of TLS 1.3 are another mechanism, which servers with a plain key list do not have.
    ciphers: ciphers ?? 'PSK',
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
  };
}

/** undefined: those that Node trusts by itself. */
function certificateAuthorities(options: TlsOptions): (Buffer | string)[] | undefined {
  const { caFile, caDirectory, systemAuthorities } = options;
  const authorities: (Buffer | string)[] = [];
  if (systemAuthorities) authorities.push(...getCACertificates('system'));
  if (caFile !== undefined) authorities.push(read(caFile, 'CA file'));
  if (caDirectory !== undefined) {
    for (const name of certificateNames(caDirectory)) {
      authorities.push(read(join(caDirectory, name), 'CA file'));
    }
  }
  const isOwnChoice = systemAuthorities || caFile !== undefined || caDirectory !== undefined;
  return isOwnChoice ? authorities : undefined;
}

function certificateNames(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /\.(crt|pem)$|^[0-9a-f]{8}\.\d+$/.test(name));
  } catch (cause) {
    throw new ClientError('address', `TLS: cannot read the CA directory ${directory}.`, { cause });
  }
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ClientError('address', `TLS: cannot read the ${what} ${path}: ${why}`, { cause });
  }
}
