import { join } from 'node:path';
import type { RecoveryReport, SessionNumber, StateSink } from '../broker/index.ts';
import type { Io } from './io.ts';
import { type ReadLog, readLog } from './log/read-log.ts';
import { RecordError } from './log/record-reader.ts';
import { readOnlyIo } from './read-only-io.ts';
import { Replay } from './replay.ts';
import { StateImage } from './state-image.ts';
import { StateLoader } from './state-loader.ts';

export interface Recovered {
  readonly log: ReadLog;
  readonly image: StateImage;
  readonly report: RecoveryReport;
  /** Sessions that were given up, because the log lost their records. */
  readonly lostSessions: readonly SessionNumber[];
}

/** Where the log is in a data directory. */
export function journalDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'journal');
}

/**
 * Reads the log and hands the state that it leads to over to `sink`.
 * @throws StorageError for a newer format, or a directory that cannot be used
 */
export function recover(io: Io, directory: string, sink: StateSink | undefined): Recovered {
  const image = new StateImage();
  const replay = new Replay(image);
  const senseless: string[] = [];
  const log = readLog(io, directory, (record, segment) => {
    try {
      replay.record(record, segment);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      senseless.push(`record ${record.lsn} in ${segment.path} makes no sense: ${error.message}`);
    }
  });
  const problems = [...log.problems, ...senseless];
  const lostSessions: SessionNumber[] = [];
  for (const { number, record } of image.sessions.values()) {
    if (record === undefined) lostSessions.push(number);
  }
  for (const number of lostSessions) {
    image.session(number, undefined);
    problems.push(
      `the record of session ${number} is lost: its messages and subscriptions are given up`,
    );
  }
  if (sink !== undefined) new StateLoader(io, image, problems).load(sink);
  const report = {
    sessions: image.sessions.size,
    retainedMessages: image.retained.size,
    queuedMessages: image.queuedCount,
    problems,
  };
  return { log, image, report, lostSessions };
}

/**
 * Looks at the state in a data directory and changes nothing: for checks and exports. Of a store that is in use
 * it sees what has been written so far; a write that is under way looks like an unfinished one.
 * @throws StorageError for a newer format, or a directory that cannot be used
 */
export function inspectStore(dataDirectory: string, sink?: StateSink): RecoveryReport {
  return recover(readOnlyIo, journalDirectory(dataDirectory), sink).report;
}
