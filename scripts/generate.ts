/** Writes the files that are made from the sources: `npm run generate`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedPages } from './generated-pages.ts';

const root = join(import.meta.dirname, '..');

for (const { path, text } of await generatedPages()) {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  const isCurrent = readIfThere(target) === text;
  if (!isCurrent) writeFileSync(target, text);
  console.log(`${isCurrent ? 'current' : 'written'}  ${path}`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
