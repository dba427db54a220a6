const SLASH = 0x2f;
const HASH = 0x23;
const PLUS = 0x2b;
const DOLLAR = 0x24;

/**
 * Whether a Topic Filter matches a Topic Name; both must be valid. Reads each once and allocates nothing.
 *
 * A filter that begins with a wildcard matches no name that begins with `$` [MQTT-4.7.2-1]; `#` matches
 * its parent too: `a/#` matches `a` [MQTT-4.7.1-1].
 */
export function matches(topicFilter: string, topicName: string): boolean {
  const filterEnd = topicFilter.length;
  const nameEnd = topicName.length;
  const first = topicFilter.charCodeAt(0);
  if (topicName.charCodeAt(0) === DOLLAR && (first === PLUS || first === HASH)) return false;
  let f = 0;
  let n = 0;
  for (;;) {
    // Both stand at the beginning of a level. charCodeAt is NaN at the end, where the level is empty.
    const code = topicFilter.charCodeAt(f);
    if (code === HASH) return true;
    if (code === PLUS) {
      f++;
      while (n < nameEnd && topicName.charCodeAt(n) !== SLASH) n++;
    } else {
      while (f < filterEnd && topicFilter.charCodeAt(f) !== SLASH) {
        if (topicFilter.charCodeAt(f) !== topicName.charCodeAt(n)) return false;
        f++;
        n++;
      }
    }
    if (f === filterEnd) return n === nameEnd;
    if (n === nameEnd) return f + 2 === filterEnd && topicFilter.charCodeAt(f + 1) === HASH;
    if (topicName.charCodeAt(n) !== SLASH) return false;
    f++;
    n++;
  }
}
