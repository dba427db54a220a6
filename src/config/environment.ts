/**
 * From variables (of the process, and of `.env`) to values at paths. The process wins over `.env`. A name and
 * its alias, or a secret and its `_FILE`, must not be set both, wherever each of them stands: nobody could
 * say which one is meant. An empty variable counts as not set.
 */
import { parseHostPort } from '../listener/index.ts';
import { booleanWord } from './coerce.ts';
import { type ConfigIssue, issue } from './config-error.ts';
import type { DotEnvEntry } from './dot-env.ts';
import type { FileReader } from './file-reader.ts';
import { type Origin, plainOrigin } from './origin.ts';
import { type RawScalar, rawText } from './raw.ts';
import { nearest } from './suggestion.ts';
import { notYetMessage } from './value-kinds.ts';
import {
  type Alias,
  aliases,
  knownNames,
  laterVariables,
  type Variable,
  variables,
} from './variables.ts';

export interface VariableSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly dotEnv: ReadonlyMap<string, DotEnvEntry>;
  /** The `.env` file as it is called in messages. */
  readonly dotEnvName: string;
  readonly files: FileReader;
}

/** A value for one setting. */
export interface Assignment {
  readonly path: string;
  readonly node: RawScalar;
}

export interface VariableReading {
  /** Lowest first: `.env`, then the process. */
  readonly assignments: readonly Assignment[];
  readonly issues: readonly ConfigIssue[];
  /** Unknown variables: warnings at start, errors in a check. */
  readonly unknown: readonly ConfigIssue[];
}

interface Found {
  readonly text: string;
  readonly origin: Origin;
}

export function readVariables(sources: VariableSources): VariableReading {
  const issues: ConfigIssue[] = [];
  const values = new Map<string, RawScalar>();
  const names = new Map<string, string>();
  for (const variable of variables) {
    const node = readVariable(variable, sources, issues);
    if (node === undefined) continue;
    values.set(variable.path, node);
    names.set(variable.path, variable.name);
  }
  for (const alias of aliases) {
    for (const [path, node] of readAlias(alias, sources, issues)) {
      const present = values.get(path);
      if (present === undefined) values.set(path, node);
      else if (!saysTheSame(present.written, node.written)) {
        issues.push(aliasConflict(alias, path, present.origin, node.origin));
      }
    }
  }
  issues.push(...refuseLater(sources));
  const assignments = [...values]
    .map(([path, node]) => ({ path, node }))
    .toSorted((a, b) => rank(a.node.origin) - rank(b.node.origin));
  return { assignments, issues, unknown: unknownVariables(sources) };
}

/** For `${NAME}` in the file: the variable, or the content of the file that `NAME_FILE` names. */
export function lookupVariable(name: string, sources: VariableSources): string | undefined {
  const direct = sources.environment[name] ?? sources.dotEnv.get(name)?.value;
  if (direct !== undefined) return direct;
  const twin = find(`${name}_FILE`, sources);
  if (twin === undefined) return undefined;
  const content = sources.files.read(twin.text);
  return content.kind === 'text' ? withoutLineEnd(content.text) : undefined;
}

/** A variable that is set and not empty. */
export function find(name: string, sources: VariableSources): Found | undefined {
  const own = sources.environment[name];
  if (own !== undefined && own !== '') {
    return { text: own, origin: plainOrigin('environment', name) };
  }
  const entry = sources.dotEnv.get(name);
  if (own !== undefined || entry === undefined || entry.value === '') return undefined;
  const { dotEnvName: file } = sources;
  const origin: Origin = { source: '.env', name, file, line: entry.line, column: undefined };
  return { text: entry.value, origin };
}

const rank = ({ source }: Origin): number => (source === 'environment' ? 1 : 0);

function readVariable(
  { name, path, isSecret }: Variable,
  sources: VariableSources,
  issues: ConfigIssue[],
): RawScalar | undefined {
  const found = find(name, sources);
  const twin = isSecret ? find(`${name}_FILE`, sources) : undefined;
  if (twin === undefined) return found && rawText(found.text, found.origin);
  if (found !== undefined) {
    const problem = `${name} and ${name}_FILE are both set; keep one of them`;
    issues.push(issue({ code: 'conflict', path, origin: twin.origin, problem }));
    return undefined;
  }
  const content = sources.files.read(twin.text);
  const text = content.kind === 'text' ? withoutLineEnd(content.text) : '';
  if (text !== '') return { kind: 'scalar', value: text, written: '', origin: twin.origin };
  const reason = content.kind === 'text' ? 'is empty' : content.reason;
  issues.push(
    issue({
      code: content.kind === 'missing' ? 'missing-file' : 'unreadable-file',
      path: twin.origin.name,
      origin: twin.origin,
      found: JSON.stringify(twin.text),
      problem: `the file that holds ${path} ${reason}`,
    }),
  );
  return undefined;
}

function readAlias(
  { name, paths, defaultText }: Alias,
  sources: VariableSources,
  issues: ConfigIssue[],
): readonly (readonly [path: string, node: RawScalar])[] {
  const found = find(name, sources);
  if (found === undefined) return [];
  const [first, second] = paths;
  if (second === undefined) return [[first, rawText(found.text, found.origin)]];
  const address = parseHostPort(found.text);
  if (address === undefined) {
    const problem = `expected HOST:PORT, such as ${defaultText} or [::]:1883`;
    const shown = JSON.stringify(found.text);
    issues.push(
      issue({ code: 'invalid-value', path: name, origin: found.origin, found: shown, problem }),
    );
    return [];
  }
  return [
    [first, rawText(address.host, found.origin)],
    [second, rawText(String(address.port), found.origin)],
  ];
}

function saysTheSame(one: string, other: string): boolean {
  const plain = (text: string): string => String(booleanWord(text) ?? text.trim().toLowerCase());
  return plain(one) === plain(other);
}

function aliasConflict(alias: Alias, path: string, variable: Origin, origin: Origin): ConfigIssue {
  const problem = `${alias.name} and ${variable.name} say different things; keep one of them`;
  return issue({ code: 'conflict', path, origin, problem });
}

function refuseLater(sources: VariableSources): readonly ConfigIssue[] {
  return laterVariables.flatMap((name) => {
    const found = find(name, sources);
    if (found === undefined) return [];
    const { origin } = found;
    return [issue({ code: 'not-available', path: name, origin, problem: notYetMessage })];
  });
}

function unknownVariables(sources: VariableSources): readonly ConfigIssue[] {
  const names = new Set([...sources.dotEnv.keys(), ...Object.keys(sources.environment)]);
  const short = (name: string): string => name.slice('BROKER_'.length);
  const candidates = [...knownNames].map(short);
  return [...names].flatMap((name) => {
    if (!name.startsWith('BROKER_') || knownNames.has(name)) return [];
    const isOwn = sources.environment[name] !== undefined;
    const origin: Origin = isOwn
      ? plainOrigin('environment', name)
      : {
          source: '.env',
          name,
          file: sources.dotEnvName,
          line: sources.dotEnv.get(name)?.line,
          column: undefined,
        };
    const near = nearest(short(name), candidates);
    const problem = 'unknown variable (a warning at start, an error under config check)';
    const suggestion = near === undefined ? undefined : `BROKER_${near}`;
    return [issue({ code: 'unknown-variable', path: name, origin, problem, suggestion })];
  });
}

function withoutLineEnd(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
}
