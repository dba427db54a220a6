/**
 * What TLS found out about the peer. Node is told to let every handshake pass, because it cannot tell "no
 * certificate" from "a bad one" when certificates are optional; the decision is made here, before anything
 * of the connection is used.
 */
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../broker/index.ts';
import type { TlsOptions } from './options.ts';

export type CertificateCheck =
  | { readonly isAccepted: true; readonly certificate: ClientCertificate | undefined }
  | { readonly isAccepted: false; readonly reason: string };

/** For a socket whose handshake is complete. */
export function checkClientCertificate(socket: TLSSocket, options: TlsOptions): CertificateCheck {
  if (options.caFile === undefined) return { isAccepted: true, certificate: undefined };
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return options.requireClientCert
      ? { isAccepted: false, reason: 'the client sent no certificate' }
      : { isAccepted: true, certificate: undefined };
  }
  if (!socket.authorized) {
    // Declared as an Error, and at run time OpenSSL's name of the problem.
    const reason = String(socket.authorizationError);
    return { isAccepted: false, reason: `the client's certificate is refused (${reason})` };
  }
  return {
    isAccepted: true,
    certificate: {
      commonName: commonNameOf(certificate.toLegacyObject().subject.CN),
      subject: certificate.subject.split('\n').join(', '),
      fingerprint256: certificate.fingerprint256,
      subjectAltName: certificate.subjectAltName,
      validTo: certificate.validTo,
    },
  };
}

/** A certificate with several common names has none that could stand for the client. */
function commonNameOf(names: string | readonly string[] | undefined): string | undefined {
  return typeof names === 'string' ? names : undefined;
}

/** `TLSv1.3 TLS_AES_256_GCM_SHA384`. */
export function encryptionOf(socket: TLSSocket): string {
  return `${socket.getProtocol() ?? 'TLS'} ${socket.getCipher().standardName}`;
}
