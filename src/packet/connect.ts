/**
 * CONNECT. The protocol name and version come first and decide how the rest is read, so they are read
 * by a function of their own: whoever gets an error from the rest knows in which version to answer.
 */
import type { ConnectPacket, ConnectProperties, Will, WillProperties } from './packet.ts';
import { MqttVersion, PacketType } from './packet.ts';
import type { ByteReader } from './primitives.ts';
import { checkAuthentication, readProperties } from './properties.ts';
import {
  hasWildcard,
  Property,
  PropertyOwner,
  type PropertyRecord,
} from './property-definitions.ts';
import {
  putBinary,
  putBoolean,
  putMessageProperties,
  putProperties,
  putString,
  putUint16,
  putUint32,
  putUserProperties,
} from './property-writing.ts';
import {
  malformed,
  NotMqttError,
  ProtocolError,
  protocolError,
  UnsupportedVersionError,
} from './protocol-error.ts';
import { qosOf } from './publish.ts';
import { ReasonCode } from './reason-code.ts';
import type { ByteSink } from './writer.ts';

const flag = {
  reserved: 0x01,
  cleanStart: 0x02,
  will: 0x04,
  willQoS: 0x18,
  willRetain: 0x20,
  password: 0x40,
  username: 0x80,
} as const;

/** Bit 7 of the Protocol Version in 3.x. */
const bridgeBit = 0x80;

export interface Protocol {
  readonly version: MqttVersion;
  readonly isBridge: boolean;
}

/**
 * Reads Protocol Name and Protocol Version.
 * @throws NotMqttError for a name that is not MQTT's [MQTT-3.1.2-1] [MQTT3-3.1.2-1]
 * @throws UnsupportedVersionError for another version [MQTT-3.1.2-2] [MQTT3-3.1.2-2]
 */
export function readProtocol(reader: ByteReader): Protocol {
  const name = protocolName(reader);
  const byte = reader.byte('Protocol Version');
  const version = byte & ~bridgeBit;
  const isBridge = byte !== version;
  if (name === 'MQIsdp') {
    if (version === 3) return { version: MqttVersion.v31, isBridge };
  } else {
    if (version === 4) return { version: MqttVersion.v311, isBridge };
    if (byte === 5) return { version: MqttVersion.v5, isBridge: false };
  }
  throw new UnsupportedVersionError(name, byte);
}

function protocolName(reader: ByteReader): 'MQTT' | 'MQIsdp' {
  for (const name of ['MQTT', 'MQIsdp'] as const) {
    if (startsWithString(reader, name)) {
      reader.offset += 2 + name.length;
      return name;
    }
  }
  throw new NotMqttError(
    ReasonCode.unsupportedProtocolVersion,
    'The first packet does not name the protocol MQTT',
  );
}

/** Compares bytes, because what is no MQTT need not be text either. */
function startsWithString(reader: ByteReader, ascii: string): boolean {
  const { bytes, offset } = reader;
  if (reader.remaining < 2 + ascii.length) return false;
  if (bytes[offset] !== 0 || bytes[offset + 1] !== ascii.length) return false;
  for (let index = 0; index < ascii.length; index++) {
    if (bytes[offset + 2 + index] !== ascii.charCodeAt(index)) return false;
  }
  return true;
}

/** Reads what follows the Protocol Version. */
export function decodeConnect(reader: ByteReader, protocol: Protocol): ConnectPacket {
  const { version, isBridge } = protocol;
  const flags = reader.byte('Connect Flags');
  checkFlags(flags, version);
  const keepAlive = reader.uint16('Keep Alive');
  const cleanStart = (flags & flag.cleanStart) !== 0;
  const properties =
    version === 5
      ? pickConnect(readProperties(reader, PropertyOwner.connect))
      : sessionExpiryOfV3(cleanStart);
  const clientId = reader.string('Client Identifier');
  const will = (flags & flag.will) === 0 ? undefined : decodeWill(reader, flags, version);
  const username = isThere(reader, flags & flag.username, version)
    ? reader.string('User Name')
    : undefined;
  const password = isThere(reader, flags & flag.password, version)
    ? reader.binary('Password')
    : undefined;
  return {
    type: PacketType.connect,
    protocolVersion: version,
    isBridge,
    clientId,
    cleanStart,
    keepAlive,
    username,
    password,
    will,
    properties,
  };
}

/** Flags that contradict each other or use what is reserved. */
function checkFlags(flags: number, version: MqttVersion): void {
  // [MQTT-3.1.2-3] [MQTT3-3.1.2-3]; in 3.1 the bit is "not used", so any value of it is.
  if ((flags & flag.reserved) !== 0 && version !== MqttVersion.v31)
    throw malformed('The reserved bit of the Connect Flags is set');
  const willQoS = flags & flag.willQoS;
  if ((flags & flag.will) !== 0) {
    // [MQTT-3.1.2-12] [MQTT3-3.1.2-14]
    if (willQoS === flag.willQoS) throw malformed('The Will QoS is 3');
  } else if (version !== MqttVersion.v31) {
    // MQTT 3.1 §3.1 disregards both where there is no Will.
    // [MQTT-3.1.2-11] [MQTT3-3.1.2-11] [MQTT3-3.1.2-13]
    if (willQoS !== 0) throw malformed('There is a Will QoS, but no Will');
    // [MQTT-3.1.2-13] [MQTT3-3.1.2-15]
    if ((flags & flag.willRetain) !== 0)
      throw malformed('Will Retain is set, but there is no Will');
  }
  // [MQTT3-3.1.2-22]; allowed since 5.0.
  if (version !== 5 && (flags & flag.password) !== 0 && (flags & flag.username) === 0) {
    throw malformed('There is a Password without a User Name');
  }
}

/** MQTT 3.1 §3.1: "the Remaining Length takes precedence" over these two flags: the string may be missing. */
function isThere(reader: ByteReader, bit: number, version: MqttVersion): boolean {
  if (bit === 0) return false;
  return version !== MqttVersion.v31 || reader.remaining > 0;
}

/** MQTT 5.0 §3.1.2.11.2 describes Clean Session in these words. */
function sessionExpiryOfV3(cleanSession: boolean): ConnectProperties {
  return newConnectProperties(cleanSession ? 0 : 0xffff_ffff);
}

function newConnectProperties(sessionExpiryInterval: number): ConnectProperties {
  return {
    sessionExpiryInterval,
    receiveMaximum: undefined,
    maximumPacketSize: undefined,
    topicAliasMaximum: undefined,
    requestResponseInformation: undefined,
    requestProblemInformation: undefined,
    authenticationMethod: undefined,
    authenticationData: undefined,
    userProperties: undefined,
  };
}

function pickConnect(record: PropertyRecord | undefined): ConnectProperties | undefined {
  if (record === undefined) return undefined;
  checkAuthentication(record);
  return {
    sessionExpiryInterval: record.sessionExpiryInterval,
    receiveMaximum: record.receiveMaximum,
    maximumPacketSize: record.maximumPacketSize,
    topicAliasMaximum: record.topicAliasMaximum,
    requestResponseInformation: record.requestResponseInformation,
    requestProblemInformation: record.requestProblemInformation,
    authenticationMethod: record.authenticationMethod,
    authenticationData: record.authenticationData,
    userProperties: record.userProperties,
  };
}

function decodeWill(reader: ByteReader, flags: number, version: MqttVersion): Will {
  const properties =
    version === 5 ? pickWill(readProperties(reader, PropertyOwner.will)) : undefined;
  const topicName = reader.string('Will Topic');
  // A Topic Name: [MQTT-4.7.3-1] at least one character, [MQTT-4.7.0-1] no wildcards.
  if (topicName === '') throw protocolError('The Will Topic is empty');
  if (hasWildcard(topicName)) {
    throw new ProtocolError(
      ReasonCode.topicNameInvalid,
      'The Will Topic contains a wildcard character',
    );
  }
  return {
    topicName,
    payload: reader.binary('Will Payload'),
    qos: qosOf(flags >> 3),
    retain: (flags & flag.willRetain) !== 0,
    properties,
  };
}

function pickWill(record: PropertyRecord | undefined): WillProperties | undefined {
  if (record === undefined) return undefined;
  return {
    payloadFormatIndicator: record.payloadFormatIndicator,
    messageExpiryInterval: record.messageExpiryInterval,
    contentType: record.contentType,
    responseTopic: record.responseTopic,
    correlationData: record.correlationData,
    userProperties: record.userProperties,
    willDelayInterval: record.willDelayInterval,
  };
}

/** Variable header and payload, in the version that the packet itself names. */
export function putConnect(sink: ByteSink, packet: ConnectPacket): void {
  const { protocolVersion: version, will, username, password } = packet;
  if (version !== 5 && password !== undefined && username === undefined) {
    throw new Error('MQTT 3.x cannot send a Password without a User Name');
  }
  sink.string(version === MqttVersion.v31 ? 'MQIsdp' : 'MQTT');
  sink.byte(version !== 5 && packet.isBridge ? version | bridgeBit : version);
  sink.byte(flagsOf(packet));
  sink.uint16(packet.keepAlive);
  if (version === 5) putProperties(sink, packet.properties, putConnectProperties);
  sink.string(packet.clientId);
  if (will !== undefined) {
    if (version === 5) putProperties(sink, will.properties, putWillProperties);
    sink.string(will.topicName);
    sink.binary(will.payload);
  }
  if (username !== undefined) sink.string(username);
  if (password !== undefined) sink.binary(password);
}

function flagsOf(packet: ConnectPacket): number {
  const { will } = packet;
  let flags = packet.cleanStart ? flag.cleanStart : 0;
  if (will !== undefined)
    flags |= flag.will | (will.qos << 3) | (will.retain ? flag.willRetain : 0);
  if (packet.username !== undefined) flags |= flag.username;
  if (packet.password !== undefined) flags |= flag.password;
  return flags;
}

function putConnectProperties(sink: ByteSink, properties: ConnectProperties): void {
  putUint32(sink, Property.sessionExpiryInterval, properties.sessionExpiryInterval);
  putUint16(sink, Property.receiveMaximum, properties.receiveMaximum);
  putUint32(sink, Property.maximumPacketSize, properties.maximumPacketSize);
  putUint16(sink, Property.topicAliasMaximum, properties.topicAliasMaximum);
  putBoolean(sink, Property.requestResponseInformation, properties.requestResponseInformation);
  putBoolean(sink, Property.requestProblemInformation, properties.requestProblemInformation);
  putString(sink, Property.authenticationMethod, properties.authenticationMethod);
  putBinary(sink, Property.authenticationData, properties.authenticationData);
  putUserProperties(sink, properties.userProperties);
}

function putWillProperties(sink: ByteSink, properties: WillProperties): void {
  putUint32(sink, Property.willDelayInterval, properties.willDelayInterval);
  putMessageProperties(sink, properties);
}
