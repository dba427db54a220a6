/** Values of the options of `linnet bench`. Each function throws what commander reports as a wrong option. */
import { InvalidArgumentError } from 'commander';
import { type MqttVersion, QoS } from '../packet/index.ts';
import { protocolVersion, UsageError } from './client-options-value.ts';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const multiples: Readonly<Record<string, number>> = { k: 1000, M: 1_000_000 };
const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  KB: 1000,
  MB: 1_000_000,
  KiB: 1024,
  MiB: 1_048_576,
};

/** `1000`, `10k`, `2M`: a whole number. */
export function count(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = withUnit(text, multiples, 1);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `Expected a whole number from ${min} to ${max}, such as ${min}.`,
    );
  };
}

/** Messages or connections a second; 0: as fast as it goes. */
export function rate(text: string): number {
  const value = withUnit(text, multiples, 1);
  if (value >= 0 && value <= 100_000_000) return value;
  throw new InvalidArgumentError('Expected how many a second, such as 5000 or 20k.');
}

/** Milliseconds, of `10`, `10s`, `500ms`, `2m`. */
export function duration(text: string): number {
  const value = withUnit(text, unitsMs, 1000);
  if (value >= 0) return value;
  throw new InvalidArgumentError('Expected a duration, such as 10s, 500ms or 5m.');
}

/** Bytes, of `256`, `16KiB`. */
export function size(text: string): number {
  const value = withUnit(text, sizeUnits, 1);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError('Expected a number of bytes, such as 256 or 16KiB.');
}

export function qosValue(text: string): QoS {
  const value = Object.values(QoS).find((known) => String(known) === text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected 0, 1 or 2.');
}

export function version(text: string): MqttVersion {
  try {
    return protocolVersion(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new InvalidArgumentError('Expected 5, 311 or 31.');
  }
}

/** NaN for what is no number with one of the units. */
function withUnit(text: string, units: Readonly<Record<string, number>>, plain: number): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = unit === '' ? plain : units[unit];
  return number === undefined || factor === undefined ? Number.NaN : Number(number) * factor;
}
