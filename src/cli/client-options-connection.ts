import { applyProperty, isUserProperty } from './client-options-property.ts';
import { flag, type OptionRule, option, unavailable } from './client-options-rule.ts';
import { topicName } from './client-options-topic.ts';
import { applyUrl } from './client-options-url.ts';
import {
  mqttText,
  protocolVersion,
  qos,
  sessionExpiry,
  tlsVersion,
  UsageError,
  wholeNumber,
} from './client-options-value.ts';

/** Where to connect and as whom. */
export const connectionRules: readonly OptionRule[] = [
  option('-h --host', 'host', 'Host to connect to. Default localhost.', (s, v) => {
    s.host = v;
  }),
  option('-p --port', 'port', 'Port. Default 1883; with TLS 8883, with --ws 9001.', (s, v) => {
    s.port = wholeNumber(v, 0, 65_535, `Invalid port given: ${v}`);
  }),
  option('-L --url', 'URL', 'mqtt(s)://, ws(s)://[user[:password]@]host[:port]/topic.', applyUrl),
  option('--unix', 'socket path', 'Connect to this Unix socket instead of a host.', (s, v) => {
    s.unixPath = v;
  }),
  flag('--ws', 'Connect with WebSocket.', (s) => {
    s.isWebSocket = true;
  }),
  option('-A', 'address', 'Local address to connect from.', (s, v) => {
    s.bindAddress = v;
  }),
  flag('-S', 'Look the host up with DNS SRV (_mqtt._tcp.HOST).', (s) => {
    s.useSrv = true;
  }),
  flag('--nodelay', "Turn Nagle's algorithm off.", (s) => {
    s.noDelay = true;
  }),
  option(
    '-V --protocol-version',
    'version',
    '5, 311 or 31 (also mqttv5 …). Default 311.',
    (s, v) => {
      s.protocolVersion = protocolVersion(v);
    },
  ),
  option(
    '-k --keepalive',
    'keepalive',
    'Keep alive in seconds, 5 to 65535. Default 60.',
    (s, v) => {
      const sentence = 'Invalid keepalive given, it must be between 5 and 65535 inclusive.';
      s.keepAlive = wholeNumber(v, 5, 65_535, sentence);
    },
  ),
  option('-i --id', 'id', 'Client id.', (s, v) => {
    if (s.clientIdPrefix !== undefined) throw idConflict();
    s.clientId = mqttText(v, '-i');
  }),
  option('-I --id-prefix', 'id prefix', 'Client id is this and the process id.', (s, v) => {
    if (s.clientId !== undefined) throw idConflict();
    s.clientIdPrefix = mqttText(v, '-I');
  }),
  flag('-c --disable-clean-session', 'Keep the session when the client disconnects.', (s) => {
    s.cleanStart = false;
  }),
  option(
    '-x',
    'session expiry interval',
    'Seconds the session is kept; -1 or ∞: for ever. MQTT 5.',
    (s, v) => {
      s.sessionExpiryInterval = sessionExpiry(v);
      s.protocolVersion = 5;
    },
  ),
  option('-u --username', 'username', 'User name.', (s, v) => {
    s.username = mqttText(v, '-u');
  }),
  option('-P --pw', 'password', 'Password.', (s, v) => {
    s.password = v;
  }),
  option('-M', 'max_inflight', 'QoS 1/2 messages on their way at a time. Default 20.', (s, v) => {
    const sentence = 'Maximum inflight messages must be greater than 0.';
    s.inflightMax = wholeNumber(v, 1, 65_535, sentence);
  }),
  {
    names: ['-D', '--property'],
    values: ['command', 'property', 'value'],
    help: 'MQTT 5 property of a packet, e.g. -D publish content-type text/plain.',
    takesMore: isUserProperty,
    apply: (s, values) => {
      applyProperty(s.properties, values);
      s.protocolVersion = 5;
    },
  },
  option('--will-topic', 'will topic', 'Topic of the Will Message.', (s, v) => {
    s.willTopic = topicName(v, '--will-topic', 'will topic');
  }),
  option('--will-payload', 'will payload', 'Payload of the Will Message.', (s, v) => {
    s.willPayload = v;
  }),
  option('--will-qos', 'will QoS', 'QoS of the Will Message. Default 0.', (s, v) => {
    s.willQos = qos(v, `Invalid will QoS ${v}.`);
  }),
  flag('--will-retain', 'The Will Message is retained.', (s) => {
    s.willRetain = true;
  }),
];

/** Encryption. */
export const tlsRules: readonly OptionRule[] = [
  option('--cafile', 'file', 'PEM file of trusted CA certificates; turns TLS on.', (s, v) => {
    s.caFile = v;
  }),
  option('--capath', 'directory', 'Directory of trusted CA certificates; turns TLS on.', (s, v) => {
    s.caDirectory = v;
  }),
  option('--cert', 'file', 'Certificate of this client, PEM.', (s, v) => {
    s.certFile = v;
  }),
  option('--key', 'file', 'Private key of this client, PEM.', (s, v) => {
    s.keyFile = v;
  }),
  option('--keyform', 'keyform', 'Only pem.', (_s, v) => {
    if (v !== 'pem') throw new UsageError(`--keyform ${v} is not available here; use pem.`);
  }),
  option('--ciphers', 'ciphers', 'TLS ciphers, in the notation of OpenSSL.', (s, v) => {
    s.ciphers = v;
  }),
  option('--tls-version', 'version', 'Only tlsv1.3, tlsv1.2 or tlsv1.1.', (s, v) => {
    s.tlsVersion = tlsVersion(v);
  }),
  option('--tls-alpn', 'protocol', 'Protocol to ask for with ALPN.', (s, v) => {
    s.alpn = v;
  }),
  flag('--tls-use-os-certs', "Trust the operating system's certificates; turns TLS on.", (s) => {
    s.useOsCertificates = true;
  }),
  flag(
    '--insecure',
    "Do not compare the certificate with the server's name. For tests only.",
    (s) => {
      s.isInsecure = true;
    },
  ),
  option('--psk', 'key', 'Pre-shared key, hexadecimal; turns TLS on.', (s, v) => {
    if (!/^(?:[0-9a-fA-F]{2})+$/.test(v)) throw new UsageError('--psk must be hexadecimal.');
    s.pskHex = v;
  }),
  option('--psk-identity', 'identity', 'Identity that goes with --psk.', (s, v) => {
    s.pskIdentity = v;
  }),
  unavailable('--tls-engine', 'engine_id', 'Node has no OpenSSL engines.'),
  unavailable('--tls-engine-kpass-sha1', 'kpass sha1', 'Node has no OpenSSL engines.'),
  unavailable('--proxy', 'proxy url', 'SOCKS proxies are not supported.'),
];

function idConflict(): UsageError {
  return new UsageError('-i and -I argument cannot be used together.');
}
