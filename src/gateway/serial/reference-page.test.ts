/** The reference page names what the code has. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { serialOptionsSchema } from './options-schema.ts';
import { fieldDrops, lineResults, writeResults } from './port-counters.ts';

const folder = new URL('./', import.meta.url);
const page = readFileSync(new URL('../../../docs/reference/serial.md', folder), 'utf8');

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly default?: unknown;
}

test('every key of a port is on the page, with its default', () => {
  const schema = z.toJSONSchema(serialOptionsSchema, { io: 'input' }) as JsonSchema;
  const keys = schema.properties?.['ports']?.items?.properties ?? {};
  assert.ok(Object.keys(keys).length > 30);
  for (const [key, { default: value, properties }] of Object.entries(keys)) {
    const row = page.split('\n').find((line) => new RegExp(`^\\| [^|]*\`${key}\``).test(line));
    assert.ok(row, `docs/reference/serial.md has no row for ${key}`);
    if (value !== undefined && typeof value !== 'object') {
      assert.ok(
        row.includes(`\`${String(value)}\``),
        `${key} has the default ${String(value)}: ${row}`,
      );
    }
    for (const inner of Object.keys(properties ?? {})) {
      assert.ok(row.includes(inner), `${key}.${inner} is missing: ${row}`);
    }
  }
});

test('every result, reason and log event is on the page', () => {
  for (const result of lineResults) assert.ok(page.includes(`\`lines.${result}\``), result);
  for (const reason of [...fieldDrops, ...writeResults])
    assert.ok(page.includes(`\`${reason}\``), reason);
  const sources = readdirSync(fileURLToPath(folder)).filter((name) => !/test/.test(name));
  const events = new Set<string>();
  for (const name of sources) {
    const text = readFileSync(new URL(name, folder), 'utf8');
    for (const [, event] of text.matchAll(/'(serial\.[a-z._]+)'/g)) events.add(event ?? '');
  }
  assert.ok(events.size > 10);
  for (const event of events) assert.ok(page.includes(`\`${event}\``), event);
});
