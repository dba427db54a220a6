import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and what is missing above it. Not `mkdirSync` with `recursive`: where the system answers
 * "no such file" to making a directory in one that is there (/proc), that never ends.
 *
 * @throws {Error} of the file system
 */
export function makeDirectory(directory: string, mode = 0o777): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path))
    missing.unshift(path);
  for (const path of missing) mkdirSync(path, { mode });
}
