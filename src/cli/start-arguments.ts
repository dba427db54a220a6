import { Option } from 'commander';
import { flags } from '../config/index.ts';
import { version } from '../version.ts';
import { Answered, newCommand, parseCommand } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';

/** What `linnet start` was told. */
export interface StartArguments {
  /** By setting, as the configuration takes them. */
  readonly flags: ReadonlyMap<string, string>;
  readonly configFile: string | undefined;
  readonly envFile: string | undefined;
  readonly isCheck: boolean;
  readonly isDryRun: boolean;
}

const description =
  'Starts the broker. Every flag is also a variable and a key of linnet.yaml; flags win.';

/**
 * The flags are those of the configuration's table.
 *
 * @throws {Answered} after help, version, or an error of use
 */
export function parseStartArguments(argv: readonly string[], io: CommandIo): StartArguments {
  const command = newCommand('start', description, io).usage('[flags]');
  const settings = new Map<string, string>();
  for (const flag of flags) {
    if (flag.name === '--help') continue;
    const short = flag.short === undefined ? '' : `${flag.short}, `;
    const argument = argumentText(flag.argument, flag.impliedValue);
    const defaultText = flag.defaultText === undefined ? '' : ` Default: ${flag.defaultText}.`;
    const option = new Option(`${short}${flag.name}${argument}`, flag.description + defaultText);
    const { path, impliedValue } = flag;
    if (path !== undefined) {
      command.on(`option:${flag.name.slice(2)}`, (value: string | null) => {
        settings.set(path, value ?? impliedValue ?? 'true');
      });
    }
    command.addOption(option);
  }
  command.on('option:version', () => {
    io.stdout.write(`linnet ${version}\n`);
    throw new Answered(ExitCode.ok);
  });
  command.allowExcessArguments(false);
  parseCommand(command, argv);
  const options = command.opts<{
    config?: string;
    envFile?: string;
    check?: boolean;
    dryRun?: boolean;
  }>();
  return {
    flags: settings,
    configFile: options.config,
    envFile: options.envFile,
    isCheck: options.check === true,
    isDryRun: options.dryRun === true,
  };
}

function argumentText(argument: string | undefined, impliedValue: string | undefined): string {
  if (argument === undefined) return '';
  const name = argument.replace(/^\[(.*)\]$/, '$1');
  return impliedValue === undefined ? ` <${name}>` : ` [${name}]`;
}
