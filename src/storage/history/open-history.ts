import type { Io } from '../io.ts';
import { firstLsnOf } from '../log/format.ts';
import { readLog } from '../log/read-log.ts';
import { Segment } from '../log/segment.ts';
import type { LogPosition } from '../log/segment-log.ts';
import { addToIndex } from './build-index.ts';
import { HistorySegment } from './history-segments.ts';
import { SegmentIndex, type SegmentSummary } from './segment-index.ts';
import { readSidecarHead, sidecarHeadBytes, sidecarPath } from './sidecar.ts';

/** A history as it was left. */
export interface FoundHistory {
  readonly position: LogPosition;
  readonly segments: HistorySegment[];
  /** Segments without a sidecar whose index was made on the way. */
  readonly indexes: ReadonlyMap<HistorySegment, SegmentIndex>;
  readonly problems: readonly string[];
}

interface Named {
  readonly firstLsn: number;
  readonly sizeBytes: number;
  readonly summary: SegmentSummary | undefined;
}

/**
 * Finds the segments. Only those at the end that have no sidecar are read, the way a log is read after
 * whatever happened to it; of the others the head of the sidecar tells enough.
 *
 * @throws StorageError for a newer format, or when the directory cannot be made or read
 */
export function openHistory(io: Io, directory: string): FoundHistory {
  const named: Named[] = [];
  // The log's own reader makes the directory, and says what is wrong with it.
  readLog(
    withFiles(io, () => false),
    directory,
    () => undefined,
  );
  for (const { name, sizeBytes } of io.listSync(directory)) {
    const firstLsn = firstLsnOf(name);
    if (firstLsn === undefined) continue;
    const summary = sidecarOf(io, new Segment(directory, firstLsn), sizeBytes);
    named.push({ firstLsn, sizeBytes, summary });
  }
  named.sort((a, b) => a.firstLsn - b.firstLsn);
  const sealedCount = named.findLastIndex(({ summary }) => summary !== undefined) + 1;
  const tailLsn = named[sealedCount]?.firstLsn ?? Infinity;
  const sealed = named.slice(0, sealedCount).map(({ firstLsn, sizeBytes, summary }) => {
    const segment = new Segment(directory, firstLsn);
    segment.sizeBytes = sizeBytes;
    return new HistorySegment(segment, summary);
  });
  const found = new Map<Segment, SegmentIndex>();
  const tail = readLog(
    withFiles(io, (firstLsn) => firstLsn >= tailLsn),
    directory,
    (record, segment) => {
      const index = found.get(segment) ?? new SegmentIndex();
      found.set(segment, index);
      addToIndex(index, record);
    },
  );
  const indexes = new Map<HistorySegment, SegmentIndex>();
  const ends = tail.segments.map((segment) => {
    const end = new HistorySegment(segment, undefined);
    indexes.set(end, found.get(segment) ?? new SegmentIndex());
    return end;
  });
  const lastLsn = Math.max(tail.lastLsn, sealed.at(-1)?.summary?.lastLsn ?? 0);
  const segments = [...sealed, ...ends];
  return {
    position: {
      segments: segments.map(({ segment }) => segment),
      lastLsn,
      syncedLsn: lastLsn,
      isClosed: ends.length === 0 || tail.isClosed,
    },
    segments,
    indexes,
    problems: tail.problems,
  };
}

function sidecarOf(io: Io, segment: Segment, sizeBytes: number): SegmentSummary | undefined {
  const head = new Uint8Array(sidecarHeadBytes);
  try {
    if (io.readSync(sidecarPath(segment.path), 0, head) < head.length) return undefined;
  } catch {
    return undefined; // Missing or unreadable: the segment has everything.
  }
  const summary = readSidecarHead(head);
  const isOfThis = summary?.firstLsn === segment.firstLsn && summary.sizeBytes === sizeBytes;
  return isOfThis ? summary : undefined;
}

/** The disk with only these segments on it. */
function withFiles(io: Io, isThere: (firstLsn: number) => boolean): Io {
  return {
    create: (path) => io.create(path),
    open: (path) => io.open(path),
    unlink: (path) => io.unlink(path),
    syncDirectory: (path) => io.syncDirectory(path),
    freeBytes: (path) => io.freeBytes(path),
    makeDirectorySync: (path) => io.makeDirectorySync(path),
    listSync: (path) => io.listSync(path).filter(({ name }) => isThere(firstLsnOf(name) ?? -1)),
    readSync: (path, position, target) => io.readSync(path, position, target),
    writeFileSync: (path, bytes) => io.writeFileSync(path, bytes),
    truncateSync: (path, sizeBytes) => io.truncateSync(path, sizeBytes),
    syncSync: (path) => io.syncSync(path),
    renameSync: (from, to) => io.renameSync(from, to),
    unlinkSync: (path) => io.unlinkSync(path),
    syncDirectorySync: (path) => io.syncDirectorySync(path),
  };
}
