/** `sql:`: what is written into SQLite files for people to ask. */
import { z } from 'zod';
import type { SqlOptions } from '../storage/index.ts';
import type { Config } from './config.ts';
import { setting } from './setting.ts';
import { duration, size, topicFilter } from './value-kinds.ts';

export interface SqlSection {
  readonly connections: {
    readonly enabled: boolean;
    readonly file: string;
    /** Milliseconds. */
    readonly max_age: number;
    readonly max_rows: number;
  };
  readonly messages: {
    readonly filter: readonly string[];
    readonly file: string;
    /** Milliseconds. */
    readonly max_age: number;
    /** Bytes. */
    readonly max_size: number;
  };
}

const yearMs = 365 * 86_400_000;

const connections = z
  .strictObject({
    enabled: setting(z.boolean().prefault(true), {
      description: 'Keep the table connections: who was connected from when to when.',
      variable: 'BROKER_SQL_CONNECTIONS_ENABLED',
    }),
    file: setting(z.string().min(1).prefault('clients.db'), {
      description: 'Its SQLite file: a name in data_dir, or an absolute path.',
      variable: 'BROKER_SQL_CONNECTIONS_FILE',
    }),
    max_age: setting(
      duration({ minMs: 0, maxMs: 100 * yearMs, plainUnitMs: 1000 }).prefault('90d'),
      {
        description: 'How long connections that ended are kept; 0 = for ever.',
        variable: 'BROKER_SQL_CONNECTIONS_MAX_AGE',
        unit: 's',
        whenReached: 'The row is deleted within a minute.',
      },
    ),
    max_rows: setting(z.int().min(0).max(1_000_000_000).prefault(500_000), {
      description: 'How many rows are kept, about 220 bytes each; 0 = no limit.',
      variable: 'BROKER_SQL_CONNECTIONS_MAX_ROWS',
      unit: 'rows',
      whenReached: 'Connections that ended first are deleted; open ones are always there.',
    }),
  })
  .prefault({});

const messages = z
  .strictObject({
    filter: setting(z.array(topicFilter).prefault([]), {
      description:
        'Which messages are stored in the table messages, one or more Topic Filters; none = no file.',
      variable: 'BROKER_SQL_MESSAGES_FILTER',
    }),
    file: setting(z.string().min(1).prefault('mqtt_data.db'), {
      description: 'Their SQLite file: a name in data_dir, or an absolute path.',
      variable: 'BROKER_SQL_MESSAGES_FILE',
    }),
    max_age: setting(duration({ minMs: 0, maxMs: yearMs, plainUnitMs: 1000 }).prefault('7d'), {
      description: 'How long messages are kept; whole days (UTC) go at once. 0 = until max_size.',
      variable: 'BROKER_SQL_MESSAGES_MAX_AGE',
      unit: 's',
      whenReached: 'The day is deleted.',
    }),
    max_size: setting(size(10_000_000, 1e12).prefault('1GB'), {
      description: 'About how large their file gets.',
      variable: 'BROKER_SQL_MESSAGES_MAX_SIZE',
      unit: 'bytes',
      whenReached: 'The oldest messages are deleted, an eighth of it or 64 MiB at once.',
    }),
  })
  .prefault({});

export const sqlSection: z.ZodType<SqlSection, unknown> = z
  .strictObject({ connections, messages })
  .refine((sql) => sql.connections.file !== sql.messages.file, {
    message: 'expected another file than sql.connections.file',
    path: ['messages', 'file'],
  })
  .prefault({});

/** What is to be kept; nothing where nothing may be stored. */
export function resolveSql(
  { connections, messages }: SqlSection,
  directory: string,
  isEphemeral: boolean,
): SqlOptions {
  const keepsConnections = connections.enabled && !isEphemeral;
  const keepsMessages = messages.filter.length > 0 && !isEphemeral;
  return {
    directory,
    connections: keepsConnections
      ? { file: connections.file, maxAgeMs: connections.max_age, rowsMax: connections.max_rows }
      : undefined,
    messages: keepsMessages
      ? {
          file: messages.file,
          topicFilters: messages.filter,
          maxAgeMs: messages.max_age,
          bytesMax: messages.max_size,
        }
      : undefined,
  };
}

/** Settings that do nothing in this configuration, and why. */
export function uselessSqlSettings({
  sql,
  ephemeral,
}: Pick<Config, 'sql' | 'ephemeral'>): readonly (readonly [path: string, problem: string])[] {
  const useless = (table: string, keys: readonly string[], off: string) =>
    keys.map((key) => {
      const why = ephemeral ? 'ephemeral is true' : off;
      return [`sql.${table}.${key}`, `has no effect while ${why}`] as const;
    });
  return [
    ...(sql.connections === undefined
      ? useless('connections', ['file', 'max_age', 'max_rows'], 'sql.connections.enabled is false')
      : []),
    ...(sql.messages === undefined
      ? useless('messages', ['file', 'max_age', 'max_size'], 'sql.messages.filter is empty')
      : []),
    ...(ephemeral ? useless('messages', ['filter'], '') : []),
  ];
}
