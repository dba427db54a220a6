/**
 * The `serial` section of the configuration as it may be written: snake_case, durations with units. The
 * schema only checks and fills in defaults; it transforms nothing, so that the configuration can be shown
 * and documented in the words it was written in. Whether two paths lead to one device can only be seen on
 * the machine: `startSerialGateway` looks there.
 */
import { z } from 'zod';
import { type DurationText, durationMs, durationSchema } from './duration.ts';
import type {
  DriverName,
  FlowControl,
  Framing,
  LineState,
  LogLines,
  Parity,
  PublishChoice,
} from './options.ts';
import { parsePortPath, portNameFromPath } from './port-path.ts';

/** One port as written, defaults filled in. The comments of the keys are their descriptions below. */
export interface SerialPortConfig {
  name?: string | undefined;
  enabled: boolean;
  path?: string | undefined;
  match?:
    | {
        vid?: string | undefined;
        pid?: string | undefined;
        serial?: string | undefined;
        by_id?: string | undefined;
      }
    | undefined;
  driver: 'auto' | DriverName;
  baud: number;
  data_bits: 5 | 6 | 7 | 8;
  parity: Parity;
  stop_bits: 1 | 2;
  flow: FlowControl;
  dtr: LineState;
  rts: LineState;
  reset_on_open: boolean;
  hangup_on_close: boolean;
  framing: Framing;
  max_line: number;
  id_field: string;
  default_id?: string | undefined;
  id_format: 'keep' | 'strip' | { remove: string; letters: 'keep' | 'upper' | 'lower' };
  base_topic: string;
  publish: PublishChoice;
  nested: 'flatten' | 'json';
  max_depth: number;
  max_fields: number;
  max_sensors: number;
  qos: 0 | 1 | 2;
  retain: boolean;
  message_expiry: DurationText;
  properties: boolean;
  dedupe_ms: number;
  rate_limit: number;
  queue: number;
  silence: DurationText;
  silence_reopen: boolean;
  reconnect: {
    min: DurationText;
    max: DurationText;
    factor: number;
    jitter: number;
    reset_after: DurationText;
  };
  log_lines: LogLines;
  error_topic?: string | undefined;
  status_topic?: string | undefined;
  write: {
    enabled: boolean;
    chunk_bytes: number;
    chunk_delay: DurationText;
    queue: number;
    timeout: DurationText;
  };
  homeassistant: { enabled: boolean; prefix: string };
}

export interface SerialConfig {
  enabled: boolean;
  ports: SerialPortConfig[];
}

const laterFramings: readonly unknown[] = ['csv', 'nmea', 'cobs', 'slip', 'cbor-sequence'];

const usbId = z
  .string({
    error:
      'expected four hexadecimal digits in quotes, such as "10c4" or "0403" (unquoted it is a number)',
  })
  .regex(/^[0-9a-fA-F]{4}$/, { error: 'expected four hexadecimal digits, such as "10c4"' });

function topicSchema(what: string): z.ZodType<string> {
  return z
    .string()
    .min(1)
    .max(4096)
    .refine((text) => !/[+#\0]/.test(text) && !text.startsWith('$'), {
      error: `${what} is a Topic Name: no "+", no "#", and it does not start with "$"`,
    });
}

const pathSchema = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => parsePortPath(path) !== undefined, {
    error:
      'expected a device such as /dev/ttyUSB0 or COM3, or tcp://HOST:PORT or telnet://HOST:PORT of a serial server',
  });

const portShape = {
  name: z
    .string()
    .regex(/^[a-z0-9_-]{1,32}$/, { error: 'expected 1 to 32 of the characters a-z 0-9 _ -' })
    .optional()
    .describe('Name in topics and counters. Made from the path when left out.'),
  enabled: z.boolean().default(true).describe('false: the port is not opened.'),
  path: pathSchema
    .optional()
    .describe('/dev/ttyUSB0, COM3, tcp://HOST:PORT or telnet://HOST:PORT. Either path or match.'),
  match: z
    .strictObject({
      vid: usbId.optional().describe('USB vendor id.'),
      pid: usbId.optional().describe('USB product id.'),
      serial: z.string().min(1).optional().describe('USB serial number.'),
      by_id: z
        .string()
        .min(1)
        .optional()
        .describe('Name under /dev/serial/by-id; * and ? are wildcards.'),
    })
    .refine((match) => Object.values(match).some((value) => value !== undefined), {
      error: 'expected at least one of vid, pid, serial, by_id',
    })
    .optional()
    .describe('Finds the device by its USB identity instead of by path.'),
  driver: z
    .enum(['auto', 'serialport', 'stty', 'tcp', 'telnet'])
    .default('auto')
    .describe('auto: serialport, or stty where its addon does not load; the network ones by path.'),
  baud: z.int().min(50).max(4_000_000).default(115_200).describe('Bits a second.'),
  data_bits: z.literal([5, 6, 7, 8]).default(8).describe('Data bits of a character.'),
  parity: z.enum(['none', 'even', 'odd']).default('none').describe('Parity bit.'),
  stop_bits: z.literal([1, 2]).default(1).describe('Stop bits.'),
  flow: z
    .enum(['none', 'hardware', 'software'])
    .default('none')
    .describe('Flow control: hardware is RTS/CTS, software is XON/XOFF.'),
  dtr: z.enum(['keep', 'on', 'off']).default('keep').describe('DTR after opening.'),
  rts: z.enum(['keep', 'on', 'off']).default('keep').describe('RTS after opening.'),
  reset_on_open: z
    .boolean()
    .default(false)
    .describe('Pulses RTS after opening, as flashing tools do, to restart the board.'),
  hangup_on_close: z
    .boolean()
    .default(false)
    .describe('Drops DTR when the port is closed, which restarts many boards.'),
  framing: z
    .enum(['json-lines', 'lines'], {
      error: (issue) =>
        laterFramings.includes(issue.input)
          ? `framing "${String(issue.input)}" is not available yet; expected json-lines or lines`
          : undefined,
    })
    .default('json-lines')
    .describe('json-lines: a JSON object a line. lines: any text line, published as it is.'),
  max_line: z
    .int()
    .min(64)
    .max(1_048_576)
    .default(16_384)
    .describe('Bytes of the longest line; a longer one is dropped and counted.'),
  id_field: z.string().min(1).max(256).default('sensor_id').describe('Field with the sensor id.'),
  default_id: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Sensor id of objects without one. Left out: they are dropped and counted.'),
  id_format: z
    .union(
      [
        z.enum(['keep', 'strip']),
        z.strictObject({
          remove: z.string().max(64).default(''),
          letters: z.enum(['keep', 'upper', 'lower']).default('keep'),
        }),
      ],
      { error: 'expected keep, strip, or an object such as {remove: ":-", letters: upper}' },
    )
    .default('keep')
    .describe(
      'Sensor id in topics: keep; strip takes the colons out (A0:B1 -> A0B1); or {remove: ":-", letters: upper}.',
    ),
  base_topic: topicSchema('base_topic')
    .default('iot/sensors/fromserial/')
    .describe('What topics begin with; the trailing slash is optional.'),
  publish: z
    .enum(['fields', 'data', 'both'])
    .default('both')
    .describe('fields: one message a field. data: the whole line at .../data. both.'),
  nested: z
    .enum(['flatten', 'json'])
    .default('flatten')
    .describe('Nested objects become deeper topics, or one field with their JSON.'),
  max_depth: z.int().min(1).max(16).default(4).describe('Levels of nested: flatten.'),
  max_fields: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe('Fields of a line; more are dropped.'),
  max_sensors: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe('Different sensor ids of the port; lines of further ones are dropped and counted.'),
  qos: z.literal([0, 1, 2]).default(0).describe('QoS of the published messages.'),
  retain: z.boolean().default(false).describe('Publish as Retained Messages.'),
  message_expiry: durationSchema(1000, 4_294_967_295_000, true)
    .default(0)
    .describe('Message Expiry Interval; 0: none.'),
  properties: z
    .boolean()
    .default(false)
    .describe('Adds the User Properties received_at, port and seq, and a Content Type.'),
  dedupe_ms: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(0)
    .describe('Milliseconds within which an identical line is dropped; 0: off.'),
  rate_limit: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('Lines a second; more are dropped and counted; 0: off.'),
  queue: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe('Lines that may wait for the broker; then the oldest are dropped and counted.'),
  silence: durationSchema(100, 604_800_000, true)
    .default('60s')
    .describe('Time without a valid line after which the port is stale; 0: off.'),
  silence_reopen: z.boolean().default(false).describe('Also closes and opens a stale port.'),
  reconnect: z
    .strictObject({
      min: durationSchema(10, 3_600_000, false).default('500ms').describe('First pause.'),
      max: durationSchema(10, 86_400_000, false).default('30s').describe('Longest pause.'),
      factor: z.number().min(1).max(10).default(2).describe('Each pause is so much longer.'),
      jitter: z.number().min(0).max(1).default(0.2).describe('Share of chance in a pause.'),
      reset_after: durationSchema(10, 86_400_000, false)
        .default('10s')
        .describe('A port open for so long starts again with the first pause.'),
    })
    .prefault({})
    .describe('Pauses between attempts to open.'),
  log_lines: z
    .enum(['off', 'debug', 'info', 'topic'])
    .default('info')
    .describe('Where lines without JSON (boot messages) go: log level, or iot/serial/<port>/log.'),
  error_topic: topicSchema('error_topic')
    .optional()
    .describe('Topic for refused lines, with the reason as a User Property.'),
  status_topic: topicSchema('status_topic')
    .optional()
    .describe('Topic for a retained online or offline.'),
  write: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Accept commands for the device.'),
      chunk_bytes: z
        .int()
        .min(0)
        .max(65_536)
        .default(0)
        .describe('Write in pieces of so many bytes; 0: in one.'),
      chunk_delay: durationSchema(1, 60_000, true).default(0).describe('Pause between pieces.'),
      queue: z.int().min(1).max(10_000).default(16).describe('Commands that may wait.'),
      timeout: durationSchema(10, 600_000, false)
        .default('5s')
        .describe('Time a command may take, waiting included.'),
    })
    .prefault({})
    .describe('Commands to the device.'),
  homeassistant: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Announce sensors to Home Assistant.'),
      prefix: topicSchema('prefix').default('homeassistant').describe('Its discovery prefix.'),
    })
    .prefault({})
    .describe('Home Assistant MQTT discovery.'),
};

const portSchema: z.ZodType<SerialPortConfig> = z
  .strictObject(portShape)
  .superRefine((port, context) => {
    const refuse = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (port.path === undefined && port.match === undefined) {
      refuse('path', 'expected path (or match) to say which port is meant');
    }
    if (port.path !== undefined && port.match !== undefined) {
      refuse('match', 'expected either path or match, not both');
    }
    const kind = port.path === undefined ? 'device' : parsePortPath(port.path)?.kind;
    const driverKind = port.driver === 'tcp' || port.driver === 'telnet' ? port.driver : 'device';
    if (port.driver !== 'auto' && kind !== undefined && kind !== driverKind) {
      const wanted = kind === 'device' ? 'serialport or stty' : kind;
      refuse('driver', `driver ${port.driver} does not fit this port; expected auto or ${wanted}`);
    }
    if (durationMs(port.reconnect.max) < durationMs(port.reconnect.min)) {
      refuse('reconnect', 'expected max to be at least min');
    }
    if (port.homeassistant.enabled && (port.publish === 'data' || port.framing === 'lines')) {
      const key = port.framing === 'lines' ? 'framing: json-lines' : 'publish: fields or both';
      refuse('homeassistant', `discovery announces fields: it needs ${key}`);
    }
  });

/** Unknown keys, two ports with one name and two ports with one path are refused. */
export const serialOptionsSchema: z.ZodType<SerialConfig> = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Read serial ports.'),
    ports: z.array(portSchema).default([]).describe('The serial ports.'),
  })
  .superRefine((serial, context) => {
    const names = new Map<string, number>();
    const paths = new Map<string, number>();
    serial.ports.forEach((port, index) => {
      const name = portName(port);
      const sameName = names.get(name);
      if (sameName !== undefined) {
        const message = `port name "${name}" is taken by ports[${sameName}]; give each port its own name`;
        context.addIssue({ code: 'custom', path: ['ports', index, 'name'], message });
      }
      names.set(name, index);
      if (port.path === undefined) return;
      const samePath = paths.get(port.path);
      if (samePath !== undefined) {
        const message = `"${port.path}" is the path of ports[${samePath}] too; one device can be read once`;
        context.addIssue({ code: 'custom', path: ['ports', index, 'path'], message });
      }
      paths.set(port.path, index);
    });
  });

/** The name given, or one made from the path or the match. */
export function portName(port: SerialPortConfig): string {
  if (port.name !== undefined) return port.name;
  const match = port.match;
  const identity = [match?.by_id, match?.vid, match?.pid, match?.serial].filter(Boolean).join('-');
  return portNameFromPath(port.path ?? identity);
}
