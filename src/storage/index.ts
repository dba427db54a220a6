/** Stores beyond memory. */
export type { ConnectionsOptions, MessagesOptions, SqlOptions } from './sql/sql-options.ts';
export { type SqlReport, type SqlStatus, SqlStore, type SqlStoreOptions } from './sql/sql-store.ts';
export type { TableStatus } from './sql/table-feed.ts';
