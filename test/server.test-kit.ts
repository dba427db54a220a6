/**
 * The broker as its users start it: `src/cli/main.ts` in a process of its own, in a directory of its own, on
 * ports that the system chooses. What it says on its way is kept, so that a test can wait for it and a
 * failure can show it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const mainFile = join(import.meta.dirname, '../src/cli/main.ts');
/** Far more than anything here takes; a test that runs into it shows what it waited for. */
const patienceMs = 20_000;

export interface ServerSetup {
  /** After `start`; default: free ports for MQTT and WebSocket on the loopback. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Written into the working directory first, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One stream of a process, remembered. */
export class Output {
  #text = '';
  #arrival = Promise.withResolvers<void>();
  #isOver = false;
  readonly #name: string;

  constructor(stream: Readable, name: string) {
    this.#name = name;
    stream.setEncoding('utf8');
    stream.on('data', (piece: string) => this.#told(piece));
    stream.on('close', () => {
      this.#isOver = true;
      this.#told('');
    });
  }

  get text(): string {
    return this.#text;
  }

  /** Resolves with the match as soon as there is one; rejects when the stream ended without. */
  async until(pattern: RegExp): Promise<RegExpMatchArray> {
    const limit = AbortSignal.timeout(patienceMs);
    const tooLate = once(limit, 'abort');
    for (;;) {
      const match = this.#text.match(pattern);
      if (match !== null) return match;
      if (this.#isOver || limit.aborted) {
        throw new Error(`${pattern} did not come on ${this.#name}:\n${this.#text}`);
      }
      await Promise.race([this.#arrival.promise, tooLate]);
    }
  }

  #told(piece: string): void {
    this.#text += piece;
    const { resolve } = this.#arrival;
    this.#arrival = Promise.withResolvers();
    resolve();
  }
}

/** A command of the command line that runs as a process. Disposing kills it and removes its directory. */
export class CommandProcess implements AsyncDisposable {
  readonly directory: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.directory = directory;
    this.stdout = new Output(child.stdout as Readable, 'stdout');
    this.stderr = new Output(child.stderr as Readable, 'stderr');
    this.exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Nobody reads its standard output any more. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
    await rm(this.directory, { recursive: true, force: true });
  }
}

export class ServerProcess extends CommandProcess {
  readonly dataDir: string;

  constructor(child: ChildProcess, directory: string) {
    super(child, directory);
    this.dataDir = join(directory, 'data');
  }

  /** The port that a listener got. */
  port(listenerName = 'mqtt'): number {
    const opened = new RegExp(
      `"event":"listener.opened","listener":"${listenerName}".*"address":"[^"]*:(\\d+)"`,
    );
    const port = opened.exec(this.stderr.text)?.[1];
    if (port === undefined) throw new Error(`no listener ${listenerName}:\n${this.stderr.text}`);
    return Number(port);
  }

  /** What the log said under this event, oldest first. */
  logged(event: string): Record<string, unknown>[] {
    return this.stderr.text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(`"event":"${event}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Ends it gracefully. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.send(signal);
    return await this.exited;
  }
}

const loopbackOnly = ['--mqtt-host', '127.0.0.1', '-p', '0', '--ws-host', '127.0.0.1'];

/** Resolves when the broker says that it is ready; rejects with what it said when it ends before. */
export async function startServer(setup: ServerSetup = {}): Promise<ServerProcess> {
  const server = await spawnServer(setup);
  try {
    await server.stderr.until(/"event":"broker.ready"/);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

/** The same without waiting, for a start that is to fail. */
export async function spawnServer(setup: ServerSetup = {}): Promise<ServerProcess> {
  const args = setup.args ?? [...loopbackOnly, '--ws-port', '0'];
  const { child, directory } = await spawnMain(['start', ...args], setup);
  return new ServerProcess(child, directory);
}

/** Any command of the command line. */
export async function runCommand(
  args: readonly string[],
  setup: Omit<ServerSetup, 'args'> = {},
): Promise<CommandProcess> {
  const { child, directory } = await spawnMain(args, setup);
  return new CommandProcess(child, directory);
}

/** Nothing of the environment of the test is handed on that could configure the broker. */
async function spawnMain(args: readonly string[], setup: ServerSetup) {
  const directory = await mkdtemp(join(tmpdir(), 'linnet-server-'));
  for (const [name, text] of Object.entries(setup.files ?? {})) {
    await writeFile(join(directory, name), text);
  }
  const child = spawn(process.execPath, [mainFile, ...args], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      TMPDIR: directory,
      BROKER_LOG_FORMAT: 'json',
      ...setup.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, directory };
}
