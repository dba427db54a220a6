/**
 * Certificate, key and authorities of a listener: read, checked against each other and the calendar, and
 * only then used. Everything a person can get wrong here ends in a sentence that names the file, instead
 * of OpenSSL's `PEM routines::no start line`.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ListenError, type ListenErrorCode, type ListenerOptionKey } from './listen-error.ts';
import type { TlsOptions } from './options.ts';

const dayMs = 24 * 60 * 60 * 1000;
const expiryWarningDays = 14;

export interface TlsMaterial {
  /** For `tls.createServer` and `setSecureContext`. */
  readonly context: SecureContextOptions;
  readonly certificate: X509Certificate;
  /** What an operator should hear although the listener works. */
  readonly warnings: readonly string[];
}

/** Throws a ListenError for anything that would make handshakes fail. */
export async function loadTlsMaterial(
  listenerName: string,
  options: TlsOptions,
  nowMs: number = Date.now(),
): Promise<TlsMaterial> {
  const files = new TlsFiles(listenerName);
  const cert = await files.read('cert_file', options.certFile);
  const key = await files.read('key_file', options.keyFile);
  const ca = options.caFile === undefined ? undefined : await files.read('ca_file', options.caFile);
  const certificate = files.parseCertificate('cert_file', options.certFile, cert);
  const privateKey = files.parseKey(options.keyFile, key);
  if (ca !== undefined && options.caFile !== undefined) {
    files.parseCertificate('ca_file', options.caFile, ca);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw files.error(
      'tls-key-mismatch',
      'key_file',
      options.keyFile,
      `${options.keyFile} does not belong to ${options.certFile}`,
    );
  }
  const warnings = files.checkDates(options.certFile, certificate, nowMs);
  const context: SecureContextOptions = {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: `TLSv${options.minVersion}`,
  };
  files.tryContext(options.certFile, context);
  return { context, certificate, warnings };
}

class TlsFiles {
  readonly #listenerName: string;

  constructor(listenerName: string) {
    this.#listenerName = listenerName;
  }

  error(
    code: ListenErrorCode,
    option: ListenerOptionKey,
    file: string,
    problem: string,
    cause?: unknown,
  ): ListenError {
    return new ListenError(code, `TLS: ${problem}`, {
      listenerName: this.#listenerName,
      option,
      file,
      cause,
    });
  }

  async read(option: ListenerOptionKey, file: string): Promise<string> {
    try {
      return await readFile(file, 'latin1');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') {
        throw this.error('tls-file-missing', option, file, `${file} does not exist`, error);
      }
      const problem =
        code === 'EACCES' || code === 'EPERM'
          ? 'cannot be read: permission denied'
          : `cannot be read (${code ?? error})`;
      throw this.error('tls-file-unreadable', option, file, `${file} ${problem}`, error);
    }
  }

  /** The first certificate of the file, which in `cert_file` is the server's own. */
  parseCertificate(option: ListenerOptionKey, file: string, pem: string): X509Certificate {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      const holdsKey = pem.includes('PRIVATE KEY-----');
      const problem = holdsKey
        ? 'holds a private key where a certificate is expected'
        : 'is not a certificate in PEM form';
      throw this.error('tls-file-invalid', option, file, `${file} ${problem}`, error);
    }
  }

  parseKey(file: string, pem: string): KeyObject {
    try {
      return createPrivateKey(pem);
    } catch (error) {
      const isEncrypted = /ENCRYPTED/.test(pem);
      const holdsCertificate = pem.includes('BEGIN CERTIFICATE');
      const problem = isEncrypted
        ? `is encrypted; decrypt it with: openssl pkey -in ${file} -out plain.key`
        : holdsCertificate
          ? 'holds a certificate where a private key is expected'
          : 'is not a private key in PEM form';
      throw this.error('tls-file-invalid', 'key_file', file, `${file} ${problem}`, error);
    }
  }

  /**
   * An expired certificate is an error. One that is not valid yet is only worth a warning: small boards
   * without a clock of their own start in the past.
   */
  checkDates(file: string, certificate: X509Certificate, nowMs: number): string[] {
    const { validToDate, validFromDate } = certificate;
    const leftMs = validToDate.getTime() - nowMs;
    const endDay = validToDate.toISOString().slice(0, 10);
    if (leftMs <= 0) {
      const ago = `expired ${days(-leftMs)} ago (${endDay})`;
      throw this.error('tls-certificate-expired', 'cert_file', file, `${file} ${ago}`);
    }
    const warnings: string[] = [];
    if (leftMs < expiryWarningDays * dayMs) {
      warnings.push(`TLS: ${file} expires in ${days(leftMs)} (${endDay})`);
    }
    if (validFromDate.getTime() > nowMs) {
      const start = validFromDate.toISOString().slice(0, 10);
      warnings.push(`TLS: ${file} is not valid before ${start}; is this machine's clock right?`);
    }
    return warnings;
  }

  /** What OpenSSL alone can judge, such as keys that are too short. */
  tryContext(file: string, context: SecureContextOptions): void {
    try {
      createSecureContext(context);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw this.error(
        'tls-file-invalid',
        'cert_file',
        file,
        `${file} is refused: ${reason}`,
        error,
      );
    }
  }
}

function days(ms: number): string {
  const count = Math.floor(ms / dayMs);
  if (count === 0) return 'less than a day';
  return count === 1 ? '1 day' : `${count} days`;
}
