import { ClientError } from './client-error.ts';
import { formatServerAddress, type ServerAddress } from './server-address.ts';

const reasons = new Map([
  ['ECONNREFUSED', 'connection refused. Is a broker running there?'],
  ['ENOENT', 'there is no such socket. Is a broker running there?'],
  ['EACCES', 'permission denied.'],
  ['ENOTFOUND', 'the host name is not known.'],
  ['EAI_AGAIN', 'the host name cannot be looked up now.'],
  ['ETIMEDOUT', 'no answer.'],
  ['EHOSTUNREACH', 'the host cannot be reached.'],
  ['ENETUNREACH', 'the network cannot be reached.'],
  ['EADDRNOTAVAIL', 'the local address to bind to is not one of this machine.'],
  ['EPROTO', 'the TLS handshake failed. Does the server speak TLS on this port?'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'the server does not speak TLS on this port.'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate authority is not trusted. Name its CA file.'],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'its certificate is self-signed. Name it as CA file to trust it.',
  ],
  ['UNABLE_TO_GET_ISSUER_CERT', 'its certificate authority is not trusted. Name its CA file.'],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'its certificate authority is not trusted. Name its CA file.',
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'its certificate authority is not trusted. Name its CA file.',
  ],
  ['CERT_HAS_EXPIRED', 'its certificate has expired.'],
]);

/** The sentence for a Network Connection that could not be made. */
export function connectFailure(address: ServerAddress, cause: Error | undefined): ClientError {
  const where = formatServerAddress(address);
  if (cause === undefined) {
    return new ClientError('lost', `${where} closed the connection without answering CONNECT.`);
  }
  return new ClientError('connect', `Cannot connect to ${where}: ${reasonOf(cause)}`, { cause });
}

function reasonOf(error: Error): string {
  // A name with several addresses fails with one error for each; the first says enough.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) {
    return reasonOf(error.errors[0]);
  }
  const code = 'code' in error ? String(error.code) : '';
  return reasons.get(code) ?? (error.message === '' ? code : error.message);
}
