/**
 * `messages`: a view over parts. A part is a table with the messages of one UTC day, or of a piece of it
 * when the day has many. Old messages go by dropping the oldest part, which takes no longer for a million
 * rows than for a thousand, where a DELETE would hold the file for seconds. The parts and about how many
 * bytes each has are listed in `linnet_message_parts`.
 *
 * A payload that is UTF-8 without NUL is stored as text, so that it can be read, compared and taken apart
 * with SQLite's JSON functions; any other as a blob. Either way its bytes are exactly those published.
 *
 * A table `messages` that is there already, as a widely copied example program made it, becomes the first
 * part and is never dropped.
 */
import { isUtf8 } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqlTable } from './sql-table.ts';
import { sqlDay, sqlTime } from './sql-time.ts';
import type { MessageColumns } from './thread-messages.ts';

export interface MessagesLimits {
  readonly maxAgeMs: number;
  readonly bytesMax: number;
}

interface Part {
  readonly name: string;
  /** `20261120` */
  readonly day: string;
  bytes: number;
}

const columns =
  'time TIMESTAMP, topic TEXT, payload BLOB, qos INTEGER, retain INTEGER, client_id TEXT, username TEXT';
const names = ['time', 'topic', 'payload', 'qos', 'retain', 'client_id', 'username'];
const earlierTable = 'messages_earlier';

/** What a row takes besides its texts and payload, its place in the index included. */
const rowBytes = 80;
const partBytesMax = 64 * 1024 * 1024;
const partBytesMin = 1024 * 1024;
/** A view can have 500 parts; days of a year and pieces stay well below. */
const partsMax = 400;
const dayMs = 86_400_000;

export class MessagesTable implements SqlTable<MessageColumns> {
  private readonly limits: MessagesLimits;
  private readonly partBytes: number;
  private database: DatabaseSync | undefined;
  /** Oldest first. */
  private parts: Part[] = [];
  private insert: StatementSync | undefined;
  private insertsInto = '';
  private earlierColumns: ReadonlySet<string> = new Set();

  constructor(limits: MessagesLimits) {
    this.limits = limits;
    this.partBytes = Math.min(partBytesMax, Math.max(partBytesMin, limits.bytesMax / 8));
  }

  open(database: DatabaseSync, nowMs: number): number {
    this.database = database;
    database.exec(
      'CREATE TABLE IF NOT EXISTS linnet_message_parts ' +
        '(name TEXT PRIMARY KEY, day TEXT NOT NULL, bytes INTEGER NOT NULL)',
    );
    this.takeOver(database);
    this.earlierColumns = columnsOf(database, earlierTable);
    this.load();
    this.partFor(nowMs);
    this.makeView();
    return 0;
  }

  write(rows: MessageColumns): void {
    const { timesMs, topicNames, payloads, payloadEnds } = rows;
    const bytes = Buffer.from(payloads.buffer, payloads.byteOffset, payloads.length);
    let part: Part | undefined;
    let nextDayMs = 0;
    let start = 0;
    for (const [i, timeMs] of timesMs.entries()) {
      if (part === undefined || timeMs >= nextDayMs || part.bytes >= this.partBytes) {
        this.saveBytes(part);
        part = this.partFor(timeMs);
        nextDayMs = (Math.floor(timeMs / dayMs) + 1) * dayMs;
      }
      const end = payloadEnds[i] ?? start;
      const topicName = topicNames[i] ?? '';
      const clientId = rows.clientIds[i] ?? '';
      const username = rows.usernames[i] ?? null;
      this.insert?.run(
        sqlTime(timeMs),
        topicName,
        readable(bytes.subarray(start, end)),
        rows.qos[i] ?? 0,
        rows.retain[i] === true ? 1 : 0,
        clientId,
        username,
      );
      part.bytes +=
        rowBytes + end - start + 2 * topicName.length + clientId.length + (username?.length ?? 0);
      start = end;
    }
    this.saveBytes(part);
  }

  rolledBack(): void {
    this.load();
  }

  retain(nowMs: number): boolean {
    const [oldest] = this.parts;
    if (oldest === undefined || !this.isSurplus(oldest, nowMs)) return false;
    const database = this.opened();
    database.prepare('DELETE FROM linnet_message_parts WHERE name = ?').run(oldest.name);
    this.parts = this.parts.slice(1);
    this.partFor(nowMs);
    this.makeView();
    database.exec(`DROP TABLE IF EXISTS ${oldest.name}`);
    return true;
  }

  private isSurplus(oldest: Part, nowMs: number): boolean {
    const { maxAgeMs, bytesMax } = this.limits;
    if (maxAgeMs > 0 && oldest.day < sqlDay(nowMs - maxAgeMs)) return true;
    if (this.parts.length <= 1) return false;
    const bytes = this.parts.reduce((sum, part) => sum + part.bytes, 0);
    return bytes > bytesMax || this.parts.length > partsMax;
  }

  /** The part for messages of this instant, made when there is none; later inserts go into it. */
  private partFor(timeMs: number): Part {
    const day = sqlDay(timeMs);
    const last = this.parts.findLast((part) => part.day === day);
    if (last !== undefined && last.bytes < this.partBytes) {
      this.insertInto(last);
      return last;
    }
    const piece = last === undefined ? 1 : pieceOf(last) + 1;
    const part: Part = { name: `messages_${day}_${piece}`, day, bytes: 0 };
    const database = this.opened();
    database.exec(`CREATE TABLE ${part.name} (${columns})`);
    database.exec(`CREATE INDEX ${part.name}_topic ON ${part.name} (topic, time)`);
    database
      .prepare('INSERT INTO linnet_message_parts (name, day, bytes) VALUES (?, ?, 0)')
      .run(part.name, day);
    this.parts = sorted([...this.parts, part]);
    this.makeView();
    this.insertInto(part);
    return part;
  }

  private insertInto({ name }: Part): void {
    if (this.insertsInto === name) return;
    const marks = names.map(() => '?').join(', ');
    this.insert = this.opened().prepare(`INSERT INTO ${name} VALUES (${marks})`);
    this.insertsInto = name;
  }

  private saveBytes(part: Part | undefined): void {
    if (part === undefined) return;
    this.opened()
      .prepare('UPDATE linnet_message_parts SET bytes = ? WHERE name = ?')
      .run(part.bytes, part.name);
  }

  private load(): void {
    const rows = this.opened().prepare('SELECT name, day, bytes FROM linnet_message_parts').all();
    this.parts = sorted(
      rows.map(({ name, day, bytes }) => ({
        name: String(name),
        day: String(day),
        bytes: Number(bytes),
      })),
    );
    this.insertsInto = '';
  }

  private makeView(): void {
    const selects = this.parts.map(({ name }) => `SELECT ${names.join(', ')} FROM ${name}`);
    if (this.earlierColumns.size > 0) {
      const present = names.map((name) =>
        this.earlierColumns.has(name) ? name : `NULL AS ${name}`,
      );
      selects.unshift(`SELECT ${present.join(', ')} FROM ${earlierTable}`);
    }
    const database = this.opened();
    database.exec('DROP VIEW IF EXISTS messages');
    database.exec(`CREATE VIEW messages AS ${selects.join(' UNION ALL ')}`);
  }

  /** A table that another program made. */
  private takeOver(database: DatabaseSync): void {
    const found = database.prepare("SELECT type FROM sqlite_schema WHERE name = 'messages'").get();
    if (found?.['type'] !== 'table') return;
    const present = columnsOf(database, 'messages');
    if (!['time', 'topic', 'payload'].every((name) => present.has(name))) {
      throw new Error(
        `there is a table messages with other columns (${[...present].join(', ')}): ` +
          'name another file in sql.messages.file',
      );
    }
    database.exec(`ALTER TABLE messages RENAME TO ${earlierTable}`);
  }

  private opened(): DatabaseSync {
    if (this.database === undefined) throw new Error('the table is not open');
    return this.database;
  }
}

function sorted(parts: readonly Part[]): Part[] {
  return [...parts].sort((a, b) => {
    if (a.day === b.day) return pieceOf(a) - pieceOf(b);
    return a.day < b.day ? -1 : 1;
  });
}

/** A number, not a text: the tenth piece of a day comes after its ninth. */
function pieceOf({ name }: Part): number {
  return Number(name.split('_').at(-1));
}

function columnsOf(database: DatabaseSync, table: string): ReadonlySet<string> {
  const rows = database.prepare(`PRAGMA table_info(${table})`).all();
  return new Set(rows.map(({ name }) => String(name)));
}

function readable(payload: Buffer): string | Uint8Array {
  return isUtf8(payload) && !payload.includes(0) ? payload.toString('utf8') : payload;
}
