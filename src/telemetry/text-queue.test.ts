import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TextQueue } from './text-queue.ts';

/** Takes a piece only when told to. */
class Gate extends Writable {
  readonly pieces: string[] = [];
  open: () => void = () => undefined;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(chunk.toString());
    this.open = done;
  }
}

const skippedText = (count: number): string => `<${count} skipped>\n`;

test('what is written while the output is busy goes out together', async () => {
  const output = new Gate();
  const queue = new TextQueue({ output, skippedText });
  for (const text of ['a\n', 'b\n', 'c\n']) queue.write(text);
  assert.deepEqual(output.pieces, ['a\n']);
  output.open();
  await setImmediate();
  assert.deepEqual(output.pieces, ['a\n', 'b\nc\n']);
});

test('beyond the limit pieces are skipped and counted, and the reader is told', async () => {
  const output = new Gate();
  const queue = new TextQueue({ output, bytesMax: 4, skippedText });
  for (const text of ['a\n', 'b\n', 'c\n', 'd\n', 'e\n']) queue.write(text);
  assert.equal(queue.isFull, true);
  queue.skip();
  assert.equal(queue.skipped, 3);
  output.open();
  await setImmediate();
  assert.deepEqual(output.pieces, ['a\n', 'b\nc\n<3 skipped>\n']);
  assert.equal(queue.isFull, false);
  queue.write('f\n');
  output.open();
  await setImmediate();
  assert.deepEqual(output.pieces.slice(2), ['f\n']);
});

test('closing waits for what is on its way, but not for ever', async () => {
  const output = new Gate();
  const queue = new TextQueue({ output, skippedText });
  queue.write('a\n');
  queue.write('b\n');
  const closed = queue.close();
  output.open();
  await setImmediate();
  output.open();
  await closed;
  assert.deepEqual(output.pieces, ['a\n', 'b\n']);
  queue.write('late\n');
  assert.equal(queue.skipped, 1);

  const stuck = new TextQueue({ output: new Gate(), skippedText });
  stuck.write('a\n');
  await stuck.close(1);
  assert.equal(stuck.isFull, true);
});

/** A process that reads its input only after it got a message, and then sends it back. */
function lazyReader(): ChildProcess & { readonly stdin: Writable } {
  const script = `process.once('message', () => {
    process.disconnect();
    process.stdin.pipe(process.stdout);
  });`;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
  });
  const { stdin } = child;
  assert.ok(stdin);
  return Object.assign(child, { stdin });
}

test('a pipe that nobody reads costs no time, and every piece is shown or counted', async () => {
  const reader = lazyReader();
  const queue = new TextQueue({ output: reader.stdin, bytesMax: 50_000, skippedText });
  const line = `${'x'.repeat(99)}\n`;
  let written = 0;
  while (queue.skipped < 1000) {
    for (let i = 0; i < 100; i++, written++) queue.write(line);
    await setImmediate();
  }
  let received = '';
  reader.stdout?.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  reader.send('read');
  await queue.close(10_000);
  reader.stdin.end();
  await once(reader, 'close');
  const told = [...received.matchAll(/<(\d+) skipped>\n/g)].map((match) => Number(match[1]));
  const shown = received.split(line).length - 1;
  assert.equal(shown + told.reduce((a, b) => a + b), written);
  assert.equal(queue.skipped, written - shown);
});

test('a reader that closed its end ends nothing', async () => {
  const script = "require('node:fs').closeSync(0); process.send('closed')";
  const reader = spawn(process.execPath, ['-e', script], {
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  });
  const { stdin } = reader;
  assert.ok(stdin);
  const queue = new TextQueue({ output: stdin, skippedText });
  await once(reader, 'message');
  const failed = once(stdin, 'error');
  queue.write('a\n');
  const [error] = await failed;
  assert.equal(error.code, 'EPIPE');
  queue.write('b\n');
  assert.equal(queue.isFull, true);
  assert.equal(queue.skipped, 1);
  queue.flush();
  await queue.close();
  reader.disconnect();
  await once(reader, 'exit');
});

test('an output that was destroyed ends nothing', async () => {
  const output = new Gate();
  output.destroy();
  const queue = new TextQueue({ output, skippedText });
  queue.write('a\n');
  await setImmediate();
  assert.equal(queue.isFull, true);
  await queue.close();
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import pty']);
    return true;
  } catch {
    // Not there, or without the module: the test is skipped.
    return false;
  }
}

test('a terminal that takes nothing more (Ctrl-S) stops neither the event loop nor the exit', {
  skip: hasPython() ? false : 'needs python3 (apt install python3)',
}, async () => {
  const child = `
      const { TextQueue } = await import(${JSON.stringify(import.meta.resolve('./text-queue.ts'))});
      const queue = new TextQueue({ output: process.stdout, bytesMax: 10_000, skippedText: String });
      let turns = 0;
      setInterval(() => {
        for (let i = 0; i < 1000; i++) queue.write('x'.repeat(99) + '\\n');
        if (++turns < 20) return;
        process.stderr.write('isTTY ' + process.stdout.isTTY + ' skipped ' + (queue.skipped > 0) + '\\n');
        process.exit(7);
      }, 1);`;
  const keepTerminalUnread = `
import os, pty, subprocess, sys
master, slave = pty.openpty()
sys.exit(subprocess.call(sys.argv[1:], stdout=slave))`;
  const run = spawn('python3', [
    ...['-c', keepTerminalUnread],
    ...[process.execPath, '--input-type=module', '-e', child],
  ]);
  let said = '';
  run.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(run, 'close');
  assert.equal(said, 'isTTY true skipped true\n');
  assert.equal(code, 7);
});
