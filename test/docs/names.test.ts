/** What the documents name exists, and what exists and matters to users is named. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { helpOf, subcommandsIn } from '../../scripts/command-line-page.ts';
import { commands } from '../../src/cli/commands.ts';
import { ExitCode } from '../../src/cli/exit-code.ts';
import { variables } from '../../src/config/index.ts';
import { configVariable } from '../../src/config/variables.ts';
import * as library from '../../src/index.ts';
import { listenErrorExitCodes } from '../../src/listener/listen-error.ts';
import { documents, readDocument, root } from './documents.ts';

/** Flags of mosquitto's programs that ours are said not to have, and those of `npm run bench`. */
const foreignFlags = new Set([
  ...['--proxy', '--tls-engine', '--tls-engine-kpass-sha1'],
  ...['--peers', '--repeats', '--only'],
]);

async function helpTexts(): Promise<string[]> {
  const texts: string[] = [];
  for (const name of Object.keys(commands)) {
    if (name === 'help' || name === 'version') continue;
    const help = await helpOf([name]);
    texts.push(help);
    for (const subcommand of subcommandsIn(help)) texts.push(await helpOf([name, subcommand]));
  }
  return texts;
}

test('every flag in the documents is a flag of a command', async () => {
  const known = new Set((await helpTexts()).flatMap((text) => text.match(/--[a-z][\w-]*/g) ?? []));
  const unknown = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<=[\s`([])--[a-z][\w-]*/g)]
      .map(([flag]) => flag)
      .filter((flag) => !known.has(flag) && !foreignFlags.has(flag))
      .map((flag) => `${path}: ${flag}`),
  );
  assert.deepEqual(unknown, []);
});

test('every variable in the documents exists', () => {
  const known = new Set([
    configVariable,
    ...variables.flatMap(({ name, isSecret }) => (isSecret ? [name, `${name}_FILE`] : [name])),
  ]);
  const unknown = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/BROKER_[A-Z0-9_]*[A-Z0-9]/g)]
      .map(([name]) => name)
      .filter((name) => !known.has(name))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(unknown, []);
});

test('the page about hooks has every function and every cause', () => {
  const { text } = readDocument('docs/reference/hooks.md');
  const sources = ['hooks', 'events'].map((name) =>
    readFileSync(join(root, 'src', 'broker', `${name}.ts`), 'utf8'),
  );
  const functions = sources.flatMap((source) =>
    [...source.matchAll(/^ {2}(\w+)\?\(/gm)].map((match) => match[1] ?? ''),
  );
  const causes = sources.flatMap((source) =>
    [...source.matchAll(/^ {2}\| '([\w-]+)'/gm)].map((match) => match[1] ?? ''),
  );
  assert.ok(functions.length > 15 && causes.length > 35);
  const missing = [
    ...functions.filter((name) => !text.includes(`\`${name}(`)),
    ...causes.filter((name) => !text.includes(`\`${name}\``)),
  ];
  assert.deepEqual(missing, []);
});

test('the page about embedding has every function and class of the library', () => {
  const { text } = readDocument('docs/reference/embedding.md');
  const names = Object.entries(library)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);
  assert.deepEqual(
    names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text)),
    [],
  );
});

test('the page about exit codes has every code, and no other', () => {
  const { text } = readDocument('docs/reference/exit-codes.md');
  const [, others = ''] = text.split('## All other commands');
  const listed = [...others.matchAll(/^\| (\d[\d, ]*) \|/gm)].flatMap(([, cell = '']) =>
    cell.split(', ').map(Number),
  );
  const made = [...Object.values(ExitCode), ...Object.values(listenErrorExitCodes), 130, 143];
  assert.deepEqual(listed.sort(ascending), [...new Set(made)].sort(ascending));
});

test('the index of the documents leads to each of them', () => {
  const { text } = readDocument('docs/README.md');
  const missing = globSync('docs/*/**', { cwd: root })
    .filter((path) => /\.(md|json)$/.test(path))
    .filter((path) => !text.includes(`](${path.replace(/^docs\//, '')})`));
  assert.deepEqual(missing, []);
});

function ascending(a: number, b: number): number {
  return a - b;
}
