import type {
  ConnectProperties,
  DisconnectProperties,
  MqttVersion,
  PublishProperties,
  QoS,
  RetainHandling,
  SubscribeProperties,
  WillProperties,
} from '../packet/index.ts';

export type ClientCommand = 'pub' | 'sub';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Any property of any packet; the table decides which packet takes which. */
export type PropertyBag = Mutable<
  ConnectProperties &
    WillProperties &
    PublishProperties &
    SubscribeProperties &
    DisconnectProperties
>;

export type PropertyTarget =
  | 'connect'
  | 'publish'
  | 'subscribe'
  | 'unsubscribe'
  | 'disconnect'
  | 'will';

/** Where `linnet pub` takes its messages from. */
export type PublishSource =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdin' }
  | { readonly kind: 'lines' }
  | { readonly kind: 'null' };

/** What the command line asked for, filled in option by option. */
export interface ClientSettings {
  readonly command: ClientCommand;
  // Connection
  host: string;
  port: number | undefined;
  unixPath: string | undefined;
  isWebSocket: boolean;
  bindAddress: string | undefined;
  noDelay: boolean;
  useSrv: boolean;
  // Client
  clientId: string | undefined;
  clientIdPrefix: string | undefined;
  protocolVersion: MqttVersion;
  cleanStart: boolean;
  /** Seconds. */
  sessionExpiryInterval: number | undefined;
  keepAlive: number;
  username: string | undefined;
  password: string | undefined;
  inflightMax: number;
  willTopic: string | undefined;
  willPayload: string | undefined;
  willQos: QoS;
  willRetain: boolean;
  // TLS
  caFile: string | undefined;
  caDirectory: string | undefined;
  certFile: string | undefined;
  keyFile: string | undefined;
  ciphers: string | undefined;
  tlsVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined;
  alpn: string | undefined;
  isInsecure: boolean;
  useOsCertificates: boolean;
  pskHex: string | undefined;
  pskIdentity: string | undefined;
  // Properties
  readonly properties: Readonly<Record<PropertyTarget, PropertyBag>>;
  // Messages
  qos: QoS;
  topics: string[];
  isDebug: boolean;
  isQuiet: boolean;
  isJson: boolean;
  isPretty: boolean;
  // pub
  source: PublishSource | undefined;
  retain: boolean;
  repeatCount: number;
  repeatDelayMs: number;
  // sub
  messageCount: number | undefined;
  timeoutSeconds: number | undefined;
  exitAfterSubscribe: boolean;
  format: string | undefined;
  isVerbose: boolean;
  endsLines: boolean;
  noRetained: boolean;
  retainedOnly: boolean;
  removeRetained: boolean;
  retainAsPublished: boolean;
  retainHandling: RetainHandling;
  randomPercent: number;
  filterOut: string[];
  unsubscribe: string[];
}

export function defaultSettings(command: ClientCommand): ClientSettings {
  return {
    command,
    host: 'localhost',
    port: undefined,
    unixPath: undefined,
    isWebSocket: false,
    bindAddress: undefined,
    noDelay: false,
    useSrv: false,
    clientId: undefined,
    clientIdPrefix: undefined,
    protocolVersion: 4,
    cleanStart: true,
    sessionExpiryInterval: undefined,
    keepAlive: 60,
    username: undefined,
    password: undefined,
    inflightMax: 20,
    willTopic: undefined,
    willPayload: undefined,
    willQos: 0,
    willRetain: false,
    caFile: undefined,
    caDirectory: undefined,
    certFile: undefined,
    keyFile: undefined,
    ciphers: undefined,
    tlsVersion: undefined,
    alpn: undefined,
    isInsecure: false,
    useOsCertificates: false,
    pskHex: undefined,
    pskIdentity: undefined,
    properties: {
      connect: {},
      publish: {},
      subscribe: {},
      unsubscribe: {},
      disconnect: {},
      will: {},
    },
    qos: 0,
    topics: [],
    isDebug: false,
    isQuiet: false,
    isJson: false,
    isPretty: false,
    source: undefined,
    retain: false,
    repeatCount: 1,
    repeatDelayMs: 0,
    messageCount: undefined,
    timeoutSeconds: undefined,
    exitAfterSubscribe: false,
    format: undefined,
    isVerbose: false,
    endsLines: true,
    noRetained: false,
    retainedOnly: false,
    removeRetained: false,
    retainAsPublished: false,
    retainHandling: 0,
    randomPercent: 100,
    filterOut: [],
    unsubscribe: [],
  };
}
