/**
 * `linnet store check | stats | export | import`: what a data directory holds, without a broker. Looking is
 * allowed while one runs; taking out and putting in are not.
 */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  exportStore,
  ImportError,
  importStore,
  StorageError,
  storeFigures,
} from '../storage/index.ts';
import { newCommand, parseCommandAsync } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { printError } from './start.ts';
import { checkDatabases, type DatabaseCheck } from './store-databases.ts';
import {
  brokerIn,
  existingStore,
  refuseWhileRunning,
  type StoreTargetOptions,
  storeTarget,
  withStoreTarget,
} from './store-target.ts';
import { renderCheck, renderStats } from './store-view.ts';

export async function runStore(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const root = newCommand('store', 'What is stored: check, count, take out, put in.', io);
  const subcommand = (name: string, description: string) =>
    withStoreTarget(
      root.command(name).description(description).helpOption('-h, --help', 'Show this help.'),
    );
  const run = async (work: () => Promise<number>): Promise<void> => {
    exitCode = await explained(work, io);
  };

  subcommand('check', 'Reads everything and says what is damaged; changes nothing.')
    .option('--json', 'As JSON.')
    .action((options: LookOptions) => run(() => check(options, io)));
  subcommand('stats', 'Counts sessions, messages and bytes.')
    .option('--json', 'As JSON.')
    .action((options: LookOptions) => run(() => stats(options, io)));
  subcommand('export', 'Writes everything as lines of JSON.')
    .argument('[FILE]', 'Where to; - is standard output.', '-')
    .action((file: string, options: StoreTargetOptions) => run(() => exportTo(file, options, io)));
  subcommand('import', 'Makes a store from the lines of an export; there must be none.')
    .argument('[FILE]', 'Where from; - is standard input.', '-')
    .action((file: string, options: StoreTargetOptions) =>
      run(() => importFrom(file, options, io)),
    );
  await parseCommandAsync(root, argv.length === 0 ? ['--help'] : argv);
  return exitCode;
}

interface LookOptions extends StoreTargetOptions {
  readonly json?: boolean;
}

/** Expected failures of `work` as errors with a fix. */
async function explained(work: () => Promise<number>, io: CommandIo): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ImportError) {
      printError(io, `${error.message}\n       nothing was imported`, ExitCode.problem);
      return ExitCode.problem;
    }
    if (error instanceof StorageError) {
      printError(io, error.message, ExitCode.dataDir);
      return ExitCode.dataDir;
    }
    throw error;
  }
}

async function check(options: LookOptions, io: CommandIo): Promise<number> {
  const target = existingStore(options, io);
  if (typeof target === 'number') return target;
  const pid = await brokerIn(target.dataDir);
  const figures = storeFigures(target.dataDir);
  const databases: readonly DatabaseCheck[] = checkDatabases(target);
  const isOk = figures.problems.length === 0 && databases.every(({ problem }) => problem === '');
  io.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ok: isOk, brokerPid: pid, ...figures, databases })}\n`
      : renderCheck(target.dataDir, figures, databases, pid),
  );
  return isOk ? ExitCode.ok : ExitCode.problem;
}

async function stats(options: LookOptions, io: CommandIo): Promise<number> {
  const target = existingStore(options, io);
  if (typeof target === 'number') return target;
  const figures = storeFigures(target.dataDir);
  io.stdout.write(
    options.json === true ? `${JSON.stringify(figures)}\n` : renderStats(target.dataDir, figures),
  );
  return ExitCode.ok;
}

async function exportTo(file: string, options: StoreTargetOptions, io: CommandIo): Promise<number> {
  const target = existingStore(options, io);
  if (typeof target === 'number') return target;
  if (await refuseWhileRunning(target.dataDir, io)) return ExitCode.dataDir;
  if (file !== '-' && existsSync(file)) {
    const text = `${file} is already there; it was not changed\n       fix   linnet store export OTHER`;
    printError(io, text, ExitCode.problem);
    return ExitCode.problem;
  }
  const { dataDir } = target;
  let problems: readonly string[] = [];
  function* lines(): Generator<string> {
    const report = yield* exportStore(dataDir);
    ({ problems } = report);
    io.stderr.write(`exported ${report.sessions} sessions, ${report.messages} messages\n`);
  }
  const output = file === '-' ? io.stdout : createWriteStream(file, { mode: 0o600 });
  await pipeline(Readable.from(lines()), output, { end: file !== '-' });
  for (const problem of problems) io.stderr.write(`damaged  ${problem}\n`);
  return problems.length === 0 ? ExitCode.ok : ExitCode.problem;
}

async function importFrom(
  file: string,
  options: StoreTargetOptions,
  io: CommandIo,
): Promise<number> {
  const target = storeTarget(options, io);
  if (typeof target === 'number') return target;
  if (await refuseWhileRunning(target.dataDir, io)) return ExitCode.dataDir;
  if (file !== '-' && !existsSync(file)) {
    printError(io, `there is no file ${file}`, ExitCode.missingFile);
    return ExitCode.missingFile;
  }
  const input = file === '-' ? io.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const { sessions, subscriptions, messages } = await importStore(target.dataDir, lines);
  io.stderr.write(
    `imported ${sessions} sessions, ${subscriptions} subscriptions, ${messages} messages into ${target.dataDir}\n`,
  );
  return ExitCode.ok;
}
