/**
 * Writes the state of a store as lines of JSON (`export-line.ts`). The image of the log says what is needed and
 * where it lies, so the content is read segment by segment and never all at once.
 */

import { messageLine, sessionLine, subscriptionLine } from './export-content.ts';
import { type ExportLine, exportVersion } from './export-line.ts';
import { recordBytesMin } from './log/format.ts';
import { readSegment } from './log/read-log.ts';
import { RecordError, RecordReader } from './log/record-reader.ts';
import type { Segment } from './log/segment.ts';
import type { MovedReceiver } from './message-codec.ts';
import { readMessageOf, readOp } from './op-codec.ts';
import { readOnlyIo } from './read-only-io.ts';
import { journalDirectory, recover } from './recover.ts';
import type { StateImage } from './state-image.ts';
import type { Place, StoredMessage } from './stored-message.ts';

export interface ExportReport {
  readonly sessions: number;
  readonly messages: number;
  /** What is damaged and was left out, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * The state in a data directory, line by line; nothing is changed there.
 * @throws StorageError for a newer format, or a directory that cannot be used
 */
export function* exportStore(dataDirectory: string): Generator<string, ExportReport> {
  const { log, image, report } = recover(readOnlyIo, journalDirectory(dataDirectory), undefined);
  const problems = [...report.problems];
  const { sessions } = report;
  const messages = image.messages.size;
  const head = { kind: 'store', version: exportVersion, lastLsn: log.lastLsn } as const;
  yield `${JSON.stringify({ ...head, sessions, messages })}\n`;
  const reader = new PlaceReader(problems);
  for (const line of stateLines(image, reader)) yield textOf(line);
  for (const [segment, places] of bySegment(image.messages.values())) {
    for (const [place, bytes] of reader.read(segment, places)) {
      const line = reader.decode(place, bytes, (fields, flags) => {
        const message = readMessageOf(flags, place.id, fields, place.retainedAs);
        const isRetained = place.retainedAs !== undefined;
        return messageLine(place.id, message, isRetained, receiversOf(place));
      });
      if (line !== undefined) yield textOf(line);
    }
  }
  return { sessions, messages, problems };
}

/** Sessions, subscriptions, identifiers. */
export function* stateLines(image: StateImage, reader: PlaceReader): Generator<ExportLine> {
  const sessions = [...image.sessions.values()];
  const records = sessions.flatMap(({ record }) => record ?? []);
  const subscriptions = sessions.flatMap((each) => [...(each.subscriptions?.values() ?? [])]);
  for (const places of [records, subscriptions]) {
    for (const [segment, group] of bySegment(places)) {
      for (const [place, bytes] of reader.read(segment, group)) {
        const line = reader.decode(place, bytes, stateLine);
        if (line !== undefined) yield line;
      }
    }
  }
  for (const { number, unreleased } of sessions) {
    if (unreleased === undefined || unreleased.size === 0) continue;
    yield { kind: 'unreleased', session: number, packetIds: [...unreleased.keys()] };
  }
}

function stateLine(fields: RecordReader, flags: number, type: number): ExportLine | undefined {
  const op = readOp(type, flags, 0, fields);
  if (op.kind === 'session' && op.record !== undefined) return sessionLine(op.session, op.record);
  if (op.kind === 'subscription' && op.subscription !== undefined) {
    return subscriptionLine(op.session, op.subscription);
  }
  return undefined;
}

function textOf(line: ExportLine): string {
  return `${JSON.stringify(line)}\n`;
}

function bySegment<P extends Place>(places: Iterable<P>): Map<Segment, P[]> {
  const found = new Map<Segment, P[]>();
  for (const place of places) {
    const known = found.get(place.segment);
    if (known === undefined) found.set(place.segment, [place]);
    else known.push(place);
  }
  return found;
}

/** Reads records that the image has places of; what makes no sense goes to `problems`. */
export class PlaceReader {
  private readonly problems: string[];
  private readonly reader = new RecordReader(new Uint8Array(0));
  private buffer = new Uint8Array(0);

  constructor(problems: string[]) {
    this.problems = problems;
  }

  /** Each place with the bytes of its whole segment, in the order of the file. */
  *read<P extends Place>(segment: Segment, places: P[]): Generator<[P, Uint8Array]> {
    const { sizeBytes, path } = segment;
    if (sizeBytes > this.buffer.length) this.buffer = new Uint8Array(sizeBytes);
    const bytes = this.buffer.subarray(0, sizeBytes);
    readSegment(readOnlyIo, path, bytes, this.problems);
    places.sort((a, b) => a.offset - b.offset);
    for (const place of places) yield [place, bytes];
  }

  decode(
    place: Place,
    bytes: Uint8Array,
    decode: (fields: RecordReader, flags: number, type: number) => ExportLine | undefined,
  ): ExportLine | undefined {
    const { offset, segment } = place;
    this.reader.reset(bytes, offset + recordBytesMin, offset + place.bytes);
    try {
      return decode(this.reader, bytes[offset + 17] as number, bytes[offset + 16] as number);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      const reason = error.message;
      this.problems.push(
        `the record at byte ${offset} of ${segment.path} makes no sense: ${reason}`,
      );
      return undefined;
    }
  }
}

/** In the order in which they were added. */
function receiversOf(message: StoredMessage): MovedReceiver[] {
  const receivers: MovedReceiver[] = [];
  for (let entry = message.first; entry !== undefined; entry = entry.next) {
    const { session, qos, retain, packetId, released, queuedAt, sentAt, extras } = entry;
    receivers.push({
      session: session.number,
      qos,
      retain,
      subscriptionIdentifiers: extras?.subscriptionIdentifiers,
      share: extras?.share,
      packetId,
      released,
      queuedAt,
      sentAt,
    });
  }
  return receivers.reverse();
}
