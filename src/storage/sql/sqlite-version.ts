/**
 * From 3.7.0 to 3.51.2, two connections that wrote and reset the write-ahead log at the same moment could
 * damage the file. https://sqlite.org/wal.html
 */
const firstSoundVersion = '3.51.3';

/** What to say about this version of SQLite; undefined when it is sound. */
export function versionWarning(version: string): string | undefined {
  if (compare(version, firstSoundVersion) >= 0) return undefined;
  return (
    `SQLite ${version} can damage a database that another program writes to as well ` +
    `(repaired in ${firstSoundVersion}). Update Node, and until then only read the files`
  );
}

function compare(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
