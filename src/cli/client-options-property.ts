/** `-D command identifier [name] value`: properties of MQTT 5.0 for the packets that are sent. */
import type { PropertyBag, PropertyTarget } from './client-options-settings.ts';
import { mqttText, UsageError, wholeNumber } from './client-options-value.ts';

interface PropertyRule {
  readonly targets: readonly PropertyTarget[];
  /** Puts the value in; the range is that of the property's type on the wire. */
  readonly set: (bag: PropertyBag, value: string, name: string) => void;
}

const everywhere = [
  'connect',
  'publish',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'will',
] as const;
const message = ['publish', 'will'] as const;

const rules: Readonly<Record<string, PropertyRule>> = {
  'payload-format-indicator': {
    targets: message,
    set: (bag, value, name) => {
      bag.payloadFormatIndicator = flag(value, name) ? 1 : 0;
    },
  },
  'message-expiry-interval': {
    targets: message,
    set: (bag, value, name) => {
      bag.messageExpiryInterval = number(value, name, 0xffff_ffff);
    },
  },
  'content-type': {
    targets: message,
    set: (bag, value) => {
      bag.contentType = mqttText(value, '-D');
    },
  },
  'response-topic': {
    targets: message,
    set: (bag, value) => {
      bag.responseTopic = mqttText(value, '-D');
    },
  },
  'correlation-data': {
    targets: message,
    set: (bag, value) => {
      bag.correlationData = new TextEncoder().encode(value);
    },
  },
  'topic-alias': {
    targets: ['publish'],
    set: (bag, value, name) => {
      bag.topicAlias = number(value, name, 0xffff, 1);
    },
  },
  'will-delay-interval': {
    targets: ['will'],
    set: (bag, value, name) => {
      bag.willDelayInterval = number(value, name, 0xffff_ffff);
    },
  },
  'subscription-identifier': {
    targets: ['subscribe'],
    set: (bag, value, name) => {
      bag.subscriptionIdentifier = number(value, name, 268_435_455, 1);
    },
  },
  'session-expiry-interval': {
    targets: ['connect', 'disconnect'],
    set: (bag, value, name) => {
      bag.sessionExpiryInterval = number(value, name, 0xffff_ffff);
    },
  },
  'authentication-method': {
    targets: ['connect'],
    set: (bag, value) => {
      bag.authenticationMethod = mqttText(value, '-D');
    },
  },
  'authentication-data': {
    targets: ['connect'],
    set: (bag, value) => {
      bag.authenticationData = new TextEncoder().encode(value);
    },
  },
  'request-problem-information': {
    targets: ['connect'],
    set: (bag, value, name) => {
      bag.requestProblemInformation = flag(value, name);
    },
  },
  'request-response-information': {
    targets: ['connect'],
    set: (bag, value, name) => {
      bag.requestResponseInformation = flag(value, name);
    },
  },
  'receive-maximum': {
    targets: ['connect'],
    set: (bag, value, name) => {
      bag.receiveMaximum = number(value, name, 0xffff, 1);
    },
  },
  'topic-alias-maximum': {
    targets: ['connect'],
    set: (bag, value, name) => {
      bag.topicAliasMaximum = number(value, name, 0xffff);
    },
  },
  'maximum-packet-size': {
    targets: ['connect'],
    set: (bag, value, name) => {
      bag.maximumPacketSize = number(value, name, 0xffff_ffff, 1);
    },
  },
  'reason-string': {
    targets: ['disconnect'],
    set: (bag, value) => {
      bag.reasonString = mqttText(value, '-D');
    },
  },
};

const userProperty = 'user-property';

/** Whether these values of -D need one more: a user property has a name and a value. */
export function isUserProperty(values: readonly string[]): boolean {
  return values[1]?.toLowerCase() === userProperty;
}

/** @throws {UsageError} for a command or property that does not exist, or a value that does not fit. */
export function applyProperty(
  properties: Readonly<Record<PropertyTarget, PropertyBag>>,
  values: readonly string[],
): void {
  const [command = '', propertyName = '', first = '', second] = values;
  const target = everywhere.find((name) => name === command.toLowerCase());
  if (target === undefined) {
    throw new UsageError(
      `Invalid command ${command} given in --property argument. Use one of ${everywhere.join(', ')}.`,
    );
  }
  const bag = properties[target];
  if (isUserProperty(values)) {
    if (second === undefined) {
      throw new UsageError('--property argument given but not enough arguments specified.');
    }
    const pair = [mqttText(first, '-D'), mqttText(second, '-D')] as const;
    bag.userProperties = [...(bag.userProperties ?? []), pair];
    return;
  }
  const name = propertyName.toLowerCase();
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (rule === undefined) {
    throw new UsageError(`Invalid property name ${propertyName} given in --property argument.`);
  }
  if (!rule.targets.includes(target)) {
    throw new UsageError(
      `${propertyName} property not allowed for ${command} in --property argument.`,
    );
  }
  const before = Object.keys(bag).length;
  rule.set(bag, first, propertyName);
  if (Object.keys(bag).length === before) {
    throw new UsageError(`Duplicate property ${propertyName} for ${command}.`);
  }
}

function number(value: string, name: string, max: number, min = 0): number {
  const sentence = `Property value (${value}) out of range for property ${name}: ${min} to ${max}.`;
  return wholeNumber(value, min, max, sentence);
}

function flag(value: string, name: string): boolean {
  return number(value, name, 1) === 1;
}
