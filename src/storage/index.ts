/** Stores beyond memory. */
export { ArchiveError } from './backup-archive.ts';
export { type RestoreReport, restoreStore } from './backup-restore.ts';
export { type BackupManifest, backupStore } from './backup-store.ts';
export type { CopiedLog } from './copy-log.ts';
export { type QueueFigures, type StoreFigures, storeFigures } from './export-figures.ts';
export { type ExportReport, exportStore } from './export-store.ts';
export {
  type Durability,
  FileStore,
  type FileStoreOptions,
  type LogUsage,
} from './file-store.ts';
export { HistoryLog, type HistoryLogOptions, type HistoryLogStatus } from './history/index.ts';
export { ImportError, type ImportReport, importStore } from './import-store.ts';
export { inspectStore } from './recover.ts';
export type { ConnectionsOptions, MessagesOptions, SqlOptions } from './sql/sql-options.ts';
export { type SqlReport, type SqlStatus, SqlStore, type SqlStoreOptions } from './sql/sql-store.ts';
export type { TableStatus } from './sql/table-feed.ts';
export { StorageError } from './storage-error.ts';
