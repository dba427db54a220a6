/** `linnet config check | show | init | schema`. */
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  jsonSchema,
  renderConfigWarnings,
  renderEffective,
  renderInitFile,
} from '../config/index.ts';
import { newCommand, parseCommand } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { loadOrExplain, printError } from './start.ts';

export async function runConfig(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const root = newCommand('config', 'Checks, shows and writes the configuration.', io);
  const subcommand = (name: string, description: string) =>
    root.command(name).description(description).helpOption('-h, --help', 'Show this help.');
  const withSources = (name: string, description: string) =>
    subcommand(name, description)
      .option('-c, --config <FILE>', 'Configuration file.')
      .option(
        '--env-file <FILE>',
        'File of environment variables. Default: .env where there is one.',
      );

  withSources('check', 'Reports everything that is wrong, unknown variables too.').action(
    (options: SourceOptions) => {
      exitCode = check(options, io);
    },
  );
  withSources('show', 'Prints the configuration in effect.')
    .option('--origin', 'Also where each value comes from.')
    .action((options: SourceOptions & { origin?: boolean }) => {
      const loaded = loadOrExplain({ ...sources(options), isCheck: false }, io);
      if (typeof loaded === 'number') exitCode = loaded;
      else io.stdout.write(renderEffective(loaded, { withOrigins: options.origin === true }));
    });
  subcommand('init', 'Writes a linnet.yaml in which every line is a comment.')
    .argument('[FILE]', 'Where to; - is standard output.', 'linnet.yaml')
    .action((file: string) => {
      exitCode = init(file, io);
    });
  subcommand('schema', 'Prints the JSON Schema of linnet.yaml, for editors.').action(() => {
    io.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  });
  parseCommand(root, argv.length === 0 ? ['--help'] : argv);
  return exitCode;
}

interface SourceOptions {
  readonly config?: string;
  readonly envFile?: string;
}

function sources(options: SourceOptions) {
  return { flags: new Map<string, string>(), configFile: options.config, envFile: options.envFile };
}

function check(options: SourceOptions, io: CommandIo): number {
  const loaded = loadOrExplain({ ...sources(options), isCheck: true }, io);
  if (typeof loaded === 'number') return loaded;
  io.stderr.write(renderConfigWarnings(loaded.warnings));
  const file = loaded.files.config ?? 'no configuration file; defaults and environment';
  io.stdout.write(`ok     ${file}\n`);
  return ExitCode.ok;
}

function init(file: string, io: CommandIo): number {
  if (file === '-') {
    io.stdout.write(renderInitFile(schemaLocation()));
    return ExitCode.ok;
  }
  if (existsSync(file)) {
    const text = `${file} is already there; it was not changed\n       fix   linnet config init OTHER.yaml`;
    printError(io, text, ExitCode.problem);
    return ExitCode.problem;
  }
  writeFileSync(file, renderInitFile(schemaLocation()));
  io.stdout.write(`wrote  ${file}\n`);
  return ExitCode.ok;
}

/** The schema that came with this version, for completion in editors. */
function schemaLocation(): string {
  return fileURLToPath(new URL('../../docs/reference/linnet.schema.json', import.meta.url));
}
