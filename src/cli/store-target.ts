/** Which data directory a command about stored data means, and whether a broker is at work in it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { ControlError, callControl, controlSocketPath } from '../admin/index.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { loadOrExplain, printError } from './start.ts';

export interface StoreTargetOptions {
  readonly dataDir?: string;
  readonly config?: string;
}

export interface StoreTarget {
  readonly dataDir: string;
  /** Its SQLite files, as configured; not all of them need to be there. */
  readonly databases: readonly string[];
}

export function withStoreTarget(command: Command): Command {
  return command
    .option('--data-dir <DIR>', 'The data directory. Default: as configured.')
    .option('-c, --config <FILE>', 'Configuration file.');
}

/** The directory, or the exit code after what is wrong was said. */
export function storeTarget(options: StoreTargetOptions, io: CommandIo): StoreTarget | number {
  const flags = new Map(options.dataDir === undefined ? [] : [['data_dir', options.dataDir]]);
  const source = { flags, configFile: options.config, envFile: undefined, isCheck: false };
  const loaded = loadOrExplain(source, io);
  if (typeof loaded === 'number') return loaded;
  const { dataDir: configured, sql } = loaded.config;
  const dataDir = resolve(configured);
  const databases = [sql.connections?.file, sql.messages?.file].flatMap((file) =>
    file === undefined ? [] : resolve(dataDir, file),
  );
  return { dataDir, databases };
}

/** The same for a directory that has to hold a journal. */
export function existingStore(options: StoreTargetOptions, io: CommandIo): StoreTarget | number {
  const target = storeTarget(options, io);
  if (typeof target === 'number' || existsSync(join(target.dataDir, 'journal'))) return target;
  const text = `there is no store in ${target.dataDir} (no journal)\n       fix   linnet store ... --data-dir DIR`;
  printError(io, text, ExitCode.missingFile);
  return ExitCode.missingFile;
}

/** The process number of the broker that works in the directory, or undefined. */
export async function brokerIn(dataDir: string): Promise<number | undefined> {
  const path = controlSocketPath(dataDir, false);
  if (process.platform !== 'win32' && !existsSync(path)) return undefined;
  try {
    const { body } = await callControl(path, 'GET', '/status');
    return (body as { pid: number }).pid;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return undefined; // The socket of a broker that was killed.
  }
}

/** Says that the broker has to be stopped. @returns whether there is one */
export async function refuseWhileRunning(dataDir: string, io: CommandIo): Promise<boolean> {
  const pid = await brokerIn(dataDir);
  if (pid === undefined) return false;
  const text = `a broker (process ${pid}) is at work in ${dataDir}\n       fix   linnet stop --data-dir ${dataDir}      then again`;
  printError(io, text, ExitCode.dataDir);
  return true;
}
