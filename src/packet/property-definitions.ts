/**
 * The properties of MQTT 5.0 (§2.2.2): which exist, where each is allowed, which values it may have.
 *
 * Reading fills one record that has a field for every property; each packet then picks its own fields
 * from it, so that packets of one type always have one shape. Rejected: a `Map` for each packet, and
 * computed keys (both untyped). Reading is in properties.ts, writing in property-writing.ts.
 *
 * To add a property: an entry in `Property`, a field in `PropertyRecord`, a call of `define`, and in the
 * packets that carry it a line for picking and a line for putting.
 */
import type { ByteReader } from './primitives.ts';
import { ProtocolError, protocolError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';

/** Property Identifiers, MQTT 5.0 table 2-4. */
export const Property = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  sessionExpiryInterval: 0x11,
  assignedClientIdentifier: 0x12,
  serverKeepAlive: 0x13,
  authenticationMethod: 0x15,
  authenticationData: 0x16,
  requestProblemInformation: 0x17,
  willDelayInterval: 0x18,
  requestResponseInformation: 0x19,
  responseInformation: 0x1a,
  serverReference: 0x1c,
  reasonString: 0x1f,
  receiveMaximum: 0x21,
  topicAliasMaximum: 0x22,
  topicAlias: 0x23,
  maximumQoS: 0x24,
  retainAvailable: 0x25,
  userProperty: 0x26,
  maximumPacketSize: 0x27,
  wildcardSubscriptionAvailable: 0x28,
  subscriptionIdentifiersAvailable: 0x29,
  sharedSubscriptionAvailable: 0x2a,
} as const;

/** What a list of properties belongs to: a packet type, or the Will in CONNECT. One bit each. */
export const PropertyOwner = {
  connect: 0x1,
  will: 0x2,
  connack: 0x4,
  publish: 0x8,
  acknowledgement: 0x10,
  subscribe: 0x20,
  suback: 0x40,
  unsubscribe: 0x80,
  unsuback: 0x100,
  disconnect: 0x200,
  auth: 0x400,
} as const;
export type PropertyOwner = (typeof PropertyOwner)[keyof typeof PropertyOwner];

/** Every property a packet can have. Repeatable ones are lists. */
export class PropertyRecord {
  payloadFormatIndicator: 0 | 1 | undefined;
  messageExpiryInterval: number | undefined;
  contentType: string | undefined;
  responseTopic: string | undefined;
  correlationData: Uint8Array | undefined;
  subscriptionIdentifiers: number[] | undefined;
  sessionExpiryInterval: number | undefined;
  assignedClientIdentifier: string | undefined;
  serverKeepAlive: number | undefined;
  authenticationMethod: string | undefined;
  authenticationData: Uint8Array | undefined;
  requestProblemInformation: boolean | undefined;
  willDelayInterval: number | undefined;
  requestResponseInformation: boolean | undefined;
  responseInformation: string | undefined;
  serverReference: string | undefined;
  reasonString: string | undefined;
  receiveMaximum: number | undefined;
  topicAliasMaximum: number | undefined;
  topicAlias: number | undefined;
  maximumQoS: 0 | 1 | undefined;
  retainAvailable: boolean | undefined;
  userProperties: (readonly [name: string, value: string])[] | undefined;
  maximumPacketSize: number | undefined;
  wildcardSubscriptionAvailable: boolean | undefined;
  subscriptionIdentifiersAvailable: boolean | undefined;
  sharedSubscriptionAvailable: boolean | undefined;
}

export interface PropertyDefinition {
  /** As the specification writes it; errors use it. */
  readonly name: string;
  readonly owners: number;
  /** Its bit in the mask of those already seen. */
  readonly bit: number;
  readonly read: ReadValue;
}
type ReadValue = (into: PropertyRecord, reader: ByteReader, name: string) => void;

const { connect, will, connack, publish, acknowledgement, subscribe } = PropertyOwner;
const { suback, unsubscribe, unsuback, disconnect, auth } = PropertyOwner;
const message = publish | will;
const reason = connack | acknowledgement | suback | unsuback | disconnect | auth;
const all = connect | message | subscribe | unsubscribe | reason;

/** By Property Identifier. */
export const definitions: (PropertyDefinition | undefined)[] = [];

function define(id: number, name: string, owners: number, read: ReadValue): void {
  const bit = 1 << definitions.filter((definition) => definition !== undefined).length;
  while (definitions.length <= id) definitions.push(undefined);
  definitions[id] = { name, owners, bit, read };
}

define(
  Property.payloadFormatIndicator,
  'Payload Format Indicator',
  message,
  (into, reader, name) => {
    into.payloadFormatIndicator = zeroOrOne(reader, name);
  },
);
define(Property.messageExpiryInterval, 'Message Expiry Interval', message, (into, reader, name) => {
  into.messageExpiryInterval = reader.uint32(name);
});
define(Property.contentType, 'Content Type', message, (into, reader, name) => {
  into.contentType = reader.string(name);
});
define(Property.responseTopic, 'Response Topic', message, (into, reader, name) => {
  into.responseTopic = responseTopic(reader, name);
});
define(Property.correlationData, 'Correlation Data', message, (into, reader, name) => {
  into.correlationData = reader.binary(name);
});
define(
  Property.subscriptionIdentifier,
  'Subscription Identifier',
  publish | subscribe,
  (into, reader, name) => {
    into.subscriptionIdentifiers ??= [];
    into.subscriptionIdentifiers.push(nonZero(reader.varint(name), name));
  },
);
define(
  Property.sessionExpiryInterval,
  'Session Expiry Interval',
  connect | connack | disconnect,
  (into, reader, name) => {
    into.sessionExpiryInterval = reader.uint32(name);
  },
);
define(
  Property.assignedClientIdentifier,
  'Assigned Client Identifier',
  connack,
  (into, reader, name) => {
    into.assignedClientIdentifier = reader.string(name);
  },
);
define(Property.serverKeepAlive, 'Server Keep Alive', connack, (into, reader, name) => {
  into.serverKeepAlive = reader.uint16(name);
});
define(
  Property.authenticationMethod,
  'Authentication Method',
  connect | connack | auth,
  (into, reader, name) => {
    into.authenticationMethod = reader.string(name);
  },
);
define(
  Property.authenticationData,
  'Authentication Data',
  connect | connack | auth,
  (into, reader, name) => {
    into.authenticationData = reader.binary(name);
  },
);
define(
  Property.requestProblemInformation,
  'Request Problem Information',
  connect,
  (into, reader, name) => {
    into.requestProblemInformation = zeroOrOne(reader, name) === 1;
  },
);
define(Property.willDelayInterval, 'Will Delay Interval', will, (into, reader, name) => {
  into.willDelayInterval = reader.uint32(name);
});
define(
  Property.requestResponseInformation,
  'Request Response Information',
  connect,
  (into, reader, name) => {
    into.requestResponseInformation = zeroOrOne(reader, name) === 1;
  },
);
define(Property.responseInformation, 'Response Information', connack, (into, reader, name) => {
  into.responseInformation = reader.string(name);
});
define(Property.serverReference, 'Server Reference', connack | disconnect, (into, reader, name) => {
  into.serverReference = reader.string(name);
});
define(Property.reasonString, 'Reason String', reason, (into, reader, name) => {
  into.reasonString = reader.string(name);
});
define(Property.receiveMaximum, 'Receive Maximum', connect | connack, (into, reader, name) => {
  into.receiveMaximum = nonZero(reader.uint16(name), name);
});
define(
  Property.topicAliasMaximum,
  'Topic Alias Maximum',
  connect | connack,
  (into, reader, name) => {
    into.topicAliasMaximum = reader.uint16(name);
  },
);
define(Property.topicAlias, 'Topic Alias', publish, (into, reader, name) => {
  into.topicAlias = topicAlias(reader, name);
});
define(Property.maximumQoS, 'Maximum QoS', connack, (into, reader, name) => {
  into.maximumQoS = zeroOrOne(reader, name);
});
define(Property.retainAvailable, 'Retain Available', connack, (into, reader, name) => {
  into.retainAvailable = zeroOrOne(reader, name) === 1;
});
define(Property.userProperty, 'User Property', all, (into, reader, name) => {
  into.userProperties ??= [];
  into.userProperties.push([reader.string(name), reader.string(name)]);
});
define(
  Property.maximumPacketSize,
  'Maximum Packet Size',
  connect | connack,
  (into, reader, name) => {
    into.maximumPacketSize = nonZero(reader.uint32(name), name);
  },
);
define(
  Property.wildcardSubscriptionAvailable,
  'Wildcard Subscription Available',
  connack,
  (into, reader, name) => {
    into.wildcardSubscriptionAvailable = zeroOrOne(reader, name) === 1;
  },
);
define(
  Property.subscriptionIdentifiersAvailable,
  'Subscription Identifiers Available',
  connack,
  (into, reader, name) => {
    into.subscriptionIdentifiersAvailable = zeroOrOne(reader, name) === 1;
  },
);
define(
  Property.sharedSubscriptionAvailable,
  'Shared Subscription Available',
  connack,
  (into, reader, name) => {
    into.sharedSubscriptionAvailable = zeroOrOne(reader, name) === 1;
  },
);

function zeroOrOne(reader: ByteReader, name: string): 0 | 1 {
  const value = reader.byte(name);
  if (value === 0 || value === 1) return value;
  throw protocolError(`${name} is ${value}; it can be 0 or 1`);
}

function nonZero(value: number, name: string): number {
  if (value === 0) throw protocolError(`${name} is 0`);
  return value;
}

/** [MQTT-3.3.2-8] 0 is not a Topic Alias; §3.3.2.3.4 gives the code. */
function topicAlias(reader: ByteReader, name: string): number {
  const value = reader.uint16(name);
  if (value === 0) throw new ProtocolError(ReasonCode.topicAliasInvalid, `${name} is 0`);
  return value;
}

/** [MQTT-3.3.2-14] A Topic Name: no wildcards, not empty. */
function responseTopic(reader: ByteReader, name: string): string {
  const value = reader.string(name);
  if (value === '') throw protocolError(`${name} is empty`);
  if (hasWildcard(value)) throw protocolError(`${name} contains a wildcard character`);
  return value;
}

/** Whether a string contains `+` or `#`, which no Topic Name may [MQTT-4.7.0-1]. */
export function hasWildcard(topicName: string): boolean {
  return topicName.includes('+') || topicName.includes('#');
}
