/**
 * `mqtt:`, `websocket:` and `tls:`, the shorthand for the three listeners most people want, and
 * `listeners:`, the map for everybody else. The keys of one listener are those of `listenerOptionsSchema`;
 * the shorthand borrows its fields, so that a path or an origin is checked the same way in both.
 */
import { z } from 'zod';
import { type ListenerSettings, listenerOptionsSchema } from '../listener/index.ts';
import { bareSchema, schemaAt, setting } from './setting.ts';
import { host, port } from './value-kinds.ts';

type ReceiveMaximum = 'strict' | 'warn';

export interface SharedListenerKeys {
  readonly receive_maximum: ReceiveMaximum;
  readonly payload_format_check: boolean;
}

export interface MqttSection extends SharedListenerKeys {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** Seconds, as on the wire. */
  readonly keepalive: number;
  readonly max_connections: number;
}

export interface WebSocketSection extends SharedListenerKeys {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: readonly string[];
  readonly allowed_origins: readonly string[];
  readonly trusted_proxies: readonly string[];
  readonly max_connections: number;
}

export interface TlsSection extends SharedListenerKeys {
  readonly enabled: boolean;
  readonly host?: string | undefined;
  readonly port: number;
  readonly cert_file?: string | undefined;
  readonly key_file?: string | undefined;
  readonly ca_file?: string | undefined;
  readonly require_client_cert: boolean;
  readonly min_tls_version: '1.2' | '1.3';
  readonly max_connections: number;
}

/** The listeners of the map, each as `listenerOptionsSchema` returns it. */
export type ListenersSection = Readonly<Record<string, ListenerSettings>>;

const refusedOneByOne =
  'The next one is refused after its CONNECT was read: 0x97 (5.0) or return code 3 (3.x).';

const perListener = (section: string, variable: string): z.ZodPrefault<z.ZodType<number>> =>
  setting(z.int().min(0).prefault(0), {
    description: `Most connections at once on the ${section} listener; 0 = only mqtt.max_connections counts.`,
    variable,
    unit: 'connections',
    whenReached: refusedOneByOne,
  });

const receiveMaximum = (variable: string): z.ZodPrefault<z.ZodType<ReceiveMaximum>> =>
  setting(z.enum(['strict', 'warn']).prefault('strict'), {
    description: 'A client that sends more than our Receive Maximum is disconnected, or warned of.',
    variable,
    whenReached: 'strict: DISCONNECT 0x93; warn: a log line, the message is taken.',
  });

const payloadFormatCheck = (variable: string): z.ZodPrefault<z.ZodType<boolean>> =>
  setting(z.boolean().prefault(false), {
    description: 'Refuse payloads that are marked as UTF-8 text and are not.',
    variable,
    whenReached: '0x99 in the acknowledgement; at QoS 0 the message is dropped and counted.',
  });

export const mqttSection: z.ZodType<MqttSection, unknown> = z
  .strictObject({
    enabled: setting(z.boolean().prefault(true), {
      description: 'The plain TCP listener; false closes the plain port.',
      variable: 'BROKER_MQTT_ENABLED',
    }),
    host: setting(host.prefault('0.0.0.0'), {
      description: 'Address the MQTT listener binds to.',
      variable: 'BROKER_MQTT_HOST',
    }),
    port: setting(port.prefault(1883), {
      description: 'Port of the MQTT listener; 0 takes a free one.',
      variable: 'BROKER_MQTT_PORT',
    }),
    keepalive: setting(z.int().min(0).max(65_535).prefault(60), {
      description:
        'Longest Keep Alive: a 5.0 client that asks for none (0) or a longer one is given this one, a 3.x client keeps its own; 0 = no limit.',
      variable: 'BROKER_MQTT_KEEPALIVE',
      unit: 's',
      whenReached: 'A client silent for 1.5 times its Keep Alive is disconnected (0x8D).',
    }),
    max_connections: setting(z.int().min(0).max(10_000_000).prefault(1000), {
      description: 'Most connections at once, all listeners together; 0 = no limit.',
      variable: 'BROKER_MQTT_MAX_CONNECTIONS',
      unit: 'connections',
      whenReached: refusedOneByOne,
    }),
    receive_maximum: receiveMaximum('BROKER_MQTT_RECEIVE_MAXIMUM'),
    payload_format_check: payloadFormatCheck('BROKER_MQTT_PAYLOAD_FORMAT_CHECK'),
  })
  .prefault({});

export const webSocketSection: z.ZodType<WebSocketSection, unknown> = z
  .strictObject({
    enabled: setting(z.boolean().prefault(true), {
      description: 'The WebSocket listener.',
      variable: 'BROKER_WEBSOCKET_ENABLED',
    }),
    host: setting(host.prefault('0.0.0.0'), {
      description: 'Address the WebSocket listener binds to.',
      variable: 'BROKER_WEBSOCKET_HOST',
    }),
    port: setting(port.prefault(9001), {
      description: 'Port of the WebSocket listener; 0 takes a free one.',
      variable: 'BROKER_WEBSOCKET_PORT',
    }),
    path: setting(borrowed('path', ['/mqtt', '/']), {
      description: 'Paths at which the WebSocket answers.',
      variable: 'BROKER_WEBSOCKET_PATH',
      expected: 'one or more paths that begin with "/", such as /mqtt',
    }),
    allowed_origins: setting(borrowed('allowed_origins', []), {
      description: 'Web pages (origins) that may connect besides those served from the same host.',
      variable: 'BROKER_WEBSOCKET_ALLOWED_ORIGINS',
      expected: 'origins such as https://dash.example.com, or *',
      whenReached: 'A page of another origin is refused with HTTP 403.',
    }),
    trusted_proxies: setting(borrowed('trusted_proxies', []), {
      description: 'Addresses or blocks of reverse proxies whose forwarding headers are believed.',
      variable: 'BROKER_WEBSOCKET_TRUSTED_PROXIES',
      expected: 'IP addresses or blocks such as 10.0.0.0/8',
      whenReached: 'Forwarding headers of others make the client count as public.',
    }),
    max_connections: perListener('WebSocket', 'BROKER_WEBSOCKET_MAX_CONNECTIONS'),
    receive_maximum: receiveMaximum('BROKER_WEBSOCKET_RECEIVE_MAXIMUM'),
    payload_format_check: payloadFormatCheck('BROKER_WEBSOCKET_PAYLOAD_FORMAT_CHECK'),
  })
  .prefault({});

export const tlsSection: z.ZodType<TlsSection, unknown> = z
  .strictObject({
    enabled: setting(z.boolean().prefault(false), {
      description: 'Adds a TLS listener; the plain one stays unless mqtt.enabled is false.',
      variable: 'BROKER_ENABLE_TLS',
    }),
    host: setting(host.optional(), {
      description: 'Address the TLS listener binds to.',
      variable: 'BROKER_TLS_HOST',
      defaultText: 'as mqtt.host',
    }),
    port: setting(port.prefault(8883), {
      description: 'Port of the TLS listener; 0 takes a free one.',
      variable: 'BROKER_TLS_PORT',
    }),
    cert_file: setting(z.string().min(1).optional(), {
      description: 'PEM file of the server certificate and its chain.',
      variable: 'BROKER_TLS_CERT_FILE',
    }),
    key_file: setting(z.string().min(1).optional(), {
      description: 'PEM file of its private key, unencrypted.',
      variable: 'BROKER_TLS_KEY_FILE',
    }),
    ca_file: setting(z.string().min(1).optional(), {
      description: 'PEM file of authorities: client certificates are asked for and verified.',
      variable: 'BROKER_TLS_CA_FILE',
    }),
    require_client_cert: setting(z.boolean().prefault(false), {
      description: 'Refuse clients without a certificate that tls.ca_file verifies.',
      variable: 'BROKER_TLS_REQUIRE_CLIENT_CERT',
    }),
    min_tls_version: setting(z.enum(['1.2', '1.3']).prefault('1.2'), {
      description: 'Oldest TLS version accepted.',
      variable: 'BROKER_TLS_MIN_TLS_VERSION',
    }),
    max_connections: perListener('TLS', 'BROKER_TLS_MAX_CONNECTIONS'),
    receive_maximum: receiveMaximum('BROKER_TLS_RECEIVE_MAXIMUM'),
    payload_format_check: payloadFormatCheck('BROKER_TLS_PAYLOAD_FORMAT_CHECK'),
  })
  .prefault({});

export const listenersSection: z.ZodType<ListenersSection | undefined, unknown> = z
  .record(
    z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'expected a name of letters, digits, "_", "." and "-", at most 64'),
    listenerOptionsSchema,
  )
  .optional()
  .meta({
    description:
      'Any number of named listeners instead of the three above; mqtt, websocket and tls then listen only where their address is set, too.',
    expected: 'a mapping: a name for each listener, its settings below',
  });

/** A list among the fields of a listener, without its own default. */
function borrowed(
  key: keyof ListenerSettings,
  fallback: readonly string[],
): z.ZodPrefault<z.ZodType<readonly string[], readonly string[]>> {
  const field = schemaAt(listenerOptionsSchema, [key]);
  const bare = field === undefined ? undefined : bareSchema(field);
  const options = bare instanceof z.ZodUnion ? bare.options : [bare];
  const list = options.find((option) => option instanceof z.ZodArray);
  if (list === undefined) throw new TypeError(`listenerOptionsSchema has no list ${key}`);
  return z.prefault(list as z.ZodType<readonly string[], readonly string[]>, fallback);
}
