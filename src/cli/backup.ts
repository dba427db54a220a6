/** `linnet backup FILE` and `linnet restore FILE`: everything that is stored, in one file and back. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ArchiveError, backupStore, restoreStore } from '../storage/index.ts';
import { newCommand, parseCommandAsync } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { printError } from './start.ts';
import { databaseFiles } from './store-databases.ts';
import {
  existingStore,
  refuseWhileRunning,
  type StoreTargetOptions,
  storeTarget,
  withStoreTarget,
} from './store-target.ts';
import { size } from './store-view.ts';

interface ForceOptions extends StoreTargetOptions {
  readonly force?: boolean;
  readonly dir?: string;
}

export async function runBackup(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const description =
    'Copies everything that is stored into one tar file, also while the broker runs.';
  const command = withStoreTarget(newCommand('backup', description, io))
    .argument('<FILE>', 'The archive to write.')
    .option('--force', 'Replace the file if it is there.')
    .action(async (file: string, options: ForceOptions) => {
      exitCode = await explained(async () => backup(file, options, io), file, io);
    });
  await parseCommandAsync(command, argv.length === 0 ? ['--help'] : argv);
  return exitCode;
}

export async function runRestore(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const command = newCommand('restore', 'Makes a data directory of a backup.', io)
    .argument('<FILE>', 'The archive that linnet backup wrote.')
    .option('--dir <DIR>', 'The data directory to make. Default: as configured.')
    .option('-c, --config <FILE>', 'Configuration file.')
    .option('--force', 'Move what is there into a folder before-restore-TIME.')
    .action(async (file: string, options: ForceOptions) => {
      exitCode = await explained(async () => restore(file, options, io), file, io);
    });
  await parseCommandAsync(command, argv.length === 0 ? ['--help'] : argv);
  return exitCode;
}

function backup(file: string, options: ForceOptions, io: CommandIo): number {
  const target = existingStore(options, io);
  if (typeof target === 'number') return target;
  if (existsSync(file) && options.force !== true) {
    const text = `${file} is already there; it was not changed\n       fix   linnet backup OTHER      or   linnet backup ${file} --force`;
    printError(io, text, ExitCode.problem);
    return ExitCode.problem;
  }
  const { files } = backupStore({
    dataDirectory: target.dataDir,
    databases: databaseFiles(target),
    target: resolve(file),
    nowMs: Date.now(),
  });
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  io.stdout.write(
    `wrote  ${file}   ${size(bytes)} in ${files.length} files of ${target.dataDir}\n`,
  );
  return ExitCode.ok;
}

async function restore(file: string, options: ForceOptions, io: CommandIo): Promise<number> {
  if (!existsSync(file)) {
    printError(io, `there is no file ${file}`, ExitCode.missingFile);
    return ExitCode.missingFile;
  }
  const { dir, config } = options;
  const target = storeTarget({ ...(dir && { dataDir: dir }), ...(config && { config }) }, io);
  if (typeof target === 'number') return target;
  if (await refuseWhileRunning(target.dataDir, io)) return ExitCode.dataDir;
  const { manifest, movedTo } = restoreStore({
    archive: file,
    dataDirectory: target.dataDir,
    isForced: options.force === true,
    nowMs: Date.now(),
  });
  if (movedTo !== undefined) io.stdout.write(`moved  what was there to ${movedTo}\n`);
  io.stdout.write(
    `made   ${target.dataDir}   ${manifest.files.length} files of the backup of ${manifest.createdAt}\n`,
  );
  return ExitCode.ok;
}

/** Expected failures of `work` as errors with a fix. */
async function explained(
  work: () => Promise<number>,
  file: string,
  io: CommandIo,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveError) {
      const text = `${file}: ${error.message}\n       nothing was changed`;
      printError(io, text, ExitCode.problem);
      return ExitCode.problem;
    }
    const code = (error as NodeJS.ErrnoException).code;
    if (!(error instanceof Error) || code === undefined) throw error;
    printError(io, error.message, ExitCode.dataDir);
    return ExitCode.dataDir;
  }
}
