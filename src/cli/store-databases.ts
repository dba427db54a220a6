import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StoreTarget } from './store-target.ts';

export interface DatabaseCheck {
  readonly path: string;
  /** Empty when it is whole. */
  readonly problem: string;
}

/** The SQLite files that are there: those in the data directory, and those that the configuration names. */
export function databaseFiles({ dataDir, databases }: StoreTarget): string[] {
  const inside = readdirSync(dataDir)
    .filter((name) => name.endsWith('.db'))
    .map((name) => join(dataDir, name));
  return [...new Set([...inside, ...databases.filter((path) => existsSync(path))])].sort();
}

/** Asks SQLite itself; also while a broker writes to them. */
export function checkDatabases(target: StoreTarget): DatabaseCheck[] {
  return databaseFiles(target).map((path) => ({ path, problem: problemOf(path) }));
}

function problemOf(path: string): string {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const answer: unknown = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      return answer === 'ok' ? '' : String(answer);
    } finally {
      database.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
