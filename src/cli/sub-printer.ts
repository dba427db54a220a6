import type { PublishPacket } from '../packet/index.ts';
import { isValidUtf8 } from '../packet/index.ts';
import type { ClientSettings } from './client-options-settings.ts';
import { MessageFormat } from './format.ts';

/** The bytes that `linnet sub` prints for one message; none for what is not printed. */
export type MessagePrinter = (packet: PublishPacket, time: Date) => readonly Buffer[];

const lineEnd = Buffer.from('\n');

/**
 * The way of printing that the command line chose: `-F`, `--json`, `-v`, or the payload alone.
 * @throws {FormatError} for a format that cannot be used.
 */
export function messagePrinter(
  settings: ClientSettings,
  complain: (sentence: string) => void,
): MessagePrinter {
  const end = settings.endsLines ? [lineEnd] : [];
  if (settings.format !== undefined) {
    const format = new MessageFormat(settings.format, { isPretty: settings.isPretty, complain });
    return (packet, time) => [format.print(packet, time), ...end];
  }
  if (settings.isJson) {
    const indent = settings.isPretty ? 2 : 0;
    return (packet, time) => [
      Buffer.from(JSON.stringify(jsonMessage(packet, time), undefined, indent)),
      lineEnd,
    ];
  }
  if (settings.isVerbose) return (packet) => verbose(packet, end);
  // An empty payload prints nothing, not even a line end, as with mosquitto_sub.
  return ({ payload }) => (payload.length === 0 ? [] : [Buffer.from(payload), ...end]);
}

function verbose({ topicName, payload }: PublishPacket, end: readonly Buffer[]): Buffer[] {
  if (payload.length > 0) return [Buffer.from(`${topicName} `), Buffer.from(payload), ...end];
  return end.length === 0 ? [] : [Buffer.from(`${topicName} (null)\n`)];
}

/** The object of `--json`. Bytes that are no text come as `payload_base64`, so that nothing is lost. */
function jsonMessage(packet: PublishPacket, time: Date): Record<string, unknown> {
  const { topicName, qos, retain, packetId, payload, properties } = packet;
  const bytes = Buffer.from(payload);
  return {
    tst: time.toISOString(),
    topic: topicName,
    qos,
    retain,
    payloadlen: bytes.length,
    ...(qos > 0 ? { mid: packetId } : {}),
    ...(properties === undefined ? {} : { properties: jsonProperties(properties) }),
    ...(isValidUtf8(payload)
      ? { payload: bytes.toString() }
      : { payload_base64: bytes.toString('base64') }),
  };
}

function jsonProperties(
  properties: NonNullable<PublishPacket['properties']>,
): Record<string, unknown> {
  const { correlationData } = properties;
  return {
    'payload-format-indicator': properties.payloadFormatIndicator,
    'message-expiry-interval': properties.messageExpiryInterval,
    'content-type': properties.contentType,
    'response-topic': properties.responseTopic,
    'correlation-data_base64':
      correlationData === undefined ? undefined : Buffer.from(correlationData).toString('base64'),
    'subscription-identifiers': properties.subscriptionIdentifiers,
    'user-properties': properties.userProperties,
  };
}
