/**
 * Checks a Topic Name, the topic of one Application Message. It is case sensitive, never normalised, and
 * an empty level is a level: `a`, `/a` and `a/` are three names [MQTT-4.7.3-4].
 *
 * @param levelsMax most levels allowed, 1 or more
 * @returns undefined when the name is valid, else a sentence that says what is wrong with it
 *
 * [MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]; the length in bytes is the codec's to keep.
 */
export function checkTopicName(topicName: string, levelsMax: number): string | undefined {
  if (topicName.length === 0) return 'A Topic Name must have at least one character.';
  let levels = 1;
  for (let i = 0; i < topicName.length; i++) {
    switch (topicName.charCodeAt(i)) {
      case 0x2f:
        levels++;
        break;
      case 0x23:
        return "A Topic Name must not contain the wildcard character '#'.";
      case 0x2b:
        return "A Topic Name must not contain the wildcard character '+'.";
      case 0:
        return 'A Topic Name must not contain the null character U+0000.';
    }
  }
  if (levels > levelsMax) {
    return `The Topic Name has ${levels} levels, at most ${levelsMax} are allowed.`;
  }
  return undefined;
}
