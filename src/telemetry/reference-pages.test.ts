import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { events } from './events.ts';
import { renderEventsPage, renderSysTopicsPage, telemetryPages } from './reference-pages.ts';

for (const { path, text } of telemetryPages()) {
  test(`${path} is current`, () => {
    const found = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    assert.equal(found, text, `${path} is out of date: run npm run generate`);
  });
}

test('every event and load is on its page', () => {
  const page = renderEventsPage();
  for (const name of Object.keys(events)) assert.ok(page.includes(`| \`${name}\` |`), name);
  assert.ok(renderSysTopicsPage().includes('`$SYS/broker/load/messages/received/<span>`'));
});

test('every event that a listener, the serial door or a store logs is in the table', () => {
  const root = join(import.meta.dirname, '..');
  const files = globSync('{listener,gateway,storage}/**/*.ts', { cwd: root });
  assert.ok(files.length > 0);
  for (const file of files.filter((name) => !name.endsWith('.test.ts'))) {
    const source = readFileSync(join(root, file), 'utf8');
    for (const [, name] of source.matchAll(/'((?:listener|serial|storage)\.[a-z_.]+)'/g)) {
      assert.ok(events[name ?? ''], `src/${file}: add ${name} to src/telemetry/events.ts`);
    }
  }
});
