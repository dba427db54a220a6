/**
 * Writes the broker's facts to the log. What a stranger can repeat at will (refusals, denials, drops,
 * errors) is folded. Facts about single messages are not here but in `createMessageTrace`: they cost time
 * for every message and are wanted only while somebody looks.
 */
import type { BrokerObserver } from '../broker/index.ts';
import {
  connectedLine,
  deliveryFields,
  disconnectedLine,
  dropKind,
  droppedLine,
  type FactLine,
  internalErrorLine,
  messageFields,
  moduleOf,
  refusedLine,
  subscriptionLine,
  subscriptionRefusedLine,
} from './fact-lines.ts';
import { defaultFoldOptions, Fold, type FoldOptions, type FoldSummary } from './fold.ts';
import type { Log } from './log.ts';

export interface LogObserver extends BrokerObserver {
  /** Writes the summaries that are due; to be called about once a second. */
  tick(nowMs: number): void;
  /** Writes all summaries, due or not: at the end. */
  drain(nowMs: number): void;
}

export interface LogObserverOptions {
  readonly log: Log;
  readonly now: () => number;
  readonly fold?: FoldOptions;
}

export function createLogObserver(options: LogObserverOptions): LogObserver {
  const { log, now } = options;
  const fold = new Fold<FactLine>(options.fold ?? defaultFoldOptions);
  const messageLog = log.module('message');
  const sessionLog = log.module('session');

  const say = (line: FactLine): void => {
    const { event, level, fields, message } = line;
    const module = log.module(moduleOf(event));
    const client = fields['client'];
    if (!module.isEnabled(level, typeof client === 'string' ? client : undefined)) return;
    if (line.fold === undefined) module.write(level, event, fields, message);
    else if (fold.note(line.fold.kind, event, line, now())) {
      module.write(level, event, { ...fields, times: 1 }, message);
    }
  };
  const sayFolded = (summaries: readonly FoldSummary<FactLine>[]): void => {
    for (const { item, times, duringMs, mixed } of summaries) {
      const fields = mixed ? { of: 'many' } : item.fold?.fields;
      const module = log.module(moduleOf(item.event));
      module.write(item.level, item.event, { ...fields, times, duringMs });
    }
  };

  return {
    name: 'log',
    tick: (nowMs) => sayFolded(fold.tick(nowMs)),
    drain: (nowMs) => sayFolded(fold.drain(nowMs)),
    clientConnected: (fact) => say(connectedLine(fact)),
    clientDisconnected: (fact) => say(disconnectedLine(fact)),
    connectionRefused: (fact) => say(refusedLine(fact)),
    clientSubscribed: (fact) => say(subscriptionLine('client.subscribed', fact)),
    clientUnsubscribed: (fact) => say(subscriptionLine('client.unsubscribed', fact)),
    subscriptionRefused: (fact) => say(subscriptionRefusedLine(fact)),
    messageDropped(fact) {
      if (!fold.repeats(dropKind(fact), now())) say(droppedLine(fact));
    },
    storeFault({ code, fatal, isOver, message }) {
      const storageLog = log.module('storage');
      if (isOver) storageLog.info('storage.fault.over', { code }, message);
      else storageLog.error('storage.fault', { code, fatal }, message);
    },
    internalError: (where, error) => say(internalErrorLine(where, error)),
    sessionStarted: (fact) => sessionLog.debug('session.started', { client: fact.clientId }),
    sessionEnded({ clientId: client, cause, discardedMessages: discarded }) {
      const level = discarded > 0 ? 'INFO' : 'DEBUG';
      sessionLog.write(level, 'session.ended', { client, cause, discarded });
    },
    retainedChanged(topicName, removed) {
      if (!messageLog.isEnabled('DEBUG')) return;
      messageLog.debug(removed ? 'retained.removed' : 'retained.set', { topic: topicName });
    },
    willPublished: (message) => messageLog.debug('will.published', messageFields(message)),
  };
}

/** Logs each message at DEBUG. Costs a call per message and copy, also while DEBUG is off. */
export function createMessageTrace(log: Log): BrokerObserver {
  const messageLog = log.module('message');
  return {
    name: 'message-trace',
    messagePublished(message, matched) {
      if (!messageLog.isEnabled('DEBUG', message.publisherId)) return;
      messageLog.debug('message.published', { ...messageFields(message), receivers: matched });
    },
    messageDelivered(message, clientId, qos) {
      if (!messageLog.isEnabled('DEBUG', clientId)) return;
      messageLog.debug('message.delivered', deliveryFields(message, clientId, qos));
    },
  };
}
