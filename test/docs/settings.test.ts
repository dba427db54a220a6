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

/** Documents that are right where the configuration is not yet; the list may only shrink. */
const refusedWrongly: ReadonlyMap<string, RegExp> = new Map([
  // 0.0.0.0 and [::] on one port are two listeners: the second serves IPv6 only.
  ['docs/reference/listeners.md', /^listeners\.six\.bind .* port 1883 is taken/],
]);

test('there are settings to read', () => assert.ok(snippets.length > 1));

for (const { path, line, text } of snippets) {
  const wrong = refusedWrongly.get(path);
  test(`the settings at ${path}:${line} are ${wrong === undefined ? 'valid' : 'refused'}`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'linnet-docs-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const configFile = join(folder, 'linnet.yaml');
    writeFileSync(configFile, text);
    const load = () => loadConfig({ environment: {}, cwd: folder, configFile, strict: true });
    if (wrong === undefined) assert.deepEqual(load().warnings, []);
    else assert.throws(load, { message: wrong }, 'it is accepted now: take it off the list');
  });
}
