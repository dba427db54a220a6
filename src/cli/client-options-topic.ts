import { checkTopicName, FilterError, parseSubscription } from '../topic/index.ts';
import type { ClientSettings } from './client-options-settings.ts';
import { mqttText, UsageError } from './client-options-value.ts';

/** `-t`: pub has one topic, of which the last counts; sub has as many filters as given. */
export function addTopic(settings: ClientSettings, text: string, argument: string): void {
  if (settings.command === 'pub') settings.topics = [topicName(text, argument, 'publish topic')];
  else settings.topics.push(topicFilter(text, argument, 'subscription topic'));
}

/** @throws {UsageError} when the text is no Topic Name. */
export function topicName(text: string, argument: string, what: string): string {
  const wrong = checkTopicName(mqttText(text, argument), Number.POSITIVE_INFINITY);
  if (wrong !== undefined) throw new UsageError(`Invalid ${what} '${text}'. ${wrong}`);
  return text;
}

/** @throws {UsageError} when the text is neither a Topic Filter nor a Shared Subscription. */
export function topicFilter(text: string, argument: string, what: string): string {
  const parsed = parseSubscription(mqttText(text, argument), Number.POSITIVE_INFINITY);
  if (parsed instanceof FilterError) {
    throw new UsageError(`Invalid ${what} '${text}'. ${parsed.reason}`);
  }
  return text;
}
