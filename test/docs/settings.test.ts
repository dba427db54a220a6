/** The YAML in the documents is read as a configuration file. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/index.ts';
import { documents } from './documents.ts';

const snippets = documents.flatMap(({ path, blocks }) =>
  blocks.filter(({ language }) => language === 'yaml').map((block) => ({ path, ...block })),
);

test('there are settings to read', () => assert.ok(snippets.length > 1));

for (const { path, line, text } of snippets) {
  test(`the settings at ${path}:${line} are valid`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'linnet-docs-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const configFile = join(folder, 'linnet.yaml');
    writeFileSync(configFile, text);
    const loaded = loadConfig({ environment: {}, cwd: folder, configFile, strict: true });
    assert.deepEqual(loaded.warnings, []);
  });
}
