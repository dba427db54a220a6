import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderCommandLine, subcommandsIn } from '../../scripts/command-line-page.ts';
import { generatedPages } from '../../scripts/generated-pages.ts';
import { commands } from '../../src/cli/commands.ts';

const root = join(import.meta.dirname, '..', '..');

/** Those of the configuration and of telemetry have tests beside their sources. */
const own = new Set(['docs/reference/command-line.md', 'docs/reference/conformance.md']);

for (const { path, text } of (await generatedPages()).filter((page) => own.has(page.path))) {
  test(`${path} is what the sources say`, () => {
    const found = readFileSync(join(root, path), 'utf8');
    assert.ok(found === text, `${path} is out of date: npm run generate`);
  });
}

test('the page of the command line has a section for every command', async () => {
  const page = await renderCommandLine();
  for (const name of Object.keys(commands)) assert.ok(page.includes(`| \`${name}\` |`), name);
  for (const name of ['start', 'pub', 'serial simulate', 'config show']) {
    assert.match(page, new RegExp(`^##+ linnet ${name}$`, 'm'));
  }
});

test('the names of subcommands are read from a help text', () => {
  const help =
    'Usage: x\n\nCommands:\n  one [options]  Does.\n                 More.\n  two\n  help [command]\n';
  assert.deepEqual(subcommandsIn(help), ['one', 'two']);
  assert.deepEqual(subcommandsIn('Options:\n  --one\n'), []);
});
