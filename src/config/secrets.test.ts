import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ConfigError } from './config-error.ts';
import { loadConfig, parseConfigObject } from './load-config.ts';
import { load, refusal, refusalLines } from './loading.test-kit.ts';
import { renderConfigError, renderConfigWarnings } from './render-config-error.ts';
import { renderEffective } from './render-effective.ts';

const secret = 'hunter2';

test('a secret can be in a file of its own, whose last line end does not count', () => {
  const { config, origins } = load({
    environment: { BROKER_PASSWORD_FILE: '/run/secrets/mqtt', BROKER_ENABLE_AUTH: '1' },
    files: { '/run/secrets/mqtt': 'pass word \r\n' },
  });
  assert.equal(config.auth.password, 'pass word ');
  assert.equal(config.auth.usesShippedPassword, false);
  assert.equal(origins.get('auth.password')?.name, 'BROKER_PASSWORD_FILE');
});

test('a secret and its file are not set both, wherever they stand', () => {
  const expected = [
    'error  auth.password (BROKER_PASSWORD_FILE) — BROKER_PASSWORD and BROKER_PASSWORD_FILE are both set; keep one of them',
  ];
  const files = { p: 'x' };
  const environment = { BROKER_PASSWORD: secret, BROKER_PASSWORD_FILE: 'p' };
  assert.deepEqual(refusalLines({ files, environment }), expected);
  const dotEnv = `BROKER_PASSWORD=${secret}\n`;
  assert.deepEqual(
    refusalLines({ files, environment: { BROKER_PASSWORD_FILE: 'p' }, dotEnv }),
    expected,
  );
});

test('a secret file that is missing or empty is named', () => {
  assert.deepEqual(refusalLines({ environment: { BROKER_PASSWORD_FILE: '/gone' } }), [
    'error  BROKER_PASSWORD_FILE "/gone" (environment) — the file that holds auth.password does not exist',
  ]);
  assert.deepEqual(refusalLines({ dotEnv: 'BROKER_PASSWORD_FILE=e\n', files: { e: '\n' } }), [
    'error  BROKER_PASSWORD_FILE "e" (.env:1) — the file that holds auth.password is empty',
  ]);
});

test(`\${NAME} in the file is a variable of the process, of .env, or the content of NAME_FILE`, () => {
  const yaml = `auth: { password: "\${MQTT_SECRET}", enabled: true }\n`;
  const password = (given: Parameters<typeof load>[0]): string =>
    load({ yaml, ...given }).config.auth.password;
  assert.equal(password({ environment: { MQTT_SECRET: 'a' }, dotEnv: 'MQTT_SECRET=b' }), 'a');
  assert.equal(password({ dotEnv: 'MQTT_SECRET=b' }), 'b');
  const files = { '/run/s': 'c\n' };
  assert.equal(password({ environment: { MQTT_SECRET_FILE: '/run/s' }, files }), 'c');
});

test(`\${NAME} works in any value, and $\${ stays as it is`, () => {
  const { config } = load({
    yaml: `mqtt: { port: "\${P}" }\nros: { prefix: "$\${x}/\${P}/" }\n`,
    environment: { P: '1999' },
  });
  assert.equal(config.listeners[0]?.address.port, 1999);
  assert.equal(config.ros.prefix, `\${x}/1999/`);
});

test('no secret is in any error, warning or output', () => {
  const texts: string[] = [];
  const keep = (run: () => unknown): void => {
    try {
      texts.push(inspect(run(), { depth: 9 }));
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      texts.push(renderConfigError(error), error.message, inspect(error.issues, { depth: 9 }));
      texts.push(inspect(error.warnings, { depth: 9 }), error.stack ?? '');
    }
  };
  const yamls = [
    `auth: { password: ${secret}, usernmae: ana }`,
    `auth: { pasword: ${secret} }`,
    `auth:\n  passwrd: ${secret}\n  enabeld: true\n`,
    `auth: { password: { is: ${secret} }, x: 1 }`,
    `auth: { password: [${secret}] }`,
    `auth: ${secret}`,
    `auth:\n  password: |\n    ${secret}\n  nope: 1\n`,
    `auth:\n  password: "${secret}\n  enabled: true\n`,
    `auth:\n  password: ${secret}\n bad: indent\n`,
    `auth:\n  # password: ${secret}\n  nope: 1\n`,
    `auth:\n  nope: 1 # not ${secret}\n`,
    `{ "auth": { "password": "${secret}", "nope": 1 } }`,
    `dashboard: { password: ${secret} }`,
    `my_token: ${secret}\nnope: 1\n`,
    `log: { level: "\${S}" }`,
    `mqtt: { port: "\${S}" }`,
    `serial: { ports: [{ path: "tcp://me:${secret}@host" }] }`,
  ];
  for (const yaml of yamls) keep(() => load({ yaml, environment: { S: secret } }).warnings);
  const environments: Record<string, string>[] = [
    { BROKER_PASWORD: secret, BROKER_MQTT_PORT: 'x' },
    { BROKER_PASSWORD: secret, BROKER_PASSWORD_FILE: 'p' },
    { BROKER_PASSWORD: secret, BROKER_ENABLE_AUTH: 'no', BROKER_LOG_LEVEL: 'x' },
    { BROKER_DASHBOARD_PASSWORD: secret },
  ];
  for (const environment of environments) {
    keep(() => load({ environment, strict: true }).warnings);
    const dotEnv = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    keep(() => load({ dotEnv: dotEnv.join('\n'), strict: true }).warnings);
  }
  keep(() => load({ environment: { BROKER_PASSWORD_FILE: 'p' }, files: { p: '' } }).warnings);
  keep(() => parseConfigObject({ auth: { password: { is: secret } }, nope: 1 }));
  keep(() => load({ dotEnv: `PASSWORD ${secret}\n` }).warnings);
  const shown = load({ environment: { BROKER_PASSWORD: secret, BROKER_ENABLE_AUTH: '1' } });
  texts.push(renderEffective(shown, { withOrigins: true }));
  texts.push(renderConfigWarnings(shown.warnings));
  assert.ok(texts.length > 60);
  for (const text of texts) assert.doesNotMatch(text, /hunter2/);
});

test('the line around a mistake is shown with its secrets starred out', () => {
  const yaml = `auth: { password: "a ${secret}", usernmae: ana } # ${secret}`;
  assert.deepEqual(refusalLines({ yaml }), [
    'error  linnet.yaml:1:32  auth.usernmae — unknown key. Did you mean "username"?',
    '         1 │ auth: { password: ***, usernmae: ana }',
    '           │                        ^^^^^^^^',
  ]);
});

test('an empty password is refused', () => {
  assert.match(
    refusalLines({ yaml: 'auth: { password: "" }' })[0] ?? '',
    /expected text, not empty/,
  );
});

test('a password keeps the characters that were written, though they look like a number', () => {
  assert.equal(
    load({ yaml: 'auth: { password: 00123, enabled: on }' }).config.auth.password,
    '00123',
  );
  assert.equal(
    load({ yaml: 'auth: { password: true, enabled: on }' }).config.auth.password,
    'true',
  );
});

test('a password while authentication is off is a warning that says how to switch it on', () => {
  const { warnings } = load({ environment: { BROKER_PASSWORD: secret } });
  assert.equal(
    renderConfigWarnings(warnings),
    'warn   auth.password (BROKER_PASSWORD) — has no effect while auth.enabled is false (BROKER_ENABLE_AUTH, --enable-auth)\n',
  );
});

const isWindows = process.platform === 'win32';

test('a secret in a file that everybody can read is a warning with the remedy', {
  skip: isWindows ? 'needs Unix permissions' : false,
}, () => {
  const cwd = mkdtempSync(join(tmpdir(), 'linnet-config-'));
  try {
    const path = join(cwd, 'linnet.yaml');
    const codes = (mode: number, text: string): string => {
      writeFileSync(path, text);
      chmodSync(path, mode);
      const environment = { SECRET: secret };
      return renderConfigWarnings(loadConfig({ environment, cwd, homeDir: cwd }).warnings);
    };
    const text = `auth: { enabled: true, password: ${secret} }\n`;
    assert.equal(
      codes(0o644, text),
      'warn   auth.password (linnet.yaml:1:34) — every user of this machine can read it there\n       fix   chmod 600 linnet.yaml\n',
    );
    assert.equal(codes(0o600, text), '');
    assert.equal(codes(0o644, `auth: { enabled: true, password: "\${SECRET}" }\n`), '');
  } finally {
    rmSync(cwd, { recursive: true });
  }
});

test('a refused configuration keeps its secret out of the issues that are listed', () => {
  const { issues } = refusal({
    environment: { BROKER_PASSWORD: 'x' },
    yaml: 'auth: { password: [] }\nx: 1',
  });
  assert.deepEqual(
    issues.map(({ path, found }) => [path, found]),
    [['x', undefined]],
  );
});
