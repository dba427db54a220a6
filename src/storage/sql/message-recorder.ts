import type { BrokerObserver } from '../../broker/index.ts';
import { matches } from '../../topic/index.ts';
import type { MessageRows } from './message-rows.ts';

/** Topics whose answer is remembered: publishers use the same ones again and again. */
const rememberedTopicsMax = 10_000;

/**
 * Keeps the messages whose Topic Name one of the filters matches.
 *
 * @param now the wall clock
 * @param wake called when there are rows to write
 */
export function createMessageRecorder(
  rows: MessageRows,
  topicFilters: readonly string[],
  now: () => number,
  wake: () => void,
): BrokerObserver {
  const answers = new Map<string, boolean>();
  const isWanted = (topicName: string): boolean => {
    const known = answers.get(topicName);
    if (known !== undefined) return known;
    const answer = topicFilters.some((filter) => matches(filter, topicName));
    if (answers.size >= rememberedTopicsMax) answers.clear();
    answers.set(topicName, answer);
    return answer;
  };
  return {
    name: 'message-recorder',
    messagePublished(message) {
      if (!isWanted(message.topicName)) return;
      const { topicName, payload, qos, retain, publisherId, publisherName } = message;
      rows.add({
        timeMs: now(),
        topicName,
        payload,
        qos,
        retain,
        clientId: publisherId,
        username: publisherName,
      });
      wake();
    },
  };
}
