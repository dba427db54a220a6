/**
 * `connections`: a row for each Network Connection of an accepted client. The first five columns are those
 * that a widely copied example program made, so its files are taken over: what is missing is added.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqlTable } from './sql-table.ts';
import { sqlTime } from './sql-time.ts';
import type { ConnectionRow } from './thread-messages.ts';

const columns: readonly (readonly [name: string, type: string])[] = [
  ['id', 'INTEGER PRIMARY KEY'],
  ['client_id', 'TEXT'],
  ['username', 'TEXT'],
  ['ip_address', 'TEXT'],
  ['connect_time', 'TIMESTAMP'],
  ['disconnect_time', 'TIMESTAMP'],
  ['protocol', 'TEXT'],
  ['clean', 'INTEGER'],
  ['reason', 'TEXT'],
  ['detail', 'TEXT'],
  ['listener', 'TEXT'],
  ['transport', 'TEXT'],
  ['port', 'INTEGER'],
  ['keep_alive', 'INTEGER'],
];

/** The reason of rows that a broker left open which ended without stopping. */
export const crashReason = 'broker-crashed';
/** The reason of rows that this broker lost sight of; clients still connected have new ones. */
const interruptedReason = 'recording-interrupted';

/** Rows deleted in one go. */
const deletedRowsMax = 1000;

export interface ConnectionsLimits {
  readonly maxAgeMs: number;
  readonly rowsMax: number;
}

export class ConnectionsTable implements SqlTable<readonly ConnectionRow[]> {
  private readonly limits: ConnectionsLimits;
  /** The highest number in the file before this broker wrote to it. */
  private firstId = 0;
  private database: DatabaseSync | undefined;
  private upsert: StatementSync | undefined;
  /** Rows left open are of this broker, not of one that ended. */
  private isAgain: boolean;

  constructor(limits: ConnectionsLimits, isAgain = false) {
    this.limits = limits;
    this.isAgain = isAgain;
  }

  open(database: DatabaseSync, nowMs: number): number {
    const definitions = columns.map(([name, type]) => `${name} ${type}`).join(', ');
    database.exec(`CREATE TABLE IF NOT EXISTS connections (${definitions})`);
    const present = new Set(
      database
        .prepare('PRAGMA table_info(connections)')
        .all()
        .map(({ name }) => name),
    );
    for (const [name, type] of columns) {
      if (!present.has(name)) database.exec(`ALTER TABLE connections ADD COLUMN ${name} ${type}`);
    }
    database.exec(
      'CREATE INDEX IF NOT EXISTS connections_client ON connections (client_id, connect_time)',
    );
    // Counts the open rows and finds those that ended first, without reading the others.
    database.exec(
      'CREATE INDEX IF NOT EXISTS connections_disconnect ON connections (disconnect_time)',
    );
    const highest = database.prepare('SELECT max(id) AS id FROM connections').get();
    this.firstId = Number(highest?.['id'] ?? 0);
    const { changes } = database
      .prepare(
        'UPDATE connections SET disconnect_time = ?, reason = ?, detail = ? WHERE disconnect_time IS NULL',
      )
      .run(
        sqlTime(nowMs),
        this.isAgain ? interruptedReason : crashReason,
        'found open; disconnect_time is when it was found',
      );
    const names = columns.map(([name]) => name);
    this.upsert = database.prepare(
      `INSERT INTO connections (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ` +
        'ON CONFLICT (id) DO UPDATE SET disconnect_time = excluded.disconnect_time, ' +
        'reason = excluded.reason, detail = excluded.detail',
    );
    this.database = database;
    this.isAgain = true;
    return Number(changes);
  }

  write(rows: readonly ConnectionRow[]): void {
    for (const row of rows) {
      this.upsert?.run(
        this.firstId + row.number,
        row.clientId,
        row.username,
        row.ipAddress ?? null,
        sqlTime(row.connectMs),
        row.disconnectMs === undefined ? null : sqlTime(row.disconnectMs),
        row.protocol,
        row.clean ? 1 : 0,
        row.reason ?? null,
        row.detail ?? null,
        row.listener,
        row.transport,
        row.port,
        row.keepAlive,
      );
    }
  }

  rolledBack(): void {
    // What is remembered here does not depend on what was written.
  }

  retain(nowMs: number): boolean {
    const { maxAgeMs, rowsMax } = this.limits;
    let deleted = 0;
    if (maxAgeMs > 0) {
      deleted += this.deleteEnded('disconnect_time < ?', sqlTime(nowMs - maxAgeMs), deletedRowsMax);
    }
    if (rowsMax > 0) {
      const counted = this.database?.prepare('SELECT count(*) AS rows FROM connections').get();
      const surplus = Number(counted?.['rows'] ?? 0) - rowsMax;
      if (surplus > 0) {
        const step = Math.min(surplus, deletedRowsMax);
        deleted += this.deleteEnded('disconnect_time > ?', '', step);
      }
    }
    return deleted >= deletedRowsMax;
  }

  private deleteEnded(condition: string, value: string, rowsMax: number): number {
    const result = this.database
      ?.prepare(
        'DELETE FROM connections WHERE id IN ' +
          `(SELECT id FROM connections WHERE ${condition} ORDER BY disconnect_time LIMIT ?)`,
      )
      .run(value, rowsMax);
    return Number(result?.changes ?? 0);
  }
}
