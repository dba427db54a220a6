import assert from 'node:assert/strict';
import test from 'node:test';
import { bindError } from './bind-error.ts';
import {
  type ExplainSetting,
  ListenError,
  type ListenErrorDetails,
  renderListenError,
} from './listen-error.ts';
import { listenerUrls } from './listener-urls.ts';
import { optionsOf } from './recording-host.test-kit.ts';

const inUse: ListenErrorDetails = {
  listenerName: 'default',
  option: 'bind',
  address: '0.0.0.0:1883',
  port: 1883,
  freePort: 1884,
  holder: { pid: 812, processName: 'mosquitto', user: 'mosquitto', service: 'mosquitto' },
};
const asOnCommandLine: ExplainSetting = () => ({
  setting: 'mqtt.port',
  command: 'linnet start --mqtt-port',
  variable: 'BROKER_MQTT_PORT',
});

test('a port in use names the holder, how to stop it, and what to use instead', () => {
  const error = new ListenError(
    'port-in-use',
    'cannot listen on 0.0.0.0:1883 — already in use by mosquitto (pid 812, user mosquitto)',
    inUse,
  );
  assert.equal(
    renderListenError(error, asOnCommandLine),
    [
      'cannot listen on 0.0.0.0:1883 — already in use by mosquitto (pid 812, user mosquitto)',
      '       fix   sudo systemctl stop mosquitto      or   linnet start --mqtt-port 1884   (BROKER_MQTT_PORT)',
    ].join('\n'),
  );
  assert.equal(error.exitCode, 69);
});

test('without hints the fix names the key in the configuration', () => {
  const holder = { pid: 99, processName: 'node', user: undefined, service: undefined };
  const error = new ListenError('port-in-use', 'taken', { ...inUse, holder });
  assert.equal(
    renderListenError(error),
    'taken\n       fix   kill 99      or   change listeners.default.bind',
  );
  const unknown = new ListenError('port-in-use', 'taken', { ...inUse, holder: undefined });
  assert.match(renderListenError(unknown), /fix {3}sudo ss -ltnp {3}shows who holds it/);
});

test('a privileged port without the privilege says how to get it, or which port needs none', async () => {
  const cause = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  const error = await bindError(optionsOf({ type: 'tcp', bind: '0.0.0.0:443' }), cause);
  assert.equal(error.code, 'permission-denied');
  assert.equal(error.exitCode, 77);
  const text = renderListenError(error, asOnCommandLine);
  assert.match(text, /^cannot listen on 0\.0\.0\.0:443 — permission denied: a port below 1024/);
  assert.match(text, /setcap cap_net_bind_service=\+ep .* or {3}linnet start --mqtt-port 8\d\d\d /);
});

test('a system error without a text of its own is passed on', async () => {
  const cause = Object.assign(new Error('listen ENOBUFS'), { code: 'ENOBUFS' });
  const error = await bindError(optionsOf({ type: 'tcp', bind: '[::1]:1883' }), cause);
  assert.equal(error.code, 'listen-failed');
  assert.equal(error.message, 'cannot listen on [::1]:1883 — listen ENOBUFS');
  assert.equal(error.cause, cause);
  assert.match(renderListenError(error), /change listeners\.test\.bind$/);
});

test('a host name without an address is said to be one', async () => {
  const cause = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
  const error = await bindError(optionsOf({ type: 'tcp', bind: 'nowhere.invalid:1883' }), cause);
  assert.equal(
    error.message,
    'cannot listen on nowhere.invalid:1883 — this host name has no address',
  );
});

test('a TLS text names the key and where its value came from', () => {
  const error = new ListenError(
    'tls-key-mismatch',
    'TLS: certs/server.key does not belong to certs/server.crt',
    { listenerName: 'secure', option: 'key_file', file: 'certs/server.key' },
  );
  const explain: ExplainSetting = (listenerName, option) => ({
    setting: `${listenerName === 'secure' ? 'tls' : '?'}.${option}`,
    source: 'BROKER_TLS_KEY_FILE',
  });
  assert.equal(
    renderListenError(error, explain),
    'TLS: certs/server.key does not belong to certs/server.crt (tls.key_file, from BROKER_TLS_KEY_FILE)',
  );
  assert.equal(
    renderListenError(error),
    'TLS: certs/server.key does not belong to certs/server.crt (listeners.secure.key_file)',
  );
});

test('URLs can be copied: wildcards become addresses of this machine', () => {
  const interfaces = {
    lo: [{ address: '127.0.0.1', family: 'IPv4', internal: true }],
    eth0: [
      { address: '192.168.1.20', family: 'IPv4', internal: false },
      { address: 'fe80::1', family: 'IPv6', internal: false },
    ],
  } as unknown as Parameters<typeof listenerUrls>[2];
  const urls = (settings: Parameters<typeof optionsOf>[0]): readonly string[] => {
    const options = optionsOf(settings);
    return listenerUrls(options, options.address, interfaces);
  };
  const files = { cert_file: 'a', key_file: 'b' };
  assert.deepEqual(urls({ type: 'tcp', bind: '0.0.0.0:1883' }), [
    'mqtt://192.168.1.20:1883',
    'mqtt://localhost:1883',
  ]);
  assert.deepEqual(urls({ type: 'ws', bind: '[::]:9001' }), [
    'ws://192.168.1.20:9001/mqtt',
    'ws://localhost:9001/mqtt',
  ]);
  assert.deepEqual(urls({ type: 'tls', bind: 'broker.local:8883', ...files }), [
    'mqtts://broker.local:8883',
  ]);
  assert.deepEqual(urls({ type: 'wss', bind: '[::1]:8884', path: '/', ...files }), [
    'wss://[::1]:8884/',
  ]);
});
