/** "Did you mean": the known word nearest to a mistyped one. */

/** Letters inserted, removed, replaced or swapped with their neighbour to come from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const best = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      rows[row]?.push(best);
    }
  }
  return at(a.length, b.length);
}

/** The candidate that is close enough to be meant; undefined when none is. Spelling marks do not count. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = bareKey(word);
  if (plain.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain, bareKey(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Keys are the same when they differ only in dashes, underscores and capitals. */
export function bareKey(key: string): string {
  return key.replaceAll(/[-_]/g, '').toLowerCase();
}
