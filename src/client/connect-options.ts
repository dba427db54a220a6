import type {
  ConnackPacket,
  ConnectPacket,
  ConnectProperties,
  MqttVersion,
  Packet,
  PublishPacket,
  QoS,
  ReasonCode,
  WillProperties,
} from '../packet/index.ts';
import { PacketType, MqttVersion as Version } from '../packet/index.ts';
import type { ClientError } from './client-error.ts';
import { parseServerUrl, type ServerAddress } from './server-address.ts';

export interface TlsOptions {
  /** PEM file of the certificate authorities to trust; without it and `caDirectory`, those of Node. */
  readonly caFile?: string | undefined;
  /** Every `.crt`, `.pem` and hash-named (`1a2b3c4d.0`) file in it is trusted. */
  readonly caDirectory?: string | undefined;
  /** Trusts the operating system's certificate authorities, beside those named. */
  readonly systemAuthorities?: boolean | undefined;
  /** The certificate of this client and its private key, PEM; both or neither. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Accepts a certificate made out to another name. The chain is verified all the same. */
  readonly insecure?: boolean | undefined;
  /** The name to ask for and to verify, where it is not the host of the URL. */
  readonly serverName?: string | undefined;
  readonly alpn?: string | undefined;
  /** Exactly this version instead of 1.2 and above. */
  readonly version?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly ciphers?: string | undefined;
  /** A pre-shared key instead of certificates. */
  readonly psk?: { readonly key: Uint8Array; readonly identity: string } | undefined;
}

export interface ClientWill {
  readonly topicName: string;
  readonly payload?: Uint8Array | string | undefined;
  readonly qos?: QoS | undefined;
  readonly retain?: boolean | undefined;
  readonly properties?: WillProperties | undefined;
}

export interface ReconnectOptions {
  /** Wait before the first new attempt, default 1,000. Doubled for each further one, with jitter. */
  readonly minDelayMs?: number | undefined;
  /** Default 30,000. */
  readonly maxDelayMs?: number | undefined;
  /** Also keep trying when the very first attempt fails. Default false: `start` rejects. */
  readonly fromStart?: boolean | undefined;
  /** Errors after which trying again is pointless. By default none (except `closed` and `handler`). */
  readonly giveUpOn?: ((error: ClientError) => boolean) | undefined;
}

/** Told what the client does, for logs and tests. Every function is optional and must not throw. */
export interface ClientObserver {
  connected?(connack: ConnackPacket): void;
  /** The connection ended and the next attempt starts in `retryInMs`. */
  connectionLost?(error: ClientError, retryInMs: number): void;
  /** After a reconnect the server no longer grants this subscription. */
  subscriptionRefused?(topicFilter: string, reasonCode: ReasonCode): void;
  packetSent?(packet: Packet): void;
  packetReceived?(packet: Packet): void;
}

/**
 * Called for each Application Message; a QoS 1 or 2 message is acknowledged when it returns. The payload
 * is a view into the received chunk: copy it to keep it.
 */
export type MessageHandler = (packet: PublishPacket) => void;

export interface ConnectOptions {
  /** See `parseServerUrl`. */
  readonly url: string;
  /** Default 5. */
  readonly protocolVersion?: MqttVersion | undefined;
  /** Default: the server assigns one (3.1.1 and 5.0), or a random one (3.1). */
  readonly clientId?: string | undefined;
  /** Default true. A reconnect resumes the Session where it has an expiry interval. */
  readonly cleanStart?: boolean | undefined;
  /** Seconds, 0 turns it off, default 60. */
  readonly keepAlive?: number | undefined;
  /** Wins over the one in the URL. */
  readonly username?: string | undefined;
  readonly password?: Uint8Array | string | undefined;
  readonly will?: ClientWill | undefined;
  /** MQTT 5.0 only. */
  readonly properties?: ConnectProperties | undefined;
  /** For `mqtts:` and `wss:`. */
  readonly tls?: TlsOptions | undefined;
  readonly localAddress?: string | undefined;
  /** Turns Nagle's algorithm off. */
  readonly noDelay?: boolean | undefined;
  /** Until CONNACK, default 30,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** QoS 1 and 2 messages on their way at a time, default 20; the server's Receive Maximum counts too. */
  readonly inflightMax?: number | undefined;
  /** Default: the client is closed when its connection ends. */
  readonly reconnect?: ReconnectOptions | undefined;
  readonly onMessage?: MessageHandler | undefined;
  readonly observer?: ClientObserver | undefined;
}

/** The options with every default filled in. */
export interface ResolvedConnectOptions {
  readonly address: ServerAddress;
  readonly tls: TlsOptions;
  readonly localAddress: string | undefined;
  readonly noDelay: boolean;
  readonly connectTimeoutMs: number;
  readonly inflightMax: number;
  readonly reconnect: ReconnectOptions | undefined;
  readonly observer: ClientObserver;
  /** The first CONNECT. */
  readonly connect: ConnectPacket;
}

/** @throws {ClientError} `address`, when the URL cannot be used. */
export function resolveConnectOptions(options: ConnectOptions): ResolvedConnectOptions {
  const address = parseServerUrl(options.url);
  return {
    address,
    tls: options.tls ?? {},
    localAddress: options.localAddress,
    noDelay: options.noDelay ?? false,
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    inflightMax: options.inflightMax ?? 20,
    reconnect: options.reconnect,
    observer: options.observer ?? {},
    connect: connectPacket(options, address),
  };
}

function connectPacket(options: ConnectOptions, address: ServerAddress): ConnectPacket {
  const protocolVersion = options.protocolVersion ?? Version.v5;
  const cleanStart = options.cleanStart ?? true;
  return {
    type: PacketType.connect,
    protocolVersion,
    isBridge: false,
    clientId: options.clientId ?? (protocolVersion === Version.v31 ? randomClientId() : ''),
    cleanStart,
    keepAlive: options.keepAlive ?? 60,
    username: options.username ?? address.username,
    password: bytesOf(options.password ?? address.password),
    will: will(options.will),
    properties: protocolVersion === Version.v5 ? options.properties : undefined,
  };
}

function will(options: ClientWill | undefined): ConnectPacket['will'] {
  if (options === undefined) return undefined;
  return {
    topicName: options.topicName,
    payload: bytesOf(options.payload) ?? new Uint8Array(0),
    qos: options.qos ?? 0,
    retain: options.retain ?? false,
    properties: options.properties,
  };
}

/** MQTT 3.1 has no assigned Client Identifiers and allows 23 characters. */
function randomClientId(): string {
  return `linnet-${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`;
}

function bytesOf(value: Uint8Array | string | undefined): Uint8Array | undefined {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value;
}
