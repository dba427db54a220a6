/** `history:`: what is kept of messages for those who ask later. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.ts';
import { setting } from './setting.ts';
import { duration, size, topicFilter } from './value-kinds.ts';

export interface HistorySection {
  readonly enabled: boolean;
  /** Bytes. */
  readonly memory: number;
  readonly filter: readonly string[];
  /** Milliseconds. */
  readonly max_age: number;
  /** Bytes. */
  readonly max_size: number;
}

export interface HistoryConfig {
  /** Of the most recent messages; 0 = none are kept in memory. */
  readonly memoryBytes: number;
  /** What is kept on the disk; undefined = nothing. */
  readonly archive:
    | {
        readonly directory: string;
        readonly topicFilters: readonly string[];
        /** 0 = for ever. */
        readonly maxAgeMs: number;
        readonly bytesMax: number;
      }
    | undefined;
}

const dayMs = 86_400_000;

export const historySection: z.ZodType<HistorySection, unknown> = z
  .strictObject({
    enabled: setting(z.boolean().prefault(true), {
      description:
        'Keep messages for linnet history and for subscriptions that ask for the past; false = none at all.',
      variable: 'BROKER_HISTORY_ENABLED',
    }),
    memory: setting(size(0, 1e11).prefault('8MB'), {
      description:
        'How much of the most recent messages is kept in memory, of all topics but $-topics; 0 = none.',
      variable: 'BROKER_HISTORY_MEMORY',
      unit: 'bytes',
      whenReached: 'The oldest go.',
    }),
    filter: setting(z.array(topicFilter).prefault([]), {
      description:
        'Which messages are kept on the disk, one or more Topic Filters; none = no files.',
      variable: 'BROKER_HISTORY_FILTER',
    }),
    max_age: setting(
      duration({ minMs: 0, maxMs: 36_500 * dayMs, plainUnitMs: 1000 }).prefault('7d'),
      {
        description: 'How long they are kept on the disk; 0 = until max_size.',
        variable: 'BROKER_HISTORY_MAX_AGE',
        unit: 's',
        whenReached: 'They are removed, late by a sixteenth of it at most.',
      },
    ),
    max_size: setting(size(10_000_000, 1e14).prefault('1GB'), {
      description: 'How large the files get, all together.',
      variable: 'BROKER_HISTORY_MAX_SIZE',
      unit: 'bytes',
      whenReached: 'The oldest messages are removed, about a 32nd of it at once.',
    }),
  })
  .prefault({});

/** What is to be kept; nothing on the disk where nothing may be stored. */
export function resolveHistory(
  section: HistorySection,
  directory: string,
  isEphemeral: boolean,
): HistoryConfig {
  const { enabled, memory, filter, max_age, max_size } = section;
  const isArchived = enabled && filter.length > 0 && !isEphemeral;
  return {
    memoryBytes: enabled ? memory : 0,
    archive: isArchived
      ? {
          directory: join(directory, 'history'),
          topicFilters: filter,
          maxAgeMs: max_age,
          bytesMax: max_size,
        }
      : undefined,
  };
}

/** Settings that do nothing in this configuration, and why. */
export function uselessHistorySettings(
  { history, ephemeral }: Pick<Config, 'history' | 'ephemeral'>,
  { enabled }: HistorySection,
): readonly (readonly [path: string, problem: string])[] {
  const useless = (keys: readonly string[], why: string) =>
    keys.map((key) => [`history.${key}`, `has no effect while ${why}`] as const);
  if (!enabled)
    return useless(['memory', 'filter', 'max_age', 'max_size'], 'history.enabled is false');
  if (history.archive !== undefined) return [];
  if (ephemeral) return useless(['filter', 'max_age', 'max_size'], 'ephemeral is true');
  return useless(['max_age', 'max_size'], 'history.filter is empty');
}
