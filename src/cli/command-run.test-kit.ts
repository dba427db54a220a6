/** Runs a command inside the test, with streams of its own. */
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { CommandIo } from './command-io.ts';

type Run = (argv: readonly string[], io: CommandIo) => Promise<number>;

/** A stream that remembers what was written, and lets a test wait for it. */
export class Collected extends Writable {
  #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    this.emit('collected');
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  /** Resolves when the text matches. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await once(this, 'collected');
  }
}

export class CommandRun {
  readonly stdin: PassThrough = new PassThrough();
  readonly stdout: Collected = new Collected();
  readonly stderr: Collected = new Collected();
  readonly exitCode: Promise<number>;
  readonly #abort = new AbortController();

  constructor(run: Run, argv: readonly string[], changes: Partial<CommandIo> = {}) {
    this.exitCode = run(argv, {
      stdin: this.stdin,
      stdout: this.stdout,
      stderr: this.stderr,
      environment: {},
      signal: this.#abort.signal,
      isTty: false,
      ...changes,
    });
  }

  /** What Ctrl-C does. */
  interrupt(): void {
    this.#abort.abort('SIGINT');
  }
}

/** Exit code and output of a command that was run to its end. */
export async function completed(
  run: Run,
  argv: readonly string[],
  input: Buffer | string = '',
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const command = new CommandRun(run, argv);
  command.stdin.end(input);
  const exitCode = await command.exitCode;
  return { exitCode, stdout: command.stdout.text, stderr: command.stderr.text };
}
