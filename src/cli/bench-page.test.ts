import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { benchFigures } from './bench-figures.ts';
import { reportOf } from './bench-reports.test-kit.ts';

const page = readFileSync(
  join(import.meta.dirname, '..', '..', 'docs', 'reference', 'bench.md'),
  'utf8',
);

/** Of the object and of those in it. */
function names(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, part]) => [name, ...names(part)]);
}

test('the reference page names every member of the JSON object', () => {
  const missing = names(benchFigures(reportOf())).filter((name) => !page.includes(`\`${name}\``));
  assert.deepEqual(missing, []);
});
