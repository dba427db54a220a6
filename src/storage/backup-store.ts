/**
 * A backup of a data directory in one file, while a broker works in it or not. Nobody has to be asked for it:
 *
 * - The journal only grows at its end, so every segment up to the size that it has now is the state of now, with
 *   everything that was acknowledged before. What compaction removes meanwhile stays readable, because all
 *   segments are opened first; had one gone before that, the list is made anew, and what was needed of it is in a
 *   segment behind it.
 * - The history is a log like the journal. Its indexes are left out: they are made again where they are missing.
 * - SQLite files are copied by SQLite (VACUUM INTO), which gives one moment of each.
 *
 * Rejected: a copy by the broker (`FileStore.backup`), which needs the room of a second copy, and none is there of
 * a broker that has stopped; hard links, which not every disk has.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type ArchivedFile, ArchiveWriter } from './backup-archive.ts';
import { errorCode } from './io.ts';
import { firstLsnOf } from './log/format.ts';
import { readSegment } from './log/read-log.ts';
import { SegmentScan } from './log/segment-scan.ts';
import { nodeIo } from './node-io.ts';
import { journalDirectory } from './recover.ts';
import { StorageError } from './storage-error.ts';

/** The last entry of an archive: it tells that the archive is whole, and what each file has to be. */
export const backupManifestName = 'linnet-backup.json';
export const backupVersion = 1;

export interface BackupManifest {
  readonly format: 'linnet-backup';
  readonly version: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly files: readonly ArchivedFile[];
}

export interface BackupOptions {
  readonly dataDirectory: string;
  /** SQLite files; their names in the backup are the last part of their paths. */
  readonly databases: readonly string[];
  /** The archive. It appears under this name when it is whole and on the disk. */
  readonly target: string;
  readonly nowMs: number;
}

interface OpenSegment {
  readonly name: string;
  readonly path: string;
  readonly descriptor: number;
  sizeBytes: number;
}

const attemptsMax = 20;

/** @throws StorageError when there is no journal */
export function backupStore(options: BackupOptions): BackupManifest {
  const { target, nowMs } = options;
  const partial = `${target}.partial`;
  const descriptor = openSync(partial, 'w', 0o600);
  try {
    const writer = new ArchiveWriter(descriptor, nowMs);
    addLog(writer, 'journal', journalDirectory(options.dataDirectory));
    const history = join(options.dataDirectory, 'history');
    if (existsSync(history)) addLog(writer, 'history', history);
    addDatabases(writer, options.databases, dirname(target));
    const manifest: BackupManifest = {
      format: 'linnet-backup',
      version: backupVersion,
      createdAt: new Date(nowMs).toISOString(),
      files: [...writer.files],
    };
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    writer.addBytes(backupManifestName, Buffer.from(text));
    writer.end();
    fsyncSync(descriptor);
    renameSync(partial, target);
    nodeIo.syncDirectorySync(dirname(target));
    return manifest;
  } finally {
    closeSync(descriptor);
    rmSync(partial, { force: true });
  }
}

function addLog(writer: ArchiveWriter, folder: string, directory: string): void {
  const segments = openSegments(directory);
  try {
    const last = segments.at(-1);
    if (last !== undefined) last.sizeBytes = wholeBytes(last);
    for (const { name, descriptor, sizeBytes } of segments) {
      if (sizeBytes > 0) writer.addFile(`${folder}/${name}`, descriptor, sizeBytes);
    }
  } finally {
    for (const { descriptor } of segments) closeSync(descriptor);
  }
}

/** All segments of one moment, the oldest first. */
function openSegments(directory: string): OpenSegment[] {
  if (!existsSync(directory)) {
    throw new StorageError('ENOENT', `there is no store: ${directory} does not exist`);
  }
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const names = readdirSync(directory).filter((name) => firstLsnOf(name) !== undefined);
    const opened = tryToOpen(directory, names.sort());
    if (opened !== undefined) return opened;
  }
  throw new StorageError('EBUSY', `the segments in ${directory} change too fast to be copied`);
}

function tryToOpen(directory: string, names: readonly string[]): OpenSegment[] | undefined {
  const opened: OpenSegment[] = [];
  try {
    for (const name of names) {
      const path = join(directory, name);
      opened.push({ name, path, descriptor: openSync(path, 'r'), sizeBytes: 0 });
    }
  } catch (error) {
    for (const { descriptor } of opened) closeSync(descriptor);
    if (errorCode(error) === 'ENOENT') return undefined; // Compaction was faster.
    throw error;
  }
  for (const segment of opened) segment.sizeBytes = fstatSync(segment.descriptor).size;
  return opened;
}

/** Up to the end of the last whole record: a write may be under way. */
function wholeBytes({ name, path, sizeBytes }: OpenSegment): number {
  const bytes = new Uint8Array(sizeBytes);
  readSegment(nodeIo, path, bytes, []);
  const scan = new SegmentScan(bytes, firstLsnOf(name) ?? 0);
  let end = 0;
  for (let expected = firstLsnOf(name) ?? 0; scan.next(expected); expected = scan.lsn + 1) {
    end = scan.end;
  }
  return end;
}

function addDatabases(writer: ArchiveWriter, paths: readonly string[], place: string): void {
  if (paths.length === 0) return;
  const folder = mkdtempSync(join(place, '.linnet-backup-'));
  try {
    for (const path of paths) {
      const copy = join(folder, basename(path));
      copyDatabase(path, copy);
      const descriptor = openSync(copy, 'r');
      try {
        writer.addFile(basename(path), descriptor, fstatSync(descriptor).size);
      } finally {
        closeSync(descriptor);
      }
      rmSync(copy);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function copyDatabase(path: string, copy: string): void {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      database.prepare('VACUUM INTO ?').run(copy);
    } finally {
      database.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${path} cannot be copied (${reason}): linnet store check tells more`;
    throw new StorageError('SQLITE', message, error);
  }
}
