import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { versionWarning } from './sqlite-version.ts';

test('versions of SQLite before 3.51.3 are warned about, by number and not by text', () => {
  for (const version of ['3.7.0', '3.40.1', '3.51.2', '3.9.9']) {
    assert.match(versionWarning(version) ?? '', new RegExp(`^SQLite ${version} can damage`));
  }
  for (const version of ['3.51.3', '3.52.0', '3.100.0', '4.0.0']) {
    assert.equal(versionWarning(version), undefined);
  }
});

test('the SQLite of the Node that runs this is a sound one', () => {
  using database = new DatabaseSync(':memory:');
  const row = database.prepare('SELECT sqlite_version() AS version').get();
  assert.equal(versionWarning(String(row?.['version'])), undefined);
});
