/**
 * Runs every test, prints what was skipped with its reason, and counts. `npm test` calls it; arguments are
 * path beginnings that choose files (`npm test -- src/packet`). With LINNET_STRICT=1 a skipped test is a
 * failure: that is how a machine that has everything makes sure that everything ran.
 */
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const isStrict = process.env['LINNET_STRICT'] === '1';
const chosen = process.argv.slice(2);
const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'])
  .filter((file) => chosen.length === 0 || chosen.some((start) => file.startsWith(start)))
  .sort();

if (files.length === 0) {
  process.stderr.write(`no test file begins with ${chosen.join(', ')}\n`);
  process.exit(64);
}

const counts = { passed: 0, failed: 0, skipped: 0 };
const reasons = new Map<string, number>();

const stream = run({ files, concurrency: 2, timeout: 300_000 });
stream.on('test:pass', ({ skip, details }) => {
  if (details.type === 'suite') return;
  if (skip === undefined) {
    counts.passed++;
    return;
  }
  counts.skipped++;
  const reason = typeof skip === 'string' ? skip : 'no reason given';
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
});
stream.on('test:fail', ({ details }) => {
  if (details.type !== 'suite') counts.failed++;
});
stream.on('end', () => setImmediate(report));
stream.compose(spec).pipe(process.stdout, { end: false });

function report(): void {
  for (const [reason, count] of [...reasons].sort()) {
    process.stdout.write(`skipped ${count}: ${reason}\n`);
  }
  const { passed, failed, skipped } = counts;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  const isFailure = failed > 0 || passed === 0 || (isStrict && skipped > 0);
  if (isStrict && skipped > 0) process.stdout.write('a skipped test is a failure here\n');
  process.exitCode = isFailure ? 1 : 0;
}
