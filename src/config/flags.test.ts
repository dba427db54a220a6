import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagOf, flags } from './flags.ts';
import { load } from './loading.test-kit.ts';
import { settingAt } from './settings.ts';

test('all flags of the seed are there, with their defaults (S4-20 to S4-29)', () => {
  const seed = flags
    .slice(0, 6)
    .concat(flags.filter(({ name }) => /^--log-(level|file)$|^--(help|version)$/.test(name)));
  assert.deepEqual(
    seed.map(({ short, name, argument, defaultText }) => [short, name, argument, defaultText]),
    [
      [undefined, '--mqtt-host', 'HOST', '0.0.0.0'],
      ['-p', '--mqtt-port', 'PORT', '1883'],
      [undefined, '--ws-host', 'HOST', '0.0.0.0'],
      [undefined, '--ws-port', 'PORT', '9001'],
      [undefined, '--enable-auth', undefined, 'off'],
      [undefined, '--enable-tls', undefined, 'off'],
      [undefined, '--log-level', 'LEVEL', 'info'],
      [undefined, '--log-file', 'FILE', undefined],
      ['-h', '--help', undefined, undefined],
      ['-v', '--version', undefined, undefined],
    ],
  );
});

test('every flag is described, names a setting that exists, and is there once', () => {
  assert.equal(new Set(flags.map(({ name }) => name)).size, flags.length);
  for (const { name, path, description } of flags) {
    assert.notEqual(description, '', name);
    if (path !== undefined && !path.endsWith(']')) assert.ok(settingAt(path), path);
  }
  assert.equal(flagOf('serial.ports[0].baud')?.name, '--serial');
  assert.equal(flagOf('serial.ports[0].parity'), undefined);
  assert.equal(flagOf('mqtt.keepalive'), undefined);
});

test('flags are handed in as a map or as an object, by the path of their setting', () => {
  const values = {
    'tls.enabled': 'true',
    'tls.port': '1',
    'tls.cert_file': 'c',
    'tls.key_file': 'k',
  };
  for (const given of [values, new Map(Object.entries(values))]) {
    const { config, files } = load({ flags: given });
    assert.equal(config.listeners[2]?.address.port, 1);
    assert.equal(files.flagCount, 4);
  }
  const others = {
    ephemeral: 'true',
    data_dir: '/d',
    'log.format': 'json',
    'log_messages.format': 'line',
  };
  const { config } = load({ flags: others });
  assert.deepEqual(
    [config.ephemeral, config.dataDir, config.log.format, config.logMessages.format],
    [true, '/d', 'json', 'line'],
  );
});

test('a path that no flag sets is a mistake of the program', () => {
  assert.throws(() => load({ flags: { 'mqtt.keepalive': '1' } }), TypeError);
});
