/** For tests: loads a configuration from files in memory. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { ConfigError } from './config-error.ts';
import type { FlagValues } from './flags.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import { renderConfigError } from './render-config-error.ts';

export interface Given {
  readonly flags?: FlagValues;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Text of `.env` in the working directory. */
  readonly dotEnv?: string;
  /** Text of `linnet.yaml` in the working directory. */
  readonly yaml?: string;
  /** Further files by path; a relative one lies in the working directory. */
  readonly files?: Readonly<Record<string, string>>;
  readonly configFile?: string;
  readonly envFile?: string;
  readonly strict?: boolean;
}

/** Exists on no machine, so that nothing is read by accident. */
export const cwd = '/nowhere/project';
export const homeDir = '/nowhere/home';

export function load(given: Given = {}): LoadedConfig {
  const { flags, environment = {}, dotEnv, yaml, files = {}, configFile, envFile } = given;
  const texts = new Map(Object.entries(files).map(([path, text]) => [resolve(cwd, path), text]));
  if (dotEnv !== undefined) texts.set(resolve(cwd, '.env'), dotEnv);
  if (yaml !== undefined) texts.set(resolve(cwd, 'linnet.yaml'), yaml);
  return loadConfig({
    ...(flags === undefined ? {} : { flags }),
    environment,
    cwd,
    homeDir,
    configFile,
    envFile,
    strict: given.strict ?? false,
    readFile: (path) => {
      const text = texts.get(path);
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
  });
}

/** The error of a configuration that must be refused. */
export function refusal(given: Given): ConfigError {
  try {
    load(given);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  assert.fail('the configuration was accepted');
}

/** Its issues as they are printed, without the last line. */
export function refusalLines(given: Given): string[] {
  return renderConfigError(refusal(given)).trimEnd().split('\n').slice(0, -1);
}
