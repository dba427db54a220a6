/** Issues as they are printed: what happened, where, what is allowed; no stack. */
import { type ConfigError, type ConfigIssue, type Excerpt, issueText } from './config-error.ts';

/** Column at which the exit code ends in the last line. */
const lineWidth = 108;

/**
 * All issues, and a last line that counts them.
 *
 * @param exitCode what the process will exit with, 78 for a wrong configuration
 */
export function renderConfigError(error: ConfigError, exitCode = 78): string {
  const count = error.issues.length;
  const summary = `       ${count} ${count === 1 ? 'problem' : 'problems'}, nothing was started or changed.`;
  const code = `exit ${exitCode}`;
  return [
    ...error.issues.map((issue) => renderIssue('error', issue)),
    ...error.warnings.map((issue) => renderIssue('warn', issue)),
    `${summary.padEnd(lineWidth - code.length)}${code}`,
    '',
  ].join('\n');
}

/** Warnings of a configuration that can be used. Empty text when there are none. */
export function renderConfigWarnings(warnings: readonly ConfigIssue[]): string {
  return warnings.map((issue) => `${renderIssue('warn', issue)}\n`).join('');
}

function renderIssue(kind: 'error' | 'warn', issue: ConfigIssue): string {
  const lines = [`${kind.padEnd(5)}  ${issueText(issue)}`];
  if (issue.excerpt !== undefined) lines.push(...renderExcerpt(issue.excerpt));
  if (issue.fix !== undefined) lines.push(`       fix   ${issue.fix}`);
  return lines.join('\n');
}

function renderExcerpt({ lines, caretColumn, caretLength }: Excerpt): string[] {
  const gutter = 10;
  const rows = lines.map(({ number, text }) => `${String(number).padStart(gutter)} │ ${text}`);
  const carets = `${' '.repeat(caretColumn)}${'^'.repeat(Math.max(1, caretLength))}`;
  return [...rows, `${' '.repeat(gutter + 1)}│ ${carets}`];
}
