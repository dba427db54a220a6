import type { PublishPacket, PublishProperties } from '../packet/index.ts';
import { type JsonMember, type JsonValue, jsonNumber, jsonString, utf8 } from './format-json.ts';
import { isoTime } from './format-time.ts';

/** A message as `mosquitto_sub -F %j` shows it, around a payload in whatever form. */
export function messageJson(packet: PublishPacket, time: Date, payload: JsonValue): JsonValue {
  const microseconds = `.${String(time.getMilliseconds()).padStart(3, '0')}000`;
  const members: JsonMember[] = [
    ['tst', jsonString(isoTime(time, microseconds))],
    ['topic', jsonString(utf8(packet.topicName))],
    ['qos', jsonNumber(packet.qos)],
    ['retain', jsonNumber(packet.retain ? 1 : 0)],
    ['payloadlen', jsonNumber(packet.payload.length)],
  ];
  if (packet.qos > 0) members.push(['mid', jsonNumber(packet.packetId)]);
  if (packet.properties !== undefined) members.push(['properties', properties(packet.properties)]);
  members.push(['payload', payload]);
  return { kind: 'object', members };
}

/** In the order in which servers send them. */
function properties(given: PublishProperties): JsonValue {
  const members: JsonMember[] = [];
  const add = (name: string, value: number | string | undefined): void => {
    if (value === undefined) return;
    const json = typeof value === 'number' ? jsonNumber(value) : jsonString(utf8(value));
    members.push([name, json]);
  };
  add('payload-format-indicator', given.payloadFormatIndicator);
  add('message-expiry-interval', given.messageExpiryInterval);
  add('content-type', given.contentType);
  add('response-topic', given.responseTopic);
  if (given.correlationData !== undefined) {
    const data = Buffer.from(given.correlationData).toString('latin1');
    members.push(['correlation-data', jsonString(data)]);
  }
  if (given.userProperties !== undefined) {
    const pairs = given.userProperties.map(
      ([name, value]): JsonMember => [utf8(name), jsonString(utf8(value))],
    );
    members.push(['user-properties', { kind: 'object', members: pairs }]);
  }
  add('topic-alias', given.topicAlias);
  for (const id of given.subscriptionIdentifiers ?? []) add('subscription-identifier', id);
  return { kind: 'object', members };
}
