import { readdirSync } from 'node:fs';
import { PlaceReader, stateLines } from './export-store.ts';
import { readOnlyIo } from './read-only-io.ts';
import { journalDirectory, recover } from './recover.ts';

/** What waits for one Session. */
export interface QueueFigures {
  readonly clientId: string;
  readonly queued: number;
  /** Sent and not acknowledged. */
  readonly inflight: number;
}

/** What a store holds, counted. */
export interface StoreFigures {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly wills: number;
  readonly retainedMessages: number;
  /** With a body of its own, however many have still to get it. */
  readonly messages: number;
  readonly queued: number;
  readonly inflight: number;
  /** QoS 2 identifiers that publishers have not released. */
  readonly unreleased: number;
  readonly segments: number;
  readonly logBytes: number;
  /** Of records that a start would still need. */
  readonly neededBytes: number;
  /** The longest first. */
  readonly longestQueues: readonly QueueFigures[];
  /** What was damaged at an earlier start and set aside. */
  readonly setAside: readonly string[];
  /** What a start would say, one sentence each. */
  readonly problems: readonly string[];
}

const queuesMax = 10;

/**
 * Counts what is in a data directory and changes nothing. Of a store that is in use it sees what has been written
 * so far; a write that is under way looks like an unfinished one.
 * @throws StorageError for a newer format, or a directory that cannot be used
 */
export function storeFigures(dataDirectory: string): StoreFigures {
  const directory = journalDirectory(dataDirectory);
  const { log, image, report } = recover(readOnlyIo, directory, undefined);
  // Damaged bytes could not be set aside by one who only looks: that is no problem of the store's.
  const problems = report.problems.filter((problem) => !problem.includes('EROFS'));
  const names = new Map<number, string>();
  let subscriptions = 0;
  let wills = 0;
  for (const line of stateLines(image, new PlaceReader(problems))) {
    if (line.kind === 'subscription') subscriptions++;
    else if (line.kind === 'session') {
      names.set(line.session, line.clientId);
      if (line.will !== undefined) wills++;
    }
  }
  const queues: QueueFigures[] = [];
  let unreleased = 0;
  for (const session of image.sessions.values()) {
    unreleased += session.unreleased?.size ?? 0;
    if (session.queuedCount === 0) continue;
    let inflight = 0;
    for (const { packetId } of session.entries()) if (packetId !== 0) inflight++;
    const clientId = names.get(session.number) ?? '';
    queues.push({ clientId, queued: session.queuedCount - inflight, inflight });
  }
  queues.sort((a, b) => b.queued + b.inflight - a.queued - a.inflight);
  return {
    sessions: image.sessions.size,
    subscriptions,
    wills,
    retainedMessages: image.retained.size,
    messages: image.messages.size,
    queued: queues.reduce((sum, { queued }) => sum + queued, 0),
    inflight: queues.reduce((sum, { inflight }) => sum + inflight, 0),
    unreleased,
    segments: log.segments.length,
    logBytes: log.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    neededBytes: image.liveBytes,
    longestQueues: queues.slice(0, queuesMax),
    setAside: readdirSync(directory).filter((name) => name.endsWith('.damaged')),
    problems,
  };
}
