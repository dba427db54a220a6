/**
 * What the gateway works with: the `serial` section of the configuration with every field present, names in
 * camelCase, durations in Ms and sizes in Bytes. `options-schema.ts` says what may be written;
 * `resolveSerialOptions` is the one way from there to here.
 */
import { durationMs } from './duration.ts';
import { portName, type SerialConfig, type SerialPortConfig } from './options-schema.ts';

export type DriverName = 'serialport' | 'stty' | 'tcp' | 'telnet';
export type Parity = 'none' | 'even' | 'odd';
export type FlowControl = 'none' | 'hardware' | 'software';
export type LineState = 'keep' | 'on' | 'off';
export type Framing = 'json-lines' | 'lines';
export type PublishChoice = 'fields' | 'data' | 'both';
export type LogLines = 'off' | 'debug' | 'info' | 'topic';

/** How a sensor id becomes a topic level. */
export interface IdFormat {
  /** Characters taken out of the id. */
  readonly remove: string;
  readonly letters: 'keep' | 'upper' | 'lower';
}

/** Every field present, absent spelled `undefined`. */
export interface SerialPortOptions {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly path: string | undefined;
  readonly match: DeviceMatch | undefined;
  readonly driver: 'auto' | DriverName;
  readonly line: LineSettings;
  readonly framing: Framing;
  readonly lineBytesMax: number;
  readonly idField: string;
  readonly defaultId: string | undefined;
  readonly idFormat: IdFormat;
  /** Ends with a slash. */
  readonly baseTopic: string;
  readonly publish: PublishChoice;
  /** 1: objects stay source JSON. */
  readonly depthMax: number;
  readonly fieldsMax: number;
  readonly sensorsMax: number;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Seconds; undefined: messages do not expire. */
  readonly messageExpiryInterval: number | undefined;
  readonly properties: boolean;
  /** 0: off. */
  readonly dedupeMs: number;
  /** Lines a second; 0: off. */
  readonly rateLimit: number;
  readonly queuedLinesMax: number;
  /** 0: off. */
  readonly silenceMs: number;
  readonly silenceReopen: boolean;
  readonly reconnect: BackOffOptions;
  readonly logLines: LogLines;
  readonly errorTopic: string | undefined;
  readonly statusTopic: string | undefined;
  readonly write: WriteOptions;
  /** undefined: no discovery. */
  readonly homeAssistantPrefix: string | undefined;
}

/** What the operating system or the driver is told when the port is opened. */
export interface LineSettings {
  readonly baud: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: Parity;
  readonly stopBits: 1 | 2;
  readonly flow: FlowControl;
  readonly dtr: LineState;
  readonly rts: LineState;
  readonly resetOnOpen: boolean;
  readonly hangupOnClose: boolean;
}

/** All that are set must agree. `vid` and `pid` are four lower-case hexadecimal digits. */
export interface DeviceMatch {
  readonly vid: string | undefined;
  readonly pid: string | undefined;
  readonly serial: string | undefined;
  /** A name under /dev/serial/by-id; `*` and `?` stand for any text and any character. */
  readonly byId: string | undefined;
}

export interface BackOffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** 0.2: every pause is up to 20 % shorter or longer. */
  readonly jitter: number;
  /** A port that stayed open this long starts again at `minMs`. */
  readonly resetAfterMs: number;
}

export interface WriteOptions {
  readonly isEnabled: boolean;
  /** 0: a command is written in one piece. */
  readonly chunkBytes: number;
  readonly chunkDelayMs: number;
  readonly queuedWritesMax: number;
  readonly timeoutMs: number;
}

export interface SerialOptions {
  readonly isEnabled: boolean;
  readonly ports: readonly SerialPortOptions[];
}

/** Turns what the schema let through into what the gateway works with. */
export function resolveSerialOptions(config: SerialConfig): SerialOptions {
  return { isEnabled: config.enabled, ports: config.ports.map(resolvePort) };
}

function resolvePort(port: SerialPortConfig): SerialPortOptions {
  const name = portName(port);
  const expiryMs = durationMs(port.message_expiry);
  const discovery = port.homeassistant.enabled;
  return {
    name,
    isEnabled: port.enabled,
    path: port.path,
    match: port.match && {
      vid: port.match.vid?.toLowerCase(),
      pid: port.match.pid?.toLowerCase(),
      serial: port.match.serial,
      byId: port.match.by_id,
    },
    driver: port.driver,
    line: {
      baud: port.baud,
      dataBits: port.data_bits,
      parity: port.parity,
      stopBits: port.stop_bits,
      flow: port.flow,
      dtr: port.dtr,
      rts: port.rts,
      resetOnOpen: port.reset_on_open,
      hangupOnClose: port.hangup_on_close,
    },
    framing: port.framing,
    lineBytesMax: port.max_line,
    idField: port.id_field,
    defaultId: port.default_id,
    idFormat: resolveIdFormat(port.id_format),
    baseTopic: port.base_topic.endsWith('/') ? port.base_topic : `${port.base_topic}/`,
    publish: port.publish,
    depthMax: port.nested === 'json' ? 1 : port.max_depth,
    fieldsMax: port.max_fields,
    sensorsMax: port.max_sensors,
    qos: port.qos,
    retain: port.retain,
    messageExpiryInterval: expiryMs === 0 ? undefined : Math.ceil(expiryMs / 1000),
    properties: port.properties,
    dedupeMs: port.dedupe_ms,
    rateLimit: port.rate_limit,
    queuedLinesMax: port.queue,
    silenceMs: durationMs(port.silence),
    silenceReopen: port.silence_reopen,
    reconnect: {
      minMs: durationMs(port.reconnect.min),
      maxMs: durationMs(port.reconnect.max),
      factor: port.reconnect.factor,
      jitter: port.reconnect.jitter,
      resetAfterMs: durationMs(port.reconnect.reset_after),
    },
    logLines: port.log_lines,
    errorTopic: port.error_topic,
    statusTopic: port.status_topic ?? (discovery ? `linnet/serial/${name}/status` : undefined),
    write: {
      isEnabled: port.write.enabled,
      chunkBytes: port.write.chunk_bytes,
      chunkDelayMs: durationMs(port.write.chunk_delay),
      queuedWritesMax: port.write.queue,
      timeoutMs: durationMs(port.write.timeout),
    },
    homeAssistantPrefix: discovery ? port.homeassistant.prefix : undefined,
  };
}

function resolveIdFormat(format: SerialPortConfig['id_format']): IdFormat {
  if (format === 'keep') return { remove: '', letters: 'keep' };
  if (format === 'strip') return { remove: ':', letters: 'keep' };
  return format;
}
