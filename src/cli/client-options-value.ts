import type { MqttVersion, QoS, RetainHandling } from '../packet/index.ts';
import type { ClientSettings } from './client-options-settings.ts';

/** The command line cannot be used; the message is for the user, who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A whole number within the range, both ends included. @throws {UsageError} `sentence`, otherwise. */
export function wholeNumber(text: string, min: number, max: number, sentence: string): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new UsageError(sentence);
  return value;
}

/** @throws {UsageError} for a text that cannot be an MQTT string. */
export function mqttText(text: string, argument: string): string {
  // A command line with bytes that are no UTF-8 arrives with U+FFFD in their place.
  if (text.includes('\ufffd') || text.includes('\0') || !text.isWellFormed()) {
    throw new UsageError(`Malformed UTF-8 in ${argument} argument.`);
  }
  return text;
}

export function protocolVersion(text: string): MqttVersion {
  switch (text.replace(/^mqttv/, '')) {
    case '31':
      return 3;
    case '311':
      return 4;
    case '5':
      return 5;
    default:
      throw new UsageError('Invalid protocol version argument given. Use 5, 311 or 31.');
  }
}

export function tlsVersion(text: string): NonNullable<ClientSettings['tlsVersion']> {
  switch (text) {
    case 'tlsv1.1':
      return 'TLSv1.1';
    case 'tlsv1.2':
      return 'TLSv1.2';
    case 'tlsv1.3':
      return 'TLSv1.3';
    default:
      throw new UsageError(`Invalid --tls-version "${text}". Use tlsv1.3, tlsv1.2 or tlsv1.1.`);
  }
}

export function sessionExpiry(text: string): number {
  if (text === '∞' || text === '-1') return 0xffff_ffff;
  if (!/^(?:\d+|0x[0-9a-fA-F]+)$/.test(text)) {
    throw new UsageError('session-expiry-interval not a number.');
  }
  if (Number(text) > 0xffff_ffff) throw new UsageError('session-expiry-interval out of range.');
  return Number(text);
}

export function retainHandling(text: string): RetainHandling {
  switch (text) {
    case 'always':
      return 0;
    case 'new':
      return 1;
    case 'never':
      return 2;
    default:
      throw new UsageError(
        `Unknown value '${text}' for --retain-handling. Use always, new or never.`,
      );
  }
}

export function qos(text: string, sentence: string): QoS {
  if (text === '0') return 0;
  if (text === '1') return 1;
  if (text === '2') return 2;
  throw new UsageError(sentence);
}

export function decimal(text: string, min: number, max: number, sentence: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) throw new UsageError(sentence);
  return value;
}
