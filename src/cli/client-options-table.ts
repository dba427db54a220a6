/** Every flag of `linnet pub` and `linnet sub`. */
import { connectionRules, tlsRules } from './client-options-connection.ts';
import { flag, type OptionRule, only, option } from './client-options-rule.ts';
import type { ClientCommand, PublishSource } from './client-options-settings.ts';
import { addTopic, topicFilter } from './client-options-topic.ts';
import { decimal, qos, retainHandling, UsageError, wholeNumber } from './client-options-value.ts';

export const commonRules: readonly OptionRule[] = [
  option('-t --topic', 'topic', 'Topic. With sub a filter, and may be repeated.', (s, v) => {
    addTopic(s, v, '-t');
  }),
  option('-q --qos', 'QoS', 'Quality of service, 0, 1 or 2. Default 0.', (s, v) => {
    s.qos = qos(v, `Invalid QoS given: ${v}`);
  }),
  flag('-d --debug', 'Print every packet to stderr.', (s) => {
    s.isDebug = true;
  }),
  flag('--quiet', 'Do not print errors.', (s) => {
    s.isQuiet = true;
  }),
  flag('--json', 'Print one JSON object a line.', (s) => {
    s.isJson = true;
  }),
  option('-o', 'options file', 'Read options from this file, one a line.', () => undefined),
];

export const pubRules: readonly OptionRule[] = only('pub', [
  source('-m --message', 'message', 'Message to send.', (text) => ({ kind: 'text', text })),
  source('-f --file', 'file', 'Send the contents of a file.', (path) => ({ kind: 'file', path })),
  source('-l --stdin-line', undefined, 'Send each line of stdin as a message.', () => ({
    kind: 'lines',
  })),
  source('-s --stdin-file', undefined, 'Send all of stdin as one message.', () => ({
    kind: 'stdin',
  })),
  source('-n --null-message', undefined, 'Send an empty message.', () => ({ kind: 'null' })),
  flag('-r --retain', 'The message is retained.', (s) => {
    s.retain = true;
  }),
  option('--repeat', 'count', 'Send the message N times.', (s, v) => {
    s.repeatCount = wholeNumber(v, 1, 2 ** 31 - 1, '--repeat argument must be >0.');
  }),
  option('--repeat-delay', 'time', 'Seconds between two of them, e.g. 0.5.', (s, v) => {
    s.repeatDelayMs = decimal(v, 0, 1e9, '--repeat-delay argument must be >=0.0.') * 1000;
  }),
]);

export const subRules: readonly OptionRule[] = only('sub', [
  option('-C', 'count', 'Disconnect and exit after this many messages.', (s, v) => {
    s.messageCount = wholeNumber(v, 1, 2 ** 31 - 1, `Invalid message count "${v}".`);
  }),
  option('-W', 'timeout', 'Exit after this many seconds (exit code 27).', (s, v) => {
    s.timeoutSeconds = wholeNumber(v, 1, 2_000_000, `Invalid timeout "${v}".`);
  }),
  flag('-E', 'Exit once all subscriptions are acknowledged.', (s) => {
    s.exitAfterSubscribe = true;
  }),
  flag('-v --verbose', 'Print the topic before each payload.', (s) => {
    s.isVerbose = true;
  }),
  option('-F', 'format', 'Output format: %t %p %j @H \\n and more.', (s, v) => {
    s.format = v;
  }),
  flag('-N', 'No line end behind a payload.', (s) => {
    s.endsLines = false;
  }),
  flag('--pretty', 'Indent JSON output.', (s) => {
    s.isPretty = true;
  }),
  flag('-R', 'Do not print retained messages.', (s) => {
    s.noRetained = true;
    s.retainHandling = 2;
  }),
  flag('--retained-only', 'Print only retained messages; exit at the first other one.', (s) => {
    s.retainedOnly = true;
  }),
  flag('--remove-retained', 'Delete each retained message that is received.', (s) => {
    s.removeRetained = true;
  }),
  flag('--retain-as-published', 'Keep the retain flag as it was published. MQTT 5.', (s) => {
    s.retainAsPublished = true;
  }),
  option(
    '--retain-handling',
    'option',
    'Retained messages: always, new or never. MQTT 5.',
    (s, v) => {
      s.retainHandling = retainHandling(v);
    },
  ),
  option('--random-filter', 'chance', 'Print only this percentage of the messages.', (s, v) => {
    s.randomPercent = decimal(v, 0.1, 100, '--random-filter chance must be between 0.1-100.0');
  }),
  option(
    '-T --filter-out',
    'topic filter',
    'Do not print topics that match. May be repeated.',
    (s, v) => {
      s.filterOut.push(topicFilter(v, '-T', 'filter topic'));
    },
  ),
  option(
    '-U --unsubscribe',
    'unsubscribe topic',
    'Unsubscribe at the start. May be repeated.',
    (s, v) => {
      s.unsubscribe.push(topicFilter(v, '-U', 'unsubscribe topic'));
    },
  ),
]);

export const optionRules: readonly OptionRule[] = [
  ...commonRules,
  ...pubRules,
  ...subRules,
  ...connectionRules,
  ...tlsRules,
];

/** The flag of that name, if the command has it. */
export function findOption(command: ClientCommand, name: string): OptionRule | undefined {
  return optionRules.find(
    (rule) => rule.names.includes(name) && (rule.only ?? command) === command,
  );
}

function source(
  names: string,
  value: string | undefined,
  help: string,
  make: (value: string) => PublishSource,
): OptionRule {
  return {
    names: names.split(' '),
    values: value === undefined ? [] : [value],
    help,
    apply: (settings, [given = '']) => {
      if (settings.source !== undefined) {
        throw new UsageError('Only one type of message can be sent at once.');
      }
      settings.source = make(given);
    },
  };
}
