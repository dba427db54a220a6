import type { Lsn } from '../../session/index.ts';
import { errorCode, type Io, type Scheduler } from '../io.ts';
import type { Segment } from '../log/segment.ts';
import { buildIndex } from './build-index.ts';
import type { SegmentIndex, SegmentSummary } from './segment-index.ts';
import { decodeSidecar, encodeSidecar, sidecarPath } from './sidecar.ts';

/** Indexes of sealed segments that stay in memory. */
const indexesMax = 4;

/** One segment of the history and what is known of it. */
export class HistorySegment {
  readonly segment: Segment;
  /** Of the segment that is being written. */
  growing: SegmentIndex | undefined;
  /** Nothing is added to it any more, its file has everything, and it has its sidecar. */
  isSealed = false;
  private known: SegmentSummary | undefined;

  constructor(segment: Segment, known: SegmentSummary | undefined) {
    this.segment = segment;
    this.known = known;
    this.isSealed = known !== undefined;
  }

  /** undefined: the segment has to be read for it. */
  get summary(): SegmentSummary | undefined {
    const { segment, growing } = this;
    return growing?.summary(segment.firstLsn, 0, segment.sizeBytes) ?? this.known;
  }

  seal(summary: SegmentSummary): void {
    this.known = summary;
    this.growing = undefined;
  }
}

/** The segments of a history, the oldest first, and their indexes. */
export class HistorySegments {
  readonly all: HistorySegment[];
  private readonly io: Io;
  private readonly scheduler: Scheduler;
  private readonly report: (problem: string) => void;
  /** The most recently used last. */
  private readonly indexes = new Map<HistorySegment, Promise<SegmentIndex>>();

  constructor(
    io: Io,
    scheduler: Scheduler,
    all: HistorySegment[],
    report: (problem: string) => void,
  ) {
    this.io = io;
    this.scheduler = scheduler;
    this.all = all;
    this.report = report;
  }

  private readonly turn = (): Promise<void> =>
    new Promise((resolve) => this.scheduler.afterTurn(resolve));

  /** Finds out about segments of which nothing is known, one at a time, beside everything else. */
  async completeAll(): Promise<void> {
    for (const segment of [...this.all]) {
      if (segment.summary === undefined && this.all.includes(segment)) await this.indexOf(segment);
    }
  }

  /** From memory, its sidecar or, where that is no good, from the segment. */
  indexOf(segment: HistorySegment): Promise<SegmentIndex> {
    if (segment.growing !== undefined) return Promise.resolve(segment.growing);
    const known = this.indexes.get(segment);
    const index = known ?? this.load(segment);
    this.indexes.delete(segment);
    this.indexes.set(segment, index);
    if (known === undefined) {
      index.catch(() => this.indexes.delete(segment));
      for (const oldest of this.indexes.keys()) {
        if (this.indexes.size <= indexesMax) break;
        this.indexes.delete(oldest);
      }
    }
    return index;
  }

  /** Everything of the segment is on its way to the disk: it gets its sidecar. */
  async seal(segment: HistorySegment, index: SegmentIndex, lastLsn: Lsn): Promise<void> {
    const { firstLsn, sizeBytes } = segment.segment;
    const summary = index.summary(firstLsn, lastLsn, sizeBytes);
    segment.seal(summary);
    await this.writeSidecar(segment, index, summary);
    segment.isSealed = true;
  }

  /** Takes the oldest off the list; its sidecar is removed. */
  async forgetOldest(): Promise<void> {
    const oldest = this.all.shift();
    if (oldest === undefined) return;
    this.indexes.delete(oldest);
    try {
      await this.io.unlink(sidecarPath(oldest.segment.path));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  private async load(segment: HistorySegment): Promise<SegmentIndex> {
    const { path, firstLsn } = segment.segment;
    const sidecar = await this.readSidecar(path);
    const fromSidecar = await decodeSidecar(sidecar, firstLsn, this.turn);
    if (fromSidecar !== undefined && segment.summary !== undefined) return fromSidecar;
    const index = await buildIndex(this.io, this.scheduler, segment.segment);
    this.report(`the index of ${path} was missing or damaged and was made again`);
    const next = this.all[this.all.indexOf(segment) + 1]?.segment.firstLsn;
    const lastLsn = next === undefined ? (segment.summary?.lastLsn ?? firstLsn) : next - 1;
    await this.seal(segment, index, lastLsn);
    return index;
  }

  private async readSidecar(segmentPath: string): Promise<Uint8Array> {
    try {
      const path = sidecarPath(segmentPath);
      const file = await this.io.open(path);
      try {
        return await readToEnd(file);
      } finally {
        await file.close();
      }
    } catch {
      // Whatever is wrong with it: the segment has everything.
      return new Uint8Array(0);
    }
  }

  private async writeSidecar(
    segment: HistorySegment,
    index: SegmentIndex,
    summary: SegmentSummary,
  ): Promise<void> {
    const path = sidecarPath(segment.segment.path);
    try {
      const bytes = await encodeSidecar(index, summary, this.turn);
      const file = await this.io.create(path);
      try {
        for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at), at);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      this.report(`${path} could not be written (${errorCode(error)}): it will be made again`);
    }
  }
}

async function readToEnd(file: {
  read(position: number, length: number): Promise<Uint8Array>;
}): Promise<Uint8Array> {
  const pieceBytes = 1024 * 1024;
  const pieces: Uint8Array[] = [];
  for (let at = 0; ; at += pieceBytes) {
    const piece = await file.read(at, pieceBytes);
    pieces.push(piece);
    if (piece.length < pieceBytes) return Buffer.concat(pieces);
  }
}
