import type { MessageProperties, WillProperties } from '../packet/index.ts';
import type { RecordReader } from './log/record-reader.ts';
import { RecordError } from './log/record-reader.ts';
import type { RecordWriter } from './log/record-writer.ts';

/** Which properties follow, in this order. */
const Present = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x04,
  responseTopic: 0x08,
  correlationData: 0x10,
  userProperties: 0x20,
  willDelayInterval: 0x40,
} as const;

/** The properties of a Message or of a Will. */
export function writeProperties(writer: RecordWriter, properties: WillProperties): void {
  const { payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic } = properties;
  const { correlationData, userProperties, willDelayInterval } = properties;
  let present = 0;
  if (payloadFormatIndicator !== undefined) present |= Present.payloadFormatIndicator;
  if (messageExpiryInterval !== undefined) present |= Present.messageExpiryInterval;
  if (contentType !== undefined) present |= Present.contentType;
  if (responseTopic !== undefined) present |= Present.responseTopic;
  if (correlationData !== undefined) present |= Present.correlationData;
  if (userProperties !== undefined) present |= Present.userProperties;
  if (willDelayInterval !== undefined) present |= Present.willDelayInterval;
  writer.byte(present);
  if (payloadFormatIndicator !== undefined) writer.byte(payloadFormatIndicator);
  if (messageExpiryInterval !== undefined) writer.varint(messageExpiryInterval);
  if (contentType !== undefined) writer.string(contentType);
  if (responseTopic !== undefined) writer.string(responseTopic);
  if (correlationData !== undefined) writer.binary(correlationData);
  if (userProperties !== undefined) {
    writer.varint(userProperties.length);
    for (const [name, value] of userProperties) {
      writer.string(name);
      writer.string(value);
    }
  }
  if (willDelayInterval !== undefined) writer.varint(willDelayInterval);
}

/** Byte properties are copies. @throws RecordError */
export function readProperties(reader: RecordReader): MessageProperties & WillProperties {
  const present = reader.byte();
  if (present > 0x7f) throw new RecordError(`unknown properties 0x${present.toString(16)}`);
  const has = (property: keyof typeof Present): boolean => (present & Present[property]) !== 0;
  return {
    ...(has('payloadFormatIndicator') && { payloadFormatIndicator: readIndicator(reader) }),
    ...(has('messageExpiryInterval') && { messageExpiryInterval: reader.varint() }),
    ...(has('contentType') && { contentType: reader.string() }),
    ...(has('responseTopic') && { responseTopic: reader.string() }),
    ...(has('correlationData') && { correlationData: reader.binary().slice() }),
    ...(has('userProperties') && { userProperties: readUserProperties(reader) }),
    ...(has('willDelayInterval') && { willDelayInterval: reader.varint() }),
  };
}

function readIndicator(reader: RecordReader): 0 | 1 {
  const value = reader.byte();
  if (value > 1) throw new RecordError(`Payload Format Indicator ${value}`);
  return value === 0 ? 0 : 1;
}

function readUserProperties(reader: RecordReader): [string, string][] {
  const count = reader.varint();
  if (count > reader.remaining) throw new RecordError(`${count} User Properties do not fit`);
  return Array.from({ length: count }, () => [reader.string(), reader.string()]);
}
