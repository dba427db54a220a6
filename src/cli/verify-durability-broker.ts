/**
 * A broker of its own for `linnet verify-durability`: the same program, in a process that can be killed, with
 * its configuration in one file so that nothing of the user's own gets in.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type VerifiedMode = 'none' | 'os' | 'disk';

/** The broker could not be started, or ended although nobody had asked for it. */
export class BrokerFailure extends Error {
  override readonly name = 'BrokerFailure';
}

const readyMsMax = 120_000;
const linesKept = 20;

export class KillableBroker {
  readonly url: string;
  /** In milliseconds, of each start: from the process's begin until clients are let in. */
  readonly startsMs: number[] = [];
  /** What the log said at each start about damage, not counting unfinished writes. */
  readonly warnings: string[] = [];
  private readonly directory: string;
  private readonly environment: NodeJS.ProcessEnv;
  private readonly lines: string[] = [];
  private child: ChildProcess | undefined;

  private constructor(directory: string, port: number, environment: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.environment = environment;
    this.url = `mqtt://127.0.0.1:${port}`;
  }

  /** Prepares one whose data are below `directory`, on a port that is free now and stays the same. */
  static async prepare(
    directory: string,
    mode: VerifiedMode,
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<KillableBroker> {
    const port = await freePort();
    const configuration = {
      mqtt: { host: '127.0.0.1', port },
      websocket: { enabled: false },
      data_dir: join(directory, 'data'),
      persistence: { mode },
      log: { format: 'json', level: 'info' },
      limits: {
        // No queue may overflow: what a limit takes away is no loss of the store's.
        max_inflight: 1000,
        max_queued: 0,
        queued_bytes_max: 0,
        retained_messages_max: 0,
        retained_bytes_max: 0,
        memory_bytes_max: 0,
      },
    };
    // JSON is YAML.
    writeFileSync(join(directory, 'linnet.yaml'), JSON.stringify(configuration, null, 2));
    const own = Object.entries(environment).filter(([name]) => !name.startsWith('BROKER_'));
    return new KillableBroker(directory, port, Object.fromEntries(own));
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Begins a process. @returns when it lets clients in. @throws {BrokerFailure} */
  async start(): Promise<void> {
    const beganMs = performance.now();
    this.spawn();
    await this.ready();
    this.startsMs.push(performance.now() - beganMs);
  }

  /** Begins a process and does not wait. */
  spawn(): void {
    const program = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
    const args = [program, 'start', '--config', join(this.directory, 'linnet.yaml')];
    this.child = spawn(process.execPath, args, {
      cwd: this.directory,
      env: this.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** Ends the process as a power cut would for everything in its memory, and nothing else. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** The end of what it said last. */
  get lastLines(): string {
    return this.lines.join('\n');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  private async ready(): Promise<void> {
    const { child } = this;
    if (child?.stderr == null) throw new BrokerFailure('the broker was not started');
    const limit = AbortSignal.timeout(readyMsMax);
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        reject(new BrokerFailure(`the broker ${why}:\n${this.lastLines}`));
      };
      child.once('error', (error) => fail(`could not be started (${error.message})`));
      child.once('exit', (code) => fail(`ended with ${code ?? 'a signal'}`));
      limit.addEventListener('abort', () => fail(`was not ready within ${readyMsMax / 1000} s`));
      createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
        this.remember(line);
        if (line.includes('"event":"broker.ready"')) resolve();
      });
    });
  }

  private remember(line: string): void {
    this.lines.push(line);
    if (this.lines.length > linesKept) this.lines.shift();
    const isDamage = line.includes('damaged') || line.includes('stepped over');
    if (isDamage && this.warnings.length < linesKept) this.warnings.push(line);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
