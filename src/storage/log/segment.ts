import { join } from 'node:path';
import type { Lsn } from '../../session/index.ts';
import type { Io, IoFile } from '../io.ts';
import { segmentName } from './format.ts';

/** One file of the log. */
export class Segment {
  readonly firstLsn: Lsn;
  readonly path: string;
  /** Its end, with what is still on its way to the disk. */
  sizeBytes = 0;
  /** Of records that are still needed; kept up to date by the log's user. */
  liveBytes = 0;
  /** Records of the user that are still needed. */
  liveRecords = 0;
  private opening: Promise<IoFile> | undefined;

  constructor(directory: string, firstLsn: Lsn) {
    this.firstLsn = firstLsn;
    this.path = join(directory, segmentName(firstLsn));
  }

  /** Made on the disk by this process, or opened for reading before. */
  get isOpen(): boolean {
    return this.opening !== undefined;
  }

  /** The file to write to. A failure is forgotten: the next call tries again. */
  create(io: Io): Promise<IoFile> {
    return this.remember(io.create(this.path));
  }

  /** The file, opened for reading if need be. */
  file(io: Io): Promise<IoFile> {
    return this.opening ?? this.remember(io.open(this.path));
  }

  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    if (opening !== undefined) await (await opening).close();
  }

  private remember(opening: Promise<IoFile>): Promise<IoFile> {
    this.opening = opening;
    return opening.catch((error: unknown) => {
      if (this.opening === opening) this.opening = undefined;
      throw error;
    });
  }
}
