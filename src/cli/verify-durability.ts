/**
 * `linnet verify-durability`: does this broker, on this disk, keep what it acknowledges? Progress goes to
 * stderr, the verdict to stdout. Everything happens in a folder of its own, which is removed when all was well.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { newCommand, parseCommand } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { loadOrExplain, printError } from './start.ts';
import { BrokerFailure, KillableBroker, type VerifiedMode } from './verify-durability-broker.ts';
import { measureSync } from './verify-durability-disk.ts';
import {
  type DurabilityReport,
  renderDurability,
  renderRound,
  violations,
} from './verify-durability-report.ts';
import { DurabilityRun } from './verify-durability-run.ts';

interface VerifyOptions {
  readonly kills: number;
  readonly mode: VerifiedMode;
  readonly dir?: string;
  readonly rate: number;
  readonly qos: string;
  readonly size: number;
  readonly seed?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly keep?: boolean;
}

const modes: readonly string[] = ['none', 'os', 'disk'];
const qosChoices: Readonly<Record<string, readonly (1 | 2)[]>> = { 1: [1], 2: [2], both: [1, 2] };

export async function runVerifyDurability(argv: readonly string[], io: CommandIo): Promise<number> {
  const description =
    'Starts a broker of its own, kills it in the middle of traffic again and again, and checks everything it had acknowledged.';
  const command = newCommand('verify-durability', description, io)
    .option('--kills <N>', 'How often it is killed.', Number, 10)
    .option('--mode <MODE>', 'Persistence mode: os, disk, or none to see a loss.', 'os')
    .option(
      '--dir <DIR>',
      'Where its data go: a new folder in there. Default: in the data directory.',
    )
    .option('--rate <N>', 'Messages a second.', Number, 5000)
    .option('--qos <QOS>', '1, 2 or both, half of the rate each.', 'both')
    .option('--size <BYTES>', 'Payload of a message.', Number, 100)
    .option('--seed <N>', 'The same seed draws the same moments. Default: a new one.', Number)
    .option('--keep', 'Keep the folder.')
    .option('--json', 'The verdict as JSON.')
    .option('--quiet', 'No progress.')
    .allowExcessArguments(false);
  parseCommand(command, argv);
  const options = command.opts<VerifyOptions>();
  const wrong = problemOf(options);
  if (wrong !== undefined) return usageError(io, wrong);
  const base = baseDirectory(options, io);
  if (typeof base === 'number') return base;
  try {
    return await verify(options, mkdtempSync(join(base, 'verify-durability-')), io);
  } catch (error) {
    if (!(error instanceof BrokerFailure)) throw error;
    printError(io, error.message, ExitCode.unavailable);
    return ExitCode.unavailable;
  }
}

function problemOf({ kills, mode, rate, qos, size, seed = 0 }: VerifyOptions): string | undefined {
  if (!Number.isInteger(kills) || kills < 1) return '--kills: expected a count, 1 or more';
  if (!modes.includes(mode)) return '--mode: expected os, disk or none';
  if (!(rate >= 1 && rate <= 1_000_000)) return '--rate: expected messages a second';
  if (qosChoices[qos] === undefined) return '--qos: expected 1, 2 or both';
  if (!Number.isInteger(size) || size < 8 || size > 1_000_000) {
    return '--size: expected bytes, 8 to 1000000';
  }
  return Number.isInteger(seed) ? undefined : '--seed: expected a whole number';
}

/** Where the folder is made: on the disk that the broker would use. */
function baseDirectory({ dir }: VerifyOptions, io: CommandIo): string | number {
  if (dir !== undefined) {
    if (existsSync(dir)) return resolve(dir);
    printError(io, `--dir: ${dir} is not there\n       fix   mkdir ${dir}`, ExitCode.missingFile);
    return ExitCode.missingFile;
  }
  const sources = { flags: new Map(), configFile: undefined, envFile: undefined, isCheck: false };
  const loaded = loadOrExplain(sources, io);
  if (typeof loaded === 'number') return loaded;
  let base = resolve(loaded.config.dataDir);
  while (!existsSync(base)) base = dirname(base);
  return base;
}

async function verify(options: VerifyOptions, directory: string, io: CommandIo): Promise<number> {
  const say = (text: string): void => {
    if (options.quiet !== true) io.stderr.write(text);
  };
  const seed = options.seed ?? Math.floor(Math.random() * 1_000_000);
  say(`a broker of its own in ${directory}, mode ${options.mode}, seed ${seed}\n`);
  const syncMs = await measureSync(directory);
  const broker = await KillableBroker.prepare(directory, options.mode, io.environment);
  const run = new DurabilityRun({
    broker,
    kills: options.kills,
    qos: qosChoices[options.qos] ?? [1, 2],
    ratePerSecond: options.rate,
    sizeBytes: options.size,
    seed,
    signal: io.signal,
    onRound: (round) => say(renderRound(round, options.kills)),
  });
  const figures = await run.run();
  const restarts = broker.startsMs.toSorted((a, b) => a - b);
  const report: DurabilityReport = {
    ok: violations(figures) === 0 && figures.kills > 0,
    mode: options.mode,
    seed,
    directory,
    killsWanted: options.kills,
    ratePerSecondWanted: options.rate,
    syncMs,
    restartMs: { p50: restarts[Math.floor(restarts.length / 2)] ?? 0, max: restarts.at(-1) ?? 0 },
    warnings: broker.warnings,
    figures,
  };
  io.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : renderDurability(report));
  if (report.ok && options.keep !== true) rmSync(directory, { recursive: true });
  else io.stderr.write(`kept   ${directory}\n`);
  return report.ok ? ExitCode.ok : ExitCode.problem;
}

function usageError(io: CommandIo, text: string): number {
  printError(io, text, ExitCode.usage);
  return ExitCode.usage;
}
