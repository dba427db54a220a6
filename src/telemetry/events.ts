/**
 * Every event a log line can carry: the one list, from which the reference page is made. The names are a
 * promise: people search for them and alert on them. To add an event, add a row; a line whose event has
 * no row is written all the same.
 */
import type { LogLevel } from './log-level.ts';

export interface EventRow {
  /** The level it is normally logged at. */
  readonly level: LogLevel;
  /** The module that logs it, to which a level of its own can be given. */
  readonly module: string;
  readonly meaning: string;
  /** Names of the fields that may be there, besides `times` and `duringMs` of folded lines. */
  readonly fields: readonly string[];
  /** Repetitions are folded. */
  readonly folded?: true;
  /** The message is this sentence, and `text` shows nothing else: scripts read such lines. */
  readonly seedLine?: string;
}

const client = ['client', 'user', 'ip', 'port', 'listener'];

export const events: Readonly<Record<string, EventRow>> = {
  'broker.started': {
    level: 'INFO',
    module: 'broker',
    meaning: 'All listeners are open.',
    fields: ['version'],
    seedLine: 'MQTT Broker started successfully',
  },
  'broker.ready': {
    level: 'INFO',
    module: 'broker',
    meaning: 'The start is complete; stands for the banner where the console is no terminal.',
    fields: ['version', 'startMs', 'listeners', 'dataDir', 'config'],
  },
  'broker.stopping': {
    level: 'INFO',
    module: 'broker',
    meaning: 'A signal or command asked for the end; nothing new is accepted.',
    fields: ['signal', 'clients'],
  },
  'broker.stopped': {
    level: 'INFO',
    module: 'broker',
    meaning: 'Everything is closed.',
    fields: ['clients', 'stopMs'],
    seedLine: 'MQTT Broker stopped',
  },
  'broker.failed': {
    level: 'ERROR',
    module: 'broker',
    meaning: 'Something unforeseen happened; the broker stops in order with a non-zero exit code.',
    fields: ['error'],
    seedLine: 'Unexpected error: <error>',
  },
  'internal.error': {
    level: 'ERROR',
    module: 'broker',
    meaning: 'A hook, a plugin or the broker itself threw: a bug in it. The broker goes on.',
    fields: ['where', 'error'],
    folded: true,
  },
  'listener.opened': {
    level: 'INFO',
    module: 'listener',
    meaning: 'A listener accepts connections.',
    fields: ['listener', 'transport', 'address'],
  },
  'listener.closed': {
    level: 'INFO',
    module: 'listener',
    meaning: 'A listener accepts no more connections.',
    fields: ['listener', 'transport', 'address'],
  },
  'listener.failed': {
    level: 'ERROR',
    module: 'listener',
    meaning: 'A listener cannot be opened or broke.',
    fields: ['listener', 'transport', 'address', 'error'],
  },
  'client.connected': {
    level: 'INFO',
    module: 'client',
    meaning: 'A client was accepted. A client without a user name is `None` in the sentence.',
    fields: [
      ...client,
      'transport',
      'protocol',
      'keepAlive',
      'cleanStart',
      'sessionPresent',
      'sessionExpiry',
      'encryption',
    ],
    seedLine: 'Client connected: <client_id>, Username: <username>',
  },
  'client.disconnected': {
    level: 'INFO',
    module: 'client',
    meaning:
      'A Network Connection ended. WARNING (folded) for protocol-error, queue-full and not-authorized, ERROR for internal-error.',
    fields: [...client, 'cause', 'reason', 'connectedMs', 'detail'],
    folded: true,
    seedLine: 'Client disconnected: <client_id>, Username: <username>, <cause> after <seconds> s',
  },
  'connection.refused': {
    level: 'WARNING',
    module: 'client',
    meaning:
      'A CONNECT, or what came instead of one, was refused. The message says why and names the setting. INFO while the broker stops.',
    fields: [...client, 'transport', 'cause', 'reason'],
    folded: true,
  },
  'session.started': {
    level: 'DEBUG',
    module: 'session',
    meaning: 'A new Session began.',
    fields: ['client'],
  },
  'session.ended': {
    level: 'DEBUG',
    module: 'session',
    meaning: 'A Session ended; INFO when messages that waited in it were discarded.',
    fields: ['client', 'cause', 'discarded'],
  },
  'client.subscribed': {
    level: 'DEBUG',
    module: 'subscription',
    meaning: 'A subscription was made or replaced.',
    fields: [...client, 'filter', 'qos'],
  },
  'client.unsubscribed': {
    level: 'DEBUG',
    module: 'subscription',
    meaning: 'A subscription was removed.',
    fields: [...client, 'filter', 'qos'],
  },
  'acl.subscribe.denied': {
    level: 'WARNING',
    module: 'acl',
    meaning: 'A subscription was refused.',
    fields: ['client', 'user', 'ip', 'filter', 'rule', 'reason'],
    folded: true,
  },
  'acl.publish.denied': {
    level: 'WARNING',
    module: 'acl',
    meaning: 'A client may not publish on this topic.',
    fields: ['client', 'topic', 'rule', 'reason'],
    folded: true,
  },
  'acl.delivery.denied': {
    level: 'WARNING',
    module: 'acl',
    meaning: 'A receiver may not read this topic; the others got the message.',
    fields: ['client', 'publisher', 'topic', 'rule'],
    folded: true,
  },
  'message.dropped': {
    level: 'WARNING',
    module: 'message',
    meaning:
      'A message, or the copy for one receiver, went no further. INFO for what a client asked for itself: expired, offline-qos0, session-ended.',
    fields: ['cause', 'client', 'publisher', 'topic', 'qos', 'bytes', 'rule', 'reason'],
    folded: true,
  },
  'message.published': {
    level: 'DEBUG',
    module: 'message',
    meaning: 'An Application Message was accepted.',
    fields: ['client', 'user', 'topic', 'qos', 'retain', 'bytes', 'receivers'],
  },
  'message.delivered': {
    level: 'DEBUG',
    module: 'message',
    meaning: 'One copy was handed to a connected receiver.',
    fields: ['client', 'publisher', 'topic', 'qos', 'bytes'],
  },
  'will.published': {
    level: 'DEBUG',
    module: 'message',
    meaning: 'A Will Message was published.',
    fields: ['client', 'user', 'topic', 'qos', 'retain', 'bytes'],
  },
  'retained.set': {
    level: 'DEBUG',
    module: 'message',
    meaning: 'A Retained Message was set.',
    fields: ['topic'],
  },
  'retained.removed': {
    level: 'DEBUG',
    module: 'message',
    meaning: 'A Retained Message was removed.',
    fields: ['topic'],
  },
  'log.level.changed': {
    level: 'INFO',
    module: 'log',
    meaning:
      'A level was changed while running. `for` is a module, a client, a sink or everything.',
    fields: ['for', 'to'],
  },
  'log.file.failed': {
    level: 'ERROR',
    module: 'log',
    meaning:
      'The log file cannot be written; logging goes on without it. Goes to the console only.',
    fields: ['file', 'error'],
  },
  'log.file.recovered': {
    level: 'WARNING',
    module: 'log',
    meaning: 'The log file can be written again; `lost` lines are missing in it.',
    fields: ['file', 'lost'],
  },
  'log.lines.skipped': {
    level: 'WARNING',
    module: 'log',
    meaning: 'The console was too slow; so many lines are missing there. Goes to the console only.',
    fields: ['lost'],
  },
};

/** The sentence of an event that always has the same one. */
export function fixedMessage(event: string): string | undefined {
  const line = events[event]?.seedLine;
  return line?.includes('<') === false ? line : undefined;
}
