import type { HistoryLine } from '../admin/index.ts';

/** One line for a person: local time, topic, payload. What would move a terminal's cursor is spelled out. */
export function historyText({ time, topic, payload, payload_base64: base64 }: HistoryLine): string {
  const content =
    payload === undefined ? `base64:${base64 ?? ''}` : payload.replaceAll(controls, spelled);
  return `${localTime(new Date(time))}  ${topic.replaceAll(controls, spelled)}  ${content}\n`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function spelled(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${date} ${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
