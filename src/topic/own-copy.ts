/**
 * The text of a level as a tree keeps it: a copy that keeps nothing else alive, and one for many levels that are
 * equal. `slice` may return a view on the whole text; kept in a tree, a short level would then hold a name of
 * 65,535 bytes long after that name is gone. And where a thousand devices have a level `state`, it is the same
 * text a thousand times.
 */
export function ownCopy(level: string): string {
  if (level.length > SHARED_LENGTH_MAX) return flatCopy(level);
  // Of an empty level the codes are NaN, which is 0 here.
  const code = level.charCodeAt(0) * 7 + level.charCodeAt(level.length - 1);
  const slot = (level.length * 31 + code) & (recent.length - 1);
  const known = recent[slot];
  if (known === level) return known;
  const copy = level.length < VIEW_LENGTH_MIN ? level : flatCopy(level);
  recent[slot] = copy;
  return copy;
}

/** What was copied lately; it may stay alive, so nothing long is among it. */
const recent: string[] = new Array<string>(256).fill('');
const SHARED_LENGTH_MAX = 32;

/** Shorter slices are copies in every engine we know (V8 makes views from 13 characters on). */
const VIEW_LENGTH_MIN = 13;

function flatCopy(text: string): string {
  return text.split('').join('');
}
