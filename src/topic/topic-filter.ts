/** What a SUBSCRIBE or UNSUBSCRIBE asks for, taken apart. */
export type ParsedFilter = {
  /** The filter that Topic Names are matched against, without `$share/…/`. */
  topicFilter: string;
  /** Name of the Shared Subscription's group; undefined for a subscription of the client's own. */
  shareName: string | undefined;
};

/** Why a text is no Topic Filter. A value that is returned, never thrown. */
export class FilterError {
  /** A sentence that says what is wrong. */
  readonly reason: string;
  /** True where the text begins with `$share`, so that it is the share syntax or the filter in it. */
  readonly isShare: boolean;

  constructor(reason: string, isShare: boolean) {
    this.reason = reason;
    this.isShare = isShare;
  }
}

const SHARE = '$share';
const WILDCARD = /[#+]/;

/**
 * Reads a Topic Filter, or `$share/{ShareName}/{filter}`.
 *
 * @param levelsMax most levels allowed in the filter (`$share/{ShareName}` does not count), 1 or more
 *
 * [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.8.2-1] [MQTT-4.8.2-2]
 */
export function parseSubscription(text: string, levelsMax: number): ParsedFilter | FilterError {
  if (text !== SHARE && !text.startsWith(`${SHARE}/`)) {
    const wrong = checkTopicFilter(text, levelsMax);
    return wrong === undefined
      ? { topicFilter: text, shareName: undefined }
      : new FilterError(wrong, false);
  }
  const nameStart = SHARE.length + 1;
  const nameEnd = text.indexOf('/', nameStart);
  if (nameEnd < 0) {
    return new FilterError(
      'A Shared Subscription needs the form $share/{ShareName}/{filter}: the filter is missing.',
      true,
    );
  }
  if (nameEnd === nameStart) {
    return new FilterError('The ShareName must have at least one character.', true);
  }
  const shareName = text.slice(nameStart, nameEnd);
  if (WILDCARD.test(shareName)) {
    return new FilterError("The ShareName must not contain '+' or '#'.", true);
  }
  if (shareName.includes('\0')) {
    return new FilterError('The ShareName must not contain the null character U+0000.', true);
  }
  const topicFilter = text.slice(nameEnd + 1);
  const wrong = checkTopicFilter(topicFilter, levelsMax);
  return wrong === undefined ? { topicFilter, shareName } : new FilterError(wrong, true);
}

function checkTopicFilter(topicFilter: string, levelsMax: number): string | undefined {
  if (topicFilter.length === 0) return 'A Topic Filter must have at least one character.';
  const last = topicFilter.length - 1;
  let levels = 1;
  let levelStart = 0;
  for (let i = 0; i <= last; i++) {
    switch (topicFilter.charCodeAt(i)) {
      case 0x2f:
        levels++;
        levelStart = i + 1;
        break;
      case 0x23:
        if (i !== last || i !== levelStart) {
          return "The wildcard '#' must be the last character and alone in its level.";
        }
        break;
      case 0x2b:
        if (i !== levelStart || (i !== last && topicFilter.charCodeAt(i + 1) !== 0x2f)) {
          return "The wildcard '+' must be alone in its level.";
        }
        break;
      case 0:
        return 'A Topic Filter must not contain the null character U+0000.';
    }
  }
  if (levels > levelsMax) {
    return `The Topic Filter has ${levels} levels, at most ${levelsMax} are allowed.`;
  }
  return undefined;
}
