import { type EventRow, row } from './event-row.ts';

/** Of the log, the history and the SQLite files. */
export const storageEvents: Readonly<Record<string, EventRow>> = {
  'storage.opened': row(
    'INFO',
    'storage',
    'The log was read; what it held is there again.',
    'sessions retained queued mode',
  ),
  'storage.damaged': row(
    'ERROR',
    'storage',
    'A part of the log is damaged. It is set aside and stepped over; the message says what was hit.',
    '',
  ),
  'storage.fault': row(
    'ERROR',
    'storage',
    'The log cannot be written. QoS 0 flows on, nothing else is acknowledged; the message says what to do.',
    'code fatal',
  ),
  'storage.fault.over': row('INFO', 'storage', 'The log can be written again.', 'code'),
  'storage.history.damaged': row(
    'WARNING',
    'storage',
    'A part of the history of messages is damaged or could not be removed; the message says what.',
    '',
  ),
  'storage.history.fault': row(
    'ERROR',
    'storage',
    'The history of messages cannot be written; messages are left out of it, and the rest goes on.',
    '',
  ),
  'storage.history.fault.over': row(
    'INFO',
    'storage',
    'The history of messages can be written again.',
    '',
  ),
  'storage.sql.failed': row(
    'ERROR',
    'storage',
    'A SQLite file cannot be opened or written; it is tried again, its rows wait or are dropped. The message says what to do.',
    'table file code reason',
  ),
  'storage.sql.resumed': row(
    'INFO',
    'storage',
    'A SQLite file that failed is written again.',
    'table file',
  ),
  'storage.sql.replaced': row(
    'ERROR',
    'storage',
    'A SQLite file is damaged and was set aside, or another program removed it; a new one is begun.',
    'table file reason setAside',
  ),
  'storage.sql.recovered': row(
    'WARNING',
    'storage',
    'Rows of connections that a broker left open which ended without stopping; they are closed now.',
    'table file rows',
  ),
  'storage.sql.dropped': row(
    'WARNING',
    'storage',
    'Rows that are not in a SQLite file because it could not follow, since the last such line and in total.',
    'table file rows total',
  ),
  'storage.sql.unwritten': row(
    'WARNING',
    'storage',
    'Rows that could not be written before the broker ended.',
    'table file rows',
  ),
  'storage.sql.retention': row(
    'WARNING',
    'storage',
    'Old rows of a SQLite file could not be deleted; it is tried again each minute.',
    'table file code reason',
  ),
  'storage.sql.version': row(
    'WARNING',
    'storage',
    'This SQLite can damage files that another program writes to as well.',
    'version',
  ),
};
