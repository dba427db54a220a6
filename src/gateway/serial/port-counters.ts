/**
 * What a port counts. Every non-blank line has exactly one result; the names are those of the metrics, and
 * none of them carries a sensor id, because a device can make up any number of those.
 */
import type { FieldDrop } from './field-mapper.ts';

export const lineResults = [
  'published',
  'salvaged',
  'log_line',
  'bad_json',
  'not_utf8',
  'oversize',
  'no_sensor_id',
  'duplicate',
  'rate_limited',
  'queue_dropped',
  'topic_too_long',
  'too_many_sensors',
] as const;
/** `published` as it came; `salvaged`: published after a part was thrown away; the others are not published. */
export type LineResult = (typeof lineResults)[number];

export const fieldDrops: readonly FieldDrop[] = [
  'bad_string',
  'topic_too_long',
  'too_many_fields',
  'field_shadowed',
];

export const writeResults = [
  'ok',
  'closed',
  'queue_full',
  'timeout',
  'too_long',
  'line_feed',
  'not_utf8',
  'retained',
  'disabled',
] as const;
/** `ok`: the operating system took the bytes. */
export type WriteOutcome = (typeof writeResults)[number];

export interface PortCounts {
  /** Bytes read. */
  readonly bytes: number;
  readonly lines: Readonly<Record<LineResult, number>>;
  /** Fields left out of lines that were published. */
  readonly fieldsDropped: Readonly<Record<FieldDrop, number>>;
  /** Bytes of oversize lines. */
  readonly discardedBytes: number;
  /** Messages given to the broker and accepted. */
  readonly published: number;
  /** Messages the broker refused. */
  readonly refused: number;
  /** Times the port was opened again. */
  readonly reconnects: number;
  readonly tx: Readonly<Record<WriteOutcome, number>>;
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  const counts: Partial<Record<Name, number>> = {};
  for (const name of names) counts[name] = 0;
  return counts as Record<Name, number>;
}

export class PortCounters implements PortCounts {
  bytes = 0;
  readonly lines: Record<LineResult, number> = zeros(lineResults);
  readonly fieldsDropped: Record<FieldDrop, number> = zeros(fieldDrops);
  discardedBytes = 0;
  published = 0;
  refused = 0;
  reconnects = 0;
  readonly tx: Record<WriteOutcome, number> = zeros(writeResults);

  /** A copy that does not change any more. */
  snapshot(): PortCounts {
    return {
      bytes: this.bytes,
      lines: { ...this.lines },
      fieldsDropped: { ...this.fieldsDropped },
      discardedBytes: this.discardedBytes,
      published: this.published,
      refused: this.refused,
      reconnects: this.reconnects,
      tx: { ...this.tx },
    };
  }
}
