/**
 * A real process on the real disk, killed at a random moment of a stream of messages, again and again on the same
 * directory, with segments so small that rolling and compaction are under way all the time. Everything that
 * the watermark had covered must be there in the next life, in order.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { FileStore } from './file-store.ts';
import { CollectingSink } from './state-model.test-kit.ts';

const root = mkdtempSync(join(tmpdir(), 'linnet-kill-'));
after(() => rmSync(root, { recursive: true }));
const kills = Number(process.env['LINNET_STORE_KILLS'] ?? 4);
const program = join(import.meta.dirname, 'store-writer.test-kit.ts');

for (const mode of ['os', 'disk'] as const) {
  test(`mode ${mode}: ${kills} kills of a stream of messages, nothing acknowledged is lost`, async (t) => {
    const directory = mkdtempSync(join(root, `${mode}-`));
    let acknowledged = 0;
    let found = 0;
    let cut = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const child = spawn(process.execPath, [program, directory, mode, String(found)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(child, 'exit');
      const killAt = found + 2000 + Math.floor(Math.random() * 8000);
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged = Number(line);
        if (acknowledged >= killAt) child.kill('SIGKILL');
      }
      await gone;
      const sink = new CollectingSink();
      const store = new FileStore({ directory, mode });
      const { problems } = await store.open(sink);
      const numbers = (sink.sessions[0]?.queued ?? []).map(({ message }) => {
        return Number(Buffer.from(message.payload).toString().trim());
      });
      const first = numbers[0] ?? 0;
      found = numbers.at(-1) ?? 0;
      assert.deepEqual(
        numbers,
        Array.from({ length: numbers.length }, (_, i) => first + i),
      );
      assert.ok(
        found >= acknowledged,
        `kill ${kill}: ${acknowledged} acknowledged, ${found} found`,
      );
      assert.ok(numbers.length >= 1000, `${numbers.length} of the last 1000 are queued`);
      cut += problems.length;
      await store.close();
    }
    t.diagnostic(`${acknowledged} acknowledged, 0 lost, ${cut} unfinished writes cut off`);
    assert.ok(acknowledged >= kills * 2000);
  });
}
