/**
 * From flags, variables, `.env` and file to one configuration. The steps: read every source into a tree
 * with places, lay the higher over the lower (flags > process > `.env` > file > default), bring all keys to
 * one spelling, write out what is short for something else, check against the schema, resolve. Every step
 * collects problems instead of stopping, so that all of them are reported at once.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { ConfigError, type ConfigIssue, issue } from './config-error.ts';
import { parseDotEnv } from './dot-env.ts';
import { find, lookupVariable, readVariables, type VariableSources } from './environment.ts';
import { FileReader } from './file-reader.ts';
import { type FlagValues, readFlags } from './flags.ts';
import { defaultOrigin, type Origin, plainOrigin } from './origin.ts';
import { overlay } from './overlay.ts';
import { emptyMap, type Raw, type RawMap, rawAt, rawFromValue } from './raw.ts';
import { resolveConfig } from './resolve-config.ts';
import { configSchema } from './schema.ts';
import { pathParts, pathText, settings } from './settings.ts';
import { expandScalars, expandShorthand } from './shorthand.ts';
import { spelled } from './spelling.ts';
import { type Excerpts, validate } from './validate.ts';
import { configVariable } from './variables.ts';
import { parseYamlFile, type YamlFile } from './yaml-file.ts';

export interface LoadInput {
  /** By setting, as the table `flags` names them: `{ 'mqtt.port': '1884' }`. */
  readonly flags?: FlagValues;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly cwd: string;
  /** `--config`: must exist. */
  readonly configFile?: string | undefined;
  /** `--env-file`: must exist. */
  readonly envFile?: string | undefined;
  /** Unknown variables are errors, as `config check` wants it. */
  readonly strict?: boolean;
  /** Answers the text of an absolute path, or throws as `fs.readFileSync` does. */
  readonly readFile?: (path: string) => string;
  readonly homeDir?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** What was written, by any source, in one tree; for `config show`. */
  readonly written: RawMap;
  /** By path; every setting has one. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly warnings: readonly ConfigIssue[];
  readonly files: {
    /** As it is called in messages; undefined = none. */
    readonly config: string | undefined;
    readonly env: string | undefined;
    /** How many variables `.env` set. */
    readonly envCount: number;
    readonly flagCount: number;
  };
}

/** @throws ConfigError with everything that is wrong */
export function loadConfig(input: LoadInput): LoadedConfig {
  return new Loader(input).load();
}

/**
 * The configuration of a program that starts a server itself: the same schema and defaults, in any of the
 * spellings; no file and no variable is read.
 *
 * @throws ConfigError with everything that is wrong
 */
export function parseConfigObject(value: unknown = {}, cwd: string = process.cwd()): Config {
  const origin = plainOrigin('object', 'config object');
  const node = rawFromValue(value ?? {}, origin);
  if (node.kind !== 'map') {
    const problem = 'expected an object such as { mqtt: { port: 1883 } }';
    throw new ConfigError([issue({ code: 'invalid-value', path: 'config', origin, problem })]);
  }
  return new Loader({ environment: {}, cwd }).finish(node, () => undefined).config;
}

class Loader {
  readonly #input: LoadInput;
  readonly #files: FileReader;
  readonly #issues: ConfigIssue[] = [];
  readonly #warnings: ConfigIssue[] = [];
  #configName: string | undefined;
  #envName: string | undefined;
  #envCount = 0;
  #flagCount = 0;

  constructor(input: LoadInput) {
    this.#input = input;
    this.#files = new FileReader(input.cwd, input.readFile);
  }

  load(): LoadedConfig {
    const sources = this.#readDotEnv();
    const { assignments, issues, unknown } = readVariables(sources);
    this.#issues.push(...issues);
    (this.#input.strict ? this.#issues : this.#warnings).push(...unknown);
    const file = this.#readConfigFile(sources);
    const root = this.#spelled(file?.root ?? emptyMap(defaultOrigin));
    const flagAssignments = readFlags(this.#input.flags ?? {});
    const problems = overlay(root, [...assignments, ...flagAssignments]);
    this.#issues.push(...problems.issues);
    this.#warnings.push(...problems.warnings);
    this.#flagCount = new Set(flagAssignments.map(({ node }) => node.origin.name)).size;
    this.#envCount = assignments.filter(({ node }) => node.origin.source === '.env').length;
    const excerpts: Excerpts = ({ source, line, column }, length) =>
      source === 'file' && line !== undefined
        ? file?.excerpt(line, column ?? 1, length)
        : undefined;
    return this.finish(root, excerpts);
  }

  /** Everything after the sources are laid over each other. */
  finish(written: RawMap, excerpts: Excerpts): LoadedConfig {
    const root = this.#spelled(written);
    expandShorthand(root, this.#issues);
    const validation = validate(root, excerpts);
    const resolution = resolveConfig(validation, root, this.#files);
    this.#issues.push(...validation.issues, ...resolution.issues);
    this.#warnings.push(...resolution.warnings, ...this.#exposedSecrets(root));
    if (this.#issues.length > 0) throw new ConfigError(inOrder(this.#issues), this.#warnings);
    return {
      config: resolution.config,
      written: root,
      origins: originsOf(root),
      warnings: this.#warnings,
      files: {
        config: this.#configName,
        env: this.#envName,
        envCount: this.#envCount,
        flagCount: this.#flagCount,
      },
    };
  }

  #spelled(root: RawMap): RawMap {
    const result = spelled(root, configSchema, this.#issues);
    if (result.kind !== 'map') return root;
    expandScalars(result);
    return result;
  }

  #readDotEnv(): VariableSources {
    const { environment, envFile } = this.#input;
    const dotEnvName = this.#files.shown(envFile ?? '.env');
    const none = { environment, dotEnv: new Map(), dotEnvName, files: this.#files };
    const content = this.#files.read(envFile ?? '.env');
    if (content.kind !== 'text') {
      if (envFile !== undefined || content.kind === 'unreadable') {
        const origin = envFile === undefined ? undefined : plainOrigin('flag', '--env-file');
        this.#noFile(dotEnvName, content, origin);
      }
      return none;
    }
    this.#envName = dotEnvName;
    const { entries, strayLines } = parseDotEnv(content.text);
    for (const line of strayLines) {
      const problem = 'this line sets nothing; expected NAME=value';
      this.#warnings.push(issue({ code: 'useless', path: `${dotEnvName}:${line}`, problem }));
    }
    return { ...none, dotEnv: entries };
  }

  #readConfigFile(sources: VariableSources): YamlFile | undefined {
    const named = find(configVariable, sources);
    const { configFile } = this.#input;
    const wanted = configFile ?? named?.text;
    const home = this.#input.homeDir ?? homedir();
    const places = ['linnet.yaml', join(home, '.config', 'linnet', 'linnet.yaml'), etcFile];
    for (const path of wanted === undefined ? places : [wanted]) {
      const content = this.#files.read(path);
      const name = this.#files.shown(path);
      if (content.kind === 'missing' && wanted === undefined) continue;
      if (content.kind !== 'text') {
        const flag = plainOrigin('flag', '--config');
        this.#noFile(name, content, configFile === undefined ? named?.origin : flag);
        return undefined;
      }
      this.#configName = name;
      const lookup = (variable: string): string | undefined => lookupVariable(variable, sources);
      const file = parseYamlFile(content.text, name, lookup);
      this.#issues.push(...file.issues);
      return file;
    }
    return undefined;
  }

  #noFile(
    name: string,
    content: { readonly kind: 'missing' | 'unreadable'; readonly reason: string },
    origin: Origin | undefined,
  ): void {
    const code = content.kind === 'missing' ? 'missing-file' : 'unreadable-file';
    this.#issues.push(issue({ code, path: name, origin, problem: content.reason }));
  }

  /** A secret written into a file that every user of the machine can read. */
  #exposedSecrets(root: RawMap): readonly ConfigIssue[] {
    return settings.flatMap(({ path, meta }) => {
      const node = meta.secret === true ? rawAt(root, pathParts(path)) : undefined;
      const file = node?.origin.file;
      if (node?.kind !== 'scalar' || file === undefined) return [];
      const isWrittenOut = node.written !== '' && !/^\$\{\w+\}$/.test(node.written);
      if (!isWrittenOut || !this.#files.isWorldReadable(file)) return [];
      const problem = 'every user of this machine can read it there';
      const fix = `chmod 600 ${file}`;
      return [issue({ code: 'exposed-secret', path, origin: node.origin, problem, fix })];
    });
  }
}

const etcFile = '/etc/linnet/linnet.yaml';
/** What makes the rest unreadable first, then what is unknown, then what is wrong. */
function inOrder(issues: readonly ConfigIssue[]): readonly ConfigIssue[] {
  const ranks = ['syntax', 'unknown-key', 'unknown-variable'];
  const rank = ({ code }: ConfigIssue): number => (ranks.includes(code) ? ranks.indexOf(code) : 9);
  const line = ({ code, origin }: ConfigIssue): number =>
    ranks.includes(code) ? (origin?.line ?? 0) : 0;
  return issues.toSorted((a, b) => rank(a) - rank(b) || line(a) - line(b));
}

function originsOf(root: RawMap): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const { path } of settings) origins.set(path, defaultOrigin);
  const visit = (node: Raw, path: readonly (string | number)[]): void => {
    if (path.length > 0) origins.set(pathText(path), node.origin);
    if (node.kind === 'map') {
      for (const [key, entry] of node.entries) visit(entry.node, [...path, key]);
    } else if (node.kind === 'list') {
      for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    }
  };
  visit(root, []);
  return origins;
}
