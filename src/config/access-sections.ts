/** `auth:`, `topic_check:` and `plugins:`: who may connect, and what may be published. */
import { z } from 'zod';
import { setting } from './setting.ts';
import { notYet, notYetMessage } from './value-kinds.ts';

/** The seed's password: accepted from this machine only (see `Config.auth.usesShippedPassword`). */
export const shippedPassword = 'password';

export interface AuthSection {
  readonly enabled: boolean;
  readonly allow_anonymous: 'private' | boolean;
  readonly username: string;
  readonly password: string;
}

export interface TopicCheckSection {
  readonly enabled: boolean;
  readonly plugins: readonly string[];
}

export const authSection: z.ZodType<AuthSection, unknown> = z
  .strictObject({
    enabled: setting(z.boolean().prefault(false), {
      description: 'Clients need a login; switched on as well by auth.allow_anonymous: false.',
      variable: 'BROKER_ENABLE_AUTH',
      whenReached: 'A wrong login is refused with 0x86 (5.0) or return code 4 (3.x).',
    }),
    allow_anonymous: setting(z.union([z.enum(['private']), z.boolean()]).prefault('private'), {
      description:
        'Clients without a login. private: while auth.enabled is false, from this machine and private networks; true: from everywhere, also beside users; false: never.',
      variable: 'BROKER_ALLOW_ANONYMOUS',
      expected: 'private | true | false',
      whenReached: 'Others are refused with 0x87 (5.0) or return code 5 (3.x).',
    }),
    username: setting(z.string().min(1).prefault('admin'), {
      description: 'The user name that auth.enabled asks for.',
      variable: 'BROKER_USERNAME',
    }),
    password: setting(z.string().min(1).prefault(shippedPassword), {
      description:
        'Its password. While it is the shipped one, it is accepted from this machine only.',
      variable: 'BROKER_PASSWORD',
      secret: true,
    }),
    password_file: setting(notYet(z.unknown(), (value) => value === undefined).optional(), {
      description: `A file of users as mosquitto_passwd writes it: ${notYetMessage}.`,
    }),
  })
  .transform(({ password_file: _, ...section }) => section)
  .prefault({});

const checkers = z.enum(['topic_taboo']);

export const topicCheckSection: z.ZodType<TopicCheckSection, unknown> = z
  .strictObject({
    enabled: setting(notYet(z.boolean(), (enabled) => !enabled).prefault(false), {
      description: `Ask the topic checkers before a publish or subscribe; true is ${notYetMessage}.`,
      variable: 'BROKER_TOPIC_CHECK_ENABLED',
    }),
    plugins: setting(z.array(checkers).prefault([]), {
      description: 'Which topic checkers, in order; read once topic_check.enabled may be true.',
    }),
  })
  .prefault({});

export const pluginsSection: z.ZodType<readonly string[], unknown> = setting(
  z.array(notYet(z.enum(['auth_anonymous', 'topic_taboo']), () => false)).prefault([]),
  { description: `Built-in plugins by name, in order: ${notYetMessage}.` },
);
