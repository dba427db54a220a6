/** What can be wrong with certificates and keys. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { ListenError } from './listen-error.ts';
import { CertificateMaker, needsOpenssl } from './recording-host.test-kit.ts';
import { loadTlsMaterial } from './tls-material.ts';

const skip = needsOpenssl;
const folder = mkdtempSync(join(tmpdir(), 'linnet-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const certificates = new CertificateMaker(folder);
const file = (name: string): string => certificates.path(name);
if (skip === false) {
  certificates.authority('authority');
  certificates.issue('server', 'authority');
  certificates.issue('renewed', 'authority');
  certificates.issue('brief', 'authority', 9);
  certificates.encryptKey('server', 'encrypted');
  writeFileSync(file('text.txt'), 'no PEM here\n');
}

test('what is wrong with a TLS file is said with its name', { skip }, async () => {
  const good = { cert: 'server.crt', key: 'server.key', ca: 'authority.crt' };
  const table: [Partial<typeof good>, string, RegExp, string][] = [
    [{ cert: 'none.crt' }, 'tls-file-missing', /none\.crt does not exist$/, 'cert_file'],
    [{ key: 'none.key' }, 'tls-file-missing', /none\.key does not exist$/, 'key_file'],
    [{ ca: 'none.crt' }, 'tls-file-missing', /none\.crt does not exist$/, 'ca_file'],
    [{ cert: '.' }, 'tls-file-unreadable', /cannot be read \(EISDIR\)$/, 'cert_file'],
    [
      { cert: 'text.txt' },
      'tls-file-invalid',
      /text\.txt is not a certificate in PEM form$/,
      'cert_file',
    ],
    [
      { key: 'text.txt' },
      'tls-file-invalid',
      /text\.txt is not a private key in PEM form$/,
      'key_file',
    ],
    [
      { cert: 'server.key' },
      'tls-file-invalid',
      /server\.key holds a private key where/,
      'cert_file',
    ],
    [
      { key: 'server.crt' },
      'tls-file-invalid',
      /server\.crt holds a certificate where/,
      'key_file',
    ],
    [
      { key: 'encrypted.key' },
      'tls-file-invalid',
      /encrypted\.key is encrypted; decrypt it/,
      'key_file',
    ],
    [{ ca: 'text.txt' }, 'tls-file-invalid', /text\.txt is not a certificate/, 'ca_file'],
    [
      { key: 'renewed.key' },
      'tls-key-mismatch',
      /renewed\.key does not belong to .*server\.crt$/,
      'key_file',
    ],
  ];
  for (const [wrong, code, message, option] of table) {
    const files = { ...good, ...wrong };
    const opening = loadTlsMaterial('secure', {
      certFile: file(files.cert),
      keyFile: file(files.key),
      caFile: file(files.ca),
      requireClientCert: false,
      minVersion: '1.2',
    });
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof ListenError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.match(error.message, /^TLS: /);
      assert.equal(error.details.option, option);
      return true;
    });
  }
});

test('a certificate that expires soon is a warning, an expired one an error', {
  skip,
}, async () => {
  const dayMs = 24 * 60 * 60 * 1000;
  const tls = {
    certFile: file('brief.crt'),
    keyFile: file('brief.key'),
    caFile: undefined,
    requireClientCert: false,
    minVersion: '1.2',
  } as const;
  const nowMs = Date.now();
  const { certificate, warnings } = await loadTlsMaterial('secure', tls, nowMs);
  const endMs = certificate.validToDate.getTime();
  const endDay = certificate.validToDate.toISOString().slice(0, 10);
  assert.deepEqual(warnings, [`TLS: ${tls.certFile} expires in 8 days (${endDay})`]);
  const load = (ms: number) => loadTlsMaterial('secure', tls, ms);
  assert.deepEqual((await load(endMs - dayMs)).warnings, [
    `TLS: ${tls.certFile} expires in 1 day (${endDay})`,
  ]);
  assert.match((await load(endMs - 1)).warnings[0] ?? '', /expires in less than a day/);
  await assert.rejects(load(endMs + 12 * dayMs), {
    code: 'tls-certificate-expired',
    message: `TLS: ${tls.certFile} expired 12 days ago (${endDay})`,
  });
  const early = await load(certificate.validFromDate.getTime() - dayMs);
  assert.match(early.warnings.join(), /is not valid before .*; is this machine's clock right\?/);
  const long = { ...tls, certFile: file('server.crt'), keyFile: file('server.key') };
  assert.deepEqual((await loadTlsMaterial('secure', long, nowMs)).warnings, []);
});
