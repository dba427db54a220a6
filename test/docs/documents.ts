import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CodeBlock, codeBlocks } from './code-blocks.ts';

export const root: string = join(import.meta.dirname, '..', '..');

export interface Document {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

export function readDocument(path: string): Document {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, blocks: codeBlocks(text) };
}

/** What is written for users, decisions left out: those tell of the time when they were made. */
export const documents: readonly Document[] = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md', { cwd: root })
    .filter((path) => !path.includes('decisions'))
    .sort(),
].map(readDocument);
