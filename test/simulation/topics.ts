/**
 * The Topic Names of the simulation and the Topic Filters asked for, with a matching of its own: plain
 * recursion over levels, written from §4.7 and sharing nothing with the broker's trees.
 */
import type { Random } from './random.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Published with RETAIN now and then, and emptied again: the only names that get empty payloads. */
export const retainedNames: readonly string[] = upTo(40).map((i) => `r/${i}`);
export const sharedNames: readonly string[] = upTo(8).map((i) => `s/${i}`);
export const plainNames: readonly string[] = [
  ...upTo(5).flatMap((i) => upTo(5).map((j) => `a/${i}/${j}`)),
  ...upTo(10).map((i) => `b/${i}`),
  ...upTo(40).map((i) => `p/${i}`),
  'a',
  'b',
  '/',
  '/x',
  'x/',
  'x//y',
  'ü/ß',
  '$dev',
  '$dev/1',
  '$dev/2/x',
];
export const willNames: readonly string[] = upTo(10).map((i) => `w/${i}`);
export const allNames: readonly string[] = [
  ...plainNames,
  ...sharedNames,
  ...retainedNames,
  ...willNames,
];

const wildcardFilters: readonly string[] = [
  'a/#',
  'a/1/#',
  'a/+/2',
  'a/+/+',
  '+/3/+',
  'b/#',
  'b/+',
  '+/1',
  '/+',
  '/#',
  '+/',
  '+/+',
  'x/+/y',
  'x/#',
  'ü/+',
  '$dev/#',
  '$dev/+',
  '$dev/+/x',
  'r/+',
  'r/#',
  'w/#',
];
/** The digit is the QoS that every member asks for. */
const sharedFilters: readonly string[] = [
  ...[0, 1, 2].flatMap((qos) => [
    `$share/${qos}one/s/#`,
    `$share/${qos}two/s/+`,
    `$share/${qos}two/s/1`,
  ]),
  '$share/1three/b/#',
  '$share/2three/b/#',
];

export function randomFilter(random: Random): string {
  const dice = random.next();
  if (dice < 0.35) return random.pick(plainNames);
  if (dice < 0.45) return random.pick(retainedNames);
  if (dice < 0.5) return random.pick(willNames);
  if (dice < 0.506) return '#';
  if (dice < 0.72) return random.pick(sharedFilters);
  return random.pick(wildcardFilters);
}

export function isShared(filter: string): boolean {
  return filter.startsWith('$share/');
}

export function shareNameOf(filter: string): string {
  return filter.split('/')[1] as string;
}

/** The QoS agreed for the members of this Shared Subscription. */
export function sharedQoS(filter: string): 0 | 1 | 2 {
  const digit = shareNameOf(filter)[0];
  return digit === '0' ? 0 : digit === '1' ? 1 : 2;
}

const matching = new Map<string, readonly string[]>();

/** The names that a filter, with or without `$share/name/`, matches. */
export function namesMatching(filter: string): readonly string[] {
  let names = matching.get(filter);
  if (names === undefined) {
    const levels = filter.split('/').slice(isShared(filter) ? 2 : 0);
    names = allNames.filter((name) => {
      const nameLevels = name.split('/');
      if (name.startsWith('$') && levels[0] !== nameLevels[0]) return false; // [MQTT-4.7.2-1]
      return fits(levels, nameLevels);
    });
    matching.set(filter, names);
  }
  return names;
}

function fits(filter: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = filter;
  if (first === '#') return true; // The parent level too.
  if (first === undefined) return name.length === 0;
  const [level, ...below] = name;
  if (level === undefined) return false;
  return (first === '+' || first === level) && fits(rest, below);
}
