import { basename, join } from 'node:path';
import type { Io } from './io.ts';
import type { SegmentLog } from './log/segment-log.ts';
import { StorageError } from './storage-error.ts';

export interface CopiedLog {
  readonly segments: number;
  readonly bytes: number;
}

const pieceBytes = 1024 * 1024;

/**
 * Copies a log that is in use. Segments only grow, so a copy of each up to the size that it had at the begin is the
 * log as it was then; no segment may be removed meanwhile.
 * @throws StorageError when there is a log in the target already
 */
export async function copyLog(log: SegmentLog, io: Io, target: string): Promise<CopiedLog> {
  io.makeDirectorySync(target);
  if (io.listSync(target).length > 0) {
    throw new StorageError('NOT_EMPTY', `${target} is not empty: choose another directory`);
  }
  await log.sync();
  const segments = log.segments.map((segment) => ({ segment, sizeBytes: segment.sizeBytes }));
  let bytes = 0;
  for (const { segment, sizeBytes } of segments) {
    const copy = await io.create(join(target, basename(segment.path)));
    for (let at = 0; at < sizeBytes; ) {
      const piece = await log.read(segment, at, Math.min(pieceBytes, sizeBytes - at));
      for (let written = 0; written < piece.length; ) {
        written += await copy.write(piece.subarray(written), at + written);
      }
      if (piece.length === 0) throw new Error(`${segment.path} is shorter than ${sizeBytes} bytes`);
      at += piece.length;
    }
    await copy.sync();
    await copy.close();
    bytes += sizeBytes;
  }
  await io.syncDirectory(target);
  return { segments: segments.length, bytes };
}
