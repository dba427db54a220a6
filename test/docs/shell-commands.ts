/** One command line of a document, taken apart. */
export interface ShellCommand {
  /** `BROKER_X=y` in front of it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

/** The commands of a shell block; `&&` and `|` separate two. */
export function shellCommands(block: string): ShellCommand[] {
  return block
    .split(/\n|&&| \| /)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parse);
}

function parse(line: string): ShellCommand {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  );
  const environment: Record<string, string> = {};
  while (/^[A-Z_]+=/.test(words[0] ?? '')) {
    const [name = '', ...value] = (words.shift() ?? '').split('=');
    environment[name] = value.join('=');
  }
  return { environment, words };
}

/** The arguments of linnet in `npm start -- …`, `npm run linnet -- …` or `linnet …`; undefined for others. */
export function linnetArguments({ words }: ShellCommand): readonly string[] | undefined {
  const [program, first, second] = words;
  if (program === 'linnet') return words.slice(1);
  if (program !== 'npm') return undefined;
  const rest = words.slice(words.indexOf('--') + 1);
  const hasRest = words.includes('--');
  if (first === 'start') return ['start', ...(hasRest ? rest : [])];
  if (first === 'run' && second === 'linnet') return hasRest ? rest : [];
  return undefined;
}
