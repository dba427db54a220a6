/**
 * An instant as `2026-11-20 12:34:56.789`, UTC: the form of SQLite's own `datetime('now')`, so that both
 * compare as texts, and of what Python's sqlite3 reads as a TIMESTAMP.
 */
export function sqlTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ');
}

/** The UTC day as `20261120`. */
export function sqlDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
}
