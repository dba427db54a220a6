/** Reading the properties of a packet (MQTT 5.0 §2.2.2) by their definitions. */
import type { ByteReader } from './primitives.ts';
import { definitions, Property, PropertyOwner, PropertyRecord } from './property-definitions.ts';
import { malformed, protocolError } from './protocol-error.ts';

/**
 * Reads Property Length and the properties behind it; `undefined` when there are none.
 * @throws ProtocolError 0x81 for a property that does not exist or does not belong to `owner` (§2.2.2.2),
 * 0x82 for one that is repeated or has a value out of its range, 0x94 for Topic Alias 0.
 */
export function readProperties(
  reader: ByteReader,
  owner: PropertyOwner,
): PropertyRecord | undefined {
  const length = reader.varint('Property Length');
  if (length === 0) return undefined;
  if (length > reader.remaining) {
    throw malformed(`Property Length ${length} goes beyond the end of the packet`);
  }
  const packetEnd = reader.end;
  reader.end = reader.offset + length;
  const record = new PropertyRecord();
  let seen = 0;
  while (reader.offset < reader.end) {
    const id = reader.varint('Property Identifier');
    const definition = id < definitions.length ? definitions[id] : undefined;
    if (definition === undefined) {
      throw malformed(`There is no property with the identifier ${id}`);
    }
    if ((definition.owners & owner) === 0) {
      throw malformed(`${definition.name} is not a property of this packet`);
    }
    if ((seen & definition.bit) !== 0 && !mayRepeat(id, owner)) {
      throw protocolError(`${definition.name} is included more than once`);
    }
    seen |= definition.bit;
    definition.read(record, reader, definition.name);
  }
  reader.end = packetEnd;
  return record;
}

function mayRepeat(id: number, owner: PropertyOwner): boolean {
  if (id === Property.userProperty) return true;
  return id === Property.subscriptionIdentifier && owner === PropertyOwner.publish;
}

/**
 * Authentication Data needs an Authentication Method, in CONNECT, CONNACK and AUTH alike.
 * @throws ProtocolError 0x82
 */
export function checkAuthentication(record: PropertyRecord): void {
  if (record.authenticationData !== undefined && record.authenticationMethod === undefined) {
    throw protocolError('Authentication Data is included without Authentication Method');
  }
}
