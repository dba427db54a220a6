/**
 * The command line of `linnet pub` and `linnet sub`: mosquitto's flags, letter for letter.
 *
 * A table and a loop of our own instead of commander: flags here take two or three values (`-D`), values that
 * look like flags (`-m -5`, `-t -x`), repeat, read as files (`-o`), and conflict in an order that matters.
 * Beyond mosquitto, a value may be attached (`-p1884`, `--port=1884`).
 */
import { readFileSync } from 'node:fs';
import { checkSettings } from './client-options-check.ts';
import { clientHelp, clientVersion } from './client-options-help.ts';
import type { OptionRule } from './client-options-rule.ts';
import {
  type ClientCommand,
  type ClientSettings,
  defaultSettings,
} from './client-options-settings.ts';
import { findOption } from './client-options-table.ts';
import { UsageError } from './client-options-value.ts';
import type { CommandIo } from './command-io.ts';

/** The settings, or the exit code when the command line was answered by itself. */
export type ParsedClientOptions =
  | { readonly settings: ClientSettings }
  | { readonly exitCode: number };

/** Reads the command line; prints help, version and errors itself. */
export function parseClientOptions(
  command: ClientCommand,
  argv: readonly string[],
  io: CommandIo,
): ParsedClientOptions {
  try {
    const settings = defaultSettings(command);
    const words = [...optionsFromFile(argv), ...argv];
    const answer = new ArgumentReader(command, words).readInto(settings);
    if (answer === 'help') io.stdout.write(clientHelp(command));
    if (answer === 'version') io.stdout.write(clientVersion(command));
    if (answer !== undefined) return { exitCode: 0 };
    checkSettings(settings);
    return { settings };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr.write(`Error: ${error.message}\n\nUse 'linnet ${command} --help' to see usage.\n`);
    return { exitCode: 1 };
  }
}

type Answer = 'help' | 'version' | undefined;

class ArgumentReader {
  readonly #command: ClientCommand;
  readonly #words: readonly string[];
  #next = 0;

  constructor(command: ClientCommand, words: readonly string[]) {
    this.#command = command;
    this.#words = words;
  }

  readInto(settings: ClientSettings): Answer {
    while (this.#next < this.#words.length) {
      const word = this.#words[this.#next++] ?? '';
      if (word === '--help') return 'help';
      if (word === '--version') return 'version';
      // `linnet sub -h` asks for help; mosquitto's -h needs a host.
      if (word === '-h' && this.#next === this.#words.length) return 'help';
      const { rule, attached } = this.#find(word);
      if (attached !== undefined) rule.apply(settings, [attached]);
      else rule.apply(settings, this.#values(word, rule));
    }
    return undefined;
  }

  #find(word: string): { readonly rule: OptionRule; readonly attached: string | undefined } {
    const rule = findOption(this.#command, word);
    if (rule !== undefined) return { rule, attached: undefined };
    const { name, value } = separated(word);
    const attachable = findOption(this.#command, name);
    if (value === undefined || attachable?.values.length !== 1) {
      throw new UsageError(`Unknown option '${word}'.`);
    }
    return { rule: attachable, attached: value };
  }

  #values(word: string, rule: OptionRule): string[] {
    const values: string[] = [];
    for (const what of rule.values) {
      const value = this.#words[this.#next];
      if (value === undefined) {
        throw new UsageError(`${word} argument given but no ${what} specified.`);
      }
      values.push(value);
      this.#next++;
      const isLast = values.length === rule.values.length;
      if (isLast && rule.takesMore?.(values) && this.#next < this.#words.length) {
        values.push(this.#words[this.#next++] ?? '');
      }
    }
    return values;
  }
}

/** `--port=1` and `-p1` taken apart. */
function separated(word: string): { readonly name: string; readonly value: string | undefined } {
  const long = /^(--[^=]+)=(.*)$/s.exec(word);
  if (long !== null) return { name: long[1] ?? '', value: long[2] };
  if (/^-[^-]./s.test(word)) return { name: word.slice(0, 2), value: word.slice(2) };
  return { name: word, value: undefined };
}

/** `-o FILE`: one option a line, its value behind a blank; the command line comes after and so wins. */
function optionsFromFile(argv: readonly string[]): string[] {
  const at = argv.indexOf('-o');
  if (at === -1) return [];
  if (argv.indexOf('-o', at + 1) !== -1) throw new UsageError('Duplicate -o argument given.');
  const path = argv[at + 1];
  if (path === undefined) throw new UsageError('-o argument given but no options file specified.');
  const lines = readOptionsFile(path).split('\n');
  return lines.flatMap((line) => {
    const text = line.replace(/\r$/, '');
    if (text.startsWith('#') || text.trim() === '') return [];
    const [option = '', ...rest] = text.replace(/^ +/, '').split(' ');
    // -D takes several values, and they stand behind each other.
    if (option === '-D' || option === '--property') return [option, ...rest];
    return rest.length === 0 ? [option] : [option, rest.join(' ')];
  });
}

function readOptionsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot read the options file "${path}": ${why}`);
  }
}
