/**
 * Writing properties. Each packet's file lists its own with `put…` calls, which write nothing for
 * `undefined`; `putProperties` puts the Property Length in front by running that list twice.
 */
import type { MessageProperties, ReasonProperties, UserProperties } from './packet.ts';
import { Property } from './property-definitions.ts';
import { ByteCounter, type ByteSink } from './writer.ts';

/** Writes Property Length and the properties; a length of 0 when there are none [MQTT-2.2.2-1]. */
export function putProperties<P>(
  sink: ByteSink,
  properties: P | undefined,
  put: (sink: ByteSink, properties: P) => void,
): void {
  if (properties === undefined) {
    sink.byte(0);
    return;
  }
  sink.varint(propertiesLength(properties, put));
  put(sink, properties);
}

/** Bytes of the properties without the Property Length in front of them. */
export function propertiesLength<P>(
  properties: P,
  put: (sink: ByteSink, properties: P) => void,
): number {
  const counter = new ByteCounter();
  put(counter, properties);
  return counter.length;
}

export function putByte(sink: ByteSink, id: number, value: number | undefined): void {
  if (value === undefined) return;
  sink.byte(id);
  sink.byte(value);
}

export function putBoolean(sink: ByteSink, id: number, value: boolean | undefined): void {
  if (value !== undefined) putByte(sink, id, value ? 1 : 0);
}

export function putUint16(sink: ByteSink, id: number, value: number | undefined): void {
  if (value === undefined) return;
  sink.byte(id);
  sink.uint16(value);
}

export function putUint32(sink: ByteSink, id: number, value: number | undefined): void {
  if (value === undefined) return;
  sink.byte(id);
  sink.uint32(value);
}

export function putVarint(sink: ByteSink, id: number, value: number | undefined): void {
  if (value === undefined) return;
  sink.byte(id);
  sink.varint(value);
}

export function putString(sink: ByteSink, id: number, value: string | undefined): void {
  if (value === undefined) return;
  sink.byte(id);
  sink.string(value);
}

export function putBinary(sink: ByteSink, id: number, value: Uint8Array | undefined): void {
  if (value === undefined) return;
  sink.byte(id);
  sink.binary(value);
}

/** In their order [MQTT-3.3.2-18]. */
export function putUserProperties(sink: ByteSink, list: UserProperties | undefined): void {
  if (list === undefined) return;
  for (const [name, value] of list) {
    sink.byte(Property.userProperty);
    sink.string(name);
    sink.string(value);
  }
}

/** The properties that PUBLISH and the Will share. */
export function putMessageProperties(sink: ByteSink, properties: MessageProperties): void {
  putByte(sink, Property.payloadFormatIndicator, properties.payloadFormatIndicator);
  putUint32(sink, Property.messageExpiryInterval, properties.messageExpiryInterval);
  putString(sink, Property.contentType, properties.contentType);
  putString(sink, Property.responseTopic, properties.responseTopic);
  putBinary(sink, Property.correlationData, properties.correlationData);
  putUserProperties(sink, properties.userProperties);
}

/** The properties of everything that answers. */
export function putReasonProperties(sink: ByteSink, properties: ReasonProperties): void {
  putString(sink, Property.reasonString, properties.reasonString);
  putUserProperties(sink, properties.userProperties);
}
