/**
 * Reads a log from the disk as it was left, whatever happened to it. It never refuses (but for a format that
 * is newer than this program) and never stops at the first bad byte: see format.ts for how damage is told
 * from the end. What it steps over or cuts off is said in `problems`, one sentence each, and the bytes that
 * may be worth a look are kept in `*.damaged` files.
 */
import type { Lsn } from '../../session/index.ts';
import { errorCode, type Io } from '../io.ts';
import { inDirectory, StorageError } from '../storage-error.ts';
import {
  firstLsnOf,
  formatVersion,
  frameBytes,
  headerBytes,
  headerVersion,
  LogRecord,
  readUint32,
  userRecordMin,
} from './format.ts';
import { Segment } from './segment.ts';
import type { LogPosition } from './segment-log.ts';
import { SegmentScan } from './segment-scan.ts';

/** A record as it lies in its segment; good only while it is being visited. */
export interface FoundRecord {
  readonly type: number;
  readonly flags: number;
  readonly lsn: Lsn;
  /** Of the whole segment. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly payloadStart: number;
  readonly end: number;
}

/** Told of each record of the log's user, in order. */
export type LogVisitor = (record: FoundRecord, segment: Segment) => void;

export interface ReadLog extends LogPosition {
  readonly problems: string[];
}

const pageBytes = 4096;
const damagedSuffix = '.damaged';

/** @throws StorageError for a newer format, or when the directory cannot be made or read. */
export function readLog(io: Io, directory: string, visitor: LogVisitor): ReadLog {
  return inDirectory(directory, () => new LogReader(io, directory, visitor).read());
}

/** Fills what cannot be read with zeros: as damaged as it is, the rest counts. */
export function readSegment(io: Io, path: string, target: Uint8Array, problems: string[]): void {
  try {
    target.fill(0, io.readSync(path, 0, target));
    return;
  } catch (error) {
    problems.push(`${path} cannot be read everywhere (${errorCode(error)})`);
  }
  for (let at = 0; at < target.length; at += pageBytes) {
    const page = target.subarray(at, at + pageBytes);
    try {
      io.readSync(path, at, page);
    } catch {
      page.fill(0); // Told above: bytes of a bad sector fail their CRC like any others.
    }
  }
}

class LogReader {
  private readonly io: Io;
  private readonly directory: string;
  private readonly visitor: LogVisitor;
  private readonly problems: string[] = [];
  private files: { segment: Segment; sizeBytes: number }[] = [];
  private segments: Segment[] = [];
  private expectedLsn: Lsn = 1;
  private syncedLsn: Lsn = 0;
  private isClosed = false;
  /** Known once a gap has asked for it. */
  private syncedAhead: Lsn | undefined;
  private buffer = new Uint8Array(0);

  constructor(io: Io, directory: string, visitor: LogVisitor) {
    this.io = io;
    this.directory = directory;
    this.visitor = visitor;
  }

  read(): ReadLog {
    this.findFiles();
    for (let index = 0; index < this.files.length; index++) {
      if (!this.readFile(index)) break;
    }
    this.bringToDisk();
    const lastLsn = this.expectedLsn - 1;
    const { segments, syncedLsn, isClosed, problems } = this;
    return { segments, lastLsn, syncedLsn, isClosed, problems };
  }

  private findFiles(): void {
    this.io.makeDirectorySync(this.directory);
    for (const { name, sizeBytes } of this.io.listSync(this.directory)) {
      const firstLsn = firstLsnOf(name);
      if (firstLsn === undefined) continue;
      this.files.push({ segment: new Segment(this.directory, firstLsn), sizeBytes });
    }
    this.files.sort((a, b) => a.segment.firstLsn - b.segment.firstLsn);
    for (const { segment, sizeBytes } of this.files) this.checkHeader(segment, sizeBytes);
    this.expectedLsn = this.files[0]?.segment.firstLsn ?? 1;
  }

  /** @returns false when the log ends in this file */
  private readFile(index: number): boolean {
    const { segment } = this.files[index] as (typeof this.files)[number];
    const bytes = this.load(index, this.bufferFor(index));
    if (segment.firstLsn > this.expectedLsn && !this.stepOver(segment.firstLsn - 1, index, 0)) {
      this.setAsideFrom(index);
      return false;
    }
    this.expectedLsn = segment.firstLsn;
    const scan = new SegmentScan(bytes, segment.firstLsn);
    while (scan.next(this.expectedLsn)) {
      if (scan.gapStart < scan.offset) {
        if (!this.stepOver(scan.lsn - 1, index, scan.gapStart)) {
          this.cut(segment, bytes, scan.gapStart);
          this.setAsideFrom(index + 1);
          return false;
        }
        this.keepDamaged(segment, bytes.subarray(scan.gapStart, scan.offset), scan.gapStart);
      }
      this.take(scan, segment);
    }
    return this.finish(index, bytes, scan.gapStart);
  }

  private take(scan: SegmentScan, segment: Segment): void {
    this.expectedLsn = scan.lsn + 1;
    this.isClosed = scan.type === LogRecord.closed;
    if (scan.type === LogRecord.group) {
      this.syncedLsn = Math.max(this.syncedLsn, scan.groupSyncedLsn);
    }
    if (scan.type >= userRecordMin) this.visitor(scan, segment);
  }

  /** After the last record of a file: what is behind it is damage, or the torn end of the log. */
  private finish(index: number, bytes: Uint8Array, end: number): boolean {
    const { segment } = this.files[index] as (typeof this.files)[number];
    const next = this.files[index + 1]?.segment;
    const isEmpty = this.expectedLsn === segment.firstLsn;
    if (next === undefined) {
      if (end < bytes.length) this.cut(segment, bytes, end);
      else if (isEmpty) this.io.unlinkSync(segment.path);
      else this.keep(segment, end);
      return true;
    }
    if (end < bytes.length) {
      if (!this.stepOver(next.firstLsn - 1, index + 1, 0)) {
        this.cut(segment, bytes, end);
        this.setAsideFrom(index + 1);
        return false;
      }
      this.keepDamaged(segment, bytes.subarray(end), end);
    }
    this.keep(segment, bytes.length);
    return true;
  }

  /** Whether what is missing up to `lastLost` was on the disk once, so that what follows counts. */
  private stepOver(lastLost: Lsn, index: number, offset: number): boolean {
    this.syncedAhead ??= this.findSyncedAhead(index, offset);
    if (lastLost > this.syncedAhead) return false;
    const count = lastLost - this.expectedLsn + 1;
    if (count > 0) {
      const range = count === 1 ? `${lastLost}` : `${this.expectedLsn} to ${lastLost}`;
      const path = this.files[index]?.segment.path;
      this.problems.push(
        `${count} records (LSN ${range}) are damaged or missing at byte ${offset} of ${path} and were stepped over`,
      );
    }
    return true;
  }

  /** The highest LSN that any group from there on says to be on the disk. */
  private findSyncedAhead(index: number, offset: number): Lsn {
    let synced = this.syncedLsn;
    for (let i = index; i < this.files.length; i++) {
      const file = this.files[i] as (typeof this.files)[number];
      const { firstLsn } = file.segment;
      const bytes = this.load(i, new Uint8Array(file.sizeBytes));
      const scan = new SegmentScan(bytes, firstLsn);
      let expected = firstLsn;
      if (i === index && offset > 0) {
        scan.end = offset;
        expected = this.expectedLsn;
      }
      while (scan.next(expected)) {
        expected = scan.lsn + 1;
        synced = Math.max(synced, scan.groupSyncedLsn);
        if (scan.type === LogRecord.closed) synced = Math.max(synced, scan.lsn);
      }
    }
    return synced;
  }

  /** One for all segments, since a new one for each would keep the garbage collector busy. */
  private bufferFor(index: number): Uint8Array {
    const sizeBytes = this.files[index]?.sizeBytes ?? 0;
    if (sizeBytes > this.buffer.length) this.buffer = new Uint8Array(sizeBytes);
    return this.buffer.subarray(0, sizeBytes);
  }

  private load(index: number, bytes: Uint8Array): Uint8Array {
    const { segment, sizeBytes } = this.files[index] as (typeof this.files)[number];
    const isFirstTime = segment.sizeBytes === 0;
    readSegment(this.io, segment.path, bytes, isFirstTime ? this.problems : []);
    segment.sizeBytes = sizeBytes;
    return bytes;
  }

  /** Before anything is changed: a newer program would not want us to. */
  private checkHeader({ path }: Segment, sizeBytes: number): void {
    const header = new Uint8Array(headerBytes);
    readSegment(this.io, path, header, []);
    const version = headerVersion(header);
    if (version !== undefined && version > formatVersion) {
      const message = `${path} has format version ${version}, this program knows up to ${formatVersion}: use a newer version of it`;
      throw new StorageError('FORMAT_VERSION', message);
    }
    if (version === undefined && sizeBytes > headerBytes) {
      this.problems.push(`the header of ${path} is damaged; its records were read all the same`);
    }
  }

  private keep(segment: Segment, sizeBytes: number): void {
    segment.sizeBytes = sizeBytes;
    this.segments.push(segment);
  }

  /** The log ends at `end` of this file. */
  private cut(segment: Segment, bytes: Uint8Array, end: number): void {
    const count = bytes.length - end;
    const what = isUnfinished(bytes, end) ? 'of an unfinished write ' : '';
    this.problems.push(`${count} bytes ${what}at the end of ${segment.path} were cut off`);
    if (!isUnfinished(bytes, end)) this.keepDamaged(segment, bytes.subarray(end), end);
    if (this.expectedLsn === segment.firstLsn) this.io.unlinkSync(segment.path);
    else {
      this.io.truncateSync(segment.path, end);
      this.keep(segment, end);
    }
  }

  private setAsideFrom(index: number): void {
    for (const { segment } of this.files.slice(index)) {
      this.problems.push(`${segment.path} follows what a power cut took and was set aside`);
      this.io.renameSync(segment.path, `${segment.path}${damagedSuffix}`);
    }
  }

  private keepDamaged(segment: Segment, bytes: Uint8Array, offset: number): void {
    const path = `${segment.path}.${offset}${damagedSuffix}`;
    try {
      this.io.writeFileSync(path, bytes);
      this.problems.push(`${bytes.length} bytes were set aside in ${path}`);
    } catch (error) {
      // On a full disk too the start goes on.
      this.problems.push(
        `${bytes.length} damaged bytes could not be set aside in ${path} (${errorCode(error)})`,
      );
    }
  }

  /** After the end of a process alone, what it wrote may not be on the disk yet: what follows rests on it. */
  private bringToDisk(): void {
    try {
      this.segments.forEach(({ path }, index) => {
        const next = this.segments[index + 1];
        if (next === undefined || next.firstLsn - 1 > this.syncedLsn) this.io.syncSync(path);
      });
      this.io.syncDirectorySync(this.directory);
      this.syncedLsn = this.expectedLsn - 1;
    } catch (error) {
      this.problems.push(
        `${this.directory} could not be synced (${errorCode(error)}): check the disk`,
      );
    }
  }
}

/** What a write leaves that did not get to its end: less than a record, or a file grown by zeros. */
function isUnfinished(bytes: Uint8Array, start: number): boolean {
  if (bytes.length - start < frameBytes) return true;
  const length = readUint32(bytes, start);
  if (start + frameBytes + length > bytes.length) return true;
  return length === 0 && bytes.subarray(start).every((byte) => byte === 0);
}
