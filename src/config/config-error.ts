/**
 * Problems with the configuration. All that can be found are found at once; each knows the key, the place,
 * what was found and what is allowed. Nothing in an issue ever holds a secret.
 */
import { filePlace, type Origin, originText } from './origin.ts';

export type ConfigIssueCode =
  | 'unknown-key'
  | 'unknown-variable'
  | 'invalid-value'
  | 'conflict'
  | 'not-available'
  | 'syntax'
  | 'missing-file'
  | 'unreadable-file'
  | 'exposed-secret'
  | 'useless';

export interface ConfigIssue {
  readonly code: ConfigIssueCode;
  /** The setting (`mqtt.port`), the variable, or the file. */
  readonly path: string;
  readonly origin: Origin | undefined;
  /** What was written there, ready to print; undefined where there is nothing or it is secret. */
  readonly found: string | undefined;
  /** What is wrong or what is allowed, `expected debug | info | warning | error`. */
  readonly problem: string;
  /** The word that was probably meant, in quotes where it is a key. */
  readonly suggestion: string | undefined;
  /** What to do, where the problem does not say it. */
  readonly fix: string | undefined;
  /** The lines of the file around the place. */
  readonly excerpt: Excerpt | undefined;
}

export interface Excerpt {
  readonly lines: readonly { readonly number: number; readonly text: string }[];
  /** Where the carets stand below the last line: column from 0, and how many. */
  readonly caretColumn: number;
  readonly caretLength: number;
}

/** An issue with what most issues do not need left out. */
export function issue(
  given: Pick<ConfigIssue, 'code' | 'path' | 'problem'> & Partial<ConfigIssue>,
): ConfigIssue {
  return {
    code: given.code,
    path: given.path,
    origin: given.origin,
    found: given.found,
    problem: given.problem,
    suggestion: given.suggestion,
    fix: given.fix,
    excerpt: given.excerpt,
  };
}

/** Thrown when the configuration cannot be used. `issues` is never empty. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly issues: readonly ConfigIssue[];
  /** What would have been a warning if there were no errors. */
  readonly warnings: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[], warnings: readonly ConfigIssue[] = []) {
    super(issues.map(issueText).join('\n'));
    this.issues = issues;
    this.warnings = warnings;
  }
}

/** One issue in one line, without the excerpt. */
export function issueText(given: ConfigIssue): string {
  const { path, found, problem, suggestion } = given;
  const value = found === undefined ? '' : ` ${found}`;
  const hint = suggestion === undefined ? '' : `. Did you mean ${suggestion}?`;
  const place = placeText(given);
  if (place === '') return `${path}${value} — ${problem}${hint}`;
  const leads = given.code === 'unknown-key' || given.code === 'syntax';
  return leads
    ? `${place}  ${path}${path === '' ? '' : ' — '}${problem}${hint}`
    : `${path}${value} (${place}) — ${problem}${hint}`;
}

function placeText({ code, path, origin }: ConfigIssue): string {
  if (origin === undefined || origin.source === 'default') return '';
  if (code === 'unknown-variable' || path === origin.name) {
    return origin.source === '.env' ? filePlace(origin) : 'environment';
  }
  return originText(origin);
}
