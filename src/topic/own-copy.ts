/**
 * A copy of a level that keeps nothing else alive. `slice` may return a view on the whole text; kept in a
 * tree, a short level would then hold a name of 65,535 bytes long after that name is gone.
 */
export function ownCopy(level: string): string {
  return level.length < VIEW_LENGTH_MIN ? level : level.split('').join('');
}

/** Shorter slices are copies in every engine we know (V8 makes views from 13 characters on). */
const VIEW_LENGTH_MIN = 13;
