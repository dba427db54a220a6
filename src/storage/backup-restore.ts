import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type ArchiveEntry, ArchiveError, ArchiveReader } from './backup-archive.ts';
import { type BackupManifest, backupManifestName, backupVersion } from './backup-store.ts';
import { DirectoryLock } from './directory-lock.ts';
import { firstLsnOf } from './log/format.ts';
import { nodeIo } from './node-io.ts';
import { journalDirectory } from './recover.ts';
import { StorageError } from './storage-error.ts';

export interface RestoreOptions {
  readonly archive: string;
  readonly dataDirectory: string;
  /** Moves what is there into a folder instead of refusing. */
  readonly isForced: boolean;
  readonly nowMs: number;
}

export interface RestoreReport {
  readonly manifest: BackupManifest;
  /** Where what was there is now. */
  readonly movedTo: string | undefined;
}

/** The names that a backup may have: nothing outside its directory, whoever made it. */
const segmentPath = /^(?:journal|history)\/\d{16}\.log$/;
const databaseName = /^[^/\\]+$/;

/**
 * Makes a data directory of a backup. Everything is taken out and compared with the manifest first, so that a
 * damaged archive changes nothing.
 * @throws ArchiveError for a file that is no whole backup
 * @throws StorageError NOT_EMPTY, LOCKED, or when the directory cannot be used
 */
export function restoreStore(options: RestoreOptions): RestoreReport {
  const { dataDirectory } = options;
  nodeIo.makeDirectorySync(dataDirectory);
  const there = contentOf(dataDirectory);
  if (there.length > 0 && !options.isForced) {
    const message = `${dataDirectory} is not empty (${there[0]}): choose another directory, or --force to move what is there aside`;
    throw new StorageError('NOT_EMPTY', message);
  }
  const journal = journalDirectory(dataDirectory);
  const lock = existsSync(journal) ? DirectoryLock.take(join(journal, 'lock')) : undefined;
  const staging = join(dataDirectory, '.restore');
  try {
    const manifest = takeOut(options.archive, staging);
    const movedTo = moveAside(options, there);
    for (const name of readdirSync(staging)) {
      // An empty folder may be left of a broker that had nothing to keep.
      rmSync(join(dataDirectory, name), { recursive: true, force: true });
      renameSync(join(staging, name), join(dataDirectory, name));
    }
    nodeIo.syncDirectorySync(dataDirectory);
    return { manifest, movedTo };
  } finally {
    rmSync(staging, { recursive: true, force: true });
    lock?.release();
  }
}

/** What a restore would overwrite. */
function contentOf(dataDirectory: string): string[] {
  const journal = journalDirectory(dataDirectory);
  const hasJournal = holdsSegments(journal);
  const hasHistory = holdsSegments(join(dataDirectory, 'history'));
  const databases = readdirSync(dataDirectory).filter((name) => /\.db(-wal|-shm)?$/.test(name));
  return [...(hasJournal ? ['journal'] : []), ...(hasHistory ? ['history'] : []), ...databases];
}

function holdsSegments(directory: string): boolean {
  return existsSync(directory) && readdirSync(directory).some((name) => firstLsnOf(name));
}

function moveAside(options: RestoreOptions, there: readonly string[]): string | undefined {
  if (there.length === 0) return undefined;
  const stamp = new Date(options.nowMs).toISOString().replaceAll(/[:.]/g, '-');
  const folder = join(options.dataDirectory, `before-restore-${stamp}`);
  mkdirSync(folder, { mode: 0o700 });
  for (const name of there) renameSync(join(options.dataDirectory, name), join(folder, name));
  return folder;
}

/** @throws ArchiveError */
function takeOut(archive: string, staging: string): BackupManifest {
  const reader = new ArchiveReader(archive);
  try {
    const entries = reader.entries();
    const last = entries.pop();
    if (last?.name !== backupManifestName) {
      throw new ArchiveError(
        `it is no backup of linnet, or not a whole one: it does not end with ${backupManifestName}`,
      );
    }
    const manifest = manifestOf(reader.bytes(last));
    const hashes = new Map(manifest.files.map(({ name, sha256 }) => [name, sha256]));
    rmSync(staging, { recursive: true, force: true });
    nodeIo.makeDirectorySync(join(staging, 'journal'));
    for (const entry of entries) {
      const isKnown = segmentPath.test(entry.name) || databaseName.test(entry.name);
      if (!isKnown) throw new ArchiveError(`${entry.name} does not belong into a backup`);
      if (writeOut(reader, entry, staging) !== hashes.get(entry.name)) {
        throw new ArchiveError(`${entry.name} is not as it was when the backup was made`);
      }
      hashes.delete(entry.name);
    }
    const [missing] = hashes.keys();
    if (missing !== undefined) throw new ArchiveError(`${missing} is missing in it`);
    for (const name of ['journal', 'history', '.']) {
      if (existsSync(join(staging, name))) nodeIo.syncDirectorySync(join(staging, name));
    }
    return manifest;
  } finally {
    reader.close();
  }
}

function writeOut(reader: ArchiveReader, entry: ArchiveEntry, staging: string): string {
  const path = join(staging, entry.name);
  nodeIo.makeDirectorySync(dirname(path));
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    const hash = reader.copy(entry, descriptor);
    fsyncSync(descriptor);
    return hash;
  } finally {
    closeSync(descriptor);
  }
}

function manifestOf(bytes: Uint8Array): BackupManifest {
  let manifest: BackupManifest;
  try {
    manifest = JSON.parse(Buffer.from(bytes).toString()) as BackupManifest;
  } catch (error) {
    throw new ArchiveError(`${backupManifestName} in it is damaged`, { cause: error });
  }
  if (manifest.format !== 'linnet-backup' || !Array.isArray(manifest.files)) {
    throw new ArchiveError(`${backupManifestName} in it is not of a backup`);
  }
  if (manifest.version > backupVersion) {
    throw new ArchiveError(
      `it has format version ${manifest.version}, this program knows up to ${backupVersion}: use a newer version of it`,
    );
  }
  return manifest;
}
