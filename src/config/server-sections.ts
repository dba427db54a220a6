/** `log:`, `log_messages:` and the settings of the server as a whole. */
import { z } from 'zod';
import { setting } from './setting.ts';
import { duration, notYet, notYetMessage, size, topicFilter } from './value-kinds.ts';

export const logLevels = ['debug', 'info', 'warning', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['auto', 'pretty', 'text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export const messageLogFormats = ['off', 'seed', 'line', 'json'] as const;
export type MessageLogFormat = (typeof messageLogFormats)[number];

export interface LogSection {
  readonly level: LogLevel;
  readonly levels: Readonly<Record<string, LogLevel>>;
  readonly console_level?: LogLevel | undefined;
  readonly file: string;
  readonly file_level?: LogLevel | undefined;
  readonly format: LogFormat;
  readonly rotation: { readonly size: number; readonly keep: number };
}

export interface LogMessagesSection {
  readonly format: MessageLogFormat;
  readonly filter: readonly string[];
}

export interface ShutdownSection {
  /** Milliseconds. */
  readonly timeout: number;
}

export const persistenceModes = ['none', 'os', 'disk'] as const;
export type PersistenceMode = (typeof persistenceModes)[number];

export interface PersistenceSection {
  readonly mode: PersistenceMode;
  /** Milliseconds. */
  readonly sync_interval: number;
  /** Bytes. */
  readonly segment_size: number;
  readonly ballast: number;
}

export interface RosSection {
  readonly enabled: boolean;
  readonly prefix: string;
}

export const logSection: z.ZodType<LogSection, unknown> = z
  .strictObject({
    level: setting(z.enum(logLevels).prefault('info'), {
      description: 'How much is logged.',
      variable: 'BROKER_LOG_LEVEL',
    }),
    levels: setting(z.record(z.string(), z.enum(logLevels)).prefault({}), {
      description: 'Another level for single modules, `{ serial: debug }`.',
    }),
    console_level: setting(z.enum(logLevels).optional(), {
      description: 'How much goes to the console.',
      variable: 'BROKER_LOG_CONSOLE_LEVEL',
      defaultText: 'as log.level',
    }),
    file: setting(z.string().prefault(''), {
      description:
        'Log file; empty = none, auto = logs/broker_YYYYMMDD_HHMMSS.log, a new one each start.',
      variable: 'BROKER_LOG_FILE',
    }),
    file_level: setting(z.enum(logLevels).optional(), {
      description: 'How much goes to the log file.',
      variable: 'BROKER_LOG_FILE_LEVEL',
      defaultText: 'as log.level',
    }),
    format: setting(z.enum(logFormats).prefault('auto'), {
      description: 'Form of a log line on the console; auto = pretty on a terminal, else text.',
      variable: 'BROKER_LOG_FORMAT',
    }),
    rotation: z
      .strictObject({
        size: setting(size(0, 1e12).prefault('10MB'), {
          description: 'Size of a log file; 0 = no limit. A new day begins a new file, too.',
          variable: 'BROKER_LOG_ROTATION_SIZE',
          unit: 'bytes',
          whenReached: 'A new file is begun; the names of the files carry their time.',
        }),
        keep: setting(z.int().min(0).max(10_000).prefault(5), {
          description: 'Older log files that are kept.',
          variable: 'BROKER_LOG_ROTATION_KEEP',
          unit: 'files',
          whenReached: 'The oldest is deleted.',
        }),
      })
      .prefault({}),
  })
  .prefault({});

export const logMessagesSection: z.ZodType<LogMessagesSection, unknown> = z
  .strictObject({
    format: setting(z.enum(messageLogFormats).prefault('off'), {
      description: 'Print every message: as the seed did, one line each, or as JSON lines.',
      variable: 'BROKER_LOG_MESSAGES',
    }),
    filter: setting(z.array(topicFilter).prefault(['#']), {
      description: 'Which messages are printed, one or more Topic Filters; # is all but $-topics.',
      variable: 'BROKER_LOG_MESSAGES_FILTER',
    }),
  })
  .prefault({});

export const sysIntervalSection: z.ZodType<number, unknown> = setting(
  duration({ minMs: 0, maxMs: 86_400_000, plainUnitMs: 1000 }).prefault(10),
  {
    description: 'Time between two updates of the $SYS topics; 0 turns them off.',
    variable: 'BROKER_SYS_INTERVAL',
    unit: 's',
  },
);

export const shutdownSection: z.ZodType<ShutdownSection, unknown> = z
  .strictObject({
    timeout: setting(duration({ minMs: 0, maxMs: 600_000, plainUnitMs: 1000 }).prefault('10s'), {
      description: 'How long a graceful stop may take.',
      variable: 'BROKER_SHUTDOWN_TIMEOUT',
      unit: 's',
      whenReached: 'What is still connected is cut off.',
    }),
  })
  .prefault({});

export const dataDirSection: z.ZodType<string, unknown> = setting(
  z.string().min(1).prefault('./data'),
  {
    description: 'Folder of everything that is kept, and of the control socket.',
    variable: 'BROKER_DATA_DIR',
  },
);

export const ephemeralSection: z.ZodType<boolean, unknown> = setting(z.boolean().prefault(false), {
  description: 'Keep nothing: no data folder is made; the control socket lies in a private folder.',
  variable: 'BROKER_EPHEMERAL',
});

export const persistenceSection: z.ZodType<PersistenceSection, unknown> = z
  .strictObject({
    mode: setting(z.enum(persistenceModes).prefault('os'), {
      description:
        'When something is acknowledged. none: at once, and only a clean stop keeps it. os: when the operating system has it, so it survives the end of the process. disk: when the disk has it, so it survives a power cut too.',
      variable: 'BROKER_PERSISTENCE_MODE',
    }),
    sync_interval: setting(
      duration({ minMs: 10, maxMs: 60_000, plainUnitMs: 1 }).prefault('200ms'),
      {
        description: 'Mode os: what a power cut may cost at most.',
        variable: 'BROKER_PERSISTENCE_SYNC_INTERVAL',
      },
    ),
    segment_size: setting(size(1024 * 1024, 1024 * 1024 * 1024).prefault('64MB'), {
      description: 'Size at which the log goes on in a new file.',
    }),
    ballast: setting(size(0, 1024 * 1024 * 1024).prefault('16MB'), {
      description:
        'A file that is given up when the disk is full, so that there is room to finish; 0 = none.',
    }),
  })
  .prefault({});

export const rosSection: z.ZodType<RosSection, unknown> = z
  .strictObject({
    enabled: setting(z.boolean().prefault(true), {
      description:
        'ROS names in topics. Accepted and kept; topics are not taken apart yet in this version.',
      variable: 'BROKER_ENABLE_ROS_INTEGRATION',
    }),
    prefix: setting(
      z
        .string()
        .min(1)
        .refine((text) => !/[+#\0]/.test(text), {
          message: 'expected a topic without + and #, such as ros/',
        })
        .prefault('ros/'),
      {
        description: 'Topics below it are ROS topics: {prefix}{domain}/{node}/{message_type}.',
        variable: 'BROKER_ROS_DOMAIN_PREFIX',
        expected: 'a topic without + and #, such as ros/',
      },
    ),
    isolation: setting(
      notYet(z.enum(['off', 'acl', 'strict']), (mode) => mode === 'off').prefault('off'),
      {
        description: `Separation of ROS domains: off; acl and strict are ${notYetMessage}.`,
        variable: 'BROKER_ROS_ISOLATION',
      },
    ),
  })
  .transform(({ enabled, prefix }): RosSection => ({ enabled, prefix }))
  .prefault({});

/** Sections that later versions know: accepted only as `{ enabled: false }`. */
export const laterSection = (what: string): z.ZodType<undefined, unknown> =>
  setting(
    notYet(z.unknown(), (value) => {
      const isMapping = typeof value === 'object' && value !== null;
      return value === undefined || (isMapping && 'enabled' in value && value.enabled === false);
    })
      .transform(() => undefined)
      .optional(),
    { description: `${what}: ${notYetMessage}.` },
  );
