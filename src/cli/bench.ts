/**
 * `linnet bench pub | sub | conn | e2e | fanout`: load for any broker, and what became of it. The summary
 * goes to stdout, always, Ctrl-C or not; progress and errors of use go to stderr.
 */
import { ClientError } from '../client/index.ts';
import { type LoadKind, readProcessUsage, runLoad } from '../workload/index.ts';
import { newCommand, parseCommandAsync } from './arguments.ts';
import { benchFigures } from './bench-figures.ts';
import { addBenchOptions, type BenchOptions, benchKinds } from './bench-options.ts';
import { benchPlan } from './bench-plan.ts';
import { BenchProgress } from './bench-progress.ts';
import { renderCsv, renderSummary } from './bench-summary.ts';
import { UsageError } from './client-options-value.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { printError } from './start.ts';

export async function runBench(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const root = newCommand('bench', 'Load for any MQTT broker: rates, loss, latency.', io);
  for (const kind of ['pub', 'sub', 'conn', 'e2e', 'fanout'] as const) {
    const command = root.command(kind).description(benchKinds[kind].summary);
    addBenchOptions(command, kind).action(async (options: BenchOptions) => {
      exitCode = await bench(kind, options, io);
    });
  }
  await parseCommandAsync(root, argv.length === 0 ? ['--help'] : withHelp(argv));
  return exitCode;
}

/** `-h` without a host asks for help. */
function withHelp(argv: readonly string[]): readonly string[] {
  return argv.at(-1) === '-h' ? [...argv.slice(0, -1), '--help'] : argv;
}

async function bench(kind: LoadKind, options: BenchOptions, io: CommandIo): Promise<number> {
  try {
    checkProcess(options.pid);
    return await run(kind, options, io);
  } catch (error) {
    if (!isUsage(error)) throw error;
    printError(io, error.message, ExitCode.usage);
    return ExitCode.usage;
  }
}

function isUsage(error: unknown): error is Error {
  return error instanceof UsageError || (error instanceof ClientError && error.code === 'address');
}

function checkProcess(pid: number | undefined): void {
  if (pid === undefined || readProcessUsage(pid) !== undefined) return;
  throw new UsageError(
    process.platform === 'linux'
      ? `--pid ${pid}: there is no such process.`
      : `--pid ${pid}: only Linux shows what another process uses.`,
  );
}

async function run(kind: LoadKind, options: BenchOptions, io: CommandIo): Promise<number> {
  const plan = await benchPlan(kind, options);
  const progress = new BenchProgress(plan, io);
  const isQuiet = options.quiet === true;
  const report = await runLoad(plan, {
    signal: io.signal,
    brokerPid: options.pid,
    progressEveryMs: progress.everyMs,
    onProgress: (now) => {
      if (!isQuiet) progress.show(now);
    },
  });
  const figures = benchFigures(report);
  if (options.json === true) io.stdout.write(`${JSON.stringify(figures)}\n`);
  else io.stdout.write(options.csv === true ? renderCsv(figures) : renderSummary(figures));
  return figures.ok ? ExitCode.ok : ExitCode.problem;
}
