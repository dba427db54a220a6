/** Stores beyond memory. */
export type { CopiedLog } from './copy-log.ts';
export { type QueueFigures, type StoreFigures, storeFigures } from './export-figures.ts';
export { type ExportReport, exportStore } from './export-store.ts';
export {
  type Durability,
  FileStore,
  type FileStoreOptions,
  type LogUsage,
} from './file-store.ts';
export { ImportError, type ImportReport, importStore } from './import-store.ts';
export { inspectStore } from './recover.ts';
export type { ConnectionsOptions, MessagesOptions, SqlOptions } from './sql/sql-options.ts';
export { type SqlReport, type SqlStatus, SqlStore, type SqlStoreOptions } from './sql/sql-store.ts';
export type { TableStatus } from './sql/table-feed.ts';
export { StorageError } from './storage-error.ts';
