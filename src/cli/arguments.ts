/**
 * The arguments of one command, read by commander. Commands with mosquitto's flags have a reader of their
 * own; all others come through here, so that help, unknown flags and "did you mean" look the same.
 */
import { Command, CommanderError } from 'commander';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';

/** The command was answered by its help, its version or an error of use; nothing is left to do. */
export class Answered extends Error {
  override readonly name = 'Answered';
  readonly exitCode: number;
  constructor(exitCode: number) {
    super('answered');
    this.exitCode = exitCode;
  }
}

/** A command to add options to; it prints to the streams of `io` and never ends the process. */
export function newCommand(name: string, description: string, io: CommandIo): Command {
  return new Command(`linnet ${name}`)
    .description(description)
    .helpOption('-h, --help', 'Show this help.')
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError(`       linnet ${name} --help shows what there is`)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'error  ')),
    });
}

/** @throws {Answered} when there is nothing left to do */
export function parseCommand(command: Command, argv: readonly string[]): Command {
  try {
    return command.parse([...argv], { from: 'user' });
  } catch (error) {
    throw answeredBy(error);
  }
}

/** The same for commands whose actions take time. */
export async function parseCommandAsync(
  command: Command,
  argv: readonly string[],
): Promise<Command> {
  try {
    return await command.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    throw answeredBy(error);
  }
}

function answeredBy(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  return new Answered(error.exitCode === 0 ? ExitCode.ok : ExitCode.usage);
}
