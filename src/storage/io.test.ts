import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { errorCode, type Io, isDiskFull } from './io.ts';
import { nodeIo } from './node-io.ts';
import { SimulatedDisk } from './simulated-disk.test-kit.ts';

const directory = mkdtempSync(join(tmpdir(), 'linnet-io-'));
after(() => rmSync(directory, { recursive: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (io: Io, path: string): string => {
  const target = new Uint8Array(100);
  return new TextDecoder().decode(target.subarray(0, io.readSync(path, 0, target)));
};

for (const [name, io, root] of [
  ['the real disk', nodeIo, join(directory, 'a/b')],
  ['the simulated disk', new SimulatedDisk(), '/a/b'],
] as const) {
  test(`${name} writes at a position, reads back, cuts, renames, lists and removes`, async () => {
    const path = join(root, 'file');
    io.makeDirectorySync(root);
    const file = await io.create(path);
    assert.equal(await file.write(bytes('hello world'), 0), 11);
    assert.equal(await file.write(bytes('W'), 6), 1);
    await file.sync();
    assert.deepEqual(await file.read(6, 100), bytes('World'));
    await file.close();
    assert.deepEqual(io.listSync(root), [{ name: 'file', sizeBytes: 11 }]);
    io.truncateSync(path, 5);
    io.syncSync(path);
    assert.equal(text(io, path), 'hello');
    io.renameSync(path, join(root, 'other'));
    io.writeFileSync(path, bytes('whole'));
    io.syncDirectorySync(root);
    await io.syncDirectory(root);
    assert.equal(text(io, path), 'whole');
    const again = await io.open(join(root, 'other'));
    assert.deepEqual(await again.read(1, 2), bytes('el'));
    await again.close();
    io.unlinkSync(join(root, 'other'));
    await io.unlink(path);
    assert.deepEqual(io.listSync(root), []);
    assert.ok((await io.freeBytes(root)) > 0);
    await assert.rejects(io.open(path), (error) => errorCode(error) === 'ENOENT');
  });
}

test('a power cut takes what was not synced, names as well as bytes', async () => {
  const disk = new SimulatedDisk();
  const kept = await disk.create('/d/kept');
  await kept.write(bytes('synced'), 0);
  await kept.sync();
  await disk.syncDirectory('/d');
  await kept.write(bytes(' lost'), 6);
  const nameless = await disk.create('/d/nameless');
  await nameless.write(bytes('bytes without a name'), 0);
  await nameless.sync();
  const next = disk.crash('drop');
  assert.deepEqual(next.paths(), ['/d/kept']);
  assert.equal(text(next, '/d/kept'), 'synced');
});

test('the end of the process alone takes only the rest of a write under way', async () => {
  const disk = new SimulatedDisk(3);
  const file = await disk.create('/d/file');
  await file.write(bytes('written'), 0);
  disk.isAutomatic = false;
  void file.write(bytes('-under-way'), 7);
  const found = text(disk.crash('process'), '/d/file');
  assert.ok('written-under-way'.startsWith(found));
  assert.ok(found.startsWith('written'));
});

test('a reordering power cut keeps synced bytes and any of the others, in sectors', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const disk = new SimulatedDisk(seed);
    const file = await disk.create('/d/file');
    await disk.syncDirectory('/d');
    await file.write(bytes('S'.repeat(512)), 0);
    await file.sync();
    await file.write(bytes('A'.repeat(1024)), 512);
    await file.write(bytes('B'.repeat(512)), 1536);
    const found = disk.crash('reorder').contentOf('/d/file');
    assert.deepEqual(found.subarray(0, 512), bytes('S'.repeat(512)));
    outcomes.add([600, 1100, 1600].map((at) => String.fromCharCode(found[at] ?? 45)).join(''));
  }
  assert.ok(outcomes.has('AAB') && outcomes.has('---') && outcomes.size > 4, [...outcomes].join());
});

test('a full disk takes what fits, and then says so', async () => {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 4;
  const file = await disk.create('/d/file');
  assert.equal(await file.write(bytes('123456'), 0), 4);
  await assert.rejects(file.write(bytes('56'), 4), isDiskFull);
  disk.capacityBytes = 10;
  assert.equal(await file.write(bytes('56'), 4), 2);
});
